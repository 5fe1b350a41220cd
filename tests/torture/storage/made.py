"""Homes as the real capture leaves them: what the campaign damages, and what it knows to be true of each.

Every event is signed by the production capture through the production journal. The makers differ in what happened
before the damage: a clean stop, a sync that failed and left copies behind, a power cut that took the head back, a torn
frame behind the last, small segments, receipts at different places, an archive, an event that says what was lost.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jobseal import event as events
from jobseal import receipt
from jobseal.event import SignedEvent
from jobseal.uplink_state import State
from jobseal_device.home import Home
from jobseal_device.journal import Journal
from jobseal_device.journal_frames import encode
from jobseal_device.journal_reader import JournalReader
from jobseal_device.uplink_file import write_uplink
from tests.device.workbench import Workbench
from tests.torture.storage.memory_files import MemoryFiles

ABOVE = Path("/no-such-folder-of-jobseal")  # never made: every call goes to memory
NAME = "HH-1"
HOME = Home(ABOVE / NAME)
HEAD = str(HOME.journal / "head")
UPLINK = str(HOME.uplink)


@dataclass(frozen=True)
class Made:
    """``chain``: every event whose frame is whole on the disk, by number; ``said``: the last one that capture reported
    as committed; ``acknowledged``: the last with a receipt in ``uplink.cbor``, -1 without one; ``contents``: path and
    bytes of every file."""

    name: str
    chain: tuple[SignedEvent, ...]
    said: int
    acknowledged: int
    contents: dict[str, bytes]

    @property
    def segments(self) -> list[str]:
        """The journal's segment files, in order."""
        return sorted(path for path in self.contents if path.endswith(".seg"))


class Maker:
    """A workbench on files in memory, and ways to leave it."""

    def __init__(self) -> None:
        self.files = MemoryFiles({})
        self.bench = Workbench(ABOVE, self.files, NAME)

    @property
    def said(self) -> int:
        head = self.bench.capture.journal.head
        return -1 if head is None else head.seq

    def notes(self, count: int, job: str = "WO-1") -> None:
        """A job with that many notes, each with an object."""
        if self.bench.capture.state(job) == "created":
            self.bench.arrive(job)
        for number in range(count):
            self.bench.sign("note.added", job, note=f"note {number}")

    def acknowledge(self, seq: int) -> None:
        """Sync has a receipt up to this event."""
        office, mark = self.bench.office, self.bench.office.checkpoint(seq + 2)
        digest = self.bench.signed[seq].hash
        said = receipt.Receipt(
            key=self.bench.signer.key.thumbprint, session=bytes(8), next=seq + 1, head=digest, superseded=False,
            checkpoint=mark, since=0, proof=[], verdicts=[], more=False, stored=[],
        )  # fmt: skip
        state = State()
        state.receipt, state.checkpoint = receipt.sign(said, office.log), mark
        state.next, state.head, state.verdicts = seq + 1, digest, seq + 1
        write_uplink(HOME, state, self.files)

    def in_small_segments(self, most_bytes: int) -> None:
        """The same journal as a capture with smaller segments would have written it."""
        self.bench.close()
        for path in [path for path in self.files.contents if path.startswith(f"{HOME.journal}/")]:
            del self.files.contents[path]
        journal = Journal.open(HOME.journal, None, most_bytes, self.files)
        for signed in self.bench.signed:
            journal.append(signed.data)
        journal.close()
        self.bench.capture = self.bench.open()

    def left(self, name: str, acknowledged: int) -> Made:
        """What stands on the disk now."""
        said = self.said
        self.bench.capture.kill()
        chain = tuple(events.parse(signed.data) for signed in self.bench.signed)
        return Made(name, chain, said, acknowledged, dict(self.files.contents))


def _clean() -> Made:
    maker = Maker()
    maker.notes(5)
    maker.bench.capture.fold.save()
    return maker.left("clean", -1)


def _in_segments() -> Made:
    maker = Maker()
    maker.notes(9)
    maker.in_small_segments(900)
    maker.acknowledge(6)
    return maker.left("segments", 6)


def _one_each() -> Made:
    maker = Maker()
    maker.notes(4)
    maker.in_small_segments(1)
    return maker.left("one event a segment", -1)


def _failed_sync() -> Made:
    """The event in doubt is in two segments: where its sync failed, and where it was committed."""
    maker = Maker()
    maker.notes(3)
    for _ in range(2):
        maker.files.fail_next_append = True
        maker.notes(3)
    maker.acknowledge(4)
    return maker.left("failed syncs", 4)


def _head_behind() -> Made:
    """A power cut took the head back by several events; the office has a receipt for one of them."""
    maker = Maker()
    maker.notes(4)
    before = maker.files.contents[HEAD]
    maker.notes(3)
    maker.acknowledge(6)
    maker.files.contents[HEAD] = before
    return maker.left("head behind", 6)


def _torn() -> Made:
    """The power failed while a frame was written: a part of it is there, and capture never said that it is signed."""
    maker = Maker()
    maker.notes(4)
    maker.acknowledge(3)
    made = maker.left("torn frame", 3)
    last = made.segments[-1]
    made.contents[last] += encode(made.chain[-1].data)[:131]
    return made


def _archived() -> Made:
    """Finished jobs in the archive, an open one in the fold, and events behind the fold."""
    maker = Maker()
    maker.bench.visit("WO-7")
    maker.notes(1, "WO-8")
    maker.bench.capture.fold.save()
    maker.notes(2, "WO-8")
    maker.acknowledge(8)
    return maker.left("archived", 8)


def _lost() -> Made:
    """An event could not be read any more, and the chain says so."""
    maker = Maker()
    maker.notes(4)
    maker.in_small_segments(900)
    chain = list(maker.bench.signed)
    first = min(path for path in maker.files.contents if path.endswith(".seg"))
    data = bytearray(maker.files.contents[first])
    data[data.index(chain[1].data) + 9] ^= 1
    maker.files.contents[first] = bytes(data)
    maker.files.contents[str(HOME.damaged)] = b"1\n"
    maker.bench.crash()  # the opening after it signs range.lost
    maker.notes(2)
    rest = JournalReader(HOME.journal, maker.files).readable(len(chain))
    maker.bench.signed = [*chain, *(events.parse(event) for _, event in rest)]
    return maker.left("range lost", -1)


MAKERS: tuple[Callable[[], Made], ...] = (
    _clean, _in_segments, _one_each, _failed_sync, _head_behind, _torn, _archived, _lost,
)  # fmt: skip


@cache
def homes() -> tuple[Made, ...]:
    """All of them; made once a process, the same in every process."""
    return tuple(make() for make in MAKERS)
