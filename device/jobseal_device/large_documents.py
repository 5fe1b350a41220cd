"""Documents that are too large to be written again with every verdict: each is a file of its own, named by its digest.

Written by sync. All of it can be fetched again, so a file that is not what its name says is taken away.
"""

from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from jobseal.errors import JobsealError
from jobseal.work import digest
from jobseal_device import durable
from jobseal_device.durable import REAL, Files

LARGE_BYTES = 16_384  # about what an order has at most
_DIGEST_CHARACTERS = 64


class LargeDocuments:
    """The files of one folder, which is made with the first of them."""

    def __init__(self, folder: Path, files: Files = REAL) -> None:
        self._folder = folder
        self._files = files

    def keep(self, document: bytes) -> None:
        """Durable when it returns. Raises :class:`StorageError`."""
        durable.make_folder(self._files, self._folder)
        durable.replace(self._files, self._folder / digest(document).hex(), document)

    def here(self) -> set[str]:
        """The digests, in hex, of those that there are."""
        try:
            return {name for name in self._files.names(self._folder) if len(name) == _DIGEST_CHARACTERS}
        except OSError:
            return set()

    def read(self, named: bytes) -> bytes | None:
        """The document with this digest, None where it is not here or not what it was."""
        try:
            document = durable.read(self._files, self._folder / named.hex())
        except (OSError, JobsealError):
            return None
        return document if digest(document) == named else None

    def keep_only(self, wanted: Collection[str]) -> None:
        """Take away what nobody names any more, as well as this can be done now."""
        with suppress(OSError):
            for name in self._files.names(self._folder):
                if name.endswith(durable.NEW_SUFFIX):  # a power cut left it
                    self._files.unlink(self._folder / name)
        for name in self.here():
            if name not in wanted:
                with suppress(OSError):
                    self._files.unlink(self._folder / name)

    def drop_damaged(self) -> None:
        """Take away what is not what its name says, so that it is fetched again."""
        self.keep_only([name for name in self.here() if self._is_whole(name)])

    def _is_whole(self, name: str) -> bool:
        try:
            return self.read(bytes.fromhex(name)) is not None
        except ValueError:
            return False
