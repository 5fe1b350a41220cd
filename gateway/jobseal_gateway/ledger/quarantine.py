"""Quarantine: what could not be attributed to any key, kept for an operator within bounds, and counted beyond them.

The bounds are per link identity and UTC day, so that a stranger fills neither the disk nor his neighbour's share.
"""

from typing import NamedTuple

from sqlalchemy import Connection, bindparam, insert, select, text

from jobseal_gateway.ledger.rows import many
from jobseal_gateway.ledger.schema import quarantine, quarantine_days

ITEMS_PER_DAY = 1_000
BYTES_PER_DAY = 1_048_576
DAY_MS = 86_400_000


class Item(NamedTuple):
    """One refused message as it came, the stable code of its refusal, and who brought it."""

    id: int
    link: str
    received_ms: int
    code: str
    bytes: bytes


class Day(NamedTuple):
    """What one link identity brought on one day (days since 1970, UTC): kept, and beyond the bounds only counted."""

    link: str
    day: int
    kept_items: int
    kept_bytes: int
    dropped_items: int
    dropped_bytes: int


# Making or touching the row also locks it on PostgreSQL, so that two workers cannot both take the last place.
_TODAY = text(
    """
    INSERT INTO quarantine_days (link, day, kept_items, kept_bytes, dropped_items, dropped_bytes)
    VALUES (:link, :day, 0, 0, 0, 0)
    ON CONFLICT (link, day) DO UPDATE SET kept_items = quarantine_days.kept_items
    RETURNING link, day, kept_items, kept_bytes, dropped_items, dropped_bytes
    """
)
_COUNT_KEPT = text(
    "UPDATE quarantine_days SET kept_items = kept_items + 1, kept_bytes = kept_bytes + :size"
    " WHERE link = :link AND day = :day"
)
_COUNT_DROPPED = text(
    "UPDATE quarantine_days SET dropped_items = dropped_items + 1, dropped_bytes = dropped_bytes + :size"
    " WHERE link = :link AND day = :day"
)
_AFTER = select(quarantine).where(quarantine.c.id > bindparam("id")).order_by(quarantine.c.id).limit(bindparam("most"))
_DAYS = select(quarantine_days).order_by(quarantine_days.c.day, quarantine_days.c.link)


def put(connection: Connection, link: str, now_ms: int, code: str, data: bytes) -> bool:
    """Keep ``data`` if the day's bounds for this link allow it, else count it. True when it was kept."""
    key = {"link": link, "day": now_ms // DAY_MS}
    today = Day._make(connection.execute(_TODAY, key).one())
    if today.kept_items >= ITEMS_PER_DAY or today.kept_bytes + len(data) > BYTES_PER_DAY:
        connection.execute(_COUNT_DROPPED, {**key, "size": len(data)})
        return False
    connection.execute(insert(quarantine), {"link": link, "received_ms": now_ms, "code": code, "bytes": data})
    connection.execute(_COUNT_KEPT, {**key, "size": len(data)})
    return True


def after(connection: Connection, item_id: int, most: int) -> list[Item]:
    """At most so many kept items after this one (0: from the first), in order of arrival."""
    return many(Item, connection.execute(_AFTER, {"id": item_id, "most": most}))


def days(connection: Connection) -> list[Day]:
    """The counts of every link identity and day."""
    return many(Day, connection.execute(_DAYS))
