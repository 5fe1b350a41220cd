"""The segment files of a journal: which there are, what they are called, and making a new one.

A segment is named by the number of its first event. Number ``n`` is in the segment with the largest name not above
``n``, and nowhere else: what an earlier segment holds beyond the next one's name no longer counts (it was copied
there when the earlier file stopped being trusted). A segment appears complete with its first events or not at all,
so there is never an empty one.
"""

from collections.abc import Sequence
from pathlib import Path

from jobseal_device import durable
from jobseal_device.durable import Files
from jobseal_device.errors import StorageFailed
from jobseal_device.journal_frames import encode

SEGMENT_SUFFIX = ".seg"


def path_of(folder: Path, segment: int) -> Path:
    """The file of the segment whose first event has that number."""
    return folder / f"{segment:08d}{SEGMENT_SUFFIX}"


def names(files: Files, folder: Path) -> list[int]:
    """The first numbers of all segments, ascending; none where there is no folder yet. Other files are none of ours.

    Raises :class:`StorageFailed`.
    """
    try:
        found = files.names(folder)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StorageFailed(f"The journal's folder could not be read ({error.strerror}). Try again.") from error
    stems = (name.removesuffix(SEGMENT_SUFFIX) for name in found if name.endswith(SEGMENT_SUFFIX))
    return sorted(int(stem) for stem in stems if stem.isascii() and stem.isdigit())


def create(files: Files, folder: Path, segment: int, events: Sequence[bytes]) -> int:
    """Makes the segment with these events in it, durably; returns its length. Replaces one of the same name.

    Raises :class:`DiskFull` (nothing happened) or :class:`StorageFailed`.
    """
    data = b"".join(encode(event) for event in events)
    durable.replace(files, path_of(folder, segment), data)
    return len(data)
