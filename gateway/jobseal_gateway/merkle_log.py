"""The log's Merkle tree over stored rows: appends that cost one hashing a leaf, proofs that read a few tiles.

What is stored, by whoever owns the tables: every leaf hash, one row for each completed tile (256 leaves, then 256
tiles, and so on: levels 8, 16, 24 ... of the tree) and one head row. Nothing else; the levels between are hashed
again when a tile is read, and recent tiles stay in memory.

Rules:

- Writing is ``append(head, leaf_hashes)``: a pure function from one head to the next. Store the leaves, the rows of
  ``tile_roots()`` and the new head in one transaction. If it rolls back, forget the ``Growth``: nothing else knows
  of it.
- Reading is a ``LogTree``, which sees committed rows only: it remembers what it read. Never ask it for a size that
  is not committed, and give it a ``Growth`` (``admit``) only after its COMMIT.
- Rows of a log never change, so what is remembered never expires; a restored or restarted log needs a new tree.
- A ``LogTree`` belongs to one thread.
- The hashes are those of ``jobseal.merkle``, whose proof makers are the specification of the ones here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from jobseal import merkle
from jobseal.errors import OURS, JobsealError, Malformed

TILE_HEIGHT = 8  # a tile is 2**8 hashes and the 7 levels above them
TILES_KEPT = 256  # in memory, about 16 KiB each

_HASH = merkle.HASH_BYTES

TileRow = tuple[int, int, bytes]  # level, index and hash of the node that is a completed tile's root
Tile = tuple[bytes, ...]  # in memory: its hashes by level, lowest first, each level one string


class LogDamaged(JobsealError):
    """The stored log lacks what its head says it holds; nothing may be proven or appended until it is restored."""

    def __init__(self, what: str) -> None:
        sentence = f"The stored log is damaged: {what}. Stop the gateway and restore the database from a backup."
        super().__init__("log_damaged", sentence, OURS)


@dataclass(frozen=True, slots=True)
class LogHead:
    """The log at one size, as the head row keeps it: ``frontier`` is the complete subtrees' roots, largest first.

    Those are 32 bytes each, one for each one-bit of ``size``. Raises ``LogDamaged`` when they are not.
    """

    size: int = 0
    frontier: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        fits = 0 <= self.size <= merkle.MAX_SIZE and len(self.frontier) == self.size.bit_count()
        if not fits or any(len(item) != _HASH for item in self.frontier):
            raise LogDamaged(f"the frontier in its head row does not belong to size {self.size}")

    def root(self) -> bytes:
        """The root that a checkpoint of this size states."""
        return merkle.range_root(list(self.frontier))


@dataclass(frozen=True, slots=True)
class Growth:
    """One append, not yet committed: the head before and after, and every tree node that it completed.

    ``nodes[level]`` are the new nodes of that level in order, the first at index ``before.size >> level``.
    """

    before: LogHead
    after: LogHead
    nodes: tuple[list[bytes], ...]

    def tile_roots(self, tile_height: int = TILE_HEIGHT) -> list[TileRow]:
        """The rows to store beside the leaves: none for most appends, one for every 256 leaves."""
        return [
            (level, index, node)
            for level in range(tile_height, len(self.nodes), tile_height)
            for index, node in enumerate(self.nodes[level], self.before.size >> level)
        ]

    def completed(self, level: int, first: int, end: int) -> list[bytes]:
        """The new nodes of ``level`` with an index in ``[first, end)``."""
        if level >= len(self.nodes):
            return []
        offset = self.before.size >> level
        return self.nodes[level][max(first - offset, 0) : max(end - offset, 0)]


def append(head: LogHead, leaf_hashes: Sequence[bytes]) -> Growth:
    """Add 32-byte leaf hashes after ``head``. Raises ``Malformed`` for any other length and beyond 2**53 - 1 leaves."""
    completed = merkle.check_hashes(list(leaf_hashes))
    size = head.size + len(completed)
    if size > merkle.MAX_SIZE:
        raise Malformed("log_size_invalid", "The log is full: its size is at most 2**53 - 1.")
    standing = list(head.frontier)  # the last one is the smallest
    kept: list[bytes] = []  # the new frontier's small end, smallest first
    nodes: list[list[bytes]] = []
    while completed:
        level = len(nodes)
        nodes.append(completed)
        row = [standing.pop(), *completed] if head.size >> level & 1 else completed
        if len(row) & 1:
            kept.append(row[-1])
        completed = _parents(row)
    return Growth(head, LogHead(size, (*standing, *kept[::-1])), tuple(nodes))


class LogRows(Protocol):
    """The committed rows of one log, as a ``LogTree`` reads them.

    Both methods give ``count`` 32-byte hashes in order, or fewer when the rows are not there. They must not see
    the rows of a transaction that may still roll back. What they raise passes through.
    """

    def leaves(self, first: int, count: int) -> list[bytes]:
        """The leaf hashes at positions ``[first, first + count)``; ``count`` is at most one tile."""

    def tile_roots(self, level: int, first: int, count: int) -> list[bytes]:
        """The hashes of the stored ``TileRow`` rows of ``level`` with index in ``[first, first + count)``."""


class LogTree:
    """Roots and proofs for any committed size of one log.

    Every method raises ``LogDamaged`` when rows are missing and ``Malformed`` for sizes that make no sense.
    A proof between recent sizes touches memory only; one deep in the past reads a tile or two per level.
    """

    __slots__ = ("_edges", "_edges_size", "_height", "_rows", "_tiles", "_tiles_kept")

    def __init__(self, rows: LogRows, tile_height: int = TILE_HEIGHT, tiles_kept: int = TILES_KEPT) -> None:
        self._rows = rows
        self._height = tile_height
        self._tiles_kept = tiles_kept
        self._tiles: dict[tuple[int, int], Tile] = {}  # by (base level, index), the least recently used first
        self._edges_size = 0
        self._edges: dict[int, bytes] = {}

    def root(self, size: int) -> bytes:
        """The root of the log at ``size``."""
        _check_order(0, size)
        return self._edges_of(size)[0] if size else merkle.EMPTY_ROOT

    def inclusion_proof(self, index: int, size: int) -> list[bytes]:
        """The path from leaf ``index`` to the root at ``size``, leaf end first (RFC 9162 section 2.1.3.1)."""
        _check_order(index, size - 1)  # so an empty log has no leaf
        proof = []
        first, end = 0, size
        while end - first > 1:
            middle = first + _left_half(end - first)
            if index < middle:
                proof.append(self._range(middle, end, size))
                end = middle
            else:
                proof.append(self._range(first, middle, size))
                first = middle
        return proof[::-1]

    def consistency_proof(self, old_size: int, new_size: int) -> list[bytes]:
        """The proof that the log at ``new_size`` begins with the one at ``old_size`` (RFC 9162 section 2.1.4.1).

        Empty for an old size of 0 and for equal sizes.
        """
        _check_order(old_size, new_size)
        if old_size in (0, new_size):
            return []
        proof = []
        first, end = 0, new_size
        while end != old_size:  # narrow down to the subtree with which the old log ended
            middle = first + _left_half(end - first)
            if old_size <= middle:
                proof.append(self._range(middle, end, new_size))
                end = middle
            else:
                proof.append(self._range(first, middle, new_size))
                first = middle
        if first:
            proof.append(self._range(first, end, new_size))
        return proof[::-1]

    def admit(self, growth: Growth) -> None:
        """Remember a committed append, so that the next proofs need not read it back.

        Only a saving: what does not join onto a remembered tile (another writer was in between) is left out
        and will be read when needed.
        """
        for base in range(0, len(growth.nodes), self._height):
            first, end = growth.before.size >> base, growth.after.size >> base
            for index in range(first >> self._height, ((end - 1) >> self._height) + 1):
                start = index << self._height
                tile = self._tiles.get((base, index), self._no_hashes())
                if _held(tile) == max(first - start, 0):
                    self._remember((base, index), self._joined(tile, growth, base, index))

    def _joined(self, tile: Tile, growth: Growth, base: int, index: int) -> Tile:
        levels = []
        for up, held in enumerate(tile):
            width = self._height - up
            levels.append(held + b"".join(growth.completed(base + up, index << width, (index + 1) << width)))
        return tuple(levels)

    def _range(self, first: int, end: int, size: int) -> bytes:
        """The node over leaves ``[first, end)``, one of the tree at ``size``: whole, or cut off by its right edge."""
        if end == size:
            edges = self._edges_of(size)
            if first in edges:
                return edges[first]
        level = (end - first).bit_length() - 1
        return self._node(level, first >> level, size)

    def _edges_of(self, size: int) -> dict[int, bytes]:
        """The nodes along the right edge at ``size``: by first leaf, the root of everything from there to the end.

        There is one for each complete subtree. The last size asked for is remembered: receipts share it.
        """
        if size != self._edges_size:
            starts = []
            first = 0
            while first < size:
                starts.append(first)
                first += 1 << ((size - first).bit_length() - 1)
            edges: dict[int, bytes] = {}
            right = None
            for first, end in zip(starts[::-1], [size, *starts[:0:-1]], strict=True):
                level = (end - first).bit_length() - 1
                whole = self._node(level, first >> level, size)
                right = whole if right is None else merkle.node_hash(whole, right)
                edges[first] = right
            self._edges_size, self._edges = size, edges
        return self._edges

    def _node(self, level: int, index: int, size: int) -> bytes:
        """The complete node ``index`` of ``level``, in a log of at least ``size``."""
        up = level % self._height
        width = self._height - up
        tile = self._tile(level - up, index >> width, size)
        at = _HASH * (index & ((1 << width) - 1))
        return tile[up][at : at + _HASH]

    def _tile(self, base: int, index: int, size: int) -> Tile:
        """The tile, with at least as many hashes as the log of ``size`` has in it."""
        start = index << self._height
        wanted = min((size >> base) - start, 1 << self._height)
        tile = self._tiles.get((base, index), self._no_hashes())
        held = _held(tile)
        if held < wanted:
            tile = _grown(tile, self._read(base, start + held, wanted - held))
        self._remember((base, index), tile)
        return tile

    def _read(self, base: int, first: int, count: int) -> list[bytes]:
        found = self._rows.tile_roots(base, first, count) if base else self._rows.leaves(first, count)
        if len(found) != count or any(len(item) != _HASH for item in found):
            raise LogDamaged(f"of {count} hashes at level {base} from index {first} it gave {len(found)}")
        return found

    def _remember(self, place: tuple[int, int], tile: Tile) -> None:
        self._tiles.pop(place, None)
        self._tiles[place] = tile  # at the end: the most recently used
        if len(self._tiles) > self._tiles_kept:
            del self._tiles[next(iter(self._tiles))]

    def _no_hashes(self) -> Tile:
        return (b"",) * self._height


def _held(tile: Tile) -> int:
    return len(tile[0]) // _HASH


def _grown(tile: Tile, hashes: list[bytes]) -> Tile:
    """``tile`` with these further hashes at its lowest level and what they complete above it."""
    levels = []
    for held in tile:
        levels.append(held + b"".join(hashes))
        waiting = [held[-_HASH:]] if len(held) // _HASH & 1 else []
        hashes = _parents(waiting + hashes)
    return tuple(levels)


def _parents(row: list[bytes]) -> list[bytes]:
    """The nodes over each pair; a last one without a sibling waits for it."""
    return [merkle.node_hash(row[at], row[at + 1]) for at in range(0, len(row) - 1, 2)]


def _left_half(count: int) -> int:
    """The largest power of two below ``count``: where the RFC splits a tree of more than one leaf."""
    return 1 << ((count - 1).bit_length() - 1)


def _check_order(smaller: int, larger: int) -> None:
    if not 0 <= smaller <= larger <= merkle.MAX_SIZE:
        raise Malformed("log_size_invalid", f"The log has no such size or position: {smaller} within {larger}.")
