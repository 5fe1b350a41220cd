"""The line of whoever sent a batch: where it stands in its key's chain, item by item, and what was refused behind that.

A batch holds consecutive events, and says where they begin. So the place of an item is known even where the item itself
cannot be read, and bytes that were refused keep their places until a valid event behind them names the last of them.
That event may come batches later: the ledger then holds how far the run has got, never the bytes.

Nothing here is believed for what the log says: a line is moved by events that are logged, and only a valid signature
settles what stands before it.
"""

from typing import NamedTuple

from jobseal.event import SignedEvent
from jobseal_gateway.ingest.key_chain import KeyChain, Position
from jobseal_gateway.ledger.refused_runs import RefusedRun

REFUSED = "signature_invalid"  # the verdict on a slot whose bytes could not be attributed, for whatever reason
START = 0  # the seq from which a device shows its chain anew


class Refused(NamedTuple):
    """Bytes that take no slot by themselves: their SHA-256, what they say if they can be read, the verdict on them."""

    hash: bytes
    parsed: SignedEvent | None
    code: str


class Line:
    """``position``: behind the last of the line's events that is logged, None while nobody knows.

    ``run``: refused bytes of earlier batches right behind that; ``bad``: those of this batch, behind these.
    """

    __slots__ = ("_is_stated", "bad", "position", "run")

    def __init__(self, position: Position | None, run: RefusedRun | None, is_stated: bool) -> None:
        self.position = position
        self.run = run
        self.bad: list[Refused] = []
        self._is_stated = is_stated

    @property
    def place(self) -> int | None:
        """The seq that the next item has by its place; None where the batch does not say."""
        if self.position is None or not self._is_stated:
            return None
        return (self.position.next if self.run is None else self.run.next_seq) + len(self.bad)

    @property
    def refused(self) -> int:
        """How many refused items stand between the position and the next item."""
        return len(self.bad) + (0 if self.run is None else self.run.next_seq - self.run.first_seq)

    def reach(self, position: Position) -> None:
        """An item is logged, and the line goes on behind it."""
        self.position, self.run = position, None
        self.bad.clear()

    def refuse(self, digest: bytes, parsed: SignedEvent | None, code: str) -> None:
        """The next item takes no slot by itself."""
        self.bad.append(Refused(digest, parsed, code))

    def lose(self) -> None:
        """An item was neither logged nor refused: nobody knows what the place of the next one is."""
        self.position, self.run = None, None
        self.bad.clear()

    def follows_refused(self, signed: SignedEvent) -> bool:
        """Whether this valid event stands right behind refused bytes, and names the last of them."""
        if self.refused == 0 or self.place != signed.event.seq:
            return False
        last = self.bad[-1].hash if self.bad else self.run.last_hash if self.run is not None else b""
        return last == signed.event.prev

    @property
    def number(self) -> int:
        """Of the branch that it is on; the canonical one's while nobody knows."""
        return 0 if self.position is None else self.position.number

    def slots(self, named: bytes | None) -> list[tuple[bytes | None, str]]:
        """(hash, verdict) of each refused item, when what stands behind them names that hash, or nothing (None).

        An item's hash is proven when the next one names it, and left out where nothing does: bytes that cannot be read
        name nothing.
        """
        found: list[tuple[bytes | None, str]] = []
        for item in reversed(self.bad):
            is_proven = named == item.hash
            found.append((item.hash if is_proven else None, item.code))
            named = item.parsed.event.prev if is_proven and item.parsed is not None else None
        if self.run is not None:
            found.append((named if named == self.run.last_hash else None, REFUSED))
            found += [(None, REFUSED)] * (self.refused - len(found))
        return found[::-1]

    def waiting(self, key_id: int) -> RefusedRun | None:
        """What the next batch must be told of: the refused bytes at the end of this one, with those before them."""
        place = self.place
        if self.position is None or place is None or not self.bad:
            return None
        return RefusedRun(key_id, self.position.head, self.position.next, place, self.bad[-1].hash)


def begin(keyed: KeyChain, acked: list[object] | None, first: int | None) -> Line:
    """The line of a batch that names its newest receipt by ``acked``, [next, head], and begins at ``first``.

    Without ``first`` it begins where that receipt said; without a receipt either, its place is not known.
    """
    if first == START:
        return Line(keyed.find(START, keyed.enrolled.genesis), None, True)
    if acked is None:
        return Line(None, None, False)
    following, head = acked
    assert isinstance(following, int)
    assert isinstance(head, bytes)
    position = keyed.find(following, head)
    if first in (None, following) or position is None:
        return Line(position, None, True)
    run = keyed.refused_run(head)
    if run is None or (run.first_seq, run.next_seq) != (following, first):
        return Line(None, None, False)
    return Line(position, run, True)
