"""What a device believes: only a receipt that verifies, for its key and session, over a log that only grows.

The gateway's keys are here, so every lie can be told with a good signature.
"""

from pathlib import Path
from typing import Any

from jobseal import checkpoint, event, frame, interval, merkle, receipt
from jobseal.batch import Batch
from jobseal.checkpoint import Checkpoint
from jobseal.completeness import closings
from jobseal.errors import Malformed
from jobseal.job import Job, close_over
from jobseal.receipt import Receipt
from tests.device.workbench import LOG_ID, TestOffice
from tests.devices import DAY_MS, Device, Sync, digest
from tests.system.sentinels import Found

EVENTS = 3
LONG_MS = 100_000  # beyond every deadline


class Scene:
    """A device with a few events that has just connected, and an office that may say what it likes."""

    def __init__(self) -> None:
        self.office = TestOffice()
        self.device = Device("hh-1", digest(b"genesis"), self.office.trusted)
        for _ in range(EVENTS):
            self.device.capture()
        self.log = [merkle.leaf_hash(b"%d" % n) for n in range(20)]
        self.sync = Sync(self.device, 1)
        self.sync.connect()

    def say(self, signer: Any = None, size: int = 5, log: list[bytes] | None = None, **other: Any) -> None:
        """A receipt for all of it, but for what is said otherwise."""
        leaves = (self.log if log is None else log)[:size]
        since = self.sync.uplink._size()
        stated = Checkpoint(log=LOG_ID, size=size, root=merkle.root(leaves), at=DAY_MS + size)
        plain: dict[str, Any] = {
            "key": self.device.key.thumbprint,
            "session": self.sync.uplink.session,
            "next": EVENTS,
            "head": self.device.prev,
            "superseded": False,
            "checkpoint": checkpoint.sign(stated, self.office.log),
            "since": since,
            "proof": merkle.consistency_proof(leaves, min(since, size)),
            "verdicts": [],
            "more": False,
            "stored": [],
        }
        signed = receipt.sign(Receipt(**{**plain, **other}), signer or self.office.log)
        self.sync.hear(frame.encode_signed(frame.RECEIPT, signed))

    @property
    def believed(self) -> int:
        return self.device.state.next


def receipts(_: Path) -> Found:
    """``converges``: a good receipt is not taken. ``forged_receipt``, ``foreign_receipt``, ``other_history``: one is
    taken that is not signed by the log key, is for somebody else, or tells of other events than ours."""
    scene = Scene()
    scene.say()
    if scene.believed != EVENTS:
        yield "converges", "a good receipt is not believed"
    lies: list[tuple[str, dict[str, Any]]] = [
        ("forged_receipt", {"signer": scene.office.office}),
        ("foreign_receipt", {"session": b"another1"}),
        ("foreign_receipt", {"key": digest(b"another key")}),
        ("other_history", {"head": digest(b"another event")}),
    ]
    for check, lie in lies:
        scene = Scene()
        scene.say(**lie)
        if scene.believed:
            yield check, f"{EVENTS} events count as acknowledged by a receipt with another {next(iter(lie))}"


def rewritten(_: Path) -> Found:
    """``log_rewritten``: a log that does not continue what it was is not noticed."""
    other = [merkle.leaf_hash(b"other %d" % n) for n in range(20)]
    lies: tuple[dict[str, Any], ...] = ({}, {"proof": []}, {"proof": [digest(b"no proof")] * 3})
    for size in (5, 6, 8, 13, 4):
        for lie in lies:
            scene = Scene()
            scene.say()
            scene.say(log=other, size=size, **lie)
            if "log_inconsistent" not in scene.device.alarms or scene.sync.uplink._size() != 5:
                yield "log_rewritten", f"after a checkpoint over 5 leaves, one over {size} others raises no alarm"


def set_back(_: Path) -> Found:
    """``set_back_undetected``: the gateway holds later events than ours, and the device goes on."""
    scene = Scene()
    scene.say(next=EVENTS + 2, head=digest(b"later"), superseded=True)
    if not scene.device.rolled_back:
        yield "set_back_undetected", "the gateway knows later events of this key, and the device would go on signing"


def sent(_: Path) -> Found:
    """``unreceipted_believed``: what was sent and never receipted is not sent again from its start."""
    scene = Scene()
    scene.say(next=0, head=scene.device.genesis)
    for _ in range(6):
        scene.sync.tick(LONG_MS)
    batches = [each for each in map(frame.decode_up, scene.sync.sent) if isinstance(each, Batch)]
    first = scene.device.events(0, 1, 1 << 20)
    if scene.believed or len(batches) < 3 or any(each.events[:1] != first for each in batches):
        yield "unreceipted_believed", "an event that no receipt spoke of is not sent again"


def hashes(_: Path) -> Found:
    """``hash_length``: something that is not 32 bytes passes for a hash; ``size_unbound``: a path that is too short
    for the stated size proves inclusion in it."""
    for length in (0, 31, 33):
        short = bytes(length)
        if merkle.verify_inclusion(short, 0, 1, [], short):
            yield "hash_length", f"{length} bytes are included in a log as a leaf hash"
        try:
            merkle.Frontier().append(short)
            yield "hash_length", f"{length} bytes were appended to a log as a leaf hash"
        except Malformed:
            pass
    two = [merkle.leaf_hash(b"0"), merkle.leaf_hash(b"1")]
    if merkle.verify_inclusion(two[0], 0, 4, two[1:], merkle.root(two)):
        yield "size_unbound", "a path through a log of 2 leaves proves inclusion in one of 4"


def closes(_: Path) -> Found:
    """``close_unchecked``: a close counts that commits to other events than there are."""
    device = Device("hh-1", digest(b"genesis"), TestOffice().trusted)
    for kind in ("job.accepted", "job.arrived"):
        body = {"order": digest(b"order"), "revision": 1} if kind == "job.accepted" else {}
        device.capture(kind, body)
    hashed = [digest(data or b"") for data in device.frames]
    for what, close, holds in (
        ("these events", close_over(hashed), True),
        ("others", [len(hashed), digest(b"others")], False),
        ("the same in another order", close_over(hashed[::-1]), False),
        ("one more", [len(hashed) + 1, close_over(hashed)[1]], False),
    ):
        job = Job("WO-1")
        completed = device.make("job.completed", {"totals": []}, close=close)
        for index, data in enumerate([*device.frames, completed]):
            job.add(event.parse(data or b""), device.key.thumbprint, index)
        if closings(job)[0].matches != holds:
            yield "close_unchecked", f"a close over {what} {'does not count' if holds else 'counts'}"


def intervals(_: Path) -> Found:
    """``interval_wrong``: the uptime of one boot narrows an event of another."""
    device = Device("hh-1", digest(b"genesis"), TestOffice().trusted)
    anchor = digest(b"checkpoint")
    first = device.capture(up=1_000, anchor=anchor)
    second = device.capture(up=900_000, boot=b"\x02" * 8)
    third = device.capture(up=910_000, boot=b"\x02" * 8)
    timeline = interval.Timeline([(anchor, 1, DAY_MS)])
    chain = [event.parse(data).event for data in (first, second, third)]
    lows = [each.not_before for each in interval.intervals(chain, [None] * 3, timeline)]
    if lows != [DAY_MS, DAY_MS, DAY_MS + 10_000]:
        yield "interval_wrong", f"events are proven not before {[low and low - DAY_MS for low in lows]} ms"


SENTINELS = {each.__name__: each for each in (receipts, rewritten, set_back, sent, hashes, closes, intervals)}
