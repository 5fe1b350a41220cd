"""The feed: what billing reads, at positions 1, 2, 3 ... in the order in which it was committed.

A reader that has seen a position has seen every one before it, for ever: positions are given under one locked
counter that is held until the commit, so none is missing, and none turns up later behind a reader's back.
Append late in the transaction: until it ends, whoever else appends waits.
"""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, insert, select, update

from jobseal_gateway.ledger.rows import many
from jobseal_gateway.ledger.schema import feed, feed_head


class News(NamedTuple):
    """What is to be said: an event type, its subject, its data as JSON text that is kept to the byte, Unix ms UTC."""

    type: str
    subject: str
    data: str
    at_ms: int


class Entry(NamedTuple):
    """What was said, and where."""

    position: int
    type: str
    subject: str
    data: str
    at_ms: int


_RESERVE = update(feed_head).values(position=feed_head.c.position + bindparam("count")).returning(feed_head.c.position)
_AFTER = select(feed).where(feed.c.position > bindparam("position")).order_by(feed.c.position).limit(bindparam("most"))
_OF_TYPE = select(feed).where(feed.c.type == bindparam("type")).order_by(feed.c.position)
_INSERT = insert(feed)
_LAST = select(feed_head.c.position)


def append(connection: Connection, news: Sequence[News]) -> int:
    """Say these, in this order, at the next positions; the last position given (the present one for no news)."""
    if not news:
        return last(connection)
    end: int = connection.execute(_RESERVE, {"count": len(news)}).scalar_one()
    start = end - len(news) + 1
    connection.execute(_INSERT, [{"position": position, **each._asdict()} for position, each in enumerate(news, start)])
    return end


def skip_to(connection: Connection, position: int) -> int:
    """Give none up to this position any more: others may have seen news there that this ledger lost. The last one that
    was given."""
    given = last(connection)
    connection.execute(_RESERVE, {"count": max(0, position - given)})
    return given


def after(connection: Connection, position: int, most: int) -> list[Entry]:
    """At most so many entries behind this position (0: from the first), in order."""
    return many(Entry, connection.execute(_AFTER, {"position": position, "most": most}))


def of_type(connection: Connection, type: str) -> list[Entry]:
    """Every entry of a type, in order. Looks through the whole feed."""
    return many(Entry, connection.execute(_OF_TYPE, {"type": type}))


def last(connection: Connection) -> int:
    """The newest position, 0 before the first."""
    position: int = connection.execute(_LAST).scalar_one()
    return position
