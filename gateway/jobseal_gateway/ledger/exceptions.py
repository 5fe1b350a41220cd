"""Exceptions as last folded: what a person must look at, job by job."""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, delete, func, insert, select

from jobseal_gateway.ledger.schema import exceptions


class Found(NamedTuple):
    """One exception of a job. ``key_id`` and ``seq`` name the event it is about, None when it is about the job."""

    code: str
    key_id: int | None
    seq: int | None
    severity: str
    owner: str
    blocking: bool
    text: str


_FIELDS = [exceptions.c[field] for field in Found._fields]
_OF_JOB = select(*_FIELDS).where(exceptions.c.job_id == bindparam("job")).order_by(exceptions.c.position)
_COUNTS = select(exceptions.c.code, func.count()).group_by(exceptions.c.code).order_by(exceptions.c.code)
_INSERT = insert(exceptions)
_CLEAR = delete(exceptions).where(exceptions.c.job_id == bindparam("job"))


def replace(connection: Connection, job_id: int, found: Iterable[Found]) -> None:
    """These, in this order, are the job's exceptions now, and no others."""
    connection.execute(_CLEAR, {"job": job_id})
    rows = [
        {**each._asdict(), "blocking": int(each.blocking), "job_id": job_id, "position": position}
        for position, each in enumerate(found)
    ]
    if rows:
        connection.execute(_INSERT, rows)


def of_job(connection: Connection, job_id: int) -> list[Found]:
    """The job's exceptions, in the order in which they were found."""
    rows = connection.execute(_OF_JOB, {"job": job_id})
    return [found._replace(blocking=bool(found.blocking)) for found in map(Found._make, rows)]


def counts(connection: Connection) -> dict[str, int]:
    """How many exceptions there are of each code."""
    return dict(connection.execute(_COUNTS).all())
