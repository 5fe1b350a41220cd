"""The audit log: who did what, when, and whether it was done. For owners; evidence is the signed log beside it."""

from typing import NamedTuple

from sqlalchemy import Connection, bindparam, select

from jobseal_gateway.ledger.rows import many
from jobseal_gateway.ledger.schema import audit


class Entry(NamedTuple):
    """``who``: a token's or a person's name; ``act``: a command or a scope; ``outcome``: begun, done, or refused and
    the code."""

    id: int
    at_ms: int
    who: str
    act: str
    subject: str
    outcome: str


_COLUMNS = [audit.c[field] for field in Entry._fields]
_NEWEST = select(*_COLUMNS).order_by(audit.c.id.desc()).limit(bindparam("most"))


def add(connection: Connection, at_ms: int, who: str, act: str, subject: str, outcome: str) -> None:
    """Keep one entry."""
    connection.execute(audit.insert(), {"at_ms": at_ms, "who": who, "act": act, "subject": subject, "outcome": outcome})


def newest(connection: Connection, most: int) -> list[Entry]:
    """The newest entries, oldest of them first."""
    return many(Entry, connection.execute(_NEWEST, {"most": most}))[::-1]
