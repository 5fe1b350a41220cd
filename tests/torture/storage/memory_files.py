"""Files in memory behind the handheld's own seam: nothing ever fails here, and a state costs microseconds to set up.

Contents that nobody writes stay the shared ``bytes`` that they were given as, so a hundred thousand states of one
journal share it. Faults are not this module's business: the bytes are damaged before they come here. (One is:
``fail_next_append`` makes the next fdatasync fail, for journals that have a second segment because of that.)
"""

import errno
import os
from pathlib import Path

from jobseal_device.durable import Files


class MemoryFiles(Files):
    """``contents``: bytes by path text; folders are there as soon as somebody names them."""

    def __init__(self, contents: dict[str, bytes]) -> None:
        self.contents: dict[str, bytes] = contents
        self._open: dict[int, str] = {}
        self._stamps: dict[str, int] = {}
        self._writes = 0
        self._fd = 2
        self.fail_next_append = False

    def open(self, path: Path, flags: int) -> int:
        name = str(path)
        if not flags & os.O_DIRECTORY:
            if name not in self.contents:
                if not flags & os.O_CREAT:
                    raise FileNotFoundError(errno.ENOENT, "no such file", name)
                self._set(name, b"")
            elif flags & os.O_EXCL:
                raise FileExistsError(errno.EEXIST, "exists", name)
        self._fd += 1
        self._open[self._fd] = name
        return self._fd

    def close(self, fd: int) -> None:
        del self._open[fd]

    def size(self, fd: int) -> int:
        return len(self.contents[self._open[fd]])

    def pread(self, fd: int, count: int, offset: int) -> bytes:
        return self.contents[self._open[fd]][offset : offset + count]

    def pwrite(self, fd: int, data: bytes, offset: int) -> int:
        name = self._open[fd]
        old = self.contents[name].ljust(offset, b"\0")
        self._set(name, old[:offset] + data + old[offset + len(data) :])
        return len(data)

    def truncate(self, fd: int, size: int) -> None:
        name = self._open[fd]
        self._set(name, self.contents[name][:size].ljust(size, b"\0"))

    def fsync(self, fd: int) -> None:
        """Memory has nothing to wait for."""

    def fdatasync(self, fd: int) -> None:
        del fd
        if self.fail_next_append:
            self.fail_next_append = False
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    def rename(self, source: Path, target: Path) -> None:
        data = self._take(source)
        old, new = str(source), str(target)
        for fd, name in self._open.items():
            if name == old:
                self._open[fd] = new
        self._set(new, data)

    def unlink(self, path: Path) -> None:
        self._take(path)

    def mkdir(self, path: Path) -> None:
        del path

    def names(self, folder: Path) -> list[str]:
        start = f"{folder}/"
        found = [name[len(start) :] for name in self.contents if name.startswith(start)]
        return [name for name in found if "/" not in name]

    def stamp(self, path: Path) -> tuple[int, int, int]:
        name = str(path)
        if name not in self.contents:
            raise FileNotFoundError(errno.ENOENT, "no such file", name)
        return self._stamps.get(name, 0), 0, len(self.contents[name])

    def lock(self, fd: int) -> None:
        """Every state has one process."""

    def _set(self, name: str, data: bytes) -> None:
        self._writes += 1
        self._stamps[name] = self._writes
        self.contents[name] = data

    def _take(self, path: Path) -> bytes:
        name = str(path)
        if name not in self.contents:
            raise FileNotFoundError(errno.ENOENT, "no such file", name)
        return self.contents.pop(name)
