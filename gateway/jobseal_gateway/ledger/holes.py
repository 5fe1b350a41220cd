"""Holes: ranges of a chain that a handheld announced as lost and the log went on behind."""

from typing import NamedTuple

from sqlalchemy import Connection, bindparam, insert, select

from jobseal_gateway.ledger.rows import first, many
from jobseal_gateway.ledger.schema import holes


class Hole(NamedTuple):
    """Seqs ``first_seq`` to ``last_seq``, both included, of a branch; the announcement is the leaf at ``leaf``."""

    leaf: int
    key_id: int
    branch_id: int
    first_seq: int
    last_seq: int


_OF_KEY = select(holes).where(holes.c.key_id == bindparam("key")).order_by(holes.c.leaf)
_AROUND = select(holes).where(
    holes.c.branch_id == bindparam("branch"),
    holes.c.first_seq <= bindparam("seq"),
    holes.c.last_seq >= bindparam("seq"),
)

_INSERT = insert(holes)


def add(connection: Connection, hole: Hole) -> None:
    """Record a hole whose leaf is appended beside this."""
    connection.execute(_INSERT, hole._asdict())


def of_key(connection: Connection, key_id: int) -> list[Hole]:
    """The holes of every branch of this key, in log order."""
    return many(Hole, connection.execute(_OF_KEY, {"key": key_id}))


def around(connection: Connection, branch_id: int, seq: int) -> Hole | None:
    """The hole that this seq fell into, if one did: an event there is late, not a duplicate and not a fork."""
    return first(Hole, connection.execute(_AROUND, {"branch": branch_id, "seq": seq}))
