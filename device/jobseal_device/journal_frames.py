"""Frames in a segment: how events lie in a file's bytes, which of them are intact, and which number each one has.

Pure functions over bytes. A frame is ``length (u32) | CRC-32 of the event (u32) | the event's complete bytes``,
big-endian; frames follow one another without padding. An event is opaque here: a frame's number is known by counting,
from the segment's first number forwards and from its known end backwards. Between two damaged places, where the count
leaves a choice, a frame is placed by what its event says, and is lost if that says nothing that fits. Nothing is ever
guessed.
"""

import struct
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple
from zlib import crc32

from jobseal.limits import EVENT_MAX_BYTES

HEADER = struct.Struct(">II")
HEADER_BYTES = HEADER.size
_LENGTH_BEGINS = bytes(4 - (EVENT_MAX_BYTES.bit_length() + 7) // 8)  # the zeros that every length starts with


class LostRange(NamedTuple):
    """Sequence numbers whose frames cannot be read, both ends included."""

    first: int
    last: int


class Stretch(NamedTuple):
    """Intact frames in a row: frame ``seq + i`` with its header occupies ``bounds[i]`` to ``bounds[i + 1]``."""

    seq: int
    bounds: list[int]

    @property
    def end(self) -> int:
        """The first number behind this stretch."""
        return self.seq + len(self.bounds) - 1

    def event(self, data: bytes | bytearray, seq: int) -> bytes:
        """The event of that number, which must lie in this stretch."""
        place = seq - self.seq
        return bytes(data[self.bounds[place] + HEADER_BYTES : self.bounds[place + 1]])


def encode(event: bytes) -> bytes:
    """The frame of ``event``."""
    return HEADER.pack(len(event), crc32(event)) + event


def walk(data: bytes | bytearray, offset: int = 0) -> list[int]:
    """Bounds of the intact frames that follow one another from ``offset`` on; ``[offset]`` when there is none."""
    bounds = [offset]
    size = len(data)
    view = memoryview(data)
    while offset + HEADER_BYTES < size:
        length, checksum = HEADER.unpack_from(data, offset)
        offset += HEADER_BYTES + length
        if not 0 < length <= EVENT_MAX_BYTES or offset > size or crc32(view[offset - length : offset]) != checksum:
            break
        bounds.append(offset)
    return bounds


def resume(data: bytes | bytearray, offset: int) -> int | None:
    """Where the next intact frame starts behind the damage at ``offset``; None when there is none.

    The damaged frame's own length is tried first: what was damaged is more often the event than its header.
    """
    if offset + HEADER_BYTES < len(data):
        skipped: int = offset + HEADER_BYTES + HEADER.unpack_from(data, offset)[0]
        if _starts_frame(data, skipped):
            return skipped
    at, end = offset + 1, len(data) - HEADER_BYTES - 1 + len(_LENGTH_BEGINS)
    while (at := data.find(_LENGTH_BEGINS, at, end)) >= 0:
        if _starts_frame(data, at):
            return at
        at += 1
    return None


def runs(data: bytes | bytearray) -> list[list[int]]:
    """The bounds of every run of intact frames; the first starts at 0 and may be empty, damage lies between them."""
    found = [walk(data)]
    while (start := resume(data, found[-1][-1])) is not None:
        found.append(walk(data, start))
    return found


def before(found: list[list[int]], data: bytes | bytearray, event: bytes) -> list[list[int]] | None:
    """The runs ``found`` in ``data`` up to the frame of ``event``; None when that is not in them."""
    for nth, run in enumerate(found):
        for inner, (start, end) in enumerate(pairwise(run)):
            if data[start + HEADER_BYTES : end] == event:
                return [*found[:nth], run[: inner + 1]]
    return None


def place(
    found: list[list[int]], first: int, count: int, end: int | None, said: Callable[[list[int]], int | None]
) -> list[Stretch]:
    """Numbers the runs of a segment that holds ``count`` frames from number ``first`` on.

    ``end``: the byte at which its last frame ends; None when that is unknown, since copies of what the next
    segment holds may follow; ``said``: the number that a run's first event says, None where it says none.
    """
    front = Stretch(first, found[0][: count + 1])
    missing = count - sum(len(run) - 1 for run in found)
    gaps = len(found) - 1
    if front.end == first + count:
        return [front]
    if end is not None and missing == gaps:  # so each gap is exactly one frame
        placed = [front]
        for run in found[1:]:
            placed.append(Stretch(placed[-1].end + 1, run))
        return placed
    rest, behind = found[1:], []
    if end is not None and missing > gaps > 0 and rest[-1][-1] == end:
        back = rest.pop()
        behind = [Stretch(first + count - (len(back) - 1), back)]
    limit = behind[0].seq - 1 if behind else first + count
    return [front, *_by_their_word(rest, front.end, limit, said), *behind]


def _by_their_word(
    found: list[list[int]], after: int, limit: int, said: Callable[[list[int]], int | None]
) -> list[Stretch]:
    """The runs whose events say numbers that fit: behind ``after``, which is damaged, and before ``limit``."""
    placed = []
    for run in found:
        number = said(run)
        if number is not None and after < number < limit:
            placed.append(Stretch(number, run[: limit - number + 1]))  # copies of the next segment may follow
            after = placed[-1].end
    return placed


def lost(stretches: Sequence[Stretch], first: int, count: int) -> list[LostRange]:
    """The numbers from ``first`` on, ``count`` of them, that no stretch covers."""
    ranges = []
    expected = first
    for stretch in stretches:
        if stretch.seq > expected:
            ranges.append(LostRange(expected, stretch.seq - 1))
        expected = stretch.end
    if expected < first + count:
        ranges.append(LostRange(expected, first + count - 1))
    return ranges


def _starts_frame(data: bytes | bytearray, offset: int) -> bool:
    start = offset + HEADER_BYTES
    if start >= len(data):
        return False
    length: int
    checksum: int
    length, checksum = HEADER.unpack_from(data, offset)
    if not 0 < length <= EVENT_MAX_BYTES or start + length > len(data):
        return False
    return crc32(memoryview(data)[start : start + length]) == checksum
