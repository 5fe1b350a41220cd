"""Released billing records: signed, numbered by revision for each work order, never changed; and what became of each.

One (work order, revision) is released once, for ever: the database refuses a second, whoever tries.
"""

from typing import NamedTuple

from sqlalchemy import Connection, bindparam, insert, select

from jobseal_gateway.ledger.rows import first, many
from jobseal_gateway.ledger.schema import record_statuses, released_records


class Released(NamedTuple):
    """One record: ``bytes`` signed and complete, ``digest`` their SHA-256, ``leaf`` the statement of its release."""

    id: int
    work_order: str
    revision: int
    kind: str
    digest: bytes
    bytes: bytes
    leaf: int
    released_ms: int


class Status(NamedTuple):
    """What became of a record at some time."""

    status: str
    reason: str
    at_ms: int


_OF_ORDER = (
    select(released_records)
    .where(released_records.c.work_order == bindparam("work_order"))
    .order_by(released_records.c.revision)
)
_ONE = select(released_records).where(
    released_records.c.work_order == bindparam("work_order"),
    released_records.c.revision == bindparam("revision"),
)
_AFTER = (
    select(released_records)
    .where(released_records.c.id > bindparam("id"))
    .order_by(released_records.c.id)
    .limit(bindparam("most"))
)
_ADD = insert(released_records).returning(*released_records.c)
_ADD_STATUS = insert(record_statuses)
_STATUSES = (
    select(record_statuses.c.status, record_statuses.c.reason, record_statuses.c.at_ms)
    .where(record_statuses.c.record_id == bindparam("record"))
    .order_by(record_statuses.c.id)
)


def add(
    connection: Connection,
    *,
    work_order: str,
    revision: int,
    kind: str,
    digest: bytes,
    data: bytes,
    leaf: int,
    released_ms: int,
) -> Released:
    """Keep a record just signed; its leaf is appended beside this. Raises IntegrityError for a revision taken."""
    values = {
        "work_order": work_order,
        "revision": revision,
        "kind": kind,
        "digest": digest,
        "bytes": data,
        "leaf": leaf,
        "released_ms": released_ms,
    }
    return Released._make(connection.execute(_ADD, values).one())


def of_work_order(connection: Connection, work_order: str) -> list[Released]:
    """Every record of this work order, by revision; the last is the one that stands."""
    return many(Released, connection.execute(_OF_ORDER, {"work_order": work_order}))


def revision(connection: Connection, work_order: str, revision: int) -> Released | None:
    """The record with this revision."""
    return first(Released, connection.execute(_ONE, {"work_order": work_order, "revision": revision}))


def after(connection: Connection, record_id: int, most: int) -> list[Released]:
    """At most so many records after this one (0: from the first), in order of release."""
    return many(Released, connection.execute(_AFTER, {"id": record_id, "most": most}))


def add_status(connection: Connection, record_id: int, status: Status) -> None:
    """Say what became of a record."""
    connection.execute(_ADD_STATUS, {**status._asdict(), "record_id": record_id})


def statuses(connection: Connection, record_id: int) -> list[Status]:
    """What became of a record, oldest first; the last is its present status."""
    return many(Status, connection.execute(_STATUSES, {"record": record_id}))
