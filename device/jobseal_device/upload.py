"""``uploading``: how far the attachment has come that is on its way. Written by sync for the screen, which relies on
nothing of it: it is not synced, and an old one says something of an object that does not wait any more.

A line of text: the digest in hex, how many of its salted bytes were sent, and how many there are.
"""

from typing import NamedTuple

from jobseal.errors import JobsealError
from jobseal_device import durable
from jobseal_device.durable import REAL, Files
from jobseal_device.home import Home
from jobseal_device.objects import DIGEST_DIGITS

MOST_BYTES = 128


class Upload(NamedTuple):
    """``digest``: of the object; ``sent`` of its ``total`` bytes."""

    digest: bytes
    sent: int
    total: int


def show(home: Home, upload: Upload, files: Files = REAL) -> None:
    """Leave it for the screen. Raises :class:`StorageError`."""
    line = f"{upload.digest.hex()} {upload.sent} {upload.total}\n"
    durable.show(files, home.uploading, line.encode())


def read(home: Home, files: Files = REAL) -> Upload | None:
    """What sync left last; None where there is nothing, or nothing that can be read."""
    try:
        words = durable.read(files, home.uploading, 0, MOST_BYTES).decode("ascii").split()
        digest, sent, total = bytes.fromhex(words[0]), int(words[1]), int(words[2])
    except (OSError, ValueError, IndexError, JobsealError):
        return None
    return Upload(digest, sent, total) if len(words[0]) == DIGEST_DIGITS and 0 <= sent <= total else None
