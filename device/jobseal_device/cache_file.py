"""A file that may be thrown away: its contents follow from elsewhere, and it is never believed unless it is whole."""

from hashlib import sha256
from pathlib import Path

from jobseal.errors import JobsealError
from jobseal_device import durable
from jobseal_device.durable import Files

_CHECK_BYTES = 32


def write(files: Files, path: Path, data: bytes) -> bool:
    """Whether it could be written; a power cut, or a disk that is full or failing, costs the next start some time only.

    Nothing is synced: a technician would wait for it, after a lost cache for thousands of files.
    """
    try:
        durable.show(files, path, sha256(data).digest() + data)
    except JobsealError:
        return False
    return True


def read(files: Files, path: Path) -> bytes | None:
    """What was written, or None: it is not there, or not what was written."""
    try:
        found = durable.read(files, path)
    except (FileNotFoundError, JobsealError):
        return None
    data = found[_CHECK_BYTES:]
    return data if sha256(data).digest() == found[:_CHECK_BYTES] else None
