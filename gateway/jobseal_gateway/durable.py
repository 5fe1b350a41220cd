"""Small files that the gateway must never lose or show half-written: keys, tokens, its own identity.

``create`` makes a file that was not there; ``replace`` gives one new contents, whole or not at all. Both are durable
when they return. What is read and written in bulk lives in the database, which has its own rules.
"""

import os
import shutil
from pathlib import Path

PRIVATE = 0o600
COPIED_AT_ONCE_BYTES = 1 << 20
_NEW_SUFFIX = ".new"


def create(path: Path, data: bytes, mode: int = PRIVATE) -> None:
    """Make ``path`` with these contents. Raises FileExistsError, and then what is there is untouched; OSError."""
    fresh = _written(path, data, mode)
    try:
        os.link(fresh, path)  # unlike a rename, never takes the place of a file that somebody made meanwhile
    finally:
        fresh.unlink()
    sync_folder(path.parent)


def replace(path: Path, data: bytes, mode: int = PRIVATE) -> None:
    """Make ``data`` the whole contents of ``path``, whether or not it exists. Raises OSError."""
    os.rename(_written(path, data, mode), path)
    sync_folder(path.parent)


def copy(source: Path, target: Path, mode: int = PRIVATE) -> None:
    """Make ``target``, which was not there, a copy of a file of any size. Raises FileExistsError, OSError."""
    with source.open("rb") as origin:
        fd = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        with os.fdopen(fd, "wb") as file:
            shutil.copyfileobj(origin, file, COPIED_AT_ONCE_BYTES)
            file.flush()
            os.fsync(fd)
    sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in ``folder`` durable: without this a power cut may still undo a rename."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _written(path: Path, data: bytes, mode: int) -> Path:
    """A synced file beside ``path``. A crash leaves it behind; nobody reads it, and the next write replaces it."""
    fresh = path.with_name(path.name + _NEW_SUFFIX)
    fresh.unlink(missing_ok=True)
    fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with os.fdopen(fd, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(fd)
    return fresh
