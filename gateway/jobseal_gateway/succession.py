"""Which key follows which by rotation, as their enrolments say: what becomes of one is not always its own affair."""

from typing import Any

from sqlalchemy import Connection

from jobseal_gateway import statements
from jobseal_gateway.ledger import keys, leaves
from jobseal_gateway.ledger.keys import Key


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


def _earlier(connection: Connection, key: Key) -> Key | None:
    said = _enrolment(connection, key)
    return keys.by_kid(connection, said["earlier"][: keys.KID_BYTES]) if "follows" in said else None


def _enrolment(connection: Connection, key: Key) -> dict[str, Any]:
    leaf = leaves.at(connection, key.enrolment_leaf)
    return {} if leaf is None or leaf.bytes is None else statements.act(leaf.bytes).named()
