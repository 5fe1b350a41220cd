"""The chain of one key as the gateway sees it: where an event belongs, decided from hashes alone.

A key has one branch as long as its holder is honest and its journal whole. Each branch knows the seq that it expects
and the hash that the event there must name as ``prev``. Placing an event changes nothing; the caller verifies the
signature where the placement asks for it, and only then lets the branch advance.
"""

from jobseal import bodies
from jobseal.errors import Malformed

MYPY = False
if MYPY:
    from collections.abc import Callable

    from jobseal.event import SignedEvent

APPEND = "append"  # the next expected event of a branch
DUPLICATE = "duplicate"  # logged already: success, and no need to verify
FORK = "fork"  # other content at a seq that is taken: a second holder of the key, or a rollback
LATE = "late"  # an event of an announced hole that turned up after all
EARLY = "early"  # beyond what is expected: comes again after what is missing
UNLINKED = "unlinked"  # follows an event that is not logged: its predecessors must come first


class Known:
    """An event logged for a seq: ``branch``, ``hash``, and ``payload`` (None once erased, or for refused bytes)."""

    __slots__ = ("branch", "hash", "payload")

    def __init__(self, branch: int, hash: bytes, payload: bytes | None) -> None:
        self.branch = branch
        self.hash = hash
        self.payload = payload


class Branch:
    """``number`` (0: canonical), ``first`` seq of its own (what came before is its parent's), ``next`` expected seq,
    ``head``: hash that the next event names, None after a hole."""

    __slots__ = ("first", "head", "next", "number")

    def __init__(self, number: int, next: int, head: bytes | None, first: int = 0) -> None:
        self.number = number
        self.next = next
        self.head = head
        self.first = first


class Placement:
    """What to do with an event: ``verdict`` (one of the constants above) and the number of the ``branch`` it concerns.

    For FORK, ``branch`` is the parent's number. ``needs_signature`` tells whether it must verify to be logged.
    """

    __slots__ = ("branch", "verdict")

    def __init__(self, verdict: str, branch: int) -> None:
        self.verdict = verdict
        self.branch = branch

    @property
    def needs_signature(self) -> bool:
        return self.verdict in (APPEND, FORK, LATE)


class Chain:
    """All branches of one key. ``known(seq)`` gives the logged events (and refused bytes) of this key at a seq."""

    __slots__ = ("branches", "genesis", "known")

    def __init__(self, genesis: bytes, branches: list[Branch], known: "Callable[[int], list[Known]]") -> None:
        """``genesis``: hash of the enrolment statement; ``branches`` by number, at least the canonical one."""
        self.genesis = genesis
        self.branches = branches
        self.known = known

    def place(self, signed: "SignedEvent") -> Placement:
        """Where ``signed`` belongs. Pure but for the look-ups; nothing is verified and nothing changes."""
        seq, prev = signed.event.seq, signed.event.prev
        for branch in self.branches:
            if branch.next == seq and branch.head == prev:
                return Placement(APPEND, branch.number)
        if all(branch.next < seq for branch in self.branches):
            return Placement(EARLY, 0)
        taken = self.known(seq)
        for known in taken:
            if known.hash == signed.hash or known.payload == signed.envelope.payload:
                return Placement(DUPLICATE, known.branch)
        if seq == 0:
            return self._placed_behind([0], seq, taken) if prev == self.genesis else Placement(UNLINKED, 0)
        before = self.known(seq - 1)
        followed = [known.branch for known in before if known.hash == prev]
        return self._placed_behind(followed, seq, taken) if followed else self._placed_in_gap(seq, taken, before)

    def _placed_behind(self, followed: list[int], seq: int, taken: list[Known]) -> Placement:
        """Where an event belongs that follows what these branches have at the seq before."""
        for number in followed:
            if self.branches[number].next == seq and self.branches[number].head is None:
                return Placement(APPEND, number)
        for number in followed:
            if self._is_vacant(number, seq, taken):
                return Placement(LATE, number)
        return Placement(FORK, followed[0])

    def _placed_in_gap(self, seq: int, taken: list[Known], before: list[Known]) -> Placement:
        """Where an event belongs that follows nothing known: only where nobody can say what it must name."""
        for branch in self.branches:
            if branch.next == seq and branch.head is None:
                return Placement(APPEND, branch.number)
        for branch in self.branches:
            told = any(known.branch == branch.number for known in before)
            if not told and seq > branch.first and self._is_vacant(branch.number, seq, taken):
                return Placement(LATE, branch.number)
        return Placement(UNLINKED, 0) if before else Placement(FORK, 0)

    def _is_vacant(self, number: int, seq: int, taken: list[Known]) -> bool:
        """Whether the branch has gone behind this seq of its own without an event for it."""
        branch = self.branches[number]
        return branch.first <= seq < branch.next and not any(known.branch == number for known in taken)

    def advance(self, branch: int, seq: int, hash: bytes | None) -> None:
        """The event at ``seq`` of ``branch`` has been taken, or its bytes settled as refused (None: hash unproven)."""
        self.branches[branch].next = seq + 1
        self.branches[branch].head = hash

    def fork(self, seq: int, hash: bytes) -> Branch:
        """A new branch that begins with the event at ``seq``."""
        branch = Branch(len(self.branches), seq + 1, hash, seq)
        self.branches.append(branch)
        return branch

    def skip(self, first: int, last: int, number: int = 0) -> bool:
        """A verified ``range.lost`` announces that ``first`` to ``last`` of a branch cannot come: go on behind them.

        Returns whether that branch was waiting for one of them; if not, nothing changes.
        """
        branch = self.branches[number]
        if not first <= branch.next <= last:
            return False
        branch.next = last + 1
        branch.head = None
        return True

    def refused_before(self, signed: "SignedEvent", bad: "list[tuple[bytes, SignedEvent | None]]") -> int | None:
        """Whether the last of the ``bad`` items right before ``signed`` are what the device really wrote.

        ``bad``: (hash, parsed event or None) of the items, in order, whose signatures do not verify. ``signed`` has
        verified. Each item is proven by the ``prev`` of its follower; the walk must arrive at what a branch expects.
        Returns the number of the branch whose slots, from its ``next`` up to that of ``signed``, are settled so, or
        None.
        """
        if not bad or bad[-1][0] != signed.event.prev:
            return None
        for branch in self.branches:
            count = signed.event.seq - branch.next
            if not 0 < count <= len(bad):
                continue
            run = bad[len(bad) - count :]
            first = run[0][1]
            if first is not None and branch.head is not None and first.event.prev != branch.head:
                continue
            if _linked(run):
                return branch.number
        return None


def _linked(run: "list[tuple[bytes, SignedEvent | None]]") -> bool:
    for i in range(1, len(run)):
        later = run[i][1]
        if later is None or later.event.prev != run[i - 1][0]:
            return False
    return True


def lost_range(signed: "SignedEvent") -> tuple[int, int]:
    """(first, last) of a ``range.lost`` event. Raises ``malformed_body`` unless it announces a range before itself."""
    event = signed.event
    if event.kind == "range.lost" and not bodies.problem(event.kind, event.body):
        first, last = event.body[1], event.body[2]
        if first <= last < event.seq:
            return first, last
    raise Malformed("malformed_body", "the announced event does not name a range before itself")
