"""Refused slots: places of a chain settled by bytes whose signature does not verify.

The bytes themselves are not evidence and not logged; a valid event that follows them named their hash, which proves
that the device really wrote them. The hash is kept so that the same bytes, coming again, are known.
"""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, select, text

from jobseal_gateway.ledger.rows import many
from jobseal_gateway.ledger.schema import refused_slots


class Refused(NamedTuple):
    """One settled slot, and the SHA-256 of the bytes that were refused for it."""

    branch_id: int
    seq: int
    hash: bytes


_ADD = text("INSERT INTO refused_slots (branch_id, seq, hash) VALUES (:branch_id, :seq, :hash) ON CONFLICT DO NOTHING")
_OF_BRANCHES = (
    select(refused_slots)
    .where(refused_slots.c.branch_id.in_(bindparam("branches", expanding=True)))
    .order_by(refused_slots.c.branch_id, refused_slots.c.seq)
)


def add(connection: Connection, slots: Iterable[Refused]) -> None:
    """Keep these; the verdict on each is the caller's to add beside it."""
    rows = [slot._asdict() for slot in slots]
    if rows:
        connection.execute(_ADD, rows)


def of_branches(connection: Connection, branch_ids: Iterable[int]) -> list[Refused]:
    """All refused slots of these branches: none for any handheld that works."""
    return many(Refused, connection.execute(_OF_BRANCHES, {"branches": list(branch_ids)}))
