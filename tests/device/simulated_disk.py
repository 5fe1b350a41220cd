"""A disk in memory that behaves as badly as real ones may: the same interface as the real calls, and power cuts.

What is written is visible at once and durable only when synced. A failed sync marks the pages clean without having
written them, as ext4, XFS and Btrfs do: what they held is visible, and gone after a power cut whatever is synced later.
A full disk takes the first half of a write. A power cut keeps any of the unsynced writes, whole or torn, and a prefix
of the unsynced changes to folders.
"""

import errno
import itertools
import os
from collections.abc import Callable
from pathlib import Path

from jobseal_device.durable import Files

DROP, TEAR, KEEP = range(3)
Choose = Callable[[int], int]  # a number below the argument: which of so many things a power cut does


class Stopped(BaseException):
    """The process ends here, in the middle of a call."""


_inodes = itertools.count(1)  # never given twice, unlike addresses: a reader tells by it that a file was replaced


class _File:
    def __init__(self, durable: bytes = b"") -> None:
        self.inode = next(_inodes)
        self.durable = durable
        self.visible = bytearray(durable)
        self.unsynced: list[tuple[int, bytes] | int] = []

    def write(self, data: bytes, offset: int) -> None:
        _write(self.visible, data, offset)
        self.unsynced.append((offset, data))

    def truncate(self, size: int) -> None:
        del self.visible[size:]
        self.unsynced.append(size)

    def sync(self) -> None:
        self.durable = _replayed(self, [KEEP] * len(self.unsynced))
        self.unsynced = []

    def after_power_cut(self, choose: Choose) -> "_File":
        return _File(_replayed(self, [choose(3) for _ in self.unsynced]))


def _write(data: bytearray, piece: bytes, offset: int) -> None:
    data.extend(bytes(max(0, offset - len(data))))
    data[offset : offset + len(piece)] = piece


def _replayed(file: _File, fates: list[int]) -> bytes:
    data = bytearray(file.durable)
    for change, fate in zip(file.unsynced, fates, strict=True):
        if isinstance(change, int):
            if fate != DROP:
                del data[change:]
        elif fate != DROP:
            offset, piece = change
            _write(data, piece if fate == KEEP else piece[: len(piece) // 2], offset)
    return bytes(data)


class SimulatedDisk(Files):
    """``calls`` counts what changes something; :meth:`fail` and :meth:`stop` make the nth of these go wrong."""

    def __init__(self) -> None:
        self._visible: dict[str, _File] = {}  # by path as text: comparing paths costs more than all else here
        self._durable: dict[str, _File] = {}
        self._unsynced: list[tuple[str, str | None, _File | None]] = []
        self._open: dict[int, _File | Path] = {}
        self._locked: dict[int, _File] = {}
        self._fd = 2
        self.calls = 0
        self._faults: dict[int, int] = {}
        self._stop_at: int | None = None
        self._is_end = False

    def fail(self, nth: int, error: int, times: int = 1) -> None:
        """The nth changing call from now on (0 is the next), and ``times`` in all, fail with that errno."""
        self._faults.update({self.calls + nth + more: error for more in range(times)})

    def heal(self) -> None:
        self._faults = {}

    def stop(self, nth: int) -> None:
        """The process ends in the nth changing call from now on: a write is half done, anything else not at all."""
        self._stop_at, self._is_end = self.calls + nth, False

    def end(self, nth: int) -> None:
        """As :meth:`stop`, for code that would write on its way out: whatever else it tries does not happen either."""
        self._stop_at, self._is_end = self.calls + nth, True

    def killed(self) -> "SimulatedDisk":
        """The same disk for the next process: open files and locks are gone, what was visible still is."""
        self._open, self._locked, self._faults, self._stop_at, self._is_end = {}, {}, {}, None, False
        return self

    def power_cut(self, choose: Choose) -> "SimulatedDisk":
        """The disk as the next boot finds it; this one stays as it is."""
        disk = SimulatedDisk()
        survivors = dict(self._durable)
        for source, target, file in self._unsynced[: choose(len(self._unsynced) + 1)]:
            _change(survivors, source, target, file)
        fates = {id(file): file.after_power_cut(choose) for file in survivors.values()}
        disk._durable = {path: fates[id(file)] for path, file in survivors.items()}
        disk._visible = dict(disk._durable)
        return disk

    def contents(self, path: Path) -> bytearray:
        """What a file shows, to look at and to damage."""
        return self._visible[str(path)].visible

    def rot(self, data: bytes) -> bool:
        """One bit of these bytes turns over for good, in the first file that holds them on the disk itself."""
        for file in self._visible.values():
            at = file.durable.find(data)
            if at >= 0 and file.visible[at : at + len(data)] == data:
                at += len(data) // 2
                file.visible[at] ^= 1
                file.durable = file.durable[:at] + bytes([file.durable[at] ^ 1]) + file.durable[at + 1 :]
                return True
        return False

    def open(self, path: Path, flags: int) -> int:
        if flags & os.O_DIRECTORY:
            return self._opened(path)
        name = str(path)
        if name not in self._visible:
            if not flags & os.O_CREAT:
                raise FileNotFoundError(errno.ENOENT, "no such file", name)
            self._count()
            self._link(name, None, _File())
        elif flags & os.O_EXCL:
            raise FileExistsError(errno.EEXIST, "exists", name)
        return self._opened(self._visible[name])

    def close(self, fd: int) -> None:
        del self._open[fd]
        self._locked.pop(fd, None)

    def size(self, fd: int) -> int:
        return len(self._file(fd).visible)

    def pread(self, fd: int, count: int, offset: int) -> bytes:
        return bytes(self._file(fd).visible[offset : offset + count])

    def pwrite(self, fd: int, data: bytes, offset: int) -> int:
        half = len(data) // 2
        try:
            self._count()
        except Stopped:
            self._file(fd).write(data[:half], offset)
            raise
        except OSError as error:
            if error.errno != errno.ENOSPC or half == 0:
                raise
            self._faults[self.calls] = errno.EDQUOT  # of the rest, not even a half fits
            self._file(fd).write(data[:half], offset)
            return half
        self._file(fd).write(data, offset)
        return len(data)

    def truncate(self, fd: int, size: int) -> None:
        self._count()
        self._file(fd).truncate(size)

    def fsync(self, fd: int) -> None:
        file = self._open[fd]
        try:
            self._count()
        except OSError:
            if isinstance(file, _File):
                file.unsynced = []
            else:
                self._unsynced = []
            raise
        if isinstance(file, _File):
            file.sync()
        else:
            for source, target, moved in self._unsynced:
                _change(self._durable, source, target, moved)
            self._unsynced = []

    def fdatasync(self, fd: int) -> None:
        self.fsync(fd)

    def rename(self, source: Path, target: Path) -> None:
        file = self._found(source)
        self._count()
        self._link(str(source), str(target), file)

    def unlink(self, path: Path) -> None:
        self._found(path)
        self._count()
        self._link(str(path), None, None)

    def mkdir(self, path: Path) -> None:
        del path  # entries know their whole path
        self._count()

    def names(self, folder: Path) -> list[str]:
        before = f"{folder}/"
        inside = [name[len(before) :] for name in self._visible if name.startswith(before)]
        return [name for name in inside if "/" not in name]

    def stamp(self, path: Path) -> tuple[int, int, int]:
        file = self._found(path)
        return file.inode, 0, len(file.visible)

    def lock(self, fd: int) -> None:
        if any(held is self._file(fd) for held in self._locked.values()):
            raise BlockingIOError(errno.EAGAIN, "locked")
        self._locked[fd] = self._file(fd)

    def _count(self) -> None:
        nth = self.calls
        self.calls += 1
        if nth == self._stop_at or (self._is_end and self._stop_at is not None and nth > self._stop_at):
            raise Stopped
        error = self._faults.pop(nth, None)
        if error is not None:
            raise OSError(error, os.strerror(error))

    def _opened(self, what: "_File | Path") -> int:
        self._fd += 1
        self._open[self._fd] = what
        return self._fd

    def _file(self, fd: int) -> _File:
        file = self._open[fd]
        assert isinstance(file, _File)
        return file

    def _found(self, path: Path) -> _File:
        file = self._visible.get(str(path))
        if file is None:
            raise FileNotFoundError(errno.ENOENT, "no such file", str(path))
        return file

    def _link(self, source: str, target: str | None, file: "_File | None") -> None:
        self._unsynced.append((source, target, file))
        _change(self._visible, source, target, file)


def _change(entries: dict[str, _File], source: str, target: str | None, file: _File | None) -> None:
    """Creates (no target), removes (no file) or renames an entry."""
    if file is None:
        entries.pop(source, None)
    elif target is None:
        entries[source] = file
    else:
        entries.pop(source, None)
        entries[target] = file
