"""Vectors of the uplink: what a handheld sends and believes, step by step. What it must do is written by hand."""

from typing import Any

from jobseal import checkpoint, frame, receipt
from jobseal.checkpoint import Checkpoint
from jobseal.refusal import Refusal
from jobseal.work import Document
from tests.vectors import keys, statements
from tests.vectors.day import DAY
from tests.vectors.entry import Entry, File
from tests.vectors.world import DAY_MS, ENROLLED, LOG_ID, ORDER, SESSION, digest

Step = dict[str, Any]
FIRST, SECOND = DAY.first_checkpoint, DAY.second_checkpoint
EVENTS = DAY.van.events[:2]


def _receipt(**changes: Any) -> bytes:
    """The frame of a receipt for a handheld whose two events are settled; fields by name."""
    fields = {
        "key": keys.VAN.key.thumbprint, "session": SESSION, "next": 2, "head": digest(EVENTS[1]), "superseded": False,
        "checkpoint": SECOND, "since": 0, "proof": [], "verdicts": [], "more": False, "stored": [],
    }  # fmt: skip
    return frame.encode_signed(frame.RECEIPT, receipt.sign(receipt.Receipt(**{**fields, **changes}), keys.LOG))


NOTHING = _receipt(next=0, head=digest(ENROLLED), checkpoint=FIRST)
SETTLED = _receipt(since=2, proof=DAY.log.consistency(2, 4))


def _now(at: int, *effects: Any, up: bool = False) -> Step:
    """Time passes, or the link comes ``up``."""
    return {"at": at, "do": "connected" if up else "tick", "effects": list(effects)}


def _hears(at: int, data: bytes, *effects: Any) -> Step:
    return {"at": at, "do": "handle", "frame": data.hex(), "effects": list(effects)}


def _case(name: str, shows: str, steps: list[Step], acked: int, size: int, journal: list[bytes] = EVENTS) -> Entry:
    """``acked``, ``size``: what the handheld counts as acknowledged, and the log's size that it has verified."""
    certified = [data.hex() for data in statements.CERTIFICATIONS]
    return {
        "name": name, "shows": shows, "valid": True, "key": keys.VAN.key.encode().hex(),
        "root": keys.ROOT.key.encode().hex(), "certifications": certified, "device": "van-07",
        "enrolment": digest(ENROLLED).hex(), "session": SESSION.hex(), "events": [data.hex() for data in journal],
        "steps": steps, "acked": acked, "size": size,
    }  # fmt: skip


HELLO, BATCH, PULL = ["send", "hello"], ["send", "batch"], ["send", "pull"]
SAVE = ["save"]
ALARM = "alarm"


def _believed() -> list[Entry]:
    begun = [_now(0, HELLO, up=True), _hears(10, NOTHING, SAVE), _now(11, BATCH)]
    return [
        _case("first-sync", "hello, receipt, batch, receipt: both events are acknowledged",
              [*begun, _hears(20, SETTLED, SAVE), _now(21)], 2, 4),
        _case("known-already", "the answer to HELLO may settle everything at once",
              [_now(0, HELLO, up=True), _hears(10, _receipt(), SAVE), _now(11)], 2, 4),
        _case("again", "the same receipt again proves nothing from the size known by now", [
              *begun, _hears(20, SETTLED, SAVE), _hears(21, SETTLED)], 2, 4),
        _case("verdicts-and-stored", "verdicts and stored objects are passed on", [*begun, _hears(
              20, _receipt(since=2, proof=DAY.log.consistency(2, 4), verdicts=[[1, ["unknown_job"]]],
                           stored=[bytes(32)]), ["verdicts"], SAVE, ["stored"])], 2, 4),
        _case("unreadable-event", "an event that can no longer be read cannot differ",
              [_now(0, HELLO, up=True), _hears(10, _receipt(head=bytes(32)), SAVE)], 2, 4,
              [EVENTS[0], b"", DAY.van.events[2]]),
    ]  # fmt: skip


def _not_believed() -> list[Entry]:
    begun = [_now(0, HELLO, up=True), _hears(10, NOTHING, SAVE), _now(11, BATCH)]
    good = receipt.sign(receipt.verify(frame.decode_down(SETTLED)[1], keys.LOG.key, lambda *_: True), keys.STRANGER)
    forged = frame.encode_signed(frame.RECEIPT, good)
    other_past = checkpoint.sign(Checkpoint(log=LOG_ID, size=4, root=bytes(32), at=DAY_MS + 900_000), keys.LOG)
    other_log = checkpoint.sign(Checkpoint(log=bytes(16), size=4, root=bytes(32), at=DAY_MS + 900_000), keys.LOG)
    back = checkpoint.sign(Checkpoint(log=LOG_ID, size=2, root=bytes(32), at=DAY_MS - 1), keys.LOG)
    inconsistent = [ALARM, "log_inconsistent"]
    proof = DAY.log.consistency(2, 4)
    cases = [
        ("forged", "a receipt signed by somebody else", forged, [[ALARM, "signature_invalid"]]),
        ("garbage", "bytes that are no frame", b"\xff", [[ALARM, "cbor_type"]]),
        ("other-session", "a receipt of another process", _receipt(session=bytes(8), since=2, proof=proof), []),
        ("other-key", "a receipt for another key", _receipt(key=bytes(32), since=2, proof=proof), []),
        ("overtaken", "a receipt that starts from another size", _receipt(since=0), []),
        ("bad-proof", "a proof that leads nowhere", _receipt(since=2, proof=[bytes(32)]), [inconsistent]),
        ("no-proof", "a larger log without a proof", _receipt(since=2), [inconsistent]),
        ("other-past", "a log with another past", _receipt(since=2, proof=proof, checkpoint=other_past),
         [inconsistent]),
        ("other-log", "another log", _receipt(since=2, proof=proof, checkpoint=other_log), [inconsistent]),
        ("same-size-other-root", "two roots for one size", _receipt(since=2, checkpoint=back), [inconsistent]),
    ]  # fmt: skip
    return [
        _case(name, f"{shows}: nothing is acknowledged", [*begun, _hears(20, data, *effects), _now(21)], 0, 2)
        for name, shows, data, effects in cases
    ]


def _in_trouble() -> list[Entry]:
    begun = [_now(0, HELLO, up=True), _hears(10, NOTHING, SAVE), _now(11, BATCH)]
    pause = frame.encode(Refusal(session=SESSION, code="overloaded", sentence="Later.", retry_after=30))
    ahead = _receipt(next=3, head=bytes(32), superseded=True)
    differs = _receipt(since=2, proof=DAY.log.consistency(2, 4), head=bytes(32))
    return [
        _case("rolled-back", "the log has later events than the journal: this key is never used again",
              [_now(0, HELLO, up=True), _hears(10, ahead, SAVE, ["rolled_back"])], 0, 4),
        _case("histories-differ", "another event at that place: it shows its own chain from the start",
              [*begun, _hears(20, differs, SAVE), _now(30_011, HELLO)], 0, 4),
        _case("resend", "no answer: after the wait it says where it is, and then sends again",
              [*begun, _now(15_000), _now(22_511, HELLO), _hears(22_600, _receipt(
                  next=0, head=digest(ENROLLED), checkpoint=FIRST, since=2), SAVE), _now(22_601, BATCH)], 0, 2),
        _case("asked-to-wait", "a refusal with a time is a pause, whatever is due",
              [*begun, _hears(20, pause), _now(30_019), _now(30_020, BATCH)], 0, 2),
    ]  # fmt: skip


def _with_work() -> list[Entry]:
    assigned = frame.encode_signed(frame.ASSIGNMENT, statements.ASSIGNED)
    settled = [_now(0, HELLO, up=True), _hears(10, _receipt(), SAVE)]
    order = frame.encode(Document(data=ORDER))
    stranger = frame.encode(Document(data=b"not ordered"))
    return [
        _case("work", "a newer assignment is kept, and its documents are pulled", [
              *settled, _hears(20, assigned, ["work"], SAVE), _now(21, PULL), _hears(30, stranger),
              _hears(31, order, ["document"]), _hears(32, assigned)], 2, 4),
    ]  # fmt: skip


def _entries() -> list[Entry]:
    return [*_believed(), *_not_believed(), *_in_trouble(), *_with_work()]


FILES: dict[str, File] = {
    "uplink": ("a handheld that syncs: what it does at each step (SPEC.md, Log and receipts, MQTT)", _entries),
}
