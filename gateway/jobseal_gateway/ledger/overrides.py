"""Overrides: exceptions that a person set aside, with a name, a reason and a leaf."""

from typing import NamedTuple

from sqlalchemy import Connection, bindparam, insert, select

from jobseal_gateway.ledger.rows import many
from jobseal_gateway.ledger.schema import overrides


class Override(NamedTuple):
    """One exception of a job set aside: its code, what it was about (an event's hash in hex, or empty), by whom."""

    job_id: int
    code: str
    subject: str
    person: str
    reason: str
    leaf: int
    at_ms: int


_OF_JOB = (
    select(*(overrides.c[field] for field in Override._fields))
    .where(overrides.c.job_id == bindparam("job"))
    .order_by(overrides.c.id)
)

_ADD = insert(overrides)


def add(connection: Connection, override: Override) -> None:
    """Keep this; its leaf is appended beside it."""
    connection.execute(_ADD, override._asdict())


def of_job(connection: Connection, job_id: int) -> list[Override]:
    """The job's overrides, oldest first."""
    return many(Override, connection.execute(_OF_JOB, {"job": job_id}))
