"""Evidence: the bundle behind one released record, assembled from the ledger as it stood at the record's checkpoint.

Everything in it was there before: nothing is stated anew but the receipts, which say, under the log key, how far each
handheld's events were settled at that checkpoint. Assembling it twice gives the same bytes.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection

from jobseal import bodies, checkpoint, cose, office, receipt
from jobseal import event as events
from jobseal.bundle import Bundle
from jobseal.checkpoint import Checkpoint
from jobseal.job import close_over
from jobseal.limits import STATEMENT_MAX_BYTES
from jobseal.receipt import Receipt
from jobseal.record import Record
from jobseal_gateway import lineage, release, succession
from jobseal_gateway.authority import GatewayKeys
from jobseal_gateway.ledger import branches, jobs, keys, leaves, log, objects, orders
from jobseal_gateway.ledger import office as office_rows
from jobseal_gateway.ledger.branches import Branch
from jobseal_gateway.ledger.leaves import Leaf
from jobseal_gateway.ledger.records import Released
from jobseal_gateway.log import LogWriter

FORMAT = "jobseal/1/bundle"
NO_SESSION = bytes(8)
_ABOUT_KEYS = ("device.suspended", "device.reinstated", "device.revoked")


def bundle(connection: Connection, writer: LogWriter, gateway: GatewayKeys, released: Released) -> bytes:
    """The complete bundle of a record, as ``jobseal verify`` takes it."""
    record = release.decode(released)
    stated = _payload(record.checkpoint)
    job_id = jobs.known(connection, [record.work_order])[record.work_order]
    rows = [row for row in leaves.of_job(connection, job_id) if row.idx < stated.size]
    logged = _stated(connection, record, rows)
    acts = [row for row in rows if row.type == leaves.OFFICE] + _about_keys(connection, record, rows, stated.size)
    acts += [row for row in office_rows.of_kind(connection, office.RESTART) if row.idx < stated.size]
    return Bundle(
        format=FORMAT,
        root=gateway.authority.root.encode(),
        rotations=gateway.rotations or None,
        authority=gateway.certifications,
        record=released.bytes,
        events=[_leaf(writer, row, stated.size) for row in logged],
        acts=[_leaf(writer, row, stated.size) for row in sorted(acts, key=lambda row: row.idx)],
        checkpoints=list(_checkpoints(connection, writer, logged, record.checkpoint, stated)),
        receipts=list(_receipts(connection, gateway, record, logged, stated.size)),
        order=_order(connection, record),
        objects=list(_objects(connection, logged)),
    ).encode()


def _payload(data: bytes) -> Checkpoint:
    return Checkpoint.decode(cose.parse(data, STATEMENT_MAX_BYTES).payload, STATEMENT_MAX_BYTES)


def _stated(connection: Connection, record: Record, rows: Iterable[Leaf]) -> list[Leaf]:
    """The events that the record rests on: of each key's lines the one that the record says is closed. A fork, or its
    adoption, that came after the release changes nothing about it."""
    events = [row for row in rows if row.type == leaves.EVENT]
    found: list[Leaf] = []
    for close in record.closes:
        key = keys.by_kid(connection, close[0][:8])
        own = [row for row in events if key is not None and row.key_id == key.id]
        of_key = [] if key is None else branches.of_key(connection, key.id)
        head = _closed(own, of_key, close)
        found += [] if head is None else lineage.along(own, of_key, head)
    return sorted(found, key=lambda row: row.idx)


def _closed(own: list[Leaf], of_key: list[Branch], close: list[Any]) -> Branch | None:
    """The line of a key with these events of the job that this close of a record is about."""
    _, count, digest, closing = close
    for head in of_key:
        line = lineage.along(own, of_key, head)
        hashes = [row.hash for row in sorted(line, key=lambda row: row.seq or 0)]
        covered = hashes[:-1] if hashes and hashes[-1] == closing else hashes
        if close_over(covered) == [count, digest]:
            return head
    return None


def _about_keys(connection: Connection, record: Record, rows: list[Leaf], size: int) -> list[Leaf]:
    """The enrolment of every key that the record names, and what was said of it since: that another follows, too."""
    found: list[Leaf] = []
    for close in {row[0]: row for row in record.closes}.values():
        thumbprint = close[0]
        key = keys.by_kid(connection, thumbprint[:8])
        enrolled = [] if key is None else _enrolments(connection, key, rows, close)
        found += [leaf for leaf in enrolled if leaf not in found]
        for kind in _ABOUT_KEYS:
            found += office_rows.about(connection, kind, thumbprint.hex())
    return [row for row in found if row.idx < size]


def _enrolments(connection: Connection, key: keys.Key, rows: list[Leaf], close: list[Any]) -> list[Leaf]:
    """The enrolment of this key, and that of the key by which it says that it ended: on the record's line, since what
    goes on beside a fork is not behind the end of that."""
    of_key = branches.of_key(connection, key.id)
    own = [row for row in rows if row.type == leaves.EVENT and row.key_id == key.id]
    head = _closed(own, of_key, close) or of_key[0]
    found = [key.enrolment_leaf]
    for end in succession.ends(connection, key):
        named = leaves.at(connection, end.leaf)
        if named is not None and lineage.along([named], of_key, head):
            found.append(end.heir.enrolment_leaf)
    return [leaf for index in found if (leaf := leaves.at(connection, index)) is not None and leaf.bytes is not None]


def _leaf(writer: LogWriter, row: Leaf, size: int) -> list[Any]:
    return [row.idx, row.hash if row.bytes is None else row.bytes, writer.inclusion(row.idx, size)]


def _checkpoints(
    connection: Connection, writer: LogWriter, logged: list[Leaf], newest: bytes, stated: Checkpoint
) -> Iterable[list[Any]]:
    """Those that events anchor to, the first over each event, and, last, the record's own; each with its proof."""
    found: dict[bytes, log.Checkpoint] = {}
    for row in logged:
        anchor = None if row.bytes is None else events.parse(row.bytes).event.anchor
        for each in (
            None if anchor is None else log.checkpoint_by_digest(connection, anchor),
            log.checkpoint_covering(connection, row.idx),
        ):
            if each is not None and each.size <= stated.size:
                found[each.digest] = each
    found.pop(checkpoint.hash_of(newest), None)
    for each in sorted(found.values(), key=lambda each: (each.size, each.at_ms)):
        yield [each.bytes, [] if each.size == stated.size else writer.consistency(each.size, stated.size)]
    yield [newest, []]


def _receipts(
    connection: Connection, gateway: GatewayKeys, record: Record, logged: list[Leaf], size: int
) -> Iterable[bytes]:
    """For each key with events here: settled through its last event under the record's checkpoint."""
    for number in dict.fromkeys(row.key_id for row in logged if row.key_id is not None):
        key = keys.by_id(connection, number)
        own = [row for row in logged if row.key_id == number]
        last = max(own, key=lambda row: row.seq or 0)
        if key is None or last.seq is None:
            continue
        settled = Receipt(
            key=key.thumbprint,
            session=NO_SESSION,
            next=last.seq + 1,
            head=last.hash,
            superseded=False,
            checkpoint=record.checkpoint,
            since=size,
            proof=[],
            verdicts=[],
            more=False,
            stored=[],
        )
        yield receipt.sign(settled, gateway.log)


def _order(connection: Connection, record: Record) -> bytes:
    return b"" if record.order is None else orders.pulled(connection, [record.order])[record.order]


def _objects(connection: Connection, logged: list[Leaf]) -> Iterable[bytes]:
    named: list[bytes] = []
    for row in logged:
        if row.bytes is not None:
            event = events.parse(row.bytes).event
            named += [reference[0] for reference in bodies.objects(event.kind, event.body)]
    known = objects.by_digests(connection, dict.fromkeys(named)) if named else {}
    for digest in dict.fromkeys(named):
        if digest in known and known[digest].state == objects.STORED:
            yield objects.content(connection, known[digest].id)
