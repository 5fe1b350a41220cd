"""Vectors of the uplink: what a handheld sends and believes, step by step. What it must do is written by hand."""

from typing import Any

from jobseal import checkpoint, frame, merkle, receipt
from jobseal.checkpoint import Checkpoint
from jobseal.refusal import Refusal
from jobseal.restart import Restarted
from jobseal.work import Document
from tests.vectors import keys, statements
from tests.vectors.day import DAY
from tests.vectors.entry import Entry, File
from tests.vectors.world import DAY_MS, ENROLLED, LOG_ID, ORDER, SESSION, Log, digest

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
        _case("unreadable-event", "an event that can no longer be read cannot differ from the answer to its own batch",
              [*begun, _hears(20, _receipt(since=2, proof=DAY.log.consistency(2, 4), head=bytes(32)), SAVE)], 2, 4,
              [EVENTS[0], b"", DAY.van.events[2]]),
        _case("unreadable-event-unasked", "an answer to HELLO may speak of another holder: it shows its own chain",
              [_now(0, HELLO, up=True), _hears(10, _receipt(head=bytes(32)), SAVE), _now(11, BATCH)], 0, 4,
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
        ("same-size-other-root", "two roots for one size", _receipt(since=2, checkpoint=back), [inconsistent]),
    ]  # fmt: skip
    entries = [
        _case(name, f"{shows}: nothing is acknowledged", [*begun, _hears(20, data, *effects), _now(21)], 0, 2)
        for name, shows, data, effects in cases
    ]
    other = _receipt(since=2, proof=proof, checkpoint=other_log)
    again = _receipt(since=2, proof=proof, checkpoint=other_log, session=digest(SESSION)[:8])
    answered = [*begun, _hears(20, other), _now(21, HELLO), _hears(22, again, inconsistent), _now(23)]
    return [
        *entries,
        _case("other-log", "another log, also in answer to HELLO: nothing is acknowledged", answered, 0, 2),
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
        _case("asked-to-wait", "a refusal with a time is a pause of half of it to the whole, whatever is due",
              [*begun, _hears(20, pause), _now(22_519), _now(22_520, BATCH)], 0, 2),
        _case("answered-while-waiting", "a receipt ends the pause: whoever answers can be asked",
              [*begun, _hears(20, pause),
               _hears(30, _receipt(next=0, head=digest(ENROLLED), checkpoint=FIRST, since=2), SAVE),
               _now(31, BATCH)], 0, 2),
        _case("refused-run", "what was refused waits at the gateway: it sends on behind that, and acknowledges nothing",
              [*begun, _hears(20, _receipt(next=0, head=digest(ENROLLED), since=2, proof=DAY.log.consistency(2, 4),
                                           resume=1), SAVE), _now(21, BATCH)], 0, 4),
        _case("refused-run-beyond", "a run that ends beyond its own events is somebody else's",
              [*begun, _hears(20, _receipt(next=0, head=digest(ENROLLED), since=2, proof=DAY.log.consistency(2, 4),
                                           resume=9), SAVE), _now(21)], 0, 4),
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


SECOND_SESSION = digest(SESSION)[:8]  # begun by a HELLO that must not be confused with anything before
THIRD_SESSION = digest(SECOND_SESSION)[:8]


class Restart:
    """The day's log restored at size 2 and restarted by this statement; ``answer`` is what HELLO gets then."""

    def __init__(self, statement: bytes) -> None:
        self.statement = statement
        self.log = Log()
        self.log.append(merkle.ENTRY_OFFICE, *DAY.log.statements[:2], statement)
        self.newest = self.log.checkpoint(DAY_MS + 41_000_000, statements.NEW_LOG)

    def answer(self, since: int, proof: list[bytes] | None = None, session: bytes = SECOND_SESSION) -> bytes:
        held = self.log.consistency(since, 3) if since <= 2 and proof is None else proof or []
        path = self.log.inclusion(self.statement, 3)[2]
        said = Restarted(
            session=session, checkpoint=self.newest, since=since, proof=held, restarts=[[self.statement, path]]
        )
        return frame.encode(said)


def _restarted() -> list[Entry]:
    restart = Restart(statements.restart(keys.ROOT))
    nothing = _receipt(next=0, head=digest(ENROLLED), checkpoint=restart.newest, since=3, session=THIRD_SESSION)
    settled = _receipt(checkpoint=restart.newest, since=3, session=THIRD_SESSION)
    begun = [_now(0, HELLO, up=True), _hears(10, NOTHING, SAVE), _now(11, BATCH)]
    refused = frame.encode(Refusal(session=SESSION, code="log_restarted", sentence="Say hello.", retry_after=300))
    followed = [["restarted"], SAVE]
    beyond = restart.answer(4, session=SESSION)
    again = [_now(31, HELLO), _hears(40, nothing, SAVE), _now(41, BATCH), _hears(50, settled, SAVE), _now(51)]

    def said(**changes: Any) -> bytes:
        return Restart(statements.restart(keys.ROOT, **changes)).answer(2)

    inconsistent = "log_inconsistent"
    bad = [
        ("by-office", "by the office", Restart(statements.restart(keys.OFFICE)).answer(2), "signature_invalid"),
        ("other-root", "a root that the log never had", said(root=bytes(32)), inconsistent),
        ("other-size", "a size that is not the place of the statement", said(size=1), inconsistent),
        ("nameless", "no word of what the log is called now", said(log=None), inconsistent),
        ("other-name", "another name than the log has", said(log=bytes(16)), inconsistent),
        ("of-another", "of a log that this handheld never knew", said(earlier_log=bytes(16)), inconsistent),
        ("bad-proof", "a log that does not begin with what was proven", restart.answer(2, [bytes(32)]), inconsistent),
    ]  # fmt: skip
    return [
        _case("restarted", "the log was restarted while connected: refused, HELLO, the statement, and all again",
              [*begun, _hears(20, refused), _now(21, HELLO), _hears(30, restart.answer(2), *followed), *again], 2, 3),
        _case("restarted-smaller", "restored smaller than proven: an older checkpoint is shown, and what was counted "
              "as acknowledged is sent again",
              [*begun, _hears(20, SETTLED, SAVE), _now(21), _now(900_000, HELLO), _hears(900_010, beyond),
               _now(900_011, HELLO), _hears(900_020, beyond), _hears(900_021, restart.answer(2), *followed),
               _now(900_022, HELLO), _hears(900_030, nothing, SAVE), _now(900_031, BATCH),
               _hears(900_040, settled, SAVE), _hears(900_041, restart.answer(2)), _now(900_042)], 2, 3),
        _case("restarted-uncounted", "until a receipt of the restarted log says so, nothing is acknowledged",
              [*begun, _hears(20, SETTLED, SAVE), _now(21), _now(900_000, HELLO), _hears(900_010, beyond),
               _now(900_011, HELLO), _hears(900_021, restart.answer(2), *followed), _now(900_022, HELLO)], 0, 3),
        *[_case(f"restarted-{name}", f"{shows}: it stays with the log that it knows",
                [*begun, _hears(20, refused), _now(21, HELLO), _hears(30, data, [ALARM, code]), _now(31)], 0, 2)
          for name, shows, data, code in bad],
    ]  # fmt: skip


def _entries() -> list[Entry]:
    return [*_believed(), *_not_believed(), *_in_trouble(), *_with_work(), *_restarted()]


FILES: dict[str, File] = {
    "uplink": ("a handheld that syncs: what it does at each step (SPEC.md, Log and receipts, MQTT)", _entries),
}
