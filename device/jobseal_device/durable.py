"""Durable writes: the order of system calls that makes bytes survive a power cut, and what a crash at each means.

Two ways to write durably, and one to write what may be lost; nothing else in the handheld writes files:

- :func:`replace` gives a file new contents, whole or not at all;
- :func:`append` adds bytes behind what is already durable;
- :func:`show` is for caches.

The first two promise the same about failure. :class:`DiskFull`: as if never called. :class:`StorageFailed`: the bytes
may or may not be on the disk; after a failed sync the kernel marks the pages clean, so that a second sync which
succeeds proves nothing, and the file must not be appended to again.

:class:`Files` is every system call that storage makes, in one place, so that any of them can be made to fail.
This module knows no frames, no journals and no documents.
"""

import errno
import fcntl
import os
from contextlib import suppress
from pathlib import Path

from jobseal_device.errors import DiskFull, StorageError, StorageFailed

BLOCK_BYTES = 4096
NEW_SUFFIX = ".new"
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)


class Files:
    """The operating system's calls by their own names and meanings; every one raises ``OSError``."""

    def open(self, path: Path, flags: int) -> int:
        return os.open(path, flags | os.O_CLOEXEC, 0o600)

    def close(self, fd: int) -> None:
        os.close(fd)

    def size(self, fd: int) -> int:
        return os.fstat(fd).st_size

    def pread(self, fd: int, count: int, offset: int) -> bytes:
        return os.pread(fd, count, offset)

    def pwrite(self, fd: int, data: bytes, offset: int) -> int:
        return os.pwrite(fd, data, offset)

    def truncate(self, fd: int, size: int) -> None:
        os.ftruncate(fd, size)

    def fsync(self, fd: int) -> None:
        os.fsync(fd)

    def fdatasync(self, fd: int) -> None:
        os.fdatasync(fd)

    def rename(self, source: Path, target: Path) -> None:
        os.rename(source, target)

    def unlink(self, path: Path) -> None:
        os.unlink(path)

    def mkdir(self, path: Path) -> None:
        os.mkdir(path, 0o700)

    def names(self, folder: Path) -> list[str]:
        return os.listdir(folder)

    def stamp(self, path: Path) -> tuple[int, int, int]:
        """(inode, mtime in ns, size): changes whenever :func:`replace` gave the file new contents."""
        status = os.stat(path)
        return status.st_ino, status.st_mtime_ns, status.st_size

    def lock(self, fd: int) -> None:
        """Takes the exclusive lock until ``fd`` is closed; ``BlockingIOError`` when somebody else holds it."""
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)


REAL = Files()


def replace(files: Files, path: Path, data: bytes) -> None:
    """Makes ``data`` the whole contents of ``path``, whether or not it exists. Durable when it returns."""
    fresh = path.with_name(path.name + NEW_SUFFIX)
    try:
        # 1. A new file beside the old one. A crash from here to step 3 leaves a ``.new`` that nobody reads.
        _discard(files, fresh)
        _write_fresh(files, fresh, data)
        # 3. The new contents take the name. A crash before the kernel's own commit of this shows the old
        #    contents, after it the new ones; never a mixture, since step 2 came first.
        files.rename(fresh, path)
    except OSError as error:
        with suppress(OSError):  # a leftover is never read, and the next replace removes it first
            _discard(files, fresh)
        raise explain(error, path.name) from error
    # 4. The folder, or a power cut could still take the rename back.
    try:
        sync_folder(files, path.parent)
    except OSError as error:
        raise StorageFailed(_unconfirmed(path.name, error)) from error


def show(files: Files, path: Path, data: bytes) -> None:
    """Like :func:`replace` for whoever reads while the power stays on, and without waiting for the disk.

    A power cut may leave the old contents, the new ones, none, or a mixture: only for what a reader can check and
    can do without.
    """
    fresh = path.with_name(path.name + NEW_SUFFIX)
    try:
        _discard(files, fresh)
        fd = files.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        try:
            write_all(files, fd, data, 0)
        finally:
            files.close(fd)
        files.rename(fresh, path)
    except OSError as error:
        with suppress(OSError):
            _discard(files, fresh)
        raise explain(error, path.name) from error


def append(files: Files, fd: int, data: bytes, offset: int) -> None:
    """Adds ``data`` at ``offset``, the end of what is durable in the file. Durable when it returns."""
    # 1. The bytes reach the page cache. A crash leaves none, some (torn: a checksum tells) or all of them.
    try:
        write_all(files, fd, data, offset)
    except OSError as error:
        _cut(files, fd, offset)
        raise explain(error, "The entry") from error
    # 2. The disk has them, and the length of the file. A crash before this returns: as in step 1, and nobody was
    #    told that they are safe. A crash after: they are there.
    try:
        files.fdatasync(fd)
    except OSError as error:
        raise StorageFailed(_unconfirmed("The entry", error)) from error


def make_folder(files: Files, path: Path) -> None:
    """Makes the folder, unless it is there. The parent is synced anyway: whoever made it may have crashed first."""
    try:
        with suppress(FileExistsError):
            files.mkdir(path)
        sync_folder(files, path.parent)
    except OSError as error:
        raise explain(error, path.name) from error


def write_all(files: Files, fd: int, data: bytes, offset: int) -> None:
    """Writes every byte, however many calls that takes: a full disk shows itself by a short write first."""
    done = files.pwrite(fd, data, offset)
    while done < len(data):
        done += files.pwrite(fd, data[done:], offset + done)


def sync_folder(files: Files, folder: Path) -> None:
    fd = files.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        files.fsync(fd)
    finally:
        files.close(fd)


def read(files: Files, path: Path, start: int = 0, end: int | None = None) -> bytes:
    """The bytes from ``start`` to ``end`` (default: the file's), fewer if the file is shorter.

    Raises ``FileNotFoundError``; :class:`StorageFailed` when the disk does not give them.
    """
    fd = _open_to_read(files, path)
    try:
        return _read(files, fd, start, end)
    except OSError as error:
        raise StorageFailed(_unreadable(path, error)) from error
    finally:
        files.close(fd)


def salvage(files: Files, path: Path, start: int = 0, end: int | None = None) -> bytes:
    """Like :func:`read`, but blocks that the disk does not give up come as zeros, so that the rest is not lost."""
    fd = _open_to_read(files, path)
    try:
        return _read(files, fd, start, end)
    except OSError:
        stop = files.size(fd) if end is None else min(end, files.size(fd))
        starts = range(start, stop, BLOCK_BYTES)
        return b"".join(_block(files, fd, at, min(stop, at + BLOCK_BYTES)) for at in starts)
    finally:
        files.close(fd)


def _open_to_read(files: Files, path: Path) -> int:
    try:
        return files.open(path, os.O_RDONLY)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise StorageFailed(_unreadable(path, error)) from error


def _read(files: Files, fd: int, start: int, end: int | None) -> bytes:
    stop = files.size(fd) if end is None else end
    pieces = []
    while start < stop:
        piece = files.pread(fd, stop - start, start)
        if not piece:
            break
        pieces.append(piece)
        start += len(piece)
    return b"".join(pieces)


def _block(files: Files, fd: int, start: int, end: int) -> bytes:
    try:
        return _read(files, fd, start, end).ljust(end - start, b"\0")
    except OSError:
        return bytes(end - start)


def _write_fresh(files: Files, path: Path, data: bytes) -> None:
    fd = files.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    try:
        write_all(files, fd, data, 0)
        # 2. Contents first, name later: otherwise a power cut could show the new name over no contents.
        files.fsync(fd)
    finally:
        files.close(fd)


def _cut(files: Files, fd: int, offset: int) -> None:
    """Takes a half-written entry back. Not synced: what a crash brings back of it is torn, and known as such."""
    try:
        files.truncate(fd, offset)
    except OSError as error:
        raise StorageFailed(_unconfirmed("The entry", error)) from error


def _discard(files: Files, path: Path) -> None:
    with suppress(FileNotFoundError):
        files.unlink(path)


def explain(error: OSError, what: str) -> StorageError:
    """The error for a write that failed before anything of it could be seen."""
    if error.errno in _NO_SPACE:
        return DiskFull(what)
    return StorageFailed(_unconfirmed(what, error))


def _unconfirmed(what: str, error: OSError) -> str:
    return f"The disk did not confirm {what} ({error.strerror}). If this repeats, have the handheld's storage replaced."


def _unreadable(path: Path, error: OSError) -> str:
    return f"{path.name} could not be read ({error.strerror}). Try again."
