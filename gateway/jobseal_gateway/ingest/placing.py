"""Placing a batch: what each of its items is, and what settling it will write. Nothing is written here.

Each item stands alone: one that is malformed, foreign or badly signed never disturbs its neighbours. A signature is
verified when its item's place in the chain asks for it, at most once however often the batch is placed.

Whatever a device really wrote gets somewhere: an event by its hashes (``jobseal.chain``); bytes that are none by a
valid event behind them (``line``); a valid event that follows nothing that is logged, though its holder has shown all
that came before, on a branch of its own.
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import NamedTuple

from jobseal import bodies, event
from jobseal.chain import APPEND, DUPLICATE, FORK, LATE, UNLINKED, Placement, lost_range
from jobseal.errors import JobsealError
from jobseal.event import SignedEvent
from jobseal_gateway.ingest.key_chain import Gap, KeyChain, Position
from jobseal_gateway.ingest.line import REFUSED, Line
from jobseal_gateway.ledger.refused_runs import RefusedRun

UNVERIFIABLE = "signature_unverifiable"  # settles nothing: it may verify another time
BROKEN = "chain_broken"  # validly signed, and does not continue its own chain

Check = Callable[[SignedEvent], None]  # returns if the signature is the key's, else raises as cose.verify does


class Item:
    """One item of a batch: ``signed`` if it is an event of the batch's key at all; ``code`` says why it is refused.

    ``parsed``: the event that it is, of whatever key.
    """

    __slots__ = ("_checked", "code", "data", "parsed", "signed")

    def __init__(self, data: bytes, kid: bytes) -> None:
        self.data = data
        self.parsed: SignedEvent | None = None
        self.signed: SignedEvent | None = None
        self.code = ""
        self._checked = False
        try:
            self.parsed = event.parse(data)
            if self.parsed.envelope.kid == kid:
                self.signed = self.parsed
            else:
                self.code = "foreign_key"
        except JobsealError as error:
            self.code = error.code

    @property
    def is_refused(self) -> bool:
        """Whether it is no event of the key's, now or ever."""
        return self.code not in ("", UNVERIFIABLE)

    def verifies(self, check: Check) -> bool:
        """Whether the signature is right, checked once."""
        if not self._checked and self.signed is not None:
            self._checked = True
            try:
                check(self.signed)
            except JobsealError as error:
                self.code = error.code
        return not self.code


class Entry(NamedTuple):
    """An event to log on branch ``number``, with the ``codes`` to say of it; ``parent``: the branch it forks from."""

    signed: SignedEvent
    number: int
    codes: tuple[str, ...]
    parent: int | None


class Slot(NamedTuple):
    """A slot of branch ``number`` that refused bytes settle: their ``hash`` if it is proven, and what to say of them.

    ``parent``: the branch that a fork leaves with this slot, behind what hashes to ``base``.
    """

    number: int
    seq: int
    hash: bytes | None
    code: str
    parent: int | None = None
    base: bytes = b""


class Forgotten(NamedTuple):
    """Nothing waits any more behind the statement with this hash."""

    base: bytes


class Announced(NamedTuple):
    """A hole to log, and the complete bytes that announced it."""

    gap: Gap
    data: bytes


class Plan:
    """What a batch comes to: ``steps`` to settle in order, ``refused`` (code, bytes), and how far it got.

    ``start``: where its sender stood, None if unknown; ``reached``: behind the last item that is logged, or was
    already, None when none is. ``lost``: ranges (first, last) that its holder cannot read any more and that his line
    has gone behind, now or before. ``is_waiting``: it ends with refused bytes.
    """

    __slots__ = ("duplicates", "early", "is_waiting", "lost", "reached", "refused", "start", "steps")

    def __init__(self) -> None:
        self.steps: list[Entry | Slot | Announced | RefusedRun | Forgotten] = []
        self.is_waiting = False
        self.refused: list[tuple[str, bytes]] = []
        self.start: Position | None = None
        self.reached: Position | None = None
        self.lost: list[tuple[int, int]] = []
        self.duplicates = 0
        self.early = 0


class Placer:
    """Places the items of one batch, sent by whoever stands at ``line``, onto its key's chain, which grows by them."""

    def __init__(self, keyed: KeyChain, check: Check, line: Line) -> None:
        self._keyed = keyed
        self._chain = keyed.chain
        self._check = check
        self._line = line
        self.plan = Plan()
        self.plan.start = line.position

    def place(self, items: Sequence[Item], holes: Sequence[Item]) -> Plan:
        """Place the batch. Its holes are tried first and last: they may stand before or behind its events."""
        self._keyed.prefetch([item.signed.event.seq for item in items if item.signed is not None])
        waiting = [hole for hole in holes if not self._announce(hole)]
        self._verify_ahead(items)
        for item in items:
            self._place(item)
        for hole in waiting:
            self._announce(hole)
        run = self._line.waiting(self._keyed.enrolled.id)
        if run is not None:
            self.plan.is_waiting = True
            self.plan.steps.append(run)
        self.plan.refused += [(item.code, item.data) for item in (*items, *holes) if item.code]
        return self.plan

    def _verify_ahead(self, items: Sequence[Item]) -> None:
        """Verify, one right after the other, the items that go on where the canonical branch ends.

        They would be verified anyway. In a row it costs less: verifying and placing in turn, each puts the other out
        of the processor's caches.
        """
        following, head = self._chain.branches[0].next, self._chain.branches[0].head
        for item in items:
            signed = item.signed
            if signed is None or signed.event.seq != following or head not in (None, signed.event.prev):
                return
            if not item.verifies(self._check):
                return
            following, head = following + 1, signed.hash

    def _place(self, item: Item) -> None:
        signed, line = item.signed, self._line
        if signed is None:
            line.refuse(hashlib.sha256(item.data).digest(), item.parsed, REFUSED)
            return
        if item.code == BROKEN:  # said of its place when the batch was placed before
            item.code = ""
        placement = self._chain.place(signed)
        is_displaced = line.place not in (None, signed.event.seq)
        if placement.verdict == DUPLICATE and not is_displaced:
            self._reach(placement.branch, signed)
            self.plan.duplicates += 1
        elif placement.needs_signature or line.refused or (placement.verdict == UNLINKED and line.place is not None):
            self._place_verified(item, signed, placement)
        else:
            self._put_off(item, signed)

    def _place_verified(self, item: Item, signed: SignedEvent, placement: Placement) -> None:
        line = self._line
        if not item.verifies(self._check):
            if item.is_refused:
                line.refuse(signed.hash, signed, REFUSED)
            else:
                line.lose()
            return
        codes: tuple[str, ...] = ()
        if line.refused:
            codes = self._settle_before(signed)
            placement = self._chain.place(signed)
        if placement.needs_signature:
            self._log(signed, placement.verdict, placement.branch, codes)
        elif placement.verdict == UNLINKED and line.place == signed.event.seq and not line.refused:
            assert line.position is not None
            self._log(signed, BROKEN, line.position.number, codes)
        else:
            self._put_off(item, signed)

    def _put_off(self, item: Item, signed: SignedEvent) -> None:
        """An event that is not logged now. If its own seq is another than that of its place, it never will be: then
        it is to its place what unreadable bytes would be."""
        self.plan.early += 1
        if self._line.place not in (None, signed.event.seq) and (item.verifies(self._check) or item.is_refused):
            item.code = item.code or BROKEN
            self._line.refuse(signed.hash, signed, BROKEN if item.code == BROKEN else REFUSED)
            return
        if self._line.run is not None:  # what waits here was somebody else's
            self.plan.steps.append(Forgotten(self._line.run.base))
        self._line.lose()

    def _log(self, signed: SignedEvent, verdict: str, number: int, codes: tuple[str, ...]) -> None:
        seq, codes = signed.event.seq, (*codes, *_findings(signed))
        parent = None
        if verdict == APPEND:
            self._chain.advance(number, seq, signed.hash)
        elif verdict == LATE:
            codes = ("late_event", *codes)
        else:
            parent, number = number, self._chain.fork(seq, signed.hash).number
            codes = ("chain_fork" if verdict == FORK else verdict, *codes)
        self.plan.steps.append(Entry(signed, number, codes, parent))
        self._keyed.note(seq, number, signed.hash, signed.envelope.payload)
        self._reach(number, signed)

    def _settle_before(self, signed: SignedEvent) -> tuple[str, ...]:
        """Settle the refused bytes that this valid event proves; the codes that this gives to the event itself."""
        line = self._line
        if line.follows_refused(signed):
            return ("chain_fork",) if self._settle_by_place(line.slots(signed.event.prev)) else ()
        number = self._chain.refused_before(signed, [(bad.hash, bad.parsed) for bad in line.bad])
        if number is not None:
            self._settle_by_hash(number, signed.event.seq)
        return ()

    def _settle_by_hash(self, number: int, end: int) -> None:
        first, bad = self._chain.branches[number].next, self._line.bad
        for seq, item in zip(range(first, end), bad[first - end :], strict=True):
            self._refuse(Slot(number, seq, item.hash, item.code))

    def _settle_by_place(self, slots: list[tuple[bytes | None, str]]) -> bool:
        """Settle what was refused behind the line's position: (hash, verdict) each. Whether that makes a fork."""
        line = self._line
        assert line.position is not None
        number, first, base = line.position
        end, following = first + len(slots), self._chain.branches[number].next
        parent = None
        if following >= end and self._keyed.is_vacant(number, first, end):  # settled before: this came again
            line.reach(Position(number, end, base))
            return False
        if following != first:  # another holder of the key has gone on from here
            parent, number = number, self._chain.fork(first, base).number
        if line.run is not None:
            self.plan.steps.append(Forgotten(line.run.base))
        for seq, (digest, code) in enumerate(slots, first):
            self._refuse(Slot(number, seq, digest, code, parent if seq == first else None, base))
        line.reach(Position(number, end, base))
        return parent is not None

    def _is_alone(self) -> bool:
        """Whether what was refused can settle where it stands without another branch: bytes that nobody vouches for
        accuse nobody of a copy."""
        line = self._line
        assert line.position is not None
        number, first, _ = line.position
        following = self._chain.branches[number].next
        return following == first or (
            following >= (line.place or first) and self._keyed.is_vacant(number, first, line.place or first)
        )

    def _refuse(self, slot: Slot) -> None:
        self._chain.advance(slot.number, slot.seq, slot.hash)
        if slot.hash is not None:
            self._keyed.note(slot.seq, slot.number, slot.hash, None)
        self.plan.steps.append(slot)

    def _announce(self, item: Item) -> bool:
        """Whether the sender's branch goes on behind this hole now."""
        if item.signed is None:
            return True
        try:
            first, last = lost_range(item.signed)
        except JobsealError as error:
            item.code = error.code
            return True
        if self._line.refused and self._line.place is not None and first <= self._line.place <= last:
            if not item.verifies(self._check):
                return True
            if self._is_alone():
                self._settle_by_place(self._line.slots(None))  # behind a hole nothing can name them
                self.plan.reached = self._line.position
        position, number = self._line.position, self._line.number
        following = self._chain.branches[number].next
        if position is not None and not first <= position.next <= last:
            return position.next > last  # it has gone behind, or comes to it later
        if last < following:
            if item.verifies(self._check):
                self.plan.lost.append((first, last))
            return True
        if not first <= following <= last:
            return False
        if item.verifies(self._check):
            if self._line.position is not None:
                self.plan.steps.append(Forgotten(self._line.position.head))
            self._chain.skip(first, last, number)
            gap = Gap(number, first, last, item.signed.hash)
            self._keyed.gaps.append(gap)
            self.plan.lost.append((first, last))
            self.plan.steps.append(Announced(gap, item.data))
        return True

    def _reach(self, number: int, signed: SignedEvent) -> None:
        self.plan.reached = Position(number, signed.event.seq + 1, signed.hash)
        self._line.reach(self.plan.reached)


def _findings(signed: SignedEvent) -> tuple[str, ...]:
    """What is wrong with an event that is logged all the same, because it happened."""
    kind = signed.event.kind
    if kind not in bodies.SHAPES:
        return ("unknown_kind",)
    return ("malformed_body",) if bodies.problem(kind, signed.event.body) else ()
