"""Dirty jobs: what to fold again, marked in the transaction that changed it and taken in the one that folds it.

A mark is only added or taken away, never updated, so that ingest never waits for whoever is folding the job.
Taking a job holds it until the transaction ends, for one taker at a time: a second one gets other jobs. If the
transaction fails the marks are back. A mark that comes while the job is being folded stays for the next round.
"""

from collections.abc import Iterable

from sqlalchemy import Connection, TextClause, func, insert, select, text

from jobseal_gateway.ledger.schema import dirty_jobs

_TAKE = {
    "sqlite": text(
        """
        DELETE FROM dirty_jobs
        WHERE job_id IN (SELECT job_id FROM dirty_jobs ORDER BY id LIMIT :most)
        RETURNING job_id
        """
    ),
    # The job's own row is what is held. NO KEY UPDATE lets others go on adding rows that refer to it.
    "postgresql": text(
        """
        WITH held AS (
            SELECT jobs.id FROM dirty_jobs JOIN jobs ON jobs.id = dirty_jobs.job_id
            ORDER BY dirty_jobs.id LIMIT :most
            FOR NO KEY UPDATE OF jobs SKIP LOCKED
        )
        DELETE FROM dirty_jobs USING held WHERE dirty_jobs.job_id = held.id
        RETURNING dirty_jobs.job_id
        """
    ),
}
_INSERT = insert(dirty_jobs)
_WAITING = select(func.count(dirty_jobs.c.job_id.distinct()))
_OLDEST = select(func.min(dirty_jobs.c.since_ms))
_EVERY = text("INSERT INTO dirty_jobs (job_id, since_ms) SELECT id, :since_ms FROM jobs ORDER BY id")
_UNRELEASED = text(
    """
    INSERT INTO dirty_jobs (job_id, since_ms)
    SELECT id, :since_ms FROM jobs
    WHERE NOT EXISTS (SELECT 1 FROM ratings WHERE ratings.job_id = jobs.id AND ratings.state = 'released')
    ORDER BY id
    """
)


def mark(connection: Connection, job_ids: Iterable[int], now_ms: int) -> None:
    """These jobs have changed, as of now (Unix ms UTC)."""
    rows = [{"job_id": job_id, "since_ms": now_ms} for job_id in dict.fromkeys(job_ids)]
    if rows:
        connection.execute(_INSERT, rows)


def mark_every(connection: Connection, now_ms: int) -> None:
    """Every job is to be folded again, as after ``projections.drop``."""
    connection.execute(_EVERY, {"since_ms": now_ms})


def mark_unreleased(connection: Connection, now_ms: int) -> None:
    """Every job is to be folded again, as after a change of prices, but those whose newest record says all there is."""
    connection.execute(_UNRELEASED, {"since_ms": now_ms})


def take(connection: Connection, most: int) -> list[int]:
    """At most so many changed jobs, longest waiting first, held for this transaction. Empty: nothing to do here."""
    statement: TextClause = _TAKE[connection.dialect.name]
    return list(dict.fromkeys(connection.execute(statement, {"most": most}).scalars()))


def waiting(connection: Connection) -> int:
    """How many jobs wait to be folded."""
    return connection.execute(_WAITING).scalar_one()


def oldest_ms(connection: Connection) -> int | None:
    """Since when (Unix ms UTC) the longest waiting job waits, or None when none does."""
    since_ms: int | None = connection.scalar(_OLDEST)
    return since_ms
