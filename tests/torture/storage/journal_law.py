"""What must hold of a damaged journal after it was opened, judged from its bytes before and after.

Knows the chain that was signed, the damages, and the bytes; nothing of how the journal recovers. The highest number
that anything on the damaged disk still proves to be committed (an intact slot of the head, or an undamaged receipt) is
``known``: up to there nothing may be lost in silence, and the next event comes behind it. A single damage can never
take that knowledge away, so for it the next event comes behind everything that was ever reported as signed.
"""

import struct
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from zlib import crc32

from tests.torture.storage.damage import BLOCK_BYTES, CUT, SLOT_BYTES, Damage
from tests.torture.storage.made import HEAD, UPLINK, Made
from tests.torture.storage.promises import Wrong

_SLOT = struct.Struct(">4sQQQ32sI")


class Opened(NamedTuple):
    """What an opening came to. ``error`` is its code, or "" when the journal may be written: only then is the rest
    of meaning. ``readable``: the bytes of each event that can be read; ``reported``: the numbers that are reported as
    lost; ``next``: of the next event; ``prev``: the hash that it will name; ``contents``: the files afterwards."""

    error: str
    readable: dict[int, bytes]
    reported: set[int]
    next: int
    prev: bytes | None
    contents: dict[str, bytes]


class Known(NamedTuple):
    """``head``: (number, segment, offset) of the newest intact slot, or None; ``seq``: the highest number that is
    still proven to be committed, -1 for none."""

    head: tuple[int, int, int] | None
    seq: int


def known(made: Made, damages: Sequence[Damage], before: dict[str, bytes]) -> Known:
    """What the damaged files still prove."""
    slots = [_slot(before[HEAD][at : at + SLOT_BYTES]) for at in (0, BLOCK_BYTES)]
    head = max((slot for slot in slots if slot is not None), default=None)
    receipt = -1 if any(damage.path == UPLINK for damage in damages) else made.acknowledged
    return Known(head, max(receipt, -1 if head is None else head[0]))


def wrong(made: Made, damages: Sequence[Damage], before: dict[str, bytes], opened: Opened) -> Iterator[Wrong]:
    """Every law that this opening has broken."""
    proven = known(made, damages, before)
    yield from _preserved(before, opened)
    if opened.error:
        if not _may_refuse(made, damages, proven):
            yield Wrong("refused_without_need", f"it was refused as {opened.error}, and no event is missing")
        return
    if opened.next <= proven.seq:
        yield Wrong("committed_lost", f"event {proven.seq} is proven, and the next number is {opened.next}")
    if len(damages) == 1 and opened.next <= made.said and not _beyond(damages[0], proven.head):
        yield Wrong("honest_fork", f"event {made.said} was reported as signed, and the next number is {opened.next}")
    if opened.next > len(made.chain):
        yield Wrong("number_skipped", f"the next number is {opened.next}, and {len(made.chain)} were ever signed")
    elif opened.next and opened.prev != made.chain[opened.next - 1].hash:
        yield Wrong("chain_broken", f"the next event would not name event {opened.next - 1}")
    yield from _told(made, opened)
    for seq in sorted(_survivors(made, before) - set(opened.readable)):
        if seq >= opened.next or _alone(made, damages, seq):
            yield Wrong("intact_lost", f"event {seq} is intact on the disk and cannot be read")


def _told(made: Made, opened: Opened) -> Iterator[Wrong]:
    for seq in range(opened.next):
        data = opened.readable.get(seq)
        if data is None and seq not in opened.reported:
            yield Wrong("lost_in_silence", f"event {seq} can neither be read, nor is it reported")
        elif data is not None and data != made.chain[seq].data:
            yield Wrong("changed", f"event {seq} is not what was signed")


def _preserved(before: dict[str, bytes], opened: Opened) -> Iterator[Wrong]:
    """Nothing is taken away but torn bytes at the end of the last segment (that they are torn is another law's)."""
    last = max(path for path in before if path.endswith(".seg"))
    for path, data in before.items():
        after = opened.contents.get(path)
        if path == HEAD:
            intact = after is not None and (not opened.error or data.startswith(after.rstrip(b"\0")))
        elif path == last and not opened.error:
            intact = after is not None and data.startswith(after)
        else:
            intact = after == data
        if not intact:
            yield Wrong("not_preserved", f"{path.rpartition('/')[2]} was changed by opening")


def _may_refuse(made: Made, damages: Sequence[Damage], proven: Known) -> bool:
    """Whether so much is gone that nobody can say which number comes next, or that a proven one is missing."""
    last = made.segments[-1]
    segment = int(last.rpartition("/")[2].removesuffix(".seg"))
    within = proven.head is not None and proven.head[1] == segment
    confirmed = proven.head[2] if within and proven.head is not None else 0
    for damage in damages:
        if damage.path != last or damage.at >= len(made.contents[last]) * (1 if damage.kind == CUT else 8):
            continue
        if damage.kind == CUT and (not within or damage.at < max(confirmed, places(made)[proven.seq][2])):
            return True
        if damage.kind != CUT and (not within or damage.at // 8 >= confirmed):
            return True
    return False


def _beyond(damage: Damage, head: tuple[int, int, int] | None) -> bool:
    """Whether it hit what lies behind the head: with the head itself taken back by a power cut before, that is one
    damage too many."""
    if head is None or not damage.path.endswith(".seg"):
        return False
    at = damage.at if damage.kind == CUT else damage.at // 8
    return (int(damage.path.rpartition("/")[2].removesuffix(".seg")), at) >= (head[1], head[2])


def _survivors(made: Made, before: dict[str, bytes]) -> set[int]:
    """The events whose frames are where they were, whole."""
    places_ = places(made)
    return {
        seq for seq, (path, start, end) in places_.items() if before[path][start:end] == made.contents[path][start:end]
    }


def _alone(made: Made, damages: Sequence[Damage], seq: int) -> bool:
    """Whether it lies in a segment with at most one damage to it or to the next one, by which its end is known.
    Between two, counting may leave a choice, and nothing is guessed."""
    path = places(made)[seq][0]
    nth = made.segments.index(path)
    near = made.segments[nth : nth + 2]
    old = any(chain not in places(made) for chain in range(len(made.chain)))
    return sum(damage.path in near for damage in damages) + old <= 1


_PLACES: dict[str, dict[int, tuple[str, int, int]]] = {}


def places(made: Made) -> dict[int, tuple[str, int, int]]:
    """Where each event's frame lies in the undamaged home: path, first byte, byte behind it. An event that was lost
    before is not among them."""
    found = _PLACES.get(made.name)
    if found is None:
        found = _PLACES[made.name] = {}
        for seq, signed in enumerate(made.chain):
            path = max(path for path in made.segments if int(path[-12:-4]) <= seq)
            frame = len(signed.data).to_bytes(4, "big") + crc32(signed.data).to_bytes(4, "big") + signed.data
            start = made.contents[path].find(frame)
            if start >= 0:
                found[seq] = path, start, start + len(frame)
    return found


def _slot(data: bytes) -> tuple[int, int, int] | None:
    if len(data) < _SLOT.size:
        return None
    magic, seq, segment, offset, _, checksum = _SLOT.unpack(data[: _SLOT.size])
    whole = magic == b"JSH1" and checksum == crc32(data[: _SLOT.size - 4])
    return (seq, segment, offset) if whole else None
