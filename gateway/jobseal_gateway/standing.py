"""The standing of a key, as far as billing minds it: from where on, in the log or in its own chain, it is not trusted.

What ingest says of an event when it logs it (``key_revoked`` of a key that was revoked already) is a verdict on that
event; here is what the office said later, or said of a key that goes on being logged.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from jobseal.office import Act
from jobseal_gateway import statements
from jobseal_gateway.ledger import branches, holes, leaves
from jobseal_gateway.ledger import office as office_rows
from jobseal_gateway.ledger.branches import FORKED as FORK_STANDING
from jobseal_gateway.ledger.branches import Branch
from jobseal_gateway.ledger.keys import ACTIVE, Key

# What the gateway itself says when it suspends a key whose chain has forked: the fork is an exception of its own.
FORKED = ("gateway", "chain_fork")


@dataclass(frozen=True, slots=True)
class Lost:
    """Seqs ``first`` to ``last`` of a key's chain that its handheld lost and that have not turned up in full."""

    first: int
    last: int
    written_off: bool


@dataclass(frozen=True, slots=True)
class Trust:
    """``last_seq``: the last that is trusted of a compromised key, None where that is not said; ``suspended``: leaf of
    its suspension, if there was one for another reason than a fork; ``lost``: holes in its chain."""

    last_seq: int | None
    suspended: int | None
    lost: tuple[Lost, ...]


def of_key(connection: Connection, key: Key) -> Trust | None:
    """What is to be minded of this key; None for one that nothing is the matter with."""
    lost = tuple(_lost(connection, key))
    suspended = None if key.status == ACTIVE else _suspended(connection, key)
    if key.trusted_seq is None and suspended is None and not lost:
        return None
    return Trust(key.trusted_seq, suspended, lost)


def left_out(connection: Connection, key: Key, lines: Sequence[Branch]) -> frozenset[int]:
    """The forks (row numbers) that a person left out of billing by reinstating the key: those that have not gone on
    since."""
    forks = [line for line in lines if line.standing == FORK_STANDING]
    since = _reinstated(connection, key) if forks else -1
    return frozenset(fork.id for fork in forks if since > _newest(connection, fork))


def is_in_doubt(connection: Connection, key: Key) -> bool:
    """Whether a suspension of this key stands, or a fork of its chain that nobody has looked into."""
    lines = branches.of_key(connection, key.id)
    forks = {line.id for line in lines if line.standing == FORK_STANDING}
    suspended = office_rows.about(connection, "device.suspended", key.thumbprint.hex())
    return any(row.idx > _reinstated(connection, key) for row in suspended) or bool(
        forks - left_out(connection, key, lines)
    )


def has_arrived(connection: Connection, branch_id: int, first: int, last: int) -> bool:
    """Whether all of the seqs ``first`` to ``last``, once lost, have turned up."""
    return len(leaves.slots(connection, branch_id, first, last + 1)) > last - first


def _newest(connection: Connection, line: Branch) -> int:
    """The leaf with which this line went on last: an event, or what its holder says that he lost."""
    lost = [hole.leaf for hole in holes.of_key(connection, line.key_id) if hole.branch_id == line.id]
    return max([leaves.newest_of_branch(connection, line.id), *lost])


def _reinstated(connection: Connection, key: Key) -> int:
    """The leaf of the last reinstatement, -1 for none."""
    said = office_rows.about(connection, "device.reinstated", key.thumbprint.hex())
    return said[-1].idx if said else -1


def _suspended(connection: Connection, key: Key) -> int | None:
    since = _reinstated(connection, key)
    for row in office_rows.about(connection, "device.suspended", key.thumbprint.hex()):
        if row.bytes is not None and row.idx > since:
            act = _act(row.bytes)
            if (act.operator, act.named()["reason"]) != FORKED:
                return row.idx
    return None


def _lost(connection: Connection, key: Key) -> list[Lost]:
    found = holes.of_key(connection, key.id)
    if not found:
        return []
    about = office_rows.about(connection, "range.written_off", key.thumbprint.hex())
    said = [_act(row.bytes).named() for row in about if row.bytes is not None]
    given_up = sorted((body["from"], body["to"]) for body in said)
    lost: list[Lost] = []
    for hole in found:
        if not has_arrived(connection, hole.branch_id, hole.first_seq, hole.last_seq):
            lost.append(Lost(hole.first_seq, hole.last_seq, _covers(given_up, hole.first_seq, hole.last_seq)))
    return lost


def _covers(ranges: list[tuple[int, int]], first: int, last: int) -> bool:
    """Whether the ranges, sorted, take in everything from ``first`` to ``last``."""
    for start, end in ranges:
        if start <= first <= end:
            first = end + 1
    return first > last


def _act(data: bytes) -> Act:
    return statements.act(data)
