"""Reading the journal while another process writes it: by number, up to the head, and never beyond.

A reader takes no lock and changes nothing. Each call looks at the head again, so a reader sees news as soon as they
are committed. It keeps one segment in memory (512 KiB), which makes reading in order cheap; checksums are verified
once, when a frame enters memory.

Frames that cannot be read do not stop a reader for good: it raises with the lost numbers, and the caller goes on
behind them.
"""

from bisect import bisect_right
from collections.abc import Iterator
from functools import partial
from hashlib import sha256
from pathlib import Path

from jobseal_device import durable, journal_segments
from jobseal_device.durable import REAL, Files
from jobseal_device.errors import JournalDamaged
from jobseal_device.journal_frames import HEADER_BYTES, LostRange, Stretch, before, lost, place, runs, walk
from jobseal_device.journal_head import HeadReader, Position
from jobseal_device.journal_numbers import said

BATCH_EVENTS = 512
BATCH_BYTES = 262144


class JournalReader:
    """Committed events of one journal. Any number of readers, in any process; one instance is for one thread."""

    def __init__(self, folder: Path, files: Files = REAL) -> None:
        """``folder``: the journal's; it need not exist yet."""
        self._folder = folder
        self._files = files
        self._head = HeadReader(files, folder)
        self._segments: list[int] = []
        self._listed_for: int | None = None
        self._loaded: _Loaded | None = None

    def head(self) -> Position | None:
        """The newest committed event's position as of now."""
        return self._head.read()

    def read(self, from_seq: int, max_frames: int, max_bytes: int) -> list[bytes]:
        """Complete events from ``from_seq`` on, in order; [] beyond the head.

        At most ``max_frames``, and at most ``max_bytes`` of events together unless the first alone is larger. Ends
        early before lost numbers. Raises :class:`JournalDamaged` with ``lost`` when ``from_seq`` itself is lost;
        :class:`StorageFailed`.
        """
        head = self.head()
        events: list[bytes] = []
        size = 0
        seq = from_seq
        while head is not None and seq <= head.seq and len(events) < max_frames:
            loaded = self._load(seq, head)
            event = loaded.event(seq)
            if event is None and not events:
                raise _damaged(loaded, seq)
            if event is None or (events and size + len(event) > max_bytes):
                break
            events.append(event)
            size += len(event)
            seq += 1
        return events

    def event(self, seq: int) -> bytes | None:
        """One event's complete bytes; None beyond the head. Raises as :meth:`read`."""
        return next(iter(self.read(seq, 1, 0)), None)

    def readable(self, first: int = 0, last: int | None = None) -> Iterator[tuple[int, bytes]]:
        """(number, complete bytes) of every event from ``first`` to ``last`` (default: the head) that can be read.

        What cannot is passed over. Raises :class:`StorageFailed`.
        """
        seq = first
        while last is None or seq <= last:
            count = BATCH_EVENTS if last is None else min(BATCH_EVENTS, last + 1 - seq)
            try:
                events = self.read(seq, count, BATCH_BYTES)
            except JournalDamaged as damaged:
                if damaged.lost is None:
                    raise
                seq = damaged.lost[1] + 1
                continue
            if not events:
                return
            yield from enumerate(events, seq)
            seq += len(events)

    def has_unconfirmed(self) -> bool:
        """Whether intact frames lie beyond the head: the writer is in the middle of one, or its next opening will
        confirm what a power cut has hidden."""
        head = self.head()
        segments = journal_segments.names(self._files, self._folder)
        if not segments:
            return False
        start = head.offset if head is not None and head.segment == segments[-1] else 0
        return len(walk(self._bytes(segments[-1], start, None))) > 1

    def lost(self, first: int, last: int) -> list[LostRange]:
        """Every lost range between the two numbers, both included, up to the head. Reads all their segments."""
        head = self.head()
        ranges: list[LostRange] = []
        seq = first
        while head is not None and seq <= min(last, head.seq):
            loaded = self._load(seq, head)
            end = min(last + 1, loaded.end)
            ranges += [
                LostRange(max(gap.first, seq), min(gap.last, end - 1))
                for gap in loaded.lost
                if gap.first < end and gap.last >= seq
            ]
            seq = end
        return _joined(ranges)

    def _load(self, seq: int, head: Position) -> "_Loaded":
        """The segment that holds ``seq``, as far as ``head``, in memory."""
        if self._listed_for != head.segment:
            self._segments = journal_segments.names(self._files, self._folder)
            self._listed_for = head.segment
        index = bisect_right(self._segments, seq) - 1
        if index < 0:
            # Older than every segment: numbers from 0 (or from where a reader starts) to the first one are missing.
            return _Loaded(0, bytearray(), [], self._segments[0] if self._segments else head.seq + 1)
        segment = self._segments[index]
        current = self._loaded if self._loaded is not None and self._loaded.segment == segment else None
        if segment == head.segment:
            if current is None or (current.end <= head.seq and not self._grow(current, head)):
                current = self._last(head)
        else:
            end = self._segments[index + 1] if index + 1 < len(self._segments) else head.seq + 1
            if current is None or current.end != end:
                current = self._closed(segment, end)
        self._loaded = current
        return current

    def _grow(self, current: "_Loaded", head: Position) -> bool:
        """Adds what was appended to the segment's file since; False, and nothing added, unless it is all intact."""
        final = current.stretches[-1]
        known = len(current.data)
        current.data += self._bytes(head.segment, known, head.offset)
        added = walk(current.data, known)
        if added[-1] != head.offset or final.end + len(added) - 1 != head.seq + 1:
            del current.data[known:]
            return False
        final.bounds.extend(added[1:])
        current.end = head.seq + 1
        return True

    def _last(self, head: Position) -> "_Loaded":
        """The head's own segment: both its last number and the byte where that ends are known."""
        data = self._bytes(head.segment, 0, head.offset)
        stretches = place(runs(data), head.segment, head.seq + 1 - head.segment, head.offset, partial(said, data))
        return _Loaded(head.segment, data, stretches, head.seq + 1)

    def _closed(self, segment: int, following: int) -> "_Loaded":
        """A segment that has a successor: its last number is known, but copies of the successor may come behind it."""
        data = self._bytes(segment, 0, None)
        found, end, count = runs(data), None, following - segment
        if len(found[0]) <= count:
            found, end = self._end(data, found, count, following)
        return _Loaded(segment, data, place(found, segment, count, end, partial(said, data)), following)

    def _end(
        self, data: bytearray, found: list[list[int]], count: int, following: int
    ) -> tuple[list[list[int]], int | None]:
        """The runs of a damaged segment without such copies, and where its ``count`` frames end, if that is certain."""
        successor = self._bytes(following, 0, None)
        bounds = walk(successor)
        if len(bounds) == 1:
            return found, None
        first = Stretch(following, bounds).event(successor, following)
        copied = before(found, data, first)
        if copied is not None:
            return copied, copied[-1][-1]
        # The file may have been cut, even where a frame ends: its own end counts only where nothing else fits.
        is_whole = sum(len(run) for run in found) == count + 1  # one lost frame in each gap is all that is missing
        return found, len(data) if is_whole or _is_next(data, found[-1], first) else None

    def _bytes(self, segment: int, start: int, end: int | None) -> bytearray:
        try:
            path = journal_segments.path_of(self._folder, segment)
            return bytearray(durable.salvage(self._files, path, start, end))
        except FileNotFoundError:
            return bytearray()


class _Loaded:
    """One segment in memory: its readable frames with their numbers, and ``end``, the first number behind it."""

    __slots__ = ("data", "end", "segment", "stretches")

    def __init__(self, segment: int, data: bytearray, stretches: list[Stretch], end: int) -> None:
        self.segment = segment
        self.data = data
        self.stretches = stretches
        self.end = end

    def event(self, seq: int) -> bytes | None:
        for stretch in self.stretches:
            if stretch.seq <= seq < stretch.end:
                return stretch.event(self.data, seq)
        return None

    @property
    def lost(self) -> list[LostRange]:
        return lost(self.stretches, self.segment, self.end - self.segment)


def _is_next(data: bytearray, run: list[int], event: bytes) -> bool:
    """Whether ``event`` names the last frame of this run as the one before it: events are opaque, but not so opaque
    that one could hold this hash and come after something else."""
    return len(run) > 1 and sha256(data[run[-2] + HEADER_BYTES : run[-1]]).digest() in event


def _damaged(loaded: _Loaded, seq: int) -> JournalDamaged:
    gap = next(gap for gap in loaded.lost if gap.first <= seq <= gap.last)
    sentence = f"Events {seq} to {gap.last} cannot be read from this handheld's disk any more."
    return JournalDamaged(sentence, (seq, gap.last))


def _joined(ranges: list[LostRange]) -> list[LostRange]:
    """Ranges that touch at a segment's border are one."""
    joined: list[LostRange] = []
    for gap in ranges:
        if joined and joined[-1].last + 1 == gap.first:
            joined[-1] = LostRange(joined[-1].first, gap.last)
        else:
            joined.append(gap)
    return joined
