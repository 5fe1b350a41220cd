"""Jobs in a list: card and rating side by side, page by page, all or those of one standing."""

from typing import NamedTuple

from sqlalchemy import Connection, bindparam, select

from jobseal_gateway.ledger.rows import first, many
from jobseal_gateway.ledger.schema import cards, jobs, ratings


class Listed(NamedTuple):
    """One folded job: ``state`` of its card, ``standing`` of its rating, and both documents."""

    job_id: int
    work_order: str
    state: str
    standing: str
    card: bytes
    rating: bytes


_ALL = (
    select(
        jobs.c.id,
        jobs.c.work_order,
        cards.c.state,
        ratings.c.state.label("standing"),
        cards.c.document,
        ratings.c.document.label("rating"),
    )
    .join(cards, cards.c.job_id == jobs.c.id)
    .join(ratings, ratings.c.job_id == jobs.c.id)
)
_PAGE = _ALL.where(ratings.c.job_id > bindparam("job")).order_by(ratings.c.job_id).limit(bindparam("most"))
_PAGE_OF_STANDING = _PAGE.where(ratings.c.state == bindparam("standing"))
_ONE = _ALL.where(jobs.c.work_order == bindparam("work_order"))


def after(connection: Connection, job_id: int, most: int) -> list[Listed]:
    """At most so many jobs after this one (0: from the first), in the order in which they were first named."""
    return many(Listed, connection.execute(_PAGE, {"job": job_id, "most": most}))


def of_standing(connection: Connection, standing: str, job_id: int, most: int) -> list[Listed]:
    """The same, of one standing only."""
    return many(Listed, connection.execute(_PAGE_OF_STANDING, {"standing": standing, "job": job_id, "most": most}))


def of_work_order(connection: Connection, work_order: str) -> Listed | None:
    """The job of this work order, or None before its first fold."""
    return first(Listed, connection.execute(_ONE, {"work_order": work_order}))
