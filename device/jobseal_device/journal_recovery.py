"""What an opened journal holds: decided from its head, the names of its segments and the bytes of the last one.

A pure decision, and the normal way to open: after a clean stop it simply finds nothing to do. The cases:

| found                                                   | means                                        |
|---------------------------------------------------------|----------------------------------------------|
| intact frames beyond the head                           | committed: the head was behind (unconfirmed) |
| then bytes that are no frame, and nothing behind them   | torn by a crash: cut                         |
| bytes that are no frame, and intact frames behind them  | damage, and unknown how much: refuse to sign |
| damage up to the head                                   | lost events, numbers known: report           |
| the end before the head, or another event at the head   | rolled back: never sign again                |
| the end before the highest acknowledged event           | rolled back: never sign again                |

Unconfirmed frames were read from a file whose last sync may have failed: they count only when copied to a new segment.
"""

from collections.abc import Sequence
from functools import partial
from hashlib import sha256
from typing import NamedTuple

from jobseal_device.errors import DeviceRolledBack, JournalDamaged
from jobseal_device.journal_frames import LostRange, Stretch, lost, place, resume, runs, walk
from jobseal_device.journal_head import Position
from jobseal_device.journal_numbers import said


class Recovered(NamedTuple):
    """What the open path found.

    ``first``: the number of the first of the ``unconfirmed``, intact events beyond the head, in order; ``keep``: how
    many bytes of the last segment are frames, the rest is torn; ``damage``: the lost numbers in that segment.
    """

    first: int
    unconfirmed: list[bytes]
    keep: int
    damage: list[LostRange]

    @property
    def last_seq(self) -> int:
        """The highest number in use; -1 in an empty journal."""
        return self.first + len(self.unconfirmed) - 1


def recover(head: Position | None, segments: Sequence[int], data: bytes) -> Recovered:
    """``segments``: all first numbers, ascending; ``data``: the whole last segment.

    Raises :class:`DeviceRolledBack`, :class:`JournalDamaged` (with ``lost`` None).
    """
    last = segments[-1] if segments else None
    if head is not None and (last is None or last < head.segment):
        raise DeviceRolledBack("The journal ends before its head: the last segment is gone")
    if last is None:
        return Recovered(0, [], 0, [])
    if head is None or last > head.seq:
        first, confirmed, damage = last, 0, []
    elif last == head.segment:
        first, confirmed, damage = head.seq + 1, head.offset, _check_up_to(head, data)
    else:
        raise JournalDamaged("A segment has appeared that this journal did not make; remove it from the folder.")
    bounds = walk(data, confirmed)
    if bounds == [0] or resume(data, bounds[-1]) is not None:
        raise JournalDamaged(
            "Events behind the last confirmed one are unreadable, and it cannot be told how many there were. "
            "Nothing was changed; this handheld needs a new enrolment."
        )
    stretch = Stretch(0, bounds)
    unconfirmed = [stretch.event(data, nth) for nth in range(stretch.end)]
    return Recovered(first, unconfirmed, bounds[-1], damage)


def check_acknowledged(acknowledged: tuple[int, bytes] | None, last_seq: int, found: bytes | None) -> None:
    """``found``: our own event with the acknowledged number, None when it cannot be read.

    Raises :class:`DeviceRolledBack` when the gateway has an event that this journal has not.
    """
    if acknowledged is None:
        return
    seq, digest = acknowledged
    if seq > last_seq:
        raise DeviceRolledBack(f"The office holds event {seq}, and the journal ends at {last_seq}")
    if found is not None and sha256(found).digest() != digest:
        raise DeviceRolledBack(f"The office holds another event {seq} than this journal")


def _check_up_to(head: Position, data: bytes) -> list[LostRange]:
    """The lost numbers in the head's own segment."""
    if len(data) < head.offset:
        raise DeviceRolledBack(f"The journal ends before its head, event {head.seq}")
    count = head.seq + 1 - head.segment
    confirmed = data[: head.offset]
    stretches = place(runs(confirmed), head.segment, count, head.offset, partial(said, confirmed))
    final = stretches[-1]
    if final.end == head.seq + 1 and sha256(final.event(data, head.seq)).digest() != head.hash:
        raise DeviceRolledBack(f"The journal holds another event {head.seq} than its head names")
    return lost(stretches, head.segment, count)
