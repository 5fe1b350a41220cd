"""The office's acts by kind and subject; their bytes and place are the leaves of the same index."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select

from jobseal_gateway.ledger.leaves import Leaf
from jobseal_gateway.ledger.rows import many
from jobseal_gateway.ledger.schema import leaves, office

_OF_KIND = (
    select(leaves)
    .join(office, office.c.leaf == leaves.c.idx)
    .where(office.c.kind == bindparam("kind"))
    .order_by(leaves.c.idx)
)
_ADD = insert(office)
_ABOUT = _OF_KIND.where(office.c.subject == bindparam("subject"))


def add(connection: Connection, leaf: int, kind: str, subject: str | None) -> None:
    """Index the act at ``leaf``: its kind, and what it is about (a device, a key's thumbprint in hex, a record)."""
    connection.execute(_ADD, {"leaf": leaf, "kind": kind, "subject": subject})


def of_kind(connection: Connection, kind: str) -> list[Leaf]:
    """Every act of this kind, in log order."""
    return _leaves(connection.execute(_OF_KIND, {"kind": kind}))


def about(connection: Connection, kind: str, subject: str) -> list[Leaf]:
    """Every act of this kind about this subject, in log order."""
    return _leaves(connection.execute(_ABOUT, {"kind": kind, "subject": subject}))


def _leaves(rows: Iterable[Row[*tuple[Any, ...]]]) -> list[Leaf]:
    return many(Leaf, rows)
