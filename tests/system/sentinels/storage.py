"""The journal and the small files on a disk that behaves as badly as it may: every call fails, ends the process or is
the last one before a power cut, and what was not synced is there, gone or torn.

A reader looks on all the time, as sync does: what it has seen may have been sent, and must never become something else.
"""

import copy
import errno
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from jobseal_device import durable
from jobseal_device.errors import DeviceRolledBack, JournalDamaged, JournalInUse, StorageError
from jobseal_device.journal import Journal
from jobseal_device.journal_frames import encode
from jobseal_device.journal_head import HEAD_NAME
from jobseal_device.journal_reader import JournalReader
from jobseal_device.journal_segments import path_of
from tests.device.simulated_disk import DROP, KEEP, TEAR, Choose, SimulatedDisk, Stopped
from tests.system.sentinels import Found

FOLDER = Path("/data/journal")
SEGMENT_BYTES = 260  # a few events
EVENTS = 6
CALLS_MOST = 60  # more than a life makes
NEVER = 1 << 40


def _all(fate: int) -> Choose:
    """A power cut in which every unsynced write comes to this, and every unsynced change to a folder as well."""
    return lambda count: fate if count == KEEP + 1 else 0 if fate == DROP else count - 1


class Life:
    """A journal in use: what was ``committed``, and what was ``seen`` by a reader, by number."""

    def __init__(self, disk: SimulatedDisk) -> None:
        self.disk = disk
        self.committed: dict[int, bytes] = {}
        self.seen: dict[int, bytes] = {}
        self.tries = 0

    def work(self, events: int) -> None:
        """Open and append; errors are tried again, as a technician would. Stopped ends it."""
        journal = Journal.open(FOLDER, segment_bytes=SEGMENT_BYTES, files=self.disk)
        for _ in range(events):
            self.tries += 1
            data = b"event %d of try %d %s" % (journal.next_seq, self.tries, b"." * 40)
            try:
                self._keep(journal, data)
            except StorageError:
                self.look()
                if journal.in_doubt == data:
                    self._settle(journal)
            self.look()
        journal.close()

    def _keep(self, journal: Journal, data: bytes) -> None:
        position = journal.append(data)
        self.committed[position.seq] = data

    def _settle(self, journal: Journal) -> None:
        data = journal.in_doubt
        try:
            position = journal.settle()
        except StorageError:
            return
        assert position is not None
        assert data is not None
        self.committed[position.seq] = data

    def look(self) -> None:
        """Sync reads all that it may."""
        reader = JournalReader(FOLDER, self.disk)
        for seq, data in reader.readable(0):
            self.seen.setdefault(seq, data)

    def judge(self, how: str) -> Found:
        """Open what is left, go on, and compare."""
        try:
            self.work(2)
        except (DeviceRolledBack, JournalDamaged) as error:
            yield "honest_stopped", f"{how}: {error.sentence}"
            return
        now = dict(JournalReader(FOLDER, self.disk).readable(0))
        for seq, data in self.committed.items():
            if now.get(seq) != data:
                yield "committed_lost", f"{how}: event {seq} was committed and is not there"
        for seq, data in self.seen.items():
            if now.get(seq, data) != data:
                yield "second_event", f"{how}: event {seq} may have been sent, and another one has its number"


def _lives(
    how: str, prepare: Callable[[SimulatedDisk, int], None], end: Callable[[SimulatedDisk], SimulatedDisk]
) -> Found:
    for nth in range(CALLS_MOST):
        life = Life(SimulatedDisk())
        prepare(life.disk, nth)
        try:
            life.work(EVENTS)
        except (Stopped, StorageError):
            life.disk.stop(NEVER)
            life.look()
        life.disk.heal()
        life.disk = end(life.disk)
        yield from life.judge(f"{how} at call {nth}")


def power_cuts(_: Path) -> Found:
    """``committed_lost``, ``second_event``, ``honest_stopped`` after the power fails in any call."""
    for name, fate in (("keeps all", KEEP), ("tears all", TEAR), ("drops all", DROP)):
        cut = lambda disk, fate=fate: disk.power_cut(_all(fate))  # noqa: E731
        yield from _lives(f"a power cut that {name}", SimulatedDisk.stop, cut)


def kills(_: Path) -> Found:
    """The same for a process that is killed."""
    yield from _lives("a kill", SimulatedDisk.stop, SimulatedDisk.killed)


def disk_errors(_: Path) -> Found:
    """The same for a call that fails, with a power cut at the end: what a failed sync had is gone then."""
    for code in (errno.EIO, errno.ENOSPC):
        for times in (1, 2):
            fail = lambda disk, nth, code=code, times=times: disk.fail(nth, code, times)  # noqa: E731
            name = f"{errno.errorcode[code]} {times} times"
            yield from _lives(name, fail, lambda disk: disk.power_cut(_all(DROP)))


def _written(count: int) -> SimulatedDisk:
    """A disk with so many events in one segment, all of it durable."""
    disk = SimulatedDisk()
    journal = Journal.open(FOLDER, files=disk)
    for seq in range(count):
        journal.append(b"event %d %s" % (seq, b"." * 40))
    journal.close()
    return disk.power_cut(_all(KEEP))


def set_back(_: Path) -> Found:
    """``set_back_undetected``: a journal that ends before its head, or before what is acknowledged, is gone on with."""
    early, late = _written(3), _written(6)
    segment, head = path_of(FOLDER, 0), FOLDER / HEAD_NAME
    mixed = copy.deepcopy(early)
    mixed.contents(head)[:] = late.contents(head)
    gone = copy.deepcopy(late)
    gone.unlink(segment)
    other = copy.deepcopy(late)
    frame = encode(b"event 5 %s" % (b"!" * 40))
    other.contents(segment)[-len(frame) :] = frame
    last = sha256(b"event 5 %s" % (b"." * 40)).digest()
    second = sha256(b"event 1 %s" % (b"!" * 40)).digest()
    cases = (
        ("the segment ends before the head", mixed, None),
        ("the last segment is gone", gone, None),
        ("the head names another event", other, None),
        ("the gateway acknowledged a later event", early, (5, last)),
        ("the gateway acknowledged another event", early, (1, second)),
    )
    for what, disk, acknowledged in cases:
        try:
            Journal.open(FOLDER, acknowledged, files=disk).close()
        except DeviceRolledBack:
            continue
        yield "set_back_undetected", f"{what}, and the journal opens"


def damage(_: Path) -> Found:
    """``damage_believed``: an event is read that nobody wrote; ``damage_repaired``: what lies behind damage is cut."""
    whole = _written(4)
    written = dict(JournalReader(FOLDER, whole).readable(0))
    path = path_of(FOLDER, 0)
    for at in range(len(whole.contents(path))):
        disk = copy.deepcopy(whole)
        disk.contents(path)[at] ^= 0x20
        for seq, data in JournalReader(FOLDER, disk).readable(0):
            if written.get(seq) != data:
                yield "damage_believed", f"with byte {at} flipped, event {seq} reads as something else"
                return
    disk = _written(2)
    frames = [encode(b"event %d %s" % (seq, b"." * 40)) for seq in (2, 3)]
    torn = bytearray(frames[0])
    torn[-3] ^= 1
    disk.contents(path).extend(bytes(torn) + frames[1])
    try:
        Journal.open(FOLDER, files=disk).close()
    except JournalDamaged:
        return
    yield "damage_repaired", "an intact event behind damage beyond the head was cut off without a word"


def torn(_: Path) -> Found:
    """``torn_taken``: half an event counts as one after the next opening."""
    for cut in range(1, 40):
        disk = _written(2)
        disk.contents(path_of(FOLDER, 0)).extend(encode(b"event 2 %s" % (b"." * 40))[:-cut] + b"\0" * cut)
        journal = Journal.open(FOLDER, files=disk)
        if journal.next_seq != 2:
            yield "torn_taken", f"an event whose last {cut} bytes never reached the disk is event 2 now"
        journal.close()


def writers(_: Path) -> Found:
    """``two_writers``: a second process may append."""
    disk = SimulatedDisk()
    journal = Journal.open(FOLDER, files=disk)
    try:
        Journal.open(FOLDER, files=disk).close()
        yield "two_writers", "a journal that is open for writing opens again"
    except JournalInUse:
        pass
    journal.close()


def replaced(_: Path) -> Found:
    """``replaced_lost``: a small file that was replaced is the old one again; ``replaced_torn``: neither of the two."""
    path = FOLDER.parent / "uplink.cbor"
    old, new = b"old " * 30, b"new " * 50
    for fate in (KEEP, TEAR, DROP):
        for nth in range(12):
            disk = SimulatedDisk()
            durable.replace(disk, path, old)
            disk.stop(nth)
            is_done = False
            try:
                durable.replace(disk, path, new)
                is_done = True
            except Stopped:
                pass
            disk.stop(NEVER)
            for names in (0, 1, 2, 9):  # how many of the changes to folders got through
                cut = disk.power_cut(lambda count, f=fate, n=names: f if count == KEEP + 1 else min(n, count - 1))
                found = _read(cut, path)
                if is_done and found != new:
                    yield "replaced_lost", f"replaced, and after a power cut it holds {found[:4]!r}"
                elif found not in (old, new):
                    yield "replaced_torn", f"a power cut in call {nth} leaves {found[:8]!r}"


def _read(disk: SimulatedDisk, path: Path) -> bytes:
    try:
        return durable.read(disk, path)
    except FileNotFoundError:
        return b""


SENTINELS = {
    each.__name__: each for each in (power_cuts, kills, disk_errors, set_back, damage, torn, writers, replaced)
}
