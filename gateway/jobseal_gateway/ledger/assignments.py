"""Assignments: which technician works on which order, who carries which handheld, and what each handheld was told.

All three are facts in the order in which they were said; what holds now is the newest about its subject.
"""

from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, Table, bindparam, func, insert, select

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


def _newest(table: Table, *subject: str, of: ColumnElement[bool] | None = None) -> Select[*tuple[Any, ...]]:
    """The newest row of each subject. ``of`` narrows the rows before they are grouped: by an index, not by a scan."""
    newest = select(func.max(table.c.id)).group_by(*(table.c[name] for name in subject))
    return select(table).where(table.c.id.in_(newest if of is None else newest.where(of)))


def _assigned(column: str) -> Select[*tuple[Any, ...]]:
    of = assignments.c[column] == bindparam(column)
    newest = _newest(assignments, "order_id", "technician", of=of)
    return newest.where(assignments.c.act == ASSIGNED).order_by(assignments.c.id)


_ON_ORDER = _assigned("order_id")
_OF_TECHNICIAN = _assigned("technician")
_EVER = select(assignments).where(assignments.c.order_id == bindparam("order")).order_by(assignments.c.id)
_CARRIER = (technicians.c.technician, technicians.c.device)
_LATER = technicians.alias()
_DEVICE = (
    _newest(technicians, "technician", of=technicians.c.technician == bindparam("technician"))
    .with_only_columns(technicians.c.device)
    .where(technicians.c.device.is_not(None))
)
_EVER_CARRIED = (
    select(technicians.c.device)
    .distinct()
    .where(technicians.c.technician == bindparam("technician"), technicians.c.device.is_not(None))
    .order_by(technicians.c.device)
)
# By what was said of this device, and not by the newest of everybody: a fleet has thousands.
_ON_DEVICE = (
    select(*_CARRIER)
    .where(
        technicians.c.device == bindparam("device"),
        ~select(_LATER.c.id)
        .where(_LATER.c.technician == technicians.c.technician, _LATER.c.id > technicians.c.id)
        .exists(),
    )
    .order_by(technicians.c.technician)
)
_EVERYBODY = _newest(technicians, "technician").with_only_columns(*_CARRIER).order_by(technicians.c.technician)
_SNAPSHOT = (
    select(snapshots).where(snapshots.c.device == bindparam("device")).order_by(snapshots.c.version.desc()).limit(1)
)
_SAY = insert(assignments)
_BIND = insert(technicians)
_TELL = insert(snapshots)
_VERSIONS = select(snapshots.c.device, func.max(snapshots.c.version)).group_by(snapshots.c.device)


def say(
    connection: Connection, order_id: str, technician: str, act: str, *, at_ms: int, import_id: int | None = None
) -> None:
    """Record that this technician is ``ASSIGNED`` to, or ``WITHDRAWN`` from, the order from now on."""
    values = {"order_id": order_id, "technician": technician, "act": act, "import_id": import_id, "at_ms": at_ms}
    connection.execute(_SAY, values)


def on_order(connection: Connection, order_id: str) -> list[Assignment]:
    """Who is assigned to this order now."""
    return many(Assignment, connection.execute(_ON_ORDER, {"order_id": order_id}))


def of_technician(connection: Connection, technician: str) -> list[Assignment]:
    """The orders that this technician is assigned to now."""
    return many(Assignment, connection.execute(_OF_TECHNICIAN, {"technician": technician}))


def history(connection: Connection, order_id: str) -> list[Assignment]:
    """Everything said about this order, oldest first."""
    return many(Assignment, connection.execute(_EVER, {"order": order_id}))


def bind(connection: Connection, technician: str, device: str | None, at_ms: int) -> None:
    """This technician carries this handheld from now on, or none."""
    connection.execute(_BIND, {"technician": technician, "device": device, "at_ms": at_ms})


def device_of(connection: Connection, technician: str) -> str | None:
    """The handheld that this technician carries now."""
    device: str | None = connection.scalar(_DEVICE, {"technician": technician})
    return device


def carried(connection: Connection, technician: str) -> list[str]:
    """Every handheld that this technician carries or ever carried."""
    return list(connection.execute(_EVER_CARRIED, {"technician": technician}).scalars())


def carriers(connection: Connection, device: str) -> list[str]:
    """The technicians who carry this handheld now."""
    return [technician for technician, _ in connection.execute(_ON_DEVICE, {"device": device})]


def everybody(connection: Connection) -> dict[str, str | None]:
    """Every technician ever bound, with the handheld that each carries now."""
    return {str(technician): device for technician, device in connection.execute(_EVERYBODY)}


def add_snapshot(connection: Connection, snapshot: Snapshot) -> None:
    """Keep what a handheld is told, before it is sent. Raises IntegrityError for a version that it was told already."""
    connection.execute(_TELL, snapshot._asdict())


def newest_snapshot(connection: Connection, device: str) -> Snapshot | None:
    """What this handheld was told last, or None."""
    return first(Snapshot, connection.execute(_SNAPSHOT, {"device": device}))


def versions(connection: Connection) -> dict[str, int]:
    """The newest version that each handheld was told, read from the key alone."""
    return {str(device): version for device, version in connection.execute(_VERSIONS)}
