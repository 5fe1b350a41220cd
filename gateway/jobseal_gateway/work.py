"""Work: who is to do what, stored as facts; what follows for each handheld is told in ``snapshots``.

Rules:

- An import is stored whole or not at all, in one transaction with everything that follows from it: revisions,
  documents, assignments, dirty jobs and the snapshots of all handhelds that it concerns.
- The same content again makes no revision; the gateway counts revisions. A file that counts its own must not go back,
  nor say two things under one number.
- Whoever stores work holds the log's head while doing so, which is what keeps two of them apart.
"""

import datetime
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from jobseal import cbor, work
from jobseal.errors import OPERATOR
from jobseal.limits import DOCUMENT_MAX_BYTES
from jobseal_gateway import snapshots
from jobseal_gateway.errors import GatewayError, InputRefused
from jobseal_gateway.ledger import assignments, dirty, jobs, keys, log
from jobseal_gateway.ledger import orders as stored
from jobseal_gateway.ledger.assignments import ASSIGNED, WITHDRAWN
from jobseal_gateway.ledger.database import reading, writing
from jobseal_gateway.orders.work_order import WorkOrder, from_record
from jobseal_gateway.problem import Problem

if TYPE_CHECKING:
    from jobseal.cose import Signer
    from jobseal_gateway.home import Gateway


class WorkRefused(GatewayError):
    """What was asked cannot be done as things stand; nothing was stored."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(code, sentence, OPERATOR)


@dataclass(frozen=True, slots=True)
class Change:
    """What an import makes of one order: ``revision`` as stored, and who is assigned or withdrawn by it."""

    order: WorkOrder
    revision: int
    is_new: bool
    is_changed: bool
    assigned: tuple[str, ...]
    withdrawn: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did, or would do: every order's ``changes``; assigned technicians who carry no handheld;
    handhelds that are told something new."""

    changes: tuple[Change, ...]
    unequipped: tuple[str, ...]
    told: tuple[str, ...]

    @property
    def new(self) -> int:
        """Orders that nobody had imported before."""
        return sum(change.is_new for change in self.changes)

    @property
    def changed(self) -> int:
        """Orders that got another revision."""
        return sum(change.is_changed and not change.is_new for change in self.changes)

    @property
    def unchanged(self) -> int:
        """Orders that said what they said before."""
        return sum(not change.is_changed for change in self.changes)


def preview(gateway: "Gateway", orders: Sequence[WorkOrder], file: str) -> Imported:
    """What ``store`` would do, and nothing stored. Raises InputRefused as it does."""
    with reading(gateway.engine) as connection:
        changes = _compared(connection, orders, file)
        return Imported(changes, _unequipped(connection, changes), ())


def store(gateway: "Gateway", orders: Sequence[WorkOrder], file: str, data: bytes, person: str) -> Imported:
    """Store an import: ``orders`` as parsed from ``data``, the contents of ``file``, by ``person``.

    Raises InputRefused when an order's own revision number contradicts what was imported before, ClockUnsynchronised,
    LedgerUnavailable.
    """
    now_ms = gateway.now_ms()
    with writing(gateway.engine) as connection:
        log.lock_head(connection)
        changes = _compared(connection, orders, file)
        digest = hashlib.sha256(data).digest()
        summary = _summary(changes)
        number = stored.add_import(connection, at_ms=now_ms, source=file, digest=digest, person=person, summary=summary)
        for change in changes:
            _put(connection, change, number, now_ms)
        moved = [each for each in changes if each.is_changed or each.assigned or each.withdrawn]
        dirty.mark(connection, jobs.numbers(connection, [each.order.id for each in moved]).values(), now_ms)
        people = sorted({person for each in moved for person in (*each.order.technicians, *each.withdrawn)})
        told = snapshots.tell_carried(connection, people, now_ms, gateway.keys.office)
        done = Imported(changes, _unequipped(connection, changes), told)
    gateway.ring()
    return done


def bind(gateway: "Gateway", technician: str, device: str | None) -> tuple[str, ...]:
    """From now on ``technician`` carries ``device``, or none. The handhelds that are told something new by it.

    Raises WorkRefused for a device that is not enrolled, ClockUnsynchronised, LedgerUnavailable.
    """
    now_ms = gateway.now_ms()
    with writing(gateway.engine) as connection:
        log.lock_head(connection)
        told = bind_all(connection, [technician], device, now_ms, gateway.keys.office)
    gateway.ring()
    return told


def bind_all(
    connection: Connection, technicians: Sequence[str], device: str | None, now_ms: int, signer: "Signer"
) -> tuple[str, ...]:
    """The same for several, in the caller's transaction, which holds the log's head."""
    if device is not None and not keys.of_device(connection, device):
        raise WorkRefused("unknown_device", f"No device {device} is enrolled; enrol it first.")
    return carry(connection, technicians, device, now_ms, signer)


def carry(
    connection: Connection, technicians: Sequence[str], device: str | None, now_ms: int, signer: "Signer"
) -> tuple[str, ...]:
    """The same for a device that is known to be enrolled."""
    concerned = [] if device is None else [device]
    for technician in technicians:
        _check_technician(technician)
        before = assignments.device_of(connection, technician)
        if before != device:
            assignments.bind(connection, technician, device, now_ms)
            concerned += [] if before is None else [before]
    mark_assigned(connection, technicians, now_ms)
    return tuple(each for each in dict.fromkeys(concerned) if snapshots.tell(connection, each, now_ms, signer))


def mark_assigned(connection: Connection, technicians: Iterable[str], now_ms: int) -> None:
    """Have every job folded again that these technicians are assigned to: whose key it waits for may have changed."""
    dirty.mark(connection, assigned_jobs(connection, technicians), now_ms)


def assigned_jobs(connection: Connection, technicians: Iterable[str]) -> list[int]:
    """The jobs that these technicians are assigned to."""
    orders = [each.order_id for person in technicians for each in assignments.of_technician(connection, person)]
    return list(jobs.numbers(connection, orders).values())


def _compared(connection: Connection, orders: Sequence[WorkOrder], file: str) -> tuple[Change, ...]:
    problems: list[Problem] = []
    changes = []
    for order in orders:
        present = stored.current(connection, order.id)
        is_changed = present is None or _order_of(present) != order  # not its bytes: columns are added over the years
        if present is not None and is_changed:
            problems += _numbered_wrong(order, present, file)
        revision = (0 if present is None else present.revision) + is_changed
        before = {each.technician for each in assignments.on_order(connection, order.id)}
        assigned = tuple(person for person in order.technicians if person not in before)
        withdrawn = tuple(sorted(before - set(order.technicians)))
        changes.append(Change(order, revision, present is None, is_changed, assigned, withdrawn))
    if problems:
        raise InputRefused(problems)
    return tuple(changes)


def _numbered_wrong(order: WorkOrder, present: stored.WorkOrder, file: str) -> list[Problem]:
    """What is wrong when a file that counts revisions itself goes back, or says two things under one number."""
    before = _order_of(present).revision
    if order.revision is None or before is None or order.revision > before:
        return []
    day = datetime.datetime.fromtimestamp(present.imported_ms / 1000, datetime.UTC).date()
    if order.revision < before:
        sentence = f"Revision {order.revision} is older than revision {before}, imported on {day}."
        return [Problem(file, None, None, "stale_revision", sentence, order.id)]
    sentence = f"Revision {before} was imported on {day} with another content; give this one a higher number."
    return [Problem(file, None, None, "revision_conflict", sentence, order.id)]


def _put(connection: Connection, change: Change, number: int, now_ms: int) -> None:
    order = change.order
    if change.is_changed:
        document = cbor.encode({**order.snapshot(), "revision": change.revision})
        digest = work.digest(document)
        stored.keep_document(connection, digest, stored.ORDER, document)
        record = cbor.encode(order.record())
        stored.put(connection, order.id, snapshot=record, digest=digest, import_id=number, imported_ms=now_ms)
    for act, people in ((ASSIGNED, change.assigned), (WITHDRAWN, change.withdrawn)):
        for technician in people:
            assignments.say(connection, order.id, technician, act, at_ms=now_ms, import_id=number)


def _summary(changes: Sequence[Change]) -> str:
    done = Imported(tuple(changes), (), ())
    return json.dumps({"new": done.new, "changed": done.changed, "unchanged": done.unchanged})


def _unequipped(connection: Connection, changes: Iterable[Change]) -> tuple[str, ...]:
    people = sorted({person for change in changes for person in change.order.technicians})
    return tuple(person for person in people if assignments.device_of(connection, person) is None)


def _check_technician(technician: str) -> None:
    if not 1 <= len(technician) <= 64 or not technician.isprintable():
        raise WorkRefused("bad_technician", "A technician's id is a text of 1 to 64 characters on one line.")


def _order_of(row: stored.WorkOrder) -> WorkOrder:
    return from_record(cbor.decode(row.snapshot, DOCUMENT_MAX_BYTES))
