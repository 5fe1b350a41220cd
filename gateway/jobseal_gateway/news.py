"""News between the gateway's processes: datagrams to a Unix socket in the home's run folder, within microseconds.

A bare datagram (a ring) says "look at the database again"; one with content is a note, such as ingest's pulse.
Everything here is a hint. What is true stands in the database, so nothing waits, nothing is queued for somebody who
is not there, and nothing fails: a full socket means that the other side has hints enough to wake up for. Whoever
listens looks by itself now and then all the same.

One process listens on a path. A folder of several listeners, one for each worker, is room to leave.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

INGEST = "ingest.sock"  # where the ingest process hears of work for it: ring after committing some
WEB = "web.sock"  # where the web process hears that the feed has grown, and the ingest process's pulse
NOTE_MAX_BYTES = 4096

RING = b"!"


class Listener:
    """The hearing end. ``fileno`` is readable while something was said. Takes the place of one that crashed."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._inode = 0
        try:
            with short(path) as name:
                self._socket.bind(name)
            self._inode = path.stat().st_ino
        except OSError:
            self._socket.close()
            raise

    def fileno(self) -> int:
        """What to wait on."""
        return self._socket.fileno()

    def hear(self) -> list[bytes]:
        """Everything said since the last time, in order, and silence after it. A ring is ``RING``."""
        said = []
        with suppress(BlockingIOError):
            while True:
                said.append(self._socket.recv(NOTE_MAX_BYTES))
        return said

    def drain(self) -> None:
        """Make it quiet, whatever was said."""
        self.hear()

    def close(self) -> None:
        """Stop listening. A successor that has taken the path meanwhile keeps it."""
        self._socket.close()
        with suppress(OSError):
            if self._path.stat().st_ino == self._inode:
                self._path.unlink()


class Bell:
    """The saying end. Any thread may ring; nobody needs to listen."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)

    def ring(self) -> None:
        """Something changed."""
        self.note(RING)

    def note(self, content: bytes) -> None:
        """Say this; at most ``NOTE_MAX_BYTES``."""
        with suppress(OSError), short(self._path) as name:
            self._socket.sendto(content, name)

    def close(self) -> None:
        """Let go of the socket."""
        self._socket.close()


@contextmanager
def short(path: Path) -> Iterator[str]:
    """A name for ``path`` that fits a socket address (108 bytes), however deep its folder lies."""
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
