"""Placing a batch: what each of its items is, and what settling it will write. Nothing is written here.

Each item stands alone: one that is malformed, foreign or badly signed never disturbs its neighbours. A signature is
verified when its item's place in the chain asks for it, at most once however often the batch is placed.
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import NamedTuple

from jobseal import bodies, event
from jobseal.chain import APPEND, DUPLICATE, FORK, LATE, Placement, lost_range
from jobseal.errors import JobsealError
from jobseal.event import SignedEvent
from jobseal_gateway.ingest.key_chain import Gap, KeyChain, Position

UNVERIFIABLE = "signature_unverifiable"  # settles nothing: it may verify another time

Check = Callable[[SignedEvent], None]  # returns if the signature is the key's, else raises as cose.verify does


class Item:
    """One item of a batch: ``signed`` if it is an event of the batch's key at all; ``code`` says why it is refused."""

    __slots__ = ("_checked", "code", "data", "signed")

    def __init__(self, data: bytes, kid: bytes) -> None:
        self.data = data
        self.signed: SignedEvent | None = None
        self.code = ""
        self._checked = False
        try:
            parsed = event.parse(data)
            if parsed.envelope.kid == kid:
                self.signed = parsed
            else:
                self.code = "foreign_key"
        except JobsealError as error:
            self.code = error.code

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
    """A slot that refused bytes (by their ``hash``) settle."""

    number: int
    seq: int
    hash: bytes


class Announced(NamedTuple):
    """A hole to log, and the complete bytes that announced it."""

    gap: Gap
    data: bytes


class Plan:
    """What a batch comes to: ``steps`` to settle in order, ``refused`` (code, bytes), and how far it got.

    ``reached``: behind the last item that is logged, or was already; None when none is. ``lost``: ranges (first, last)
    that its holder cannot read any more and that the key has gone behind, now or before.
    """

    __slots__ = ("duplicates", "early", "lost", "reached", "refused", "steps")

    def __init__(self) -> None:
        self.steps: list[Entry | Slot | Announced] = []
        self.refused: list[tuple[str, bytes]] = []
        self.reached: Position | None = None
        self.lost: list[tuple[int, int]] = []
        self.duplicates = 0
        self.early = 0


class Placer:
    """Places the items of one batch onto its key's chain, which grows by them."""

    def __init__(self, keyed: KeyChain, check: Check) -> None:
        self._keyed = keyed
        self._chain = keyed.chain
        self._check = check
        self._bad: list[tuple[bytes, SignedEvent | None]] = []  # refused items right before the one at hand
        self.plan = Plan()

    def place(self, items: Sequence[Item], holes: Sequence[Item]) -> Plan:
        """Place the batch. Its holes are tried first and last: they may stand before or behind its events."""
        self._keyed.prefetch([item.signed.event.seq for item in items if item.signed is not None])
        waiting = [hole for hole in holes if not self._announce(hole)]
        self._verify_ahead(items)
        for item in items:
            self._place(item)
        for hole in waiting:
            self._announce(hole)
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
        signed = item.signed
        if signed is None:
            self._bad.append((hashlib.sha256(item.data).digest(), None))
            return
        placement = self._chain.place(signed)
        if placement.verdict == DUPLICATE:
            self._reach(placement.branch, signed)
            self.plan.duplicates += 1
        elif placement.needs_signature or self._bad:
            self._place_verified(item, signed, placement)
        else:
            self.plan.early += 1
        if not item.code or item.code == UNVERIFIABLE:
            self._bad.clear()

    def _place_verified(self, item: Item, signed: SignedEvent, placement: Placement) -> None:
        if not item.verifies(self._check):
            self._bad.append((signed.hash, signed))
            return
        settled = self._chain.refused_before(signed, self._bad) if self._bad else None
        if settled is not None:
            self._settle_refused(settled, signed.event.seq)
            placement = self._chain.place(signed)
        if placement.needs_signature:
            self._log(signed, placement.verdict, placement.branch)
        else:
            self.plan.early += 1

    def _log(self, signed: SignedEvent, verdict: str, number: int) -> None:
        seq, codes = signed.event.seq, _findings(signed)
        parent = None
        if verdict == APPEND:
            self._chain.advance(number, seq, signed.hash)
        elif verdict == LATE:
            codes = ("late_event", *codes)
        elif verdict == FORK:
            parent, number = number, self._chain.fork(seq, signed.hash).number
            codes = ("chain_fork", *codes)
        self.plan.steps.append(Entry(signed, number, codes, parent))
        self._keyed.note(seq, number, signed.hash, signed.envelope.payload)
        self._reach(number, signed)

    def _settle_refused(self, number: int, end: int) -> None:
        first = self._chain.branches[number].next
        for seq, (digest, _) in zip(range(first, end), self._bad[first - end :], strict=True):
            self._chain.advance(number, seq, digest)
            self._keyed.note(seq, number, digest, None)
            self.plan.steps.append(Slot(number, seq, digest))

    def _announce(self, item: Item) -> bool:
        """Whether the chain goes on behind this hole now."""
        if item.signed is None:
            return True
        try:
            first, last = lost_range(item.signed)
        except JobsealError as error:
            item.code = error.code
            return True
        if last < self._chain.branches[0].next:
            if item.verifies(self._check):
                self.plan.lost.append((first, last))
            return True
        if not first <= self._chain.branches[0].next <= last:
            return False
        if item.verifies(self._check):
            self._chain.skip(first, last)
            gap = Gap(0, first, last, item.signed.hash)
            self._keyed.gaps.append(gap)
            self.plan.lost.append((first, last))
            self.plan.steps.append(Announced(gap, item.data))
        return True

    def _reach(self, number: int, signed: SignedEvent) -> None:
        self.plan.reached = Position(number, signed.event.seq + 1, signed.hash)


def _findings(signed: SignedEvent) -> tuple[str, ...]:
    """What is wrong with an event that is logged all the same, because it happened."""
    kind = signed.event.kind
    if kind not in bodies.SHAPES:
        return ("unknown_kind",)
    return ("malformed_body",) if bodies.problem(kind, signed.event.body) else ()
