"""The chain of one key between the ledger and the pure rules: ``jobseal.chain`` with its rows behind it.

A ``KeyChain`` is what is committed, and then, while a round is placed, what the round will make of it. It may be
kept after the round's commit, and must be forgotten when that failed or somebody else has appended to the log.
"""

from collections.abc import Callable
from typing import NamedTuple

from sqlalchemy import Connection

from jobseal import cose
from jobseal.chain import Branch, Chain, Known
from jobseal.limits import EVENT_MAX_BYTES
from jobseal_gateway import succession
from jobseal_gateway.ledger import branches, holes, keys, leaves, refused, refused_runs, verdicts
from jobseal_gateway.ledger.refused_runs import RefusedRun
from jobseal_gateway.registry import Enrolled

UNKNOWN_HEAD = b""  # in the ledger: the branch goes on behind a hole, so nobody can say what its next event names
PREFETCH_MAX = 256  # seqs fetched at once; a batch that names wilder ones is looked up one by one

View = Callable[[], Connection]


class Position(NamedTuple):
    """A place in a key's chain: branch ``number``, the ``next`` seq expected there, ``head``: hash of what is before.

    Before 0 that is the enrolment statement; behind a hole it is the statement that announced the hole.
    """

    number: int
    next: int
    head: bytes


class Gap(NamedTuple):
    """An announced hole: seqs ``first`` to ``last`` of the branch; ``hash`` of the announcement's complete bytes."""

    number: int
    first: int
    last: int
    hash: bytes

    def takes(self, number: int, seq: int) -> bool:
        """Whether this place of the chain is in it."""
        return number == self.number and self.first <= seq <= self.last


class KeyChain:
    """``rows`` are the ledger's branches by number; ``last_verdict`` is the highest seq that has one, or -1."""

    __slots__ = ("_ends", "_known", "_refused", "_view", "chain", "enrolled", "gaps", "last_verdict", "rows")

    def __init__(self, enrolled: Enrolled, view: View) -> None:
        """Read from the ledger, through the connection that ``view()`` gives whenever something is looked up."""
        self.enrolled = enrolled
        self._view = view
        connection = view()
        self.rows = branches.of_key(connection, enrolled.id)
        number = {row.id: place for place, row in enumerate(self.rows)}
        self.gaps = [
            Gap(number[hole.branch_id], hole.first_seq, hole.last_seq, _hash_at(connection, hole.leaf))
            for hole in holes.of_key(connection, enrolled.id)
        ]
        self._ends: list[tuple[int, int]] | None = None
        self.last_verdict = verdicts.last_seq(connection, number)
        self._refused: dict[int, list[Known]] = {}
        if self.last_verdict >= 0:  # a refused slot has a verdict
            for slot in refused.of_branches(connection, number):
                self._refused.setdefault(slot.seq, []).append(Known(number[slot.branch_id], slot.hash, None))
        self._known: dict[int, list[Known]] = {}
        committed = [
            Branch(place, row.next_seq, row.head_hash or None, row.fork_seq) for place, row in enumerate(self.rows)
        ]
        self.chain = Chain(enrolled.genesis, committed, self.known)

    # What is known of a seq

    def known(self, seq: int) -> list[Known]:
        """The events logged, or about to be, for this seq, and the bytes refused for it."""
        if seq not in self._known:
            self._fetch(seq, seq + 1)
        return self._known[seq]

    def is_vacant(self, number: int, first: int, end: int) -> bool:
        """Whether this branch has no event of its own in these seqs: nothing, or refused bytes."""
        self._fetch(first, end)
        taken = [known for seq in range(first, end) for known in self.known(seq)]
        return not any(known.branch == number and known.payload is not None for known in taken)

    def prefetch(self, seqs: list[int]) -> None:
        """Look up all of these that may be taken, in one query: a batch that comes again is cheap."""
        end = max(branch.next for branch in self.chain.branches)
        taken = [seq for seq in seqs if seq < end]
        if taken and max(taken) - min(taken) < PREFETCH_MAX:
            self._fetch(max(min(taken) - 1, 0), max(taken) + 1)

    def note(self, seq: int, number: int, digest: bytes, payload: bytes | None) -> None:
        """This round settles the seq of this branch so."""
        if seq not in self._known and len(self.chain.branches) == 1:
            self._known[seq] = []  # beyond the only branch: the ledger has nothing there
        settled = Known(number, digest, payload)
        self.known(seq).append(settled)
        if payload is None:  # refused bytes: no leaf will speak of them when this is looked up again
            self._refused.setdefault(seq, []).append(settled)

    def forget_known(self) -> None:
        """The round is committed: what it noted is in the ledger."""
        self._known.clear()

    def _fetch(self, first: int, end: int) -> None:
        number = {row.id: place for place, row in enumerate(self.rows)}
        missing = [seq for seq in range(first, end) if seq not in self._known]
        for seq in missing:
            self._known[seq] = list(self._refused.get(seq, ()))
        for leaf in leaves.of_key(self._view(), self.enrolled.id, first, end):
            place = number.get(leaf.branch_id or -1)  # None: a fork made since, and all of this is placed again
            if leaf.seq in missing and place is not None:
                self._known[leaf.seq].append(Known(place, leaf.hash, _payload(leaf.bytes)))

    # Where the key has ended

    @property
    def ends(self) -> list[tuple[int, int]]:
        """(branch row, seq) of each event by which this key named another that was enrolled by that."""
        if self._ends is None:
            may_have_any = self.enrolled.status != keys.ACTIVE or len(self.rows) > 1
            row = keys.by_id(self._view(), self.enrolled.id) if may_have_any else None
            found = [] if row is None else succession.ends(self._view(), row)
            self._ends = [(end.branch, end.seq) for end in found]
        return self._ends

    def note_end(self, number: int, seq: int) -> None:
        """This round enrols the key that the event ``seq`` of this branch names."""
        self.ends.append((self.rows[number].id, seq))

    def is_behind_end(self, position: Position) -> bool:
        """Whether this place stands behind an end of its own line. A key whose chain forked may end on each of its
        branches, and what goes on beside an end is not behind it."""
        if not self.ends:
            return False
        line = self.lineage(position)
        return any(branch == own and first <= seq < end for branch, seq in self.ends for own, first, end in line)

    # Where a device stands

    def tip(self, number: int) -> Position:
        """The end of a branch."""
        branch = self.chain.branches[number]
        head = branch.head or self._announced(number, branch.next - 1) or self.chain.genesis
        return Position(number, branch.next, head)

    def find(self, following: int, head: bytes) -> Position | None:
        """Where somebody stands who says that ``following`` is his next seq and ``head`` the hash before it."""
        for branch in self.chain.branches:
            if branch.next == following and branch.head == head:  # where nearly everybody stands: nothing to look up
                return Position(branch.number, following, head)
        if following == 0:
            return Position(0, 0, head) if head == self.chain.genesis else None
        for known in self.known(following - 1):
            if known.hash == head:
                return Position(known.branch, following, head)
        for gap in self.gaps:
            if gap.last + 1 == following and gap.hash == head:
                return Position(gap.number, following, head)
        return None

    def refused_run(self, base: bytes) -> RefusedRun | None:
        """The refused bytes that wait behind the statement with this hash. They change without the log: asked anew."""
        return refused_runs.behind(self._view(), self.enrolled.id, base)

    def behind_lost(self, position: Position, lost: list[tuple[int, int]]) -> Position:
        """The same place, or the one behind a range that its holder cannot read and that this line has gone behind: by
        what is logged there, by a hole, or by some of both. Nobody will send that again."""
        for first, last in sorted(lost):
            head = self._settled(position.number, last)
            if first <= position.next <= last and head is not None:
                position = Position(position.number, last + 1, head)
        return position

    def _settled(self, number: int, seq: int) -> bytes | None:
        """What an event behind this seq goes on from on this branch; None while the seq is not settled there."""
        found = [known.hash for known in self.known(seq) if known.branch == number]
        return found[0] if found else self._announced(number, seq)

    def _announced(self, number: int, last: int) -> bytes | None:
        found = [gap.hash for gap in self.gaps if gap.number == number and gap.last == last]
        return found[-1] if found else None

    def lineage(self, position: Position) -> list[tuple[int, int, int]]:
        """(branch row, first seq, end) of each stretch that leads to a place, newest branch first."""
        number = {row.id: place for place, row in enumerate(self.rows)}
        stretches = []
        row, end = self.rows[position.number], position.next
        while True:
            stretches.append((row.id, row.fork_seq, end))
            if row.parent_id is None:
                return stretches
            end = min(end, row.fork_seq)
            row = self.rows[number[row.parent_id]]


def _hash_at(connection: Connection, index: int) -> bytes:
    leaf = leaves.at(connection, index)
    return b"" if leaf is None else leaf.hash


def _payload(data: bytes | None) -> bytes | None:
    """What an event's signature covers; None once its bytes are erased."""
    return None if data is None else cose.parse(data, EVENT_MAX_BYTES).payload
