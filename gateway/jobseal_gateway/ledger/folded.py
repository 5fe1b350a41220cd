"""Cards and ratings as last folded: one document a job, and beside it the state that lists are made by.

``CARDS`` holds job cards with the job's state, ``RATINGS`` what each job would bill now with how far that has got.
"""

from typing import NamedTuple

from sqlalchemy import Connection, Table, bindparam, func, select, text

from jobseal_gateway.ledger import schema
from jobseal_gateway.ledger.rows import first, many


class Folded(NamedTuple):
    """One job's document, and its state."""

    job_id: int
    state: str
    document: bytes


class Documents:
    """One kind of folded document, by job."""

    def __init__(self, table: Table) -> None:
        job = table.c.job_id
        self._of_job = select(table).where(job == bindparam("job"))
        self._after = select(table).where(job > bindparam("job")).order_by(job).limit(bindparam("most"))
        self._counts = select(table.c.state, func.count()).group_by(table.c.state).order_by(table.c.state)
        self._put = text(
            f"""
            INSERT INTO {table.name} (job_id, state, document) VALUES (:job_id, :state, :document)
            ON CONFLICT (job_id) DO UPDATE SET state = excluded.state, document = excluded.document
            WHERE {table.name}.state <> excluded.state OR {table.name}.document <> excluded.document
            """
        )

    def put(self, connection: Connection, folded: Folded) -> bool:
        """Keep this one. True when it differs from the one before, which is when others must hear of it."""
        return connection.execute(self._put, folded._asdict()).rowcount > 0

    def of_job(self, connection: Connection, job_id: int) -> Folded | None:
        """The job's document, or None before its first fold."""
        return first(Folded, connection.execute(self._of_job, {"job": job_id}))

    def after(self, connection: Connection, job_id: int, most: int) -> list[Folded]:
        """At most so many documents of jobs after this one (0: from the first), in order of job."""
        return many(Folded, connection.execute(self._after, {"job": job_id, "most": most}))

    def counts(self, connection: Connection) -> dict[str, int]:
        """How many jobs are in each state."""
        return dict(connection.execute(self._counts).all())


CARDS = Documents(schema.cards)
RATINGS = Documents(schema.ratings)
