"""The object store: salted bytes of photos, notes, names and strokes, one file each, named by their digest.

An object moves through folders, by renaming alone:

- ``unsigned``: capture has made it durable; the event that names it is not committed yet;
- ``waiting``: a committed event names it, and no receipt lists it as stored;
- ``stored``: the gateway keeps it. The bytes stay, for the day when a gateway is restored from a backup: then it goes
  back to ``waiting``, and the gateway says which it has;
- ``refused``: the gateway has every event of a key that has ended, and refuses the object: the event that names it
  could not be read any more, or the bytes are not what they were. Later keys do not wait for it. A refusal is not
  signed, so the object is kept, and offered again now and then (``recall``).

So what no committed event names is never sent, and nobody has to search the journal to know.
"""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from jobseal.object import reference, salted
from jobseal_device import durable
from jobseal_device.durable import REAL, Files
from jobseal_device.home import Home

DIGEST_DIGITS = 64


class Attachment(NamedTuple):
    """An object in memory: ``named`` is [digest, size, media type] for an event's body; ``data`` the salted bytes."""

    named: list[Any]
    data: bytes

    @property
    def digest(self) -> bytes:
        return bytes(self.named[0])


def attachment(content: bytes, media: str, salt: bytes) -> Attachment:
    """``content`` as an object. Raises ``object`` for content beyond the cap."""
    data = salted(content, salt)
    return Attachment(reference(data, media), data)


class ObjectStore:
    """The objects of one handheld. Capture keeps, releases and discards; sync reads and marks."""

    def __init__(self, home: Home, files: Files = REAL) -> None:
        self._home = home
        self._files = files
        self._released: list[bytes] = []  # named by committed events, and not yet moved

    def keep(self, attachments: Iterable[Attachment]) -> None:
        """Make them durable before their event is signed; all or, on an error, none.

        Raises :class:`DiskFull`, :class:`StorageFailed`.
        """
        kept: list[bytes] = []
        try:
            for each in attachments:
                kept.append(each.digest)
                durable.replace(self._files, self._home.unsigned / each.digest.hex(), each.data)
        except BaseException:
            self.discard(kept)
            raise

    def discard(self, digests: Iterable[bytes]) -> None:
        """Their event does not come. What cannot be removed now is removed when capture opens again."""
        for digest in digests:
            with suppress(OSError):
                self._files.unlink(self._home.unsigned / digest.hex())

    def release(self, digests: Iterable[bytes]) -> None:
        """Their event is committed: they may be sent. What cannot be moved now is moved with the next ones, or when
        capture opens again; the bytes are safe in either place."""
        self._released += digests
        self._released = [digest for digest in self._released if not self._move(digest, "unsigned", "waiting")]

    def unsigned(self) -> list[bytes]:
        """What a crash has left between an object and its event."""
        return [bytes.fromhex(name) for name in self._names(self._home.unsigned)]

    def pending(self) -> list[tuple[bytes, int]]:
        """(digest, size of the salted bytes) of what waits for a receipt, smallest first."""
        found = []
        for name in self._names(self._home.waiting):
            with suppress(OSError):
                found.append((self._files.stamp(self._home.waiting / name)[2], name))
        return [(bytes.fromhex(name), size) for size, name in sorted(found)]

    def waiting_size(self, digest: bytes) -> int:
        """Salted bytes of an object that waits for a receipt; 0 where it does not."""
        with suppress(OSError):
            return self._files.stamp(self._home.waiting / digest.hex())[2]
        return 0

    def read(self, digest: bytes, offset: int, count: int) -> bytes:
        """Salted bytes; empty where there are none. Raises :class:`StorageFailed`."""
        for folder in (self._home.waiting, self._home.stored, self._home.refused):
            with suppress(FileNotFoundError):
                return durable.read(self._files, folder / digest.hex(), offset, offset + count)
        return b""

    def mark_stored(self, digest: bytes) -> None:
        """A verified receipt lists this object. A mark that is lost costs one question."""
        self._move(digest, "waiting", "stored")

    def mark_refused(self, digest: bytes) -> None:
        """The gateway refuses this object. A mark that is lost costs one more refusal."""
        self._move(digest, "waiting", "refused")

    def refused(self) -> list[bytes]:
        """What was refused, and is kept."""
        return [bytes.fromhex(name) for name in self._names(self._home.refused)]

    def offer_refused(self) -> None:
        """What was refused waits for a receipt again."""
        for digest in self.refused():
            self._move(digest, "refused", "waiting")

    def offer_again(self) -> None:
        """The gateway may have lost any of them: everything waits for a receipt again, durably when this returns.
        Raises :class:`StorageFailed`."""
        for name in self._names(self._home.stored):
            self._move(bytes.fromhex(name), "stored", "waiting")
        self.offer_refused()
        for folder in (self._home.waiting, self._home.stored):
            durable.sync_folder(self._files, folder)

    def _move(self, digest: bytes, source: str, target: str) -> bool:
        """Whether it is gone from the source; not synced, since both folders are looked at on the way back."""
        try:
            self._files.rename(self._home.objects / source / digest.hex(), self._home.objects / target / digest.hex())
        except FileNotFoundError:
            return True
        except OSError:
            return False
        return True

    def _names(self, folder: Path) -> list[str]:
        """Objects in a folder; what a crash left half-written has a longer name."""
        with suppress(OSError):
            return [name for name in self._files.names(folder) if len(name) == DIGEST_DIGITS]
        return []
