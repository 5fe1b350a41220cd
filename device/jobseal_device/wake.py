"""The wake-up: capture tells sync that something was committed, over a Unix datagram socket in the data folder.

A byte is only a hint; what is to be sent stands in the journal. So every failure to ring is silent: with no sync
running, nobody needs waking, and a full socket means that a wake-up is waiting already.
"""

import os
import select
import socket
from contextlib import suppress
from pathlib import Path

from jobseal_device import durable

_ADDRESS_MOST_BYTES = 107  # unix(7): sun_path


class Sleeper:
    """Sync's end. ``fileno`` is readable when somebody rang; at most one sleeper per folder (its lock sees to it)."""

    def __init__(self, path: Path) -> None:
        """Raises :class:`StorageError`."""
        self._path = path
        self._socket = _socket()
        try:
            path.unlink(missing_ok=True)
            with _Address(path) as address:
                self._socket.bind(address)
        except OSError as error:
            self._socket.close()
            raise durable.explain(error, path.name) from error

    def fileno(self) -> int:
        return self._socket.fileno()

    def wait(self, seconds: float) -> None:
        """Sleep until somebody rings, but not longer than that; what rang is taken away."""
        poller = select.poll()
        poller.register(self._socket, select.POLLIN)
        poller.poll(max(0.0, seconds * 1000))
        self.drain()

    def drain(self) -> None:
        """Take all waiting hints away."""
        with suppress(OSError):
            while True:
                self._socket.recv(64)

    def close(self) -> None:
        self._socket.close()
        with suppress(OSError):
            self._path.unlink()


def ring(path: Path) -> bool:
    """Capture's end: wake sync; whether there is one (or was one to whom a wake-up is under way)."""
    try:
        with _socket() as bell, _Address(path) as address:
            bell.sendto(b"!", address)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return True


class _Address:
    """The socket's address: its path, or a shorter way to the same place where that is too long."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd = -1

    def __enter__(self) -> str:
        if len(os.fsencode(self._path)) <= _ADDRESS_MOST_BYTES:
            return str(self._path)
        self._fd = os.open(self._path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        return f"/proc/self/fd/{self._fd}/{self._path.name}"

    def __exit__(self, *_: object) -> None:
        if self._fd >= 0:
            os.close(self._fd)


def _socket() -> socket.socket:
    made = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    made.setblocking(False)
    return made
