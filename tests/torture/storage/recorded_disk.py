"""A disk that writes down what it is told: a FUSE file under a loop device, and the writes and flushes that reach it.

The FUSE side speaks the kernel's protocol itself, the dozen messages that one file needs: that is less than the use
of a library would be, and needs no package, only /dev/fuse and root. The file is opened for direct I/O, so that each
write of the loop device arrives here at once and in order; a flush of the device (barriers, FUA) arrives as FSYNC.

Beside each entry stands how many promises had been made when it arrived: whoever runs on the disk counts them up in
shared memory, after the call that made something durable has returned and before it does anything else.
"""

import errno
import mmap
import os
import signal
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.torture.storage.kernel_calls import mount, unmount

LOOKUP, FORGET, GETATTR, SETATTR, OPEN, READ, WRITE, RELEASE = 1, 2, 3, 4, 14, 15, 16, 18
FSYNC, FLUSH, INIT, INTERRUPT, DESTROY, BATCH_FORGET = 20, 25, 26, 36, 38, 42
SILENT = (FORGET, BATCH_FORGET, INTERRUPT)  # messages that get no answer
FUSE_MAJOR, FUSE_MINOR = 7, 31
BIG_WRITES, MAX_PAGES = 1 << 5, 1 << 22
WRITE_MOST_BYTES = 1 << 18
FOPEN_DIRECT_IO = 1
ROOT_NODE, DISK_NODE = 1, 2
FOREVER_S = 1 << 30

_IN = struct.Struct("=IIQQIIII")
_OUT = struct.Struct("=IiQ")
_TRANSFER = struct.Struct("=QQIIQII")
_ENTRY = struct.Struct("=QQQQII")
_ATTRIBUTES = struct.Struct("=6Q10I")
_ENTRY_OF_LOG = struct.Struct("=BIQI")  # kind, promises made, offset, count of bytes that follow
FLUSHED, WRITTEN = 0, 1


class Promises:
    """A count in shared memory."""

    def __init__(self) -> None:
        self._shared = mmap.mmap(-1, 8)

    @property
    def made(self) -> int:
        return int.from_bytes(self._shared[:8], "little")

    def make(self, count: int = 1) -> None:
        self._shared[:8] = (self.made + count).to_bytes(8, "little")


@contextmanager
def recorded(image: Path, folder: Path, log: Path, promises: Promises) -> Iterator[Path]:
    """Serve ``image`` as the file that is yielded, in ``folder``, which becomes a mount point; ``log`` is complete when
    this returns. Raises OSError."""
    fuse = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
    mount("jobseal", folder, "fuse", 0, f"fd={fuse},rootmode=40000,user_id=0,group_id=0")
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            _Server(fuse, image, log, promises).serve()
            code = 0
        finally:
            os._exit(code)
    os.close(fuse)
    try:
        yield folder / "disk"
    finally:
        with suppress(OSError):
            unmount(folder)  # which ends the server
        os.waitpid(pid, 0)


def entries(log: Path) -> Iterator[tuple[int, int, int, bytes]]:
    """(FLUSHED or WRITTEN, promises made before it arrived, offset, bytes) in order of arrival."""
    data = log.read_bytes()
    at = 0
    while at < len(data):
        kind, promised, offset, count = _ENTRY_OF_LOG.unpack_from(data, at)
        at += _ENTRY_OF_LOG.size
        yield kind, promised, offset, data[at : at + count]
        at += count


class _Server:
    """Answers the kernel until the file system is unmounted."""

    def __init__(self, fuse: int, image: Path, log: Path, promises: Promises) -> None:
        self._fuse = fuse
        self._disk = os.open(image, os.O_RDWR | os.O_CLOEXEC)
        self._size = os.fstat(self._disk).st_size
        self._log = log.open("wb")
        self._promises = promises

    def serve(self) -> None:
        while True:
            try:
                request = os.read(self._fuse, WRITE_MOST_BYTES + 8192)
            except OSError as error:
                if error.errno in (errno.EINTR, errno.ENOENT):  # ENOENT: the request was interrupted
                    continue
                break  # ENODEV: unmounted
            _, opcode, unique, node, *_ = _IN.unpack_from(request)
            if opcode in SILENT:
                continue
            answer = self._answered(opcode, node, request[_IN.size :])
            code, body = (answer, b"") if isinstance(answer, int) else (0, answer)
            os.write(self._fuse, _OUT.pack(_OUT.size + len(body), -code, unique) + body)
            if opcode == DESTROY:
                break
        self._log.close()

    def _answered(self, opcode: int, node: int, body: bytes) -> bytes | int:
        """The answer's body, or an errno."""
        if opcode == READ:
            _, offset, count, *_ = _TRANSFER.unpack_from(body)
            return os.pread(self._disk, count, offset)
        if opcode == WRITE:
            _, offset, count, *_ = _TRANSFER.unpack_from(body)
            data = body[_TRANSFER.size : _TRANSFER.size + count]
            os.pwrite(self._disk, data, offset)
            self._write_down(WRITTEN, offset, data)
            return struct.pack("=II", count, 0)
        if opcode == FSYNC:
            self._write_down(FLUSHED, 0, b"")
            return b""
        if opcode == INIT:
            flags = BIG_WRITES | MAX_PAGES
            return struct.pack(
                "=IIIIHHIIHHI28x", FUSE_MAJOR, FUSE_MINOR, 0, flags, 16, 12, WRITE_MOST_BYTES, 1,
                WRITE_MOST_BYTES // 4096, 0, 0,
            )  # fmt: skip
        if opcode == LOOKUP:
            if body != b"disk\0":
                return errno.ENOENT
            return _ENTRY.pack(DISK_NODE, 0, FOREVER_S, FOREVER_S, 0, 0) + self._attributes(DISK_NODE)
        if opcode in (GETATTR, SETATTR):
            return struct.pack("=QII", FOREVER_S, 0, 0) + self._attributes(node)
        if opcode == OPEN:
            return struct.pack("=QII", 0, FOPEN_DIRECT_IO, 0)
        return b"" if opcode in (RELEASE, FLUSH, DESTROY) else errno.ENOSYS

    def _attributes(self, node: int) -> bytes:
        is_root = node == ROOT_NODE
        mode = stat.S_IFDIR | 0o700 if is_root else stat.S_IFREG | 0o600
        size = 0 if is_root else self._size
        return _ATTRIBUTES.pack(node, size, size // 512, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)

    def _write_down(self, kind: int, offset: int, data: bytes) -> None:
        self._log.write(_ENTRY_OF_LOG.pack(kind, self._promises.made, offset, len(data)) + data)
