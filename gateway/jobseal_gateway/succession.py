"""Which key follows which by rotation, as their enrolments say: what becomes of one is not always its own affair.

A key whose chain forked may have named one heir on each of its lines, and a key that was revoked may have named one
behind that. All of them are enrolled, so that what they sign is logged and nobody's work is lost; but for one handheld
one key goes on. Those that a fork named, or a revoked key, stand *aside*: they are never the device's present key, and
are not trusted before an operator has adopted the fork, or at all.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

from sqlalchemy import Connection

from jobseal_gateway import standing, statements
from jobseal_gateway.ledger import branches, keys, leaves
from jobseal_gateway.ledger import office as acts
from jobseal_gateway.ledger.keys import Key


class End(NamedTuple):
    """A ``key.rotated``: the row of its ``branch``, its ``seq``, its ``leaf``, and the ``heir`` that it brought."""

    branch: int
    seq: int
    leaf: int
    heir: Key


def line(connection: Connection, key: Key) -> list[Key]:
    """The keys that this one came from by rotation, and itself last: one handheld, under one connection."""
    found = [key]
    while (earlier := _earlier(connection, found[0])) is not None:
        found.insert(0, earlier)
    return found


def heirs(connection: Connection, key: Key, after_seq: int) -> list[Key]:
    """The keys that follow this one by what it signed behind ``after_seq``, and those that follow them."""
    found: list[Key] = []
    ends = {key.thumbprint: after_seq}
    for each in keys.of_device(connection, key.device):
        said = _enrolment(connection, each)
        if "follows" in said and said["earlier"] in ends and said["follows"][0] > ends[said["earlier"]]:
            found.append(each)
            ends[each.thumbprint] = -1
    return found


def ends(connection: Connection, key: Key) -> list[End]:
    """Where this key named another that was enrolled by that: once on a line at most, in the order of the log."""
    found = []
    for each in keys.of_device(connection, key.device):
        said = _enrolment(connection, each)
        if "follows" in said and said["earlier"] == key.thumbprint:
            seq, named = said["follows"]
            for row in leaves.events_at(connection, key.id, seq):
                if row.hash == named and row.branch_id is not None:
                    found.append(End(row.branch_id, seq, row.idx, each))
    return found


def has_ended(connection: Connection, key: Key) -> bool:
    """Whether this key has named another as its last word, on its first-logged line.

    What a fork says, even one that was adopted, ends that fork alone: the handheld goes on beside it.
    """
    if key.status == keys.ROTATED:
        return True
    first = branches.of_key(connection, key.id)[0].id
    return any(end.branch == first for end in ends(connection, key))


def present(connection: Connection, device: str) -> Key | None:
    """The key that this device goes on with: the newest that neither stands aside nor has lost to another; None without
    any."""
    for key in reversed(keys.of_device(connection, device)):
        if key.status == keys.ACTIVE or not (
            is_aside(connection, key) or rival(connection, key) or _yields(connection, key)
        ):
            return key
    return None


def _yields(connection: Connection, key: Key) -> bool:
    """Whether the first-logged line of a key that named two leads to another, which nobody has revoked.

    To adopt a fork, for a job of it, is not yet to trust what it named.
    """
    for earlier, end in _steps(connection, key):
        first = branches.of_key(connection, earlier.id)[0].id
        if end.branch != first and any(
            other.branch == first and other.heir.id != end.heir.id and other.heir.status != keys.REVOKED
            for other in ends(connection, earlier)
        ):
            return True
    return False


def is_aside(connection: Connection, key: Key) -> bool:
    """Whether this key, or one that it came from, was named on a fork that nobody has adopted, or by a revoked key."""
    return any(
        end.branch in _forks(connection, earlier) or end.leaf > _revoked(connection, earlier)
        for earlier, end in _steps(connection, key)
    )


def rival(connection: Connection, key: Key) -> Key | None:
    """A key that is trusted and goes on, as this one would, for a key that has named two."""
    for earlier, end in _steps(connection, key):
        for other in ends(connection, earlier):
            if other.heir.id != end.heir.id:
                for each in (other.heir, *heirs(connection, other.heir, -1)):
                    if _is_trusted(connection, each):
                        return each
    return None


def _steps(connection: Connection, key: Key) -> Iterator[tuple[Key, End]]:
    """Each rotation that led to this key: the earlier key, and the end by which it named the next."""
    for earlier, heir in pairwise(line(connection, key)):
        yield from ((earlier, end) for end in ends(connection, earlier) if end.heir.id == heir.id)


def _is_trusted(connection: Connection, key: Key) -> bool:
    return key.status == keys.ACTIVE or (key.status == keys.ROTATED and not standing.is_in_doubt(connection, key))


def _forks(connection: Connection, key: Key) -> set[int]:
    """The branches of this key that are not billed."""
    return {row.id for row in branches.of_key(connection, key.id) if row.standing == branches.FORKED}


def _revoked(connection: Connection, key: Key) -> float:
    """The leaf since when this key is revoked."""
    said = acts.about(connection, "device.revoked", key.thumbprint.hex()) if key.status == keys.REVOKED else []
    return said[0].idx if said else float("inf")


def _earlier(connection: Connection, key: Key) -> Key | None:
    said = _enrolment(connection, key)
    return keys.by_kid(connection, said["earlier"][: keys.KID_BYTES]) if "follows" in said else None


def _enrolment(connection: Connection, key: Key) -> dict[str, Any]:
    leaf = leaves.at(connection, key.enrolment_leaf)
    return {} if leaf is None or leaf.bytes is None else statements.act(leaf.bytes).named()
