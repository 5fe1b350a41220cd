"""Projections: job cards, ratings and exceptions, folded from evidence and decisions, and the queue of what to fold.

Dropping these and folding again gives the same bytes; so nothing here may hold a time of its own making, a
random id or an order that depends on when something ran. Only the queue holds times, and it is not content.
"""

from sqlalchemy import Column, ForeignKey, Index, LargeBinary, PrimaryKeyConstraint

from jobseal_gateway.ledger.schema.columns import (
    PROJECTION,
    Number,
    number,
    number_or_null,
    octets,
    row_number,
    table,
    text,
)


def _job_key() -> Column[int]:
    return Column("job_id", Number, ForeignKey("jobs.id"), primary_key=True, autoincrement=False)


cards = table(PROJECTION, "cards", _job_key(), text("state"), octets("document"), Index(None, "state", "job_id"))

ratings = table(PROJECTION, "ratings", _job_key(), text("state"), octets("document"), Index(None, "state", "job_id"))

exceptions = table(
    PROJECTION,
    "exceptions",
    number("job_id", ForeignKey("jobs.id")),
    number("position"),  # its place in the job's list, from 0
    text("code"),
    number_or_null("key_id"),
    number_or_null("seq"),
    text("severity"),
    text("owner"),
    number("blocking"),  # 1 when it holds the release, else 0
    text("text"),
    PrimaryKeyConstraint("job_id", "position"),
    Index(None, "code"),
)

# A mark is only ever added and taken away, never updated: ingest never waits for whoever is folding the job.
dirty_jobs = table(
    PROJECTION,
    "dirty_jobs",
    row_number(),
    number("job_id", ForeignKey("jobs.id")),
    number("since_ms"),
    Index(None, "job_id"),
)

# Where the log has what a customer's code is of, by its digest: each event by which a handheld said that its part of a
# job is complete, and every later one of that job. Few among all events, so none of those needs an index by its hash.
proofs = table(
    PROJECTION,
    "proofs",
    Column("digest", LargeBinary, primary_key=True),
    number("job_id", ForeignKey("jobs.id")),
    number("leaf"),
    Index(None, "job_id"),
)
