"""A handheld at work on a real file system: jobs through the real capture, and what must be there afterwards.

The script can be taken up again after any interruption: what the journal already has of a job is not entered twice,
as a technician who looks first would not. A step that the disk refuses is tried again, as a person would, and given up
after :data:`TRIES`, as a process that ends would.
"""

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from jobseal import event as events
from jobseal.errors import JobsealError
from jobseal.uplink_state import Identity
from jobseal_device.capture import Capture
from jobseal_device.command import capture_event
from jobseal_device.errors import StorageError
from jobseal_device.home import Home
from jobseal_device.journal_reader import JournalReader
from jobseal_device.objects import DIGEST_DIGITS, ObjectStore
from jobseal_device.uplink_file import read_uplink
from jobseal_device.work_file import WorkFile
from tests.device.workbench import MINUTE_MS, HandClock, key_of
from tests.torture.storage.promises import Promise, Say, Wrong

NAME = "HH-1"
TECHNICIAN = "t-1"
TRIES = 3
OBJECT_MOST_BYTES = 1 << 20
BOOT_BYTES = 8
AMENDS_PART = "amends part.used"

Step = tuple[str, dict[str, str]]
VISIT: tuple[Step, ...] = (
    ("job.accepted", {}),
    ("job.arrived", {}),
    ("labour.started", {"task": "FIT"}),
    ("photo.attached", {"photo": "@PHOTO", "purpose": "before"}),
    ("part.used", {"code": "P-1", "quantity": "2", "unit": "pc", "source": "van"}),
    ("labour.stopped", {"task": "FIT"}),
    ("event.corrected", {"reason": "2", "quantity": "3", "": AMENDS_PART}),
    ("job.completed", {}),
    ("job.signed_off", {"method": "typed", "name": "R. Customer"}),
)
SHORT = VISIT[:2] + VISIT[3:5] + VISIT[6:7]  # what the fault points do, each many times


class Worker:
    """One capture process on the data folder ``folder``; ``photo`` lies elsewhere. ``work`` may raise whatever capture
    raises to say that it ends here."""

    def __init__(self, folder: Path, photo: Path, identity: Identity, say: Say) -> None:
        self.home = Home(folder)
        self._photo = photo
        self._say = say
        # Another boot each time: an event that was lost and is signed again must not look like the one before.
        self._clock = HandClock()
        self._clock.boots = int.from_bytes(os.urandom(BOOT_BYTES), "big")
        self.capture = opened(self.home, identity, self._clock, os.urandom)

    def work(self, jobs: Sequence[str], script: Sequence[Step]) -> None:
        """Do what is not done yet, job by job."""
        for job in jobs:
            for kind, fields in script[self._done(job) :]:
                self._enter(job, kind, fields)

    def close(self) -> None:
        self.capture.close()

    def _enter(self, job: str, kind: str, fields: dict[str, str]) -> None:
        """Try until it is signed. What is in doubt is settled, not entered again."""
        self._clock.now_ms += MINUTE_MS
        first = self.capture.journal.next_seq
        before = self._done(job)
        for left in reversed(range(TRIES)):
            try:
                if self._done(job) == before:
                    self._sign(job, kind, fields)
                self.capture.settle()
                break
            except StorageError:
                if left == 0:
                    raise
        self._promise(first)

    def _sign(self, job: str, kind: str, fields: dict[str, str]) -> None:
        texts = {name: f"@{self._photo}" if text == "@PHOTO" else text for name, text in fields.items() if name}
        amends = self._part(job) if AMENDS_PART in fields.values() else None
        capture_event(self.capture, WorkFile(self.home), kind, texts, job, TECHNICIAN, amends)

    def _done(self, job: str) -> int:
        """How many of the script's steps the fold has of this job, an event in doubt included."""
        doubt = self.capture.journal.in_doubt
        waiting = doubt is not None and events.parse(doubt).event.job == job
        lane = self.capture.fold.lane(job)
        return waiting + (0 if lane is None else lane.count)

    def _part(self, job: str) -> bytes:
        found = (events.parse(data) for _, data in JournalReader(self.home.journal).readable())
        return next(each.hash for each in found if each.event.job == job and each.event.kind == "part.used")

    def _promise(self, first: int) -> None:
        names = object_names(self.home)
        for seq, data in JournalReader(self.home.journal).readable(first):
            self._say(("event", seq, data, [name for name in names if name in data]))


def opened(home: Home, identity: Identity, clock: HandClock, salt: Callable[[int], bytes]) -> Capture:
    """Capture, tried as often as a step. Raises what the last opening raised."""
    for _ in range(TRIES - 1):
        with suppress(StorageError):
            return Capture(home, identity, key_of(NAME), clock, salt)
    return Capture(home, identity, key_of(NAME), clock, salt)


def object_names(home: Home) -> list[bytes]:
    """The digests of every object in the folder, wherever it is on its way."""
    folders = (home.unsigned, home.waiting, home.stored)
    found = {path.name for folder in folders if folder.exists() for path in folder.iterdir()}
    return sorted(bytes.fromhex(name) for name in found if len(name) == DIGEST_DIGITS)


def judge(folder: Path, promises: Sequence[Promise], identity: Identity) -> Iterator[Wrong]:
    """Whether a handheld that starts on this folder has everything that was promised, and can go on."""
    home = Home(folder)
    wanted = {promise[1]: promise for promise in promises if promise[0] == "event"}
    receipts = [promise for promise in promises if promise[0] == "receipt"]
    if not home.folder.exists() and not wanted and not receipts:
        return
    yield from _receipts(home, receipts)
    try:
        capture = Capture(home, identity, key_of(NAME), HandClock(), lambda count: bytes(count))
    except JobsealError as error:
        yield Wrong("honest_stopped", f"capture does not open: {error}")
        return
    try:
        there = dict(JournalReader(home.journal).readable())
        yield from _events(there, wanted, identity.genesis)
        yield from _objects(home, wanted, there)
        signed = capture.sign("session.opened", {}, by=TECHNICIAN)
        if signed.event.seq < len(there) or JournalReader(home.journal).event(signed.event.seq) != signed.data:
            yield Wrong("not_kept", f"event {signed.event.seq}, signed now, cannot be read")
    except JobsealError as error:
        yield Wrong("cannot_go_on", str(error))
    finally:
        capture.kill()


def _receipts(home: Home, receipts: list[Promise]) -> Iterator[Wrong]:
    try:
        state, _ = read_uplink(home), WorkFile(home).orders()
    except JobsealError as error:
        yield Wrong("unreadable", str(error))
        return
    if receipts and state.next < receipts[-1][1]:
        yield Wrong("receipt_lost", f"acknowledged up to {state.next}, and {receipts[-1][1]} had been saved")


def _events(there: dict[int, bytes], wanted: dict[int, Promise], genesis: bytes) -> Iterator[Wrong]:
    for seq, promise in wanted.items():
        if there.get(seq) != promise[2]:
            yield Wrong("committed_lost", f"event {seq} is {'gone' if seq not in there else 'another one'}")
    prev = genesis
    for seq in range(len(there)):
        if seq not in there:
            yield Wrong("chain_broken", f"event {seq} is missing before later ones")
            return
        signed = events.parse(there[seq])
        if signed.event.seq != seq or signed.event.prev != prev:
            yield Wrong("chain_broken", f"event {seq} does not continue the chain")
        prev = signed.hash


def _objects(home: Home, wanted: dict[int, Promise], there: dict[int, bytes]) -> Iterator[Wrong]:
    store = ObjectStore(home)
    for seq, promise in wanted.items():
        for digest in promise[3]:
            data = store.read(digest, 0, OBJECT_MOST_BYTES)
            if hashlib.sha256(data).digest() != digest:
                yield Wrong("object_lost", f"an object of event {seq} is {'damaged' if data else 'gone'}")
    for digest in store.unsigned():
        if any(digest in data for data in there.values()):
            yield Wrong("object_stuck", "an object of a committed event is not sent")
