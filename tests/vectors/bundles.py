"""Vectors of bundles: what a stranger is handed to check a billing record, whole, and with one thing wrong in it."""

from typing import Any

from jobseal import cbor, checkpoint, merkle, record
from jobseal.bundle import Bundle
from jobseal.checkpoint import Checkpoint
from tests.vectors import keys, records, statements
from tests.vectors.day import DAY
from tests.vectors.entry import Entry, File, invalid, valid
from tests.vectors.world import (
    ENROLLED,
    JOB,
    LOG_ID,
    NAME,
    NOTE,
    ORDER,
    PHOTO,
    POSITION,
    RECEIPT_SCAN,
    SPARE_ENROLLED,
    STROKES,
    UNPLANNED,
    digest,
)

SIZE = len(DAY.log.leaves)
TRUSTED = keys.ROOT.key.thumbprint
FORMAT = "jobseal/1/bundle"
Map = dict[int, Any]


def _bundle(of: record.Record, events: list[bytes], order: bytes, objects: list[bytes]) -> Map:
    return Bundle(
        format=FORMAT,
        root=keys.ROOT.key.encode(),
        authority=statements.CERTIFICATIONS,
        record=record.sign(of, keys.OFFICE),
        events=[DAY.log.inclusion(data, SIZE) for data in events],
        acts=[DAY.log.inclusion(ENROLLED, SIZE)],
        checkpoints=[
            [DAY.first_checkpoint, DAY.log.consistency(2, SIZE)],
            [DAY.second_checkpoint, DAY.log.consistency(4, SIZE)],
            [DAY.third_checkpoint, []],
        ],
        receipts=[statements.LAST_RECEIPT],
        order=order,
        objects=objects,
    ).to_map()


def _whole_job() -> Map:
    objects = [PHOTO, NOTE, RECEIPT_SCAN, POSITION, NAME, STROKES]
    return _bundle(records.DAY_RECORD, DAY.van.of_job[JOB], ORDER, objects)


def _unplanned_record(total: str = "0", **changes: Any) -> record.Record:
    about = {"order": None, "order_revision": None, "po_number": None, "state": "waived", **changes}
    return records.a_record(UNPLANNED, [], total, DAY.van.of_job[UNPLANNED][-1], **about)


def _unplanned() -> Map:
    return _bundle(_unplanned_record(), DAY.van.of_job[UNPLANNED], b"", [NOTE])


def _resigned(of: record.Record) -> bytes:
    return record.sign(of, keys.OFFICE)


def _other_root() -> bytes:
    leaves = list(DAY.log.leaves)
    leaves[-2] = merkle.leaf_hash(b"something else")
    rewritten = Checkpoint(log=LOG_ID, size=SIZE, root=merkle.root(leaves), at=checkpoint_time())
    return checkpoint.sign(rewritten, keys.LOG)


def checkpoint_time() -> int:
    """The time of the day's last checkpoint."""
    at: int = statements.payload_of(DAY.third_checkpoint)[4]
    return at


def _wrong() -> list[tuple[str, str, str, Map]]:
    """(name, what it shows, code, the fields that differ from the unplanned job's bundle)."""
    whole = _unplanned()
    events, acts, checkpoints = whole[5], whole[6], whole[7]
    first, rest = events[0], events[1:]
    bent_proof = [first[0], first[1], [bytes(32), *first[2][1:]]]
    foreign = DAY.log.inclusion(DAY.van.events[20], SIZE)
    stranger = record.sign(_unplanned_record(), keys.STRANGER)
    bent = whole[4][:-1] + bytes([whole[4][-1] ^ 1])
    rewritten = _resigned(_unplanned_record(checkpoint=_other_root()))
    return [
        ("event-left-out", "an event is missing: the close counts it", "close_missing", {5: rest}),
        ("last-event-left-out", "the event that closes is missing", "close_missing", {5: events[:-1]}),
        ("event-of-other-job", "an event that is none of the record's business", "superfluous",
         {5: [foreign, *events]}),
        ("events-out-of-order", "events in another order than the log's", "log_order", {5: [*rest, first]}),
        ("event-twice", "one event twice", "log_order", {5: [first, *events]}),
        ("event-bent", "one bit of an event flipped", "signature_invalid",
         {5: [[first[0], first[1][:-1] + bytes([first[1][-1] ^ 1]), first[2]], *rest]}),
        ("inclusion-proof-bent", "a proof that leads elsewhere", "not_in_log", {5: [bent_proof, *rest]}),
        ("index-wrong", "another place in the log", "not_in_log", {5: [[first[0] - 1, *first[1:]], *rest]}),
        ("enrolment-left-out", "nobody says whose key it is", "key_unknown", {6: []}),
        ("enrolment-of-other-key", "an enrolment that has nothing to do with it", "superfluous",
         {6: [*acts, DAY.log.inclusion(SPARE_ENROLLED, SIZE)]}),
        ("last-checkpoint-left-out", "the record's checkpoint is not the last one", "checkpoint_missing",
         {7: checkpoints[:-1]}),
        ("anchor-left-out", "an anchor's checkpoint is missing", "anchor_missing",
         {7: [checkpoints[0], checkpoints[2]]}),
        ("consistency-bent", "the log did not grow out of what an earlier checkpoint says", "log_inconsistent",
         {7: [[checkpoints[0][0], checkpoints[1][1]], *checkpoints[1:]]}),
        ("history-rewritten", "a signed checkpoint of a log with another past", "log_inconsistent",
         {4: rewritten, 7: [*checkpoints[:-1], [_other_root(), []]]}),
        ("receipt-of-other-key", "a receipt that is not signed by the log", "envelope", {8: [b"receipt"]}),
        ("object-bent", "an object that no event names", "object_unnamed", {10: [NOTE[:-1] + b"!"]}),
        ("object-unnamed", "an object of another job", "object_unnamed", {10: [NOTE, PHOTO]}),
        ("order-added", "a work order that the record does not name", "order_mismatch", {9: ORDER}),
        ("record-bent", "one bit of the record's signature flipped", "signature_invalid", {4: bent}),
        ("record-by-stranger", "a record that the office did not sign", "signature_invalid", {4: stranger}),
        ("total-wrong", "a total that its lines do not come to", "total_mismatch",
         {4: _resigned(_unplanned_record("0.01"))}),
        ("close-count-wrong", "the record names another count than the close", "close_mismatch",
         {4: _resigned(_unplanned_record(closes=[[keys.VAN.key.thumbprint, 9, bytes(32), digest(events[-1][1])]]))}),
        ("certification-bent", "the root did not certify the log key", "signature_invalid",
         {3: [whole[3][0][:-1] + b"\x00", whole[3][1]]}),
    ]  # fmt: skip


def _line_changed(**changes: Any) -> Map:
    fields = records.DAY_RECORD.to_map()
    lines = [{**fields[13][0], **{record.Line.SHAPE.by_name[name].key: new for name, new in changes.items()}}]
    spoiled = record.Record.from_map({**fields, 13: [*lines, *fields[13][1:]]})
    return {**_whole_job(), 4: _resigned(spoiled)}


def _misshapen() -> list[Entry]:
    whole = _unplanned()
    small = {**whole, 5: whole[5][:1], 6: [], 7: [], 8: [], 10: []}
    changes: list[tuple[str, str, Map]] = [
        ("one-certification", "one certification where two are needed", {3: whole[3][:1]}),
        ("record-empty", "no record", {4: b""}),
        ("event-index-negative", "a negative place in the log", {5: [[-1, whole[5][0][1], []]]}),
        ("event-of-31", "less than a hash where the event should be", {5: [[0, bytes(31), []]]}),
        ("event-without-proof", "an event without its proof", {5: [whole[5][0][:2]]}),
        ("proof-hash-of-31", "a proof hash of 31 bytes", {5: [[0, whole[5][0][1], [bytes(31)]]]}),
        ("checkpoint-bare", "a checkpoint without its proof", {7: [DAY.third_checkpoint]}),
        ("object-of-31", "an object shorter than its salt", {10: [bytes(31)]}),
        ("unknown-field", "a field that nobody knows", {11: 0}),
    ]
    entries = [invalid(name, shows, cbor.encode({**small, **new}), "malformed") for name, shows, new in changes]
    return [*entries, invalid("trailing", "a byte after the bundle", cbor.encode(small) + b"\x00", "cbor_trailing")]


def _judged(name: str, shows: str, value: Map, status: str, code: str, trusted: bytes | None = TRUSTED) -> Entry:
    verdict = {"trusted": None if trusted is None else trusted.hex(), "status": status, "flaw": code}
    return {"name": name, "shows": shows, "valid": True, "hex": cbor.encode(value).hex(), **verdict}


def _entries() -> list[Entry]:
    whole, small = _whole_job(), _unplanned()
    verdict = {"trusted": TRUSTED.hex(), "status": "ok", "flaw": "ok"}
    entries = [
        valid("whole-job", "26 events with a correction, six lines, six objects", cbor.encode(whole), whole, **verdict),
        valid("unplanned-job", "a job without a work order that cost nothing", cbor.encode(small), small, **verdict),
        _judged("untrusted", "the same, but nobody vouches for the root", small, "untrusted", "untrusted", None),
        _judged("other-root", "the same, but another root is trusted", small, "wrong", "root_mismatch", bytes(32)),
        _judged("line-quantity", "a line that bills more than its events say", _line_changed(raw="3060001"),
                "wrong", "raw_mismatch"),
        _judged("line-unit", "a line in another unit than its events", _line_changed(raw_unit="s"),
                "wrong", "raw_mismatch"),
        _judged("line-cites-nothing", "a line that rests on no event", _line_changed(events=[]), "wrong", "citation"),
        _judged("line-code", "a line with another code than its events", _line_changed(code="BOILER-REPAIR"),
                "wrong", "citation"),
        _judged("line-cites-more", "a line that cites an event of another quantity", _line_changed(
            events=[digest(DAY.van.events[place]) for place in (6, 18, 12)]), "wrong", "citation"),
    ]  # fmt: skip
    entries += [_judged(name, shows, {**small, **new}, "wrong", code) for name, shows, code, new in _wrong()]
    later = {**small, 1: "jobseal/2/bundle"}
    entries.append(_judged("later-version", "a bundle of a later version", later, "uncheckable", "bundle_version"))
    return entries + _misshapen()


FILES: dict[str, File] = {
    "bundle": ("one bundle, judged by whoever trusts the root `trusted`: its `status` and first `flaw`", _entries),
}
