"""The head file: the last event that is certainly on the disk, for whoever may send it.

The writer overwrites one of two slots in turn after each sync of a segment, and never syncs the head itself: that
would double the price of a commit and prove nothing more. What that means for a reader and for recovery:

- a head that can be read is never ahead of the disk, because it is written after the segment's sync returned;
- it may be behind after a power cut, by what the kernel had not written back, and then intact frames follow it, which
  the next opening confirms; so the head of a journal that is not opened again is synced (:meth:`HeadFile.keep`);
- a torn slot fails its checksum, and the other slot still holds the event before.

The slots lie in different blocks, so that one bad block cannot take both.
"""

import os
import struct
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from jobseal_device import durable
from jobseal_device.durable import BLOCK_BYTES, Files
from jobseal_device.errors import StorageFailed

HEAD_NAME = "head"
_MAGIC = b"JSH1"
_SLOT = struct.Struct(">4sQQQ32s")
_CHECKSUM = struct.Struct(">I")
_SLOT_BYTES = _SLOT.size + _CHECKSUM.size
_FILE_BYTES = BLOCK_BYTES + _SLOT_BYTES


class Position(NamedTuple):
    """Where a committed event is: its number, the SHA-256 of its complete bytes, its segment, and the end of its frame.

    ``segment``: the first number of the segment; ``offset``: the byte in it behind the event's frame.
    """

    seq: int
    hash: bytes
    segment: int
    offset: int


class HeadReader:
    """A reader's side. It is asked far more often than there is news, so what was parsed stays parsed."""

    __slots__ = ("_data", "_files", "_path", "_position")

    def __init__(self, files: Files, folder: Path) -> None:
        self._files = files
        self._path = folder / HEAD_NAME
        self._data = b""
        self._position: Position | None = None

    def read(self) -> Position | None:
        """The newest position that the writer has published; None when it has published none. Never waits."""
        try:
            data = durable.salvage(self._files, self._path)
        except FileNotFoundError:
            return None
        if data != self._data:
            self._data, self._position = data, _newest(data)
        return self._position


class HeadFile:
    """The writer's side: one open file, two slots."""

    def __init__(self, files: Files, folder: Path) -> None:
        """Opens the file, or makes it. Raises :class:`StorageError`."""
        path = folder / HEAD_NAME
        try:
            data = durable.salvage(files, path)
        except FileNotFoundError:
            data = b""
        if len(data) != _FILE_BYTES:
            # Its full length from the start: overwriting needs no space, so that a full disk cannot stop a commit.
            durable.replace(files, path, data[:_FILE_BYTES].ljust(_FILE_BYTES, b"\0"))
        self.position = _newest(data)
        self._files = files
        try:
            self._fd = files.open(path, os.O_RDWR)
        except OSError as error:
            raise StorageFailed(f"The journal's head could not be opened ({error.strerror}).") from error
        self._slot = 0 if self.position is None or self.position == _parse(data[BLOCK_BYTES:]) else 1

    def publish(self, position: Position) -> None:
        """Tells every reader at once that events up to ``position`` are durable. Raises :class:`StorageFailed`."""
        packed = _SLOT.pack(_MAGIC, position.seq, position.segment, position.offset, position.hash)
        try:
            durable.write_all(self._files, self._fd, packed + _CHECKSUM.pack(crc32(packed)), self._slot * BLOCK_BYTES)
        except OSError as error:
            raise StorageFailed(f"The journal's head could not be written ({error.strerror}).") from error
        self.position = position
        self._slot = 1 - self._slot

    def keep(self) -> None:
        """Make what was published last durable, for a journal that nobody opens to write again. Raises
        :class:`StorageFailed`."""
        if self.position is not None:
            self.publish(self.position)  # again: a sync that failed before has dropped what it was to save
        try:
            self._files.fdatasync(self._fd)
        except OSError as error:
            raise StorageFailed(f"The journal's head could not be synced ({error.strerror}).") from error

    def close(self) -> None:
        self._files.close(self._fd)


def _newest(data: bytes) -> Position | None:
    slots = [position for at in (0, BLOCK_BYTES) if (position := _parse(data[at:])) is not None]
    return max(slots, default=None)


def _parse(data: bytes) -> Position | None:
    slot = data[:_SLOT_BYTES]
    if len(slot) < _SLOT_BYTES or crc32(slot[: _SLOT.size]) != _CHECKSUM.unpack_from(slot, _SLOT.size)[0]:
        return None
    magic, seq, segment, offset, digest = _SLOT.unpack_from(slot)
    return Position(seq, digest, segment, offset) if magic == _MAGIC else None
