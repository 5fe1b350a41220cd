"""Assignments: which technician works on which order, who carries which handheld, and what each handheld was told.

All three are facts in the order in which they were said; what holds now is the newest about its subject.
"""

from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, Table, bindparam, func, insert, select

from jobseal_gateway.ledger.rows import first, many
from jobseal_gateway.ledger.schema import assignments, snapshots, technicians

ASSIGNED = "assigned"
WITHDRAWN = "withdrawn"


class Assignment(NamedTuple):
    """One fact: this technician was assigned to, or withdrawn from, this order (by an import, if there is one)."""

    id: int
    order_id: str
    technician: str
    act: str
    import_id: int | None
    at_ms: int


class Snapshot(NamedTuple):
    """What a handheld was told of its work: the signed assignment, complete, by version from 1."""

    device: str
    version: int
    bytes: bytes
    at_ms: int


def _newest(table: Table, *subject: str) -> Select[*tuple[Any, ...]]:
    """The newest row of each subject."""
    newest = select(func.max(table.c.id)).group_by(*(table.c[name] for name in subject))
    return select(table).where(table.c.id.in_(newest))


_NOW = _newest(assignments, "order_id", "technician").where(assignments.c.act == ASSIGNED)
_ON_ORDER = _NOW.where(assignments.c.order_id == bindparam("order")).order_by(assignments.c.id)
_OF_TECHNICIAN = _NOW.where(assignments.c.technician == bindparam("technician")).order_by(assignments.c.id)
_EVER = select(assignments).where(assignments.c.order_id == bindparam("order")).order_by(assignments.c.id)
_CARRIED = _newest(technicians, "technician").where(technicians.c.device.is_not(None))
_DEVICE = _CARRIED.where(technicians.c.technician == bindparam("technician"))
_ON_DEVICE = _CARRIED.where(technicians.c.device == bindparam("device")).order_by(technicians.c.technician)
_EVERYBODY = _newest(technicians, "technician").order_by(technicians.c.technician)
_SNAPSHOT = (
    select(snapshots).where(snapshots.c.device == bindparam("device")).order_by(snapshots.c.version.desc()).limit(1)
)
_VERSIONS = select(snapshots.c.device, func.max(snapshots.c.version)).group_by(snapshots.c.device)


def say(
    connection: Connection, order_id: str, technician: str, act: str, *, at_ms: int, import_id: int | None = None
) -> None:
    """Record that this technician is ``ASSIGNED`` to, or ``WITHDRAWN`` from, the order from now on."""
    values = {"order_id": order_id, "technician": technician, "act": act, "import_id": import_id, "at_ms": at_ms}
    connection.execute(insert(assignments), values)


def on_order(connection: Connection, order_id: str) -> list[Assignment]:
    """Who is assigned to this order now."""
    return many(Assignment, connection.execute(_ON_ORDER, {"order": order_id}))


def of_technician(connection: Connection, technician: str) -> list[Assignment]:
    """The orders that this technician is assigned to now."""
    return many(Assignment, connection.execute(_OF_TECHNICIAN, {"technician": technician}))


def history(connection: Connection, order_id: str) -> list[Assignment]:
    """Everything said about this order, oldest first."""
    return many(Assignment, connection.execute(_EVER, {"order": order_id}))


def bind(connection: Connection, technician: str, device: str | None, at_ms: int) -> None:
    """This technician carries this handheld from now on, or none."""
    connection.execute(insert(technicians), {"technician": technician, "device": device, "at_ms": at_ms})


def device_of(connection: Connection, technician: str) -> str | None:
    """The handheld that this technician carries now."""
    row = connection.execute(_DEVICE, {"technician": technician}).first()
    return None if row is None else row.device


def carriers(connection: Connection, device: str) -> list[str]:
    """The technicians who carry this handheld now."""
    return [row.technician for row in connection.execute(_ON_DEVICE, {"device": device})]


def everybody(connection: Connection) -> dict[str, str | None]:
    """Every technician ever bound, with the handheld that each carries now."""
    return {row.technician: row.device for row in connection.execute(_EVERYBODY)}


def add_snapshot(connection: Connection, snapshot: Snapshot) -> None:
    """Keep what a handheld is told, before it is sent. Raises IntegrityError for a version that it was told already."""
    connection.execute(insert(snapshots), snapshot._asdict())


def newest_snapshot(connection: Connection, device: str) -> Snapshot | None:
    """What this handheld was told last, or None."""
    return first(Snapshot, connection.execute(_SNAPSHOT, {"device": device}))


def versions(connection: Connection) -> dict[str, int]:
    """The newest version that each handheld was told, read from the key alone."""
    return {row.device: row[1] for row in connection.execute(_VERSIONS)}
