"""The wake-up: capture tells sync that something was committed, over a Unix datagram socket in the data folder.

A byte is only a hint; what is to be sent stands in the journal. So every failure here is silent: with no sync running,
nobody needs waking, and a full socket means that a wake-up is waiting already.
"""

import socket
from contextlib import suppress
from pathlib import Path


class Sleeper:
    """Sync's end. ``fileno`` is readable when somebody rang; at most one sleeper per folder (its lock sees to it)."""

    def __init__(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind(str(path))

    def fileno(self) -> int:
        return self._socket.fileno()

    def drain(self) -> None:
        """Take all waiting hints away."""
        with suppress(BlockingIOError):
            while self._socket.recv(64):
                pass

    def close(self) -> None:
        self._socket.close()
        self._path.unlink(missing_ok=True)


class Bell:
    """Capture's end."""

    def __init__(self, path: Path) -> None:
        self._path = str(path)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)

    def ring(self) -> None:
        """Wake sync if it runs."""
        with suppress(OSError):
            self._socket.sendto(b"!", self._path)

    def close(self) -> None:
        self._socket.close()
