"""The log's Merkle tree as pure functions: hashing, roots, proofs and their checks (RFC 9162 section 2.1).

Rules:

- A leaf of Jobseal's log is ``entry(kind, statement_hash)``: one byte saying what it is, then the SHA-256 of
  the statement's complete bytes. The tree never holds the bytes, so erasing them leaves every proof intact.
- A hash is exactly 32 bytes. Building with anything else raises; a proof that holds anything else is false.
- Building (``root``, ``Frontier``, the proof makers) raises ``Malformed`` on bad input, a caller's mistake.
  Checking (``verify_inclusion``, ``verify_consistency``) takes a peer's data and answers only True or False.
- Everything is iterative. The proof makers read every leaf: they are the reference, for bundles and tests.
  A log of millions keeps tiles instead, and must give the same hashes.
"""

import hashlib

from jobseal.errors import Malformed

HASH_BYTES = 32
MAX_SIZE = (1 << 53) - 1  # the largest integer that a message can carry

ENTRY_EVENT = b"\x01"  # an event, signed on a handheld
ENTRY_OFFICE = b"\x02"  # one of the office's own statements
ENTRY_HOLE = b"\x03"  # a range of events that the handheld announced as lost

EMPTY_ROOT = hashlib.sha256(b"").digest()


def entry(kind: bytes, statement_hash: bytes) -> bytes:
    """The 33 bytes that the log holds for one statement; ``kind`` is one of the ``ENTRY_`` constants."""
    if kind not in (ENTRY_EVENT, ENTRY_OFFICE, ENTRY_HOLE):
        raise Malformed("entry_kind_unknown", "A log entry is an event, an office statement or a hole.")
    return kind + check_hash(statement_hash)


def leaf_hash(data: bytes) -> bytes:
    """The hash of one log entry: SHA-256 of 0x00 and the entry's bytes."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node: SHA-256 of 0x01 and its children's hashes, which the caller has checked."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(leaf_hashes: "list[bytes]") -> bytes:
    """The root over these leaf hashes in log order; ``EMPTY_ROOT`` for none. Raises ``Malformed``."""
    if not leaf_hashes:
        return EMPTY_ROOT
    level = check_hashes(leaf_hashes)
    while len(level) > 1:
        level = _parents(level)
    return level[0]


def range_root(subtree_roots: "list[bytes]") -> bytes:
    """The root of a log from the roots of its complete subtrees, largest (leftmost) first."""
    if not subtree_roots:
        return EMPTY_ROOT
    result = subtree_roots[-1]
    for place in range(len(subtree_roots) - 2, -1, -1):
        result = node_hash(subtree_roots[place], result)
    return result


def subtree_count(size: int) -> int:
    """How many complete subtrees a log of ``size`` leaves consists of: the one-bits of ``size``."""
    count = 0
    while size:
        size &= size - 1
        count += 1
    return count


class Frontier:
    """A growing log reduced to what its root needs: the roots of its complete subtrees (a compact range).

    ``size`` is the number of leaves. ``Frontier(size, hashes)`` resumes from what ``hashes()`` gave. It raises
    ``Malformed`` when so many hashes do not belong to that size.
    """

    __slots__ = ("_hashes", "size")

    def __init__(self, size: int = 0, hashes: "list[bytes] | tuple[bytes, ...]" = ()) -> None:
        if not _is_size(size):
            raise Malformed("log_size_invalid", "A log's size is an integer from 0 to 2**53 - 1.")
        if len(hashes) != subtree_count(size):
            raise Malformed("frontier_malformed", "So many subtree hashes cannot belong to a log of that size.")
        self.size = size
        self._hashes = check_hashes(hashes)

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash at the end. At most log2(size) hashings, one on average."""
        merged = check_hash(leaf)
        if self.size == MAX_SIZE:
            raise Malformed("log_size_invalid", "The log is full: its size is at most 2**53 - 1.")
        trailing_ones = self.size
        while trailing_ones & 1:  # each one-bit is a subtree as large as what we hold: they become one
            merged = node_hash(self._hashes.pop(), merged)
            trailing_ones >>= 1
        self._hashes.append(merged)
        self.size += 1

    def root(self) -> bytes:
        """The log's root at this size."""
        return range_root(self._hashes)

    def hashes(self) -> "list[bytes]":
        """The subtree roots, largest first: with ``size``, all that must be kept to go on."""
        return list(self._hashes)

    def copy(self) -> "Frontier":
        """An independent frontier at the same size."""
        return Frontier(self.size, self._hashes)


def inclusion_proof(leaf_hashes: "list[bytes]", index: int) -> "list[bytes]":
    """The path from leaf ``index`` to the root over all ``leaf_hashes`` (section 2.1.3.1), leaf end first.

    Raises ``Malformed`` for an index outside the log.
    """
    if not _is_size(index) or index >= len(leaf_hashes):
        raise Malformed("log_index_invalid", "There is no leaf with that index in a log of that size.")
    return _siblings(check_hashes(leaf_hashes), index)


def consistency_proof(leaf_hashes: "list[bytes]", old_size: int) -> "list[bytes]":
    """The proof that the first ``old_size`` leaves were once the whole log (section 2.1.4.1).

    Empty for an old size of 0 and for equal sizes. Raises ``Malformed`` for an old size beyond the log.
    """
    if not _is_size(old_size) or old_size > len(leaf_hashes):
        raise Malformed("log_size_invalid", "The older log cannot be larger than the newer one.")
    level = check_hashes(leaf_hashes)
    if old_size in (0, len(level)):
        return []
    index = old_size - 1
    while index & 1:  # climb to the largest complete subtree that ends where the old log ended
        level = _parents(level)
        index >>= 1
    start = [level[index]] if index else []  # at index 0 it is the old root itself, which the verifier has
    return start + _siblings(level, index)


def verify_inclusion(leaf: bytes, index: int, size: int, proof: "list[bytes]", root_hash: bytes) -> bool:
    """True if ``proof`` leads from leaf hash ``leaf`` to the root of the log (section 2.1.3.2).

    ``index`` is the leaf's, ``size`` the log's. False for anything else, whatever its type.
    A root alone does not fix the size: only a signed checkpoint says that the two belong together.
    """
    if not (_is_size(index) and _is_size(size) and index < size):
        return False
    if not (_is_hash(leaf) and _is_hash(root_hash) and _is_proof(proof)):
        return False
    here = index
    last = size - 1
    result = leaf
    for sibling in proof:
        if last == 0:
            return False
        if here & 1 or here == last:
            result = node_hash(sibling, result)
            while here and not here & 1:  # levels where the last node has no sibling and moves up alone
                here >>= 1
                last >>= 1
        else:
            result = node_hash(result, sibling)
        here >>= 1
        last >>= 1
    return last == 0 and result == root_hash


def root_before(index: int, size: int, proof: "list[bytes]") -> bytes:
    """The root of the log when leaf ``index`` was about to be added, as its inclusion ``proof`` at ``size`` shows it:
    the siblings on the left are the complete subtrees of the ``index`` leaves before it.

    It means something only where ``verify_inclusion`` holds for the same proof.
    """
    here = index
    last = size - 1
    lefts: list[bytes] = []
    for sibling in proof:
        if here & 1 or here == last:
            lefts.insert(0, sibling)
            while here and not here & 1:
                here >>= 1
                last >>= 1
        here >>= 1
        last >>= 1
    return range_root(lefts)


def verify_consistency(old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: "list[bytes]") -> bool:
    """True if ``proof`` shows that the new log begins with the old one (section 2.1.4.2); False otherwise.

    What the RFC leaves open: an empty log is the beginning of every log, and a log of itself, both with an
    empty proof only. An empty log has ``EMPTY_ROOT`` and no other. A log never begins with a larger one.
    """
    if not (_is_size(old_size) and _is_size(new_size) and old_size <= new_size):
        return False
    if not (_is_hash(old_root) and _is_hash(new_root) and _is_proof(proof)):
        return False
    if old_size == 0 and old_root != EMPTY_ROOT:
        return False
    if old_size == new_size:
        return not proof and old_root == new_root
    if old_size == 0:
        return not proof
    return _leads_to_both(old_size, new_size, old_root, new_root, proof)


def _leads_to_both(old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: "list[bytes]") -> bool:
    """The climb of section 2.1.4.2 for 0 < ``old_size`` < ``new_size``: one path, folded into both roots."""
    here = old_size - 1
    last = new_size - 1
    while here & 1:
        here >>= 1
        last >>= 1
    path = list(proof) if here else [old_root] + list(proof)
    if not path:
        return False
    old_result = new_result = path[0]
    for place in range(1, len(path)):
        sibling = path[place]
        if last == 0:
            return False
        if here & 1 or here == last:
            old_result = node_hash(sibling, old_result)
            new_result = node_hash(sibling, new_result)
            while here and not here & 1:
                here >>= 1
                last >>= 1
        else:
            new_result = node_hash(new_result, sibling)
        here >>= 1
        last >>= 1
    return last == 0 and old_result == old_root and new_result == new_root


def check_hash(value: bytes) -> bytes:
    """``value`` itself if it is 32 bytes; raises ``Malformed`` (``hash_malformed``) otherwise."""
    if not _is_hash(value):
        raise Malformed("hash_malformed", "A hash is exactly 32 bytes.")
    return value


def check_hashes(values: "list[bytes] | tuple[bytes, ...]") -> "list[bytes]":
    """A new list of ``values``, each 32 bytes; raises ``Malformed`` (``hash_malformed``) otherwise."""
    return [check_hash(value) for value in values]


def _parents(level: "list[bytes]") -> "list[bytes]":
    """The next level up. A last node without a sibling moves up as it is, as in the RFC's uneven trees."""
    above = [node_hash(level[place], level[place + 1]) for place in range(0, len(level) - 1, 2)]
    if len(level) & 1:
        above.append(level[-1])
    return above


def _siblings(level: "list[bytes]", index: int) -> "list[bytes]":
    """The sibling of node ``index`` on each level from ``level`` up to the root, where there is one."""
    found = []
    while len(level) > 1:
        if index ^ 1 < len(level):
            found.append(level[index ^ 1])
        level = _parents(level)
        index >>= 1
    return found


def _is_hash(value: object) -> bool:
    return isinstance(value, bytes) and len(value) == HASH_BYTES


def _is_proof(value: object) -> bool:
    return isinstance(value, (list, tuple)) and all(_is_hash(item) for item in value)


def _is_size(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_SIZE
