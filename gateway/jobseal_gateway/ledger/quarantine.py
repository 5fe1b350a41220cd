"""Quarantine: what could not be attributed to any key, kept for an operator within bounds, and counted beyond them.

The bounds are per link identity and UTC day, so that a stranger fills neither the disk nor his neighbour's share.
"""

from collections.abc import Sequence
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
    "UPDATE quarantine_days SET kept_items = kept_items + :items, kept_bytes = kept_bytes + :size"
    " WHERE link = :link AND day = :day"
)
_COUNT_DROPPED = text(
    "UPDATE quarantine_days SET dropped_items = dropped_items + :items, dropped_bytes = dropped_bytes + :size"
    " WHERE link = :link AND day = :day"
)
_ADD = insert(quarantine)
_AFTER = select(quarantine).where(quarantine.c.id > bindparam("id")).order_by(quarantine.c.id).limit(bindparam("most"))
_DAYS = select(quarantine_days).order_by(quarantine_days.c.day, quarantine_days.c.link)


def put(connection: Connection, link: str, now_ms: int, code: str, data: bytes) -> bool:
    """Keep ``data`` if the day's bounds for this link allow it, else count it. True when it was kept."""
    return put_all(connection, link, now_ms, [(code, data)]) == 1


def put_all(
    connection: Connection,
    link: str,
    now_ms: int,
    items: Sequence[tuple[str, bytes]],
    items_per_day: int = ITEMS_PER_DAY,
    bytes_per_day: int = BYTES_PER_DAY,
) -> int:
    """Keep each (code, bytes) that the day's bounds for this link allow, count the others. How many were kept.

    The statements are as many for a thousand items as for one: garbage must cost less to refuse than to send.
    """
    key = {"link": link, "day": now_ms // DAY_MS}
    today = Day._make(connection.execute(_TODAY, key).one())
    room_items = items_per_day - today.kept_items
    first_room_bytes = room_bytes = bytes_per_day - today.kept_bytes
    kept: list[dict[str, str | int | bytes]] = []
    for code, data in items:
        if len(kept) < room_items and len(data) <= room_bytes:
            kept.append({"link": link, "received_ms": now_ms, "code": code, "bytes": data})
            room_bytes -= len(data)
    kept_bytes = first_room_bytes - room_bytes
    if kept:
        connection.execute(_ADD, kept)
        connection.execute(_COUNT_KEPT, {**key, "items": len(kept), "size": kept_bytes})
    if len(kept) < len(items):
        dropped_bytes = sum(len(data) for _, data in items) - kept_bytes
        connection.execute(_COUNT_DROPPED, {**key, "items": len(items) - len(kept), "size": dropped_bytes})
    return len(kept)


def after(connection: Connection, item_id: int, most: int) -> list[Item]:
    """At most so many kept items after this one (0: from the first), in order of arrival."""
    return many(Item, connection.execute(_AFTER, {"id": item_id, "most": most}))


def days(connection: Connection) -> list[Day]:
    """The counts of every link identity and day."""
    return many(Day, connection.execute(_DAYS))
