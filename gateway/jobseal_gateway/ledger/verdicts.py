"""Verdicts: what ingest found wrong with a settled slot, kept so that a receipt can say it and the fold can raise it.

A slot may have several, and a slot that was settled as refused has one without having an event. Codes are those
of the exceptions in the domain.
"""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, func, select, text

from jobseal_gateway.ledger.rows import many
from jobseal_gateway.ledger.schema import leaves, verdicts


class Verdict(NamedTuple):
    """One finding about one slot."""

    branch_id: int
    seq: int
    code: str


_ADD = text("INSERT INTO verdicts (branch_id, seq, code) VALUES (:branch_id, :seq, :code) ON CONFLICT DO NOTHING")
_OF_BRANCHES = (
    select(verdicts)
    .where(
        verdicts.c.branch_id.in_(bindparam("branches", expanding=True)),
        verdicts.c.seq >= bindparam("first"),
    )
    .order_by(verdicts.c.seq, verdicts.c.branch_id, verdicts.c.code)
    .limit(bindparam("most"))
)
_LAST = select(func.max(verdicts.c.seq)).where(verdicts.c.branch_id.in_(bindparam("branches", expanding=True)))
_OF_JOB = (
    select(leaves.c.idx, verdicts.c.code)
    .join(verdicts, (verdicts.c.branch_id == leaves.c.branch_id) & (verdicts.c.seq == leaves.c.seq))
    .where(leaves.c.job_id == bindparam("job"))
    .order_by(leaves.c.idx, verdicts.c.code)
)


def add(connection: Connection, found: Iterable[Verdict]) -> None:
    """Keep these; one that is there already stays as it is."""
    rows = [verdict._asdict() for verdict in found]
    if rows:
        connection.execute(_ADD, rows)


def of_branches(connection: Connection, branch_ids: Iterable[int], first: int, most: int) -> list[Verdict]:
    """At most so many verdicts from seq ``first`` on, lowest seq first: what a receipt has room for."""
    rows = connection.execute(_OF_BRANCHES, {"branches": list(branch_ids), "first": first, "most": most})
    return many(Verdict, rows)


def last_seq(connection: Connection, branch_ids: Iterable[int]) -> int:
    """The highest seq of these branches that has a verdict, -1 when none has: most keys never get one."""
    found: int | None = connection.scalar(_LAST, {"branches": list(branch_ids)})
    return -1 if found is None else found


def of_job(connection: Connection, job_id: int) -> dict[int, list[str]]:
    """The codes for each of the job's events that has any, by the event's place in the log."""
    found: dict[int, list[str]] = {}
    for idx, code in connection.execute(_OF_JOB, {"job": job_id}):
        found.setdefault(idx, []).append(code)
    return found
