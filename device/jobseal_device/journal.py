"""The journal: every event that this handheld ever signed, in order, on the disk before anybody says "signed".

One writer (a lock sees to it), many readers (:mod:`jobseal_device.journal_reader`). The writer's rules:

- an event is committed when :meth:`Journal.append` returns, and only then does the head name it;
- ``disk_full`` means that nothing of the event remains: its number is free, and all goes on when there is space;
- ``storage_failed`` means that the event may be on the disk. It is **in doubt**: the journal keeps it and takes no
  other event before exactly these bytes are committed, in a new segment, because the old file is not trusted again;
- a new segment is made for three reasons by one path: the last is full, the last is not trusted, or opening found
  frames beyond the head.

Events are opaque here: the journal knows their numbers by counting and their hashes by hashing.
"""

import os
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from jobseal.errors import OURS, JobsealError
from jobseal.limits import EVENT_MAX_BYTES
from jobseal_device import durable, journal_segments
from jobseal_device.durable import REAL, Files
from jobseal_device.errors import JournalDamaged, JournalInUse, StorageError, StorageFailed
from jobseal_device.journal_frames import LostRange, encode
from jobseal_device.journal_head import HeadFile, Position
from jobseal_device.journal_reader import JournalReader
from jobseal_device.journal_recovery import Recovered, check_acknowledged, recover

SEGMENT_BYTES = 524288
LOCK_NAME = "writer"


class Journal:
    """The writer. Made by :meth:`open`; not for use from two threads at once."""

    def __init__(self, folder: Path, files: Files, segment_bytes: int, lock: int, head: HeadFile) -> None:
        """Use :meth:`open`."""
        self._folder = folder
        self._files = files
        self._segment_bytes = segment_bytes
        self._lock = lock
        self._head = head
        self._segment = 0
        self._fd: int | None = None
        self._offset = 0
        self._in_doubt: bytes | None = None
        self._damage: list[LostRange] = []

    @classmethod
    def open(
        cls,
        folder: Path,
        acknowledged: tuple[int, bytes] | None = None,
        segment_bytes: int = SEGMENT_BYTES,
        files: Files = REAL,
    ) -> "Journal":
        """Opens the journal in ``folder``, made if need be (its parent must be there), and recovers it.

        ``acknowledged``: number and hash of the highest event with a verified receipt. Raises :class:`JournalInUse`;
        :class:`DeviceRolledBack` and :class:`JournalDamaged` when this key must not sign any more, the files
        untouched; :class:`StorageError`, worth trying again.
        """
        durable.make_folder(files, folder)
        lock = _lock(files, folder)
        try:
            head = HeadFile(files, folder)
        except BaseException:
            files.close(lock)
            raise
        journal = cls(folder, files, segment_bytes, lock, head)
        try:
            journal._recover(acknowledged)
        except BaseException:
            journal.close()
            raise
        return journal

    @property
    def head(self) -> Position | None:
        """The newest committed event."""
        return self._head.position

    @property
    def next_seq(self) -> int:
        """The number that the next event must have. Only meaningful while nothing is :attr:`in_doubt`."""
        return 0 if self.head is None else self.head.seq + 1

    @property
    def in_doubt(self) -> bytes | None:
        """The event whose commit failed half-way, and which comes before any other; None when there is none."""
        return self._in_doubt

    @property
    def damage(self) -> list[LostRange]:
        """Lost numbers in the last segment, as found on opening; :meth:`JournalReader.lost` looks at all of them."""
        return list(self._damage)

    def append(self, frame: bytes) -> Position:
        """Commits one complete event: when this returns, it survives a power cut, and readers see it.

        Raises :class:`DiskFull` (nothing happened) or :class:`StorageFailed` (it is :attr:`in_doubt`: append the same
        bytes again, or :meth:`settle`).
        """
        if self._in_doubt is not None:
            return self._append_again(self._in_doubt, frame)
        if not 0 < len(frame) <= EVENT_MAX_BYTES:
            raise JobsealError("too_large", f"An event has 1 to {EVENT_MAX_BYTES} bytes, not {len(frame)}.", OURS)
        data = encode(frame)
        try:
            if self._fd is None or self._offset + len(data) > self._segment_bytes:
                return self._begin(self.next_seq, [frame])
            durable.append(self._files, self._fd, data, self._offset)
            self._offset += len(data)
            return self._publish(self.next_seq, frame)
        except StorageFailed:
            self._in_doubt = frame
        return self._settled(frame)

    def settle(self) -> Position | None:
        """Commits what is in doubt, if anything; returns the head. Call it before building the next event.

        Raises :class:`StorageFailed` while the disk still fails.
        """
        return self.head if self._in_doubt is None else self._settled(self._in_doubt)

    def seal(self) -> None:
        """Makes the head itself durable, before another journal goes on. Raises :class:`StorageFailed`."""
        self._head.keep()

    def close(self) -> None:
        """Gives the lock back. Nothing is written: everything committed already is on the disk."""
        self._leave_segment()
        self._head.close()
        self._files.close(self._lock)

    def _append_again(self, in_doubt: bytes, frame: bytes) -> Position:
        if frame != in_doubt:
            raise StorageFailed("The event before is not safe on the disk yet. Settle that first, then try again.")
        return self._settled(frame)

    def _settled(self, frame: bytes) -> Position:
        """Writes the identical event to a new segment; the file that failed is never written again."""
        try:
            position = self._begin(self.next_seq, [frame])
        except StorageError as error:
            kept = "The event is signed and kept; nothing else is taken before it is safe."
            raise StorageFailed(f"{error.sentence} {kept}") from error
        self._in_doubt = None
        return position

    def _begin(self, first: int, events: Sequence[bytes]) -> Position:
        """Goes on in a new segment that starts with these events.

        Raises :class:`DiskFull` (nothing happened), :class:`StorageFailed`.
        """
        size = journal_segments.create(self._files, self._folder, first, events)
        self._enter_segment(first, size)
        return self._publish(first + len(events) - 1, events[-1])

    def _publish(self, seq: int, frame: bytes) -> Position:
        position = Position(seq, sha256(frame).digest(), self._segment, self._offset)
        self._head.publish(position)
        return position

    def _enter_segment(self, segment: int, size: int) -> int:
        self._leave_segment()
        try:
            fd = self._files.open(journal_segments.path_of(self._folder, segment), os.O_RDWR)
        except OSError as error:
            raise StorageFailed(f"The journal could not be opened for writing ({error.strerror}).") from error
        self._fd, self._segment, self._offset = fd, segment, size
        return fd

    def _leave_segment(self) -> None:
        if self._fd is not None:
            with suppress(OSError):  # what is durable was decided by the syncs, not by the close
                self._files.close(self._fd)
            self._fd = None

    def _recover(self, acknowledged: tuple[int, bytes] | None) -> None:
        segments = journal_segments.names(self._files, self._folder)
        data = self._last_segment(segments)
        found = recover(self.head, segments, data)
        check_acknowledged(acknowledged, found.last_seq, self._own(acknowledged, found))
        self._damage = found.damage
        if found.unconfirmed:
            self._begin(found.first, found.unconfirmed)
        elif segments:
            fd = self._enter_segment(segments[-1], found.keep)
            if found.keep < len(data):
                self._cut(fd, found.keep)

    def _last_segment(self, segments: Sequence[int]) -> bytes:
        """What the head vouches for may be unreadable in places; what lies beyond is read as it is, or not at all."""
        if not segments:
            return b""
        path = journal_segments.path_of(self._folder, segments[-1])
        known = self.head.offset if self.head is not None and self.head.segment == segments[-1] else 0
        return durable.salvage(self._files, path, 0, known) + durable.read(self._files, path, known)

    def _own(self, acknowledged: tuple[int, bytes] | None, found: Recovered) -> bytes | None:
        """Our own event with the acknowledged number, if it can be read."""
        if acknowledged is None:
            return None
        place = acknowledged[0] - found.first
        if 0 <= place < len(found.unconfirmed):
            return found.unconfirmed[place]
        try:
            return JournalReader(self._folder, self._files).event(acknowledged[0])
        except JournalDamaged:
            return None

    def _cut(self, fd: int, keep: int) -> None:
        """Takes the torn bytes of a crash away; where that fails, the file is left alone and a new one begun."""
        try:
            self._files.truncate(fd, keep)
        except OSError:
            self._leave_segment()


def _lock(files: Files, folder: Path) -> int:
    """The open file that holds the writer's lock until it is closed."""
    try:
        fd = files.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT)
    except OSError as error:
        raise durable.explain(error, "The journal's lock") from error
    try:
        files.lock(fd)
    except OSError as error:
        files.close(fd)
        if isinstance(error, BlockingIOError):
            raise JournalInUse from error
        raise durable.explain(error, "The journal's lock") from error
    return fd
