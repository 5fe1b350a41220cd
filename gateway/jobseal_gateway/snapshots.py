"""Snapshots: the complete work of one handheld, signed, by version; a handheld keeps the highest that it saw.

There is a new version only when it says something else than the one before, so nothing is sent for nothing. It names
all orders of everybody who carries the handheld now, and who may log in on it (``rosters``). Of more orders than one
statement holds, the newest windows have it.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from jobseal import cbor, cose, work
from jobseal.limits import ASSIGNMENT_MAX, DOCUMENT_MAX_BYTES, STATEMENT_MAX_BYTES
from jobseal_gateway import rosters
from jobseal_gateway.ledger import assignments, catalogues, orders
from jobseal_gateway.ledger.assignments import Snapshot
from jobseal_gateway.ledger.orders import WorkOrder
from jobseal_gateway.orders.work_order import from_record

if TYPE_CHECKING:
    from jobseal.cose import Signer


def tell_carried(connection: Connection, technicians: Iterable[str], now_ms: int, signer: "Signer") -> tuple[str, ...]:
    """``tell`` for every handheld that these technicians carry; those that are told something new."""
    carried = [assignments.device_of(connection, technician) for technician in technicians]
    devices = dict.fromkeys(device for device in carried if device is not None)
    return tuple(device for device in devices if tell(connection, device, now_ms, signer))


def tell(connection: Connection, device: str, now_ms: int, signer: "Signer") -> bool:
    """Sign a new snapshot of the device's work, unless the newest one says the same. Whether there is a new one."""
    carriers = assignments.carriers(connection, device)
    rows = _rows(connection, carriers)
    catalogue, pages = _catalogue(connection)
    document = rosters.document(connection, carriers)
    roster = None if document is None else work.digest(document)
    newest = assignments.newest_snapshot(connection, device)
    if newest is not None:
        said = _payload(newest)
        if (said.orders, said.catalogue, said.pages, said.roster) == (rows, catalogue, pages, roster):
            return False
    elif not rows and catalogue is None and roster is None:
        return False  # a handheld that was told nothing knows as much
    if document is not None and roster is not None:
        orders.keep_document(connection, roster, orders.ROSTER, document)
    version = 1 if newest is None else newest.version + 1
    content = work.Assignment(
        device=device, version=version, at=now_ms, orders=rows, catalogue=catalogue, roster=roster, pages=pages
    )
    assignments.add_snapshot(connection, Snapshot(device, version, work.sign(content, signer), now_ms))
    return True


def _rows(connection: Connection, carriers: Iterable[str]) -> list[list[object]]:
    """[order, revision, digest] of these people's work by order id; beyond what fits, the newest windows have it."""
    ids = {each.order_id for technician in carriers for each in assignments.of_technician(connection, technician)}
    found = [row for id in sorted(ids) if (row := orders.current(connection, id)) is not None]
    if len(found) > ASSIGNMENT_MAX:
        found = sorted(found, key=_window_start)[-ASSIGNMENT_MAX:]
        found.sort(key=lambda row: row.order_id)
    return [[row.order_id, row.revision, row.digest] for row in found]


def _catalogue(connection: Connection) -> tuple[bytes | None, list[bytes] | None]:
    """The digest of the newest catalogue's first document, and those of the others if there are any."""
    newest = catalogues.newest(connection)
    if newest is None:
        return None, None
    first, *others = newest.pages()
    return first, others or None


def _payload(snapshot: Snapshot) -> work.Assignment:
    payload = cose.parse(snapshot.bytes, STATEMENT_MAX_BYTES).payload
    return work.Assignment.decode(payload, STATEMENT_MAX_BYTES)


def _window_start(row: WorkOrder) -> int:
    return from_record(cbor.decode(row.snapshot, DOCUMENT_MAX_BYTES)).window_start or 0
