"""Committed capture: what a technician waits for, against a raw signature and a raw durable append of the same size.

Two handhelds, one with a short journal and one with a hundred thousand events in it, and the raw work, take turns.
What they hold at the start was written by the real journal, only without syncs and without signatures.
"""

import os
import statistics
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from jobseal import bodies, event
from jobseal.event import Event, SignedEvent
from jobseal.host.clock import SystemClock
from jobseal.host.crypto import Ed25519Signer
from jobseal.key import Key
from jobseal.uplink_state import Identity
from jobseal_device.capture import Capture
from jobseal_device.command import BUILT_MS
from jobseal_device.durable import Files
from jobseal_device.home import Home
from jobseal_device.journal import Journal
from tests.bench.ground import WORKER_CORE, folder, pinned
from tests.bench.row import AT_MOST, Row
from tests.devices import signer_of

SHORT, LONG = 100, 100_000
TURNS = {True: 400, False: 2_000}
OPENINGS = 9
SIGNED_BYTES = 180
FRAME_BYTES = 240

VISIT = (
    ("job.accepted", {"order": bytes(32), "revision": 1}),
    ("travel.started", {}),
    ("travel.stopped", {"distance_m": 12_300}),
    ("job.arrived", {"site": "SITE-0042"}),
    ("safety.acknowledged", {"item": "LADDER"}),
    ("labour.started", {"task": "HVAC-REPAIR"}),
    ("checklist.answered", {"item": "LEAK-TEST", "answer": True}),
    ("reading.taken", {"code": "PRESSURE", "value": "2.5", "unit": "bar"}),
    ("part.used", {"code": "FILTER-20", "quantity": "2", "unit": "pc", "source": "van"}),
    ("part.used", {"code": "SEAL-8", "quantity": "4", "unit": "pc", "source": "van"}),
    ("labour.stopped", {"task": "HVAC-REPAIR"}),
    ("job.completed", {"totals": [["labour", "HVAC-REPAIR", "h", "0.5"]]}),
    ("signoff.waived", {"reason": "customer-absent"}),
)
ANSWER = ("checklist.answered", {"item": "FILTER-CLEAN", "answer": True})
LONG_VISIT = (*VISIT[:-3], *[ANSWER] * 87, *VISIT[-3:])  # what is there at the start: fewer files to write beside it


def steps(visit: Sequence[tuple[str, dict[str, Any]]]) -> list[tuple[str, dict[int, Any]]]:
    """(kind, body as on the wire) of each event of a visit."""
    return [(kind, bodies.SHAPES[kind].keyed(named)) for kind, named in visit]


STEPS, LONG_STEPS = steps(VISIT), steps(LONG_VISIT)
NAME = "t-1"
GENESIS = bytes(32)


def step(seq: int) -> tuple[str, dict[int, Any], str]:
    """Kind, body and job of the visits' event with this number."""
    kind, body = STEPS[seq % len(STEPS)]
    return kind, body, f"WO-{seq // len(STEPS):05d}"


class Unsynced(Files):
    """Writes that nobody waits for: to fill a journal, never to measure."""

    def fsync(self, fd: int) -> None:
        pass

    def fdatasync(self, fd: int) -> None:
        pass


class Unsigned:
    """Signatures of zeros under a real key."""

    def __init__(self, key: Key) -> None:
        self.key = key

    def sign(self, _data: bytes) -> bytes:
        return bytes(64)


class Stamped(Capture):
    """Capture that notes when its event is committed: the journal's head names it, and what follows can be lost."""

    committed_at = 0.0

    def _took(self, signed: SignedEvent, named: list[bytes]) -> None:
        self.committed_at = time.perf_counter()
        super()._took(signed, named)


class Technician:
    """Works job after job on one handheld. ``whole_ms``: how long its calls took to their very end."""

    def __init__(self, place: Path, identity: Identity) -> None:
        self.home = Home(place)
        self._identity = identity
        self._signed = 0
        self.whole_ms: list[float] = []
        self.capture: Stamped | None = None

    def open(self, signer: Ed25519Signer) -> None:
        """Start the capture process's part."""
        self.capture = Stamped(self.home, self._identity, signer, SystemClock(BUILT_MS), os.urandom)

    def close(self) -> None:
        """And end it."""
        assert self.capture is not None
        self.capture.close()

    def step(self) -> float:
        """Sign the next event; the milliseconds until it was committed."""
        assert self.capture is not None
        kind, body, job = step(self._signed)
        self._signed += 1
        started = time.perf_counter()
        self.capture.sign(kind, body, job, NAME)
        self.whole_ms.append((time.perf_counter() - started) * 1000)
        return (self.capture.committed_at - started) * 1000


class Raw:
    """One signature and one durable append, as little as can be done."""

    def __init__(self, path: Path) -> None:
        self._signer = signer_of("raw")
        self._signed, self._frame = os.urandom(SIGNED_BYTES), os.urandom(FRAME_BYTES)
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT)
        self._offset = 0

    def step(self) -> float:
        """The milliseconds that it takes."""
        started = time.perf_counter()
        self._signer.sign(self._signed)
        os.pwrite(self._fd, self._frame, self._offset)
        os.fdatasync(self._fd)
        self._offset += FRAME_BYTES
        return (time.perf_counter() - started) * 1000


def rows(quick: bool) -> Iterator[Row]:
    """The price of a commit, what a long journal adds to it, and how long such a journal takes to open."""
    with folder("capture") as place, pinned(WORKER_CORE):
        signer = signer_of("van-1")
        short, long = (_filled(place / name, signer, events) for name, events in (("short", SHORT), ("long", LONG)))
        raw = Raw(place / "raw")
        turns = [[each.step() for each in (short, raw, long)] for _ in range(TURNS[quick])]
        short.close()
        long.close()
        opening = statistics.median(_opening_ms(long.home) for _ in range(OPENINGS))
        all_opening = statistics.median(_all_opening_ms(long, signer) for _ in range(OPENINGS))
    commit, reference, with_history = (statistics.median(column) for column in zip(*turns, strict=True))
    whole = statistics.median(short.whole_ms)
    note = f"medians of {len(turns)} turns; {whole:.3f} ms until the call returns, with fold and wake-up"
    yield Row("capture_commit", commit, reference, commit / reference, f"{AT_MOST} 1.25", "ms", note)
    note = f"{LONG:,} events in the journal against {SHORT}"
    yield Row("capture_long_journal", with_history, commit, with_history / commit, f"{AT_MOST} 1.1", "ms", note)
    note = f"{LONG:,} events; with the fold and all else that capture opens {all_opening:.1f} ms"
    yield Row("journal_open", opening, None, None, f"{AT_MOST} 50", "ms", note)


def _filled(place: Path, signer: Ed25519Signer, events: int) -> Technician:
    """A technician who has signed so many events already, with capture open."""
    technician = Technician(place, _identity(signer))
    technician.home.make()
    journal = Journal.open(technician.home.journal, files=Unsynced())
    prev, unsigned, clock = GENESIS, Unsigned(signer.key), SystemClock(BUILT_MS)
    at, up, boot = clock.wall_ms(), clock.up_ms(), clock.boot()
    for seq in range(events):
        kind, body = LONG_STEPS[seq % len(LONG_STEPS)]
        job = f"OLD-{seq // len(LONG_STEPS):05d}"
        made = Event(seq=seq, prev=prev, at=at, up=up, boot=boot, kind=kind, body=body, job=job, by=NAME)
        prev = journal.append(event.sign(made, unsigned)).hash
    journal.close()
    os.sync()
    technician.open(signer)
    technician.close()  # the fold is saved, so that it is not what the first event waits for
    technician.open(signer)
    return technician


def _identity(signer: Ed25519Signer) -> Identity:
    return Identity("van-1", signer.key.thumbprint, GENESIS, None)


def _opening_ms(home: Home) -> float:
    started = time.perf_counter()
    journal = Journal.open(home.journal)
    passed = time.perf_counter() - started
    journal.close()
    return passed * 1000


def _all_opening_ms(technician: Technician, signer: Ed25519Signer) -> float:
    started = time.perf_counter()
    technician.open(signer)
    passed = time.perf_counter() - started
    technician.close()
    return passed * 1000
