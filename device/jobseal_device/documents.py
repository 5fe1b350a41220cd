"""Documents: what a handheld knows and may change (orders, catalogue, roster, drafts), in TinyDB, safe from power cuts.

One JSON file per writer. A write replaces the whole file or nothing of it. A file that is not what was written is
reported, on every access, until its owner sets it aside: it never turns into an empty one by itself.

Events never live here; the journal keeps them.
"""

import json
from itertools import count
from pathlib import Path
from typing import Any

from tinydb import TinyDB
from tinydb.storages import Storage
from tinydb.table import Table

from jobseal_device import durable
from jobseal_device.durable import REAL, Files
from jobseal_device.errors import DocumentsDamaged, StorageFailed

DAMAGED_SUFFIX = ".damaged"

Tables = dict[str, dict[str, Any]]


class DocumentStorage(Storage):
    """TinyDB's storage on :func:`durable.replace`, with the parsed contents kept in memory.

    Any process may read; one writes. A reader notices a replaced file by its stamp and parses it again, only then.
    As with TinyDB's own in-memory storage, what a query returns shares nested values with the copy in memory: change
    documents through TinyDB, not in place.
    """

    def __init__(self, path: Path, files: Files = REAL) -> None:
        """``path``: the JSON file; made by the first write. Its folder must be there."""
        self._path = path
        self._files = files
        self._tables: Tables | None = None
        self._stamp: tuple[int, int, int] | None = None

    def read(self) -> Tables | None:
        """All tables; None when there is no file. Raises :class:`DocumentsDamaged`, :class:`StorageFailed`."""
        stamp = self._look()
        if stamp is None or stamp != self._stamp:
            self._tables = None if stamp is None else self._parse()
            self._stamp = stamp
        return self._tables

    def write(self, data: Tables) -> None:
        """Durable when it returns. Raises :class:`DiskFull` (the old contents stand), :class:`StorageFailed` (the old
        or the new ones, whole in either case); the next :meth:`read` shows which.
        """
        # TinyDB has already changed the tables that it read from us: until this write is through, they are not true.
        self._forget()
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        durable.replace(self._files, self._path, text.encode("utf-8"))
        # Parsed again rather than kept: ``data`` shares its values with whatever the caller inserted.
        self._tables, self._stamp = json.loads(text), self._look()

    def close(self) -> None:
        self._forget()

    def _forget(self) -> None:
        self._tables = self._stamp = None

    def _look(self) -> tuple[int, int, int] | None:
        try:
            return self._files.stamp(self._path)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StorageFailed(f"{self._path.name} could not be read ({error.strerror}). Try again.") from error

    def _parse(self) -> Tables:
        try:
            tables = json.loads(durable.read(self._files, self._path))
        except ValueError as error:
            raise DocumentsDamaged(self._path.name, str(error)) from error
        if not isinstance(tables, dict) or not all(isinstance(table, dict) for table in tables.values()):
            raise DocumentsDamaged(self._path.name, "it holds no tables")
        return tables


class Documents(TinyDB):
    """The tables of one file: ``Documents(path).table("orders")``."""

    def __init__(self, path: Path, files: Files = REAL) -> None:
        super().__init__(path, files, storage=DocumentStorage)

    def table(self, name: str, **options: Any) -> Table:
        """As TinyDB's, but it does not remember results of queries: TinyDB forgets those only on its own writes, and
        this file's writer may be another process.
        """
        return super().table(name, **{"cache_size": 0, **options})

    def replace(self, tables: dict[str, list[dict[str, Any]]]) -> None:
        """Give these tables new rows and leave the others, in one write: all of it happens or nothing.

        Raises as :meth:`DocumentStorage.write`, and as its :meth:`~DocumentStorage.read`.
        """
        kept = self.storage.read() or {}
        fresh = {name: {str(number): row for number, row in enumerate(rows, 1)} for name, rows in tables.items()}
        self.storage.write({**kept, **fresh})
        self._tables.clear()  # they remember their next number, and have to count again


def set_aside(path: Path, files: Files = REAL) -> Path:
    """Renames a damaged file out of the way, for its owner to start a new one; returns where it is kept.

    Never overwrites what was set aside before. Raises :class:`StorageFailed`.
    """
    try:
        taken = set(files.names(path.parent))
        names = (f"{path.name}{DAMAGED_SUFFIX}{number}" for number in count(1))
        kept = path.with_name(next(name for name in names if name not in taken))
        files.rename(path, kept)
        durable.sync_folder(files, path.parent)
    except OSError as error:
        raise StorageFailed(f"{path.name} could not be set aside ({error.strerror}). Try again.") from error
    return kept
