"""The object store: salted bytes of photos, notes, names and strokes, one file each, named by their digest.

Capture writes an object before it signs the event that names it; sync marks what a receipt lists as stored. Nothing is
deleted here: the bytes outlive their acknowledgement, for the day when a gateway is restored from a backup.
"""

from typing import Any

from jobseal.object import SALT_BYTES, reference, salted
from jobseal_device import durable
from jobseal_device.durable import REAL, Files
from jobseal_device.home import Home

DIGEST_BYTES = 32


class ObjectStore:
    """The objects of one handheld; one instance writes (capture), one marks (sync)."""

    def __init__(self, home: Home, files: Files = REAL) -> None:
        self._home = home
        self._files = files
        self._stored: set[str] | None = None
        self._sizes: dict[str, int] = {}
        self._listed: list[tuple[int, str]] = []
        self._listed_at = -1

    def add(self, content: bytes, media: str, salt: bytes) -> list[Any]:
        """Keep ``content`` durably; returns [digest, size, media type] for an event's body.

        Raises ``object`` for content beyond the cap, :class:`DiskFull`, :class:`StorageFailed`.
        """
        data = salted(content, salt)
        named = reference(data, media)
        durable.replace(self._files, self._home.objects / named[0].hex(), data)
        return named

    def pending(self) -> list[tuple[bytes, int]]:
        """(digest, size of the salted bytes) of what is not marked as stored, smallest first."""
        stamp = self._home.objects.stat().st_mtime_ns
        if stamp != self._listed_at:
            names = [name for name in self._files.names(self._home.objects) if len(name) == 2 * DIGEST_BYTES]
            self._listed = sorted((self._size(name), name) for name in names)
            self._listed_at = stamp
        return [(bytes.fromhex(name), size) for size, name in self._listed if name not in self._marked()]

    def read(self, digest: bytes, offset: int, count: int) -> bytes:
        """Salted bytes; empty where there are none."""
        try:
            return durable.read(self._files, self._home.objects / digest.hex(), offset, offset + count)
        except FileNotFoundError:
            return b""

    def mark_stored(self, digest: bytes) -> None:
        """A verified receipt lists this object. A lost mark costs one question, so it needs no fsync."""
        if digest.hex() not in self._marked():
            (self._home.stored / digest.hex()).touch()
            self._marked().add(digest.hex())

    def _marked(self) -> set[str]:
        if self._stored is None:
            self._stored = set(self._files.names(self._home.stored))
        return self._stored

    def _size(self, name: str) -> int:
        if name not in self._sizes:
            self._sizes[name] = (self._home.objects / name).stat().st_size
        return self._sizes[name]


def content_of(data: bytes) -> bytes:
    """What stands behind the salt."""
    return data[SALT_BYTES:]
