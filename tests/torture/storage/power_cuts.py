"""Power cuts in a recording: which writes of it the next boot finds. Numbers in, disk images out.

A cut comes after some entry of the recording. Everything up to the last flush before it is on the disk. Of the writes
since, each may be there, be gone, or be torn at any of its sectors, in whatever order the disk pleased; writes to the
same place keep their order, since no disk that acknowledges a write goes back behind it.

One write is never torn: that of the first 4 KiB, where ext4 keeps a superblock of 1,024 bytes that it rewrites in
place, with one checksum over both of its sectors. A torn one does not mount before somebody has run e2fsck, whatever
lies on the file system.
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

from tests.torture.storage.recorded_disk import FLUSHED, entries

SECTOR_BYTES = 512
SUPERBLOCK_END = 4096
COPY_BYTES = 1 << 20
_STRIDE = 7_368_787  # prime

ALL, NONE, SOME, TORN = "all", "none", "some", "torn"


class Cut(NamedTuple):
    """After entry ``after``, with this fate for what was not flushed; ``number`` also seeds the choice."""

    number: int
    after: int
    fate: str


class Recording:
    """A base image, and what was written and flushed on it afterwards."""

    def __init__(self, base: Path, log: Path) -> None:
        self.base = base
        self.entries = list(entries(log))

    def cut(self, number: int) -> Cut:
        """The cut of this number: every place in turn, in an order that mixes them."""
        after = number * _STRIDE % len(self.entries)
        nth, fates = number // len(self.entries), (SOME, TORN, NONE, ALL)
        return Cut(number, after, fates[(nth + number) % 4])

    def promised(self, cut: Cut, all_of_them: int) -> int:
        """How many promises had been made when the power failed: it did so just before the next entry."""
        following = cut.after + 1
        return self.entries[following][1] if following < len(self.entries) else all_of_them

    def flushed(self, cut: Cut) -> int:
        """How many entries are surely on the disk."""
        return next((at for at in range(cut.after, -1, -1) if self.entries[at][0] == FLUSHED), 0)

    def survivors(self, cut: Cut) -> Iterator[tuple[int, bytes]]:
        """(offset, bytes) of what else is there, in order."""
        chance = Random(cut.number)
        for kind, _, offset, data in self.entries[self.flushed(cut) : cut.after + 1]:
            if kind == FLUSHED or cut.fate == NONE or (cut.fate != ALL and chance.randrange(2)):
                continue
            if cut.fate == TORN and offset >= SUPERBLOCK_END and chance.randrange(2):
                yield from _torn(chance, offset, data)
            else:
                yield offset, data


class Disk:
    """The image at one place of a recording after another, forwards only."""

    def __init__(self, recording: Recording, image: Path) -> None:
        self._recording = recording
        self._image = image
        self._applied = 0
        copy_sparse(recording.base, image)

    def state(self, cut: Cut, target: Path) -> None:
        """Write the image that the next boot finds. ``cut`` must not lie before an earlier one."""
        flushed = self._recording.flushed(cut)
        with self._image.open("r+b") as image:
            for _, _, offset, data in self._recording.entries[self._applied : flushed]:
                image.seek(offset)
                image.write(data)
        self._applied = max(self._applied, flushed)
        copy_sparse(self._image, target)
        with target.open("r+b") as image:
            for offset, data in self._recording.survivors(cut):
                image.seek(offset)
                image.write(data)


def in_order(cuts: Iterable[Cut]) -> list[Cut]:
    """As :meth:`Disk.state` takes them."""
    return sorted(cuts, key=lambda cut: cut.after)


def copy_sparse(source: Path, target: Path) -> None:
    """Copy a file, its holes as holes."""
    target.unlink(missing_ok=True)
    with source.open("rb") as reader, target.open("wb") as writer:
        size = os.fstat(reader.fileno()).st_size
        os.truncate(writer.fileno(), size)
        at = 0
        while at < size:
            try:
                start = os.lseek(reader.fileno(), at, os.SEEK_DATA)
            except OSError:  # nothing but a hole from here on
                break
            at = os.lseek(reader.fileno(), start, os.SEEK_HOLE)
            os.lseek(writer.fileno(), start, os.SEEK_SET)
            while start < at:
                start += os.sendfile(writer.fileno(), reader.fileno(), start, min(COPY_BYTES, at - start))


def without_zeros(image: Path) -> None:
    """Make holes of the blocks that hold zeros, so that a copy costs what the file system uses."""
    data = image.read_bytes()
    image.unlink()
    with image.open("wb") as file:
        for at in range(0, len(data), 65536):
            piece = data[at : at + 65536]
            if piece.count(0) != len(piece):
                file.seek(at)
                file.write(piece)
        file.truncate(len(data))


def _torn(chance: Random, offset: int, data: bytes) -> Iterator[tuple[int, bytes]]:
    """Some of its sectors: all before one of them, or any."""
    sectors = range(0, len(data), SECTOR_BYTES)
    if chance.randrange(2):
        end = chance.choice(sectors)
        if end:
            yield offset, data[:end]
        return
    for at in sectors:
        if chance.randrange(2):
            yield offset + at, data[at : at + SECTOR_BYTES]
