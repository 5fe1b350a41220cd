"""The Merkle tree: against the recursive definitions of RFC 9162, published roots and spoiled proofs."""

import hashlib
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobseal import merkle
from jobseal.errors import Malformed

# The eight leaves that Certificate Transparency implementations test with, and the root after each.
PUBLISHED_LEAVES = [
    bytes.fromhex(text)
    for text in [
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ]
]
PUBLISHED_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
ALL_SIZES = range(1, 34)
NOT_HASHES = [b"", b"\x00" * 31, b"\x00" * 33, "0" * 32, None, 7, bytearray(32)]
NOT_SIZES = [-1, 2**53, True, None, 1.0, "1"]


def log_of(size: int) -> list[bytes]:
    return [merkle.leaf_hash(index.to_bytes(4, "big")) for index in range(size)]


def split(count: int) -> int:
    """The largest power of two below ``count``."""
    return 1 << ((count - 1).bit_length() - 1)


def mth(leaves: list[bytes]) -> bytes:
    """Section 2.1.1, word for word, over leaf hashes."""
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return hashlib.sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def path(m: int, leaves: list[bytes]) -> list[bytes]:
    """Section 2.1.3.1, word for word."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if m < k:
        return [*path(m, leaves[:k]), mth(leaves[k:])]
    return [*path(m - k, leaves[k:]), mth(leaves[:k])]


def subproof(m: int, leaves: list[bytes], whole: bool) -> list[bytes]:
    """Section 2.1.4.1, word for word."""
    if m == len(leaves):
        return [] if whole else [mth(leaves)]
    k = split(len(leaves))
    if m <= k:
        return [*subproof(m, leaves[:k], whole), mth(leaves[k:])]
    return [*subproof(m - k, leaves[k:], False), mth(leaves[:k])]


def test_roots_are_the_published_ones() -> None:
    leaves = [merkle.leaf_hash(data) for data in PUBLISHED_LEAVES]
    assert [merkle.root(leaves[:size]).hex() for size in range(1, 9)] == PUBLISHED_ROOTS
    assert merkle.root([]) == hashlib.sha256().digest() == merkle.EMPTY_ROOT


def test_roots_and_proofs_are_those_of_the_recursive_definitions_for_every_small_size() -> None:
    for size in ALL_SIZES:
        leaves = log_of(size)
        assert merkle.root(leaves) == mth(leaves)
        for place in range(size):
            assert merkle.inclusion_proof(leaves, place) == path(place, leaves)
            assert merkle.consistency_proof(leaves, place + 1) == subproof(place + 1, leaves, True)


@settings(deadline=None)
@given(st.integers(1, 700), st.data())
def test_whatever_the_size_honest_proofs_verify(size: int, data: st.DataObject) -> None:
    leaves = log_of(size)
    whole = merkle.root(leaves)
    index = data.draw(st.integers(0, size - 1))
    assert merkle.verify_inclusion(leaves[index], index, size, merkle.inclusion_proof(leaves, index), whole)
    old = data.draw(st.integers(0, size))
    proof = merkle.consistency_proof(leaves, old)
    assert merkle.verify_consistency(old, size, merkle.root(leaves[:old]), whole, proof)


@settings(deadline=None)
@given(st.integers(2, 200), st.data())
def test_no_proof_covers_up_a_changed_leaf(size: int, data: st.DataObject) -> None:
    honest = log_of(size)
    changed = data.draw(st.integers(0, size - 1))
    rewritten = list(honest)
    rewritten[changed] = merkle.leaf_hash(b"something else")
    old = data.draw(st.integers(changed + 1, size))
    proof = merkle.consistency_proof(rewritten, old)
    old_root, new_root = merkle.root(honest[:old]), merkle.root(rewritten)
    assert not merkle.verify_consistency(old, size, old_root, new_root, proof)
    path_to_it = merkle.inclusion_proof(rewritten, changed)
    assert not merkle.verify_inclusion(honest[changed], changed, size, path_to_it, new_root)


def spoiled(proof: list[bytes], old_root: bytes, new_root: bytes) -> list[list[bytes]]:
    """Every proof one careless or hostile step away from ``proof``."""
    wrong: list[list[bytes]] = [
        [*proof, b""],
        [b"", *proof],
        [*proof, old_root],
        [old_root, *proof],
        [*proof, new_root],
        [new_root, *proof],
        [b"".join(proof)],
    ]
    if proof:
        wrong += [[], proof[:-1], proof[1:], [*proof, proof[-1]], [proof[0], *proof]]
    for place, item in enumerate(proof):
        flipped = bytes([item[0] ^ 0x10]) + item[1:]
        for other in (flipped, item[:-1], item + b"\x00", b""):
            wrong.append([*proof[:place], other, *proof[place + 1 :]])
        wrong.append([*proof[:place], item[:16], item[16:], *proof[place + 1 :]])
    wrong += [
        proof[:place] + proof[place + 1 :] + [proof[place]]
        for place in range(len(proof) - 1)
        if proof[place] != proof[-1]
    ]
    return [candidate for candidate in wrong if candidate != proof]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 6, 7, 8, 13, 16, 17])
def test_a_spoiled_inclusion_proof_is_false(size: int) -> None:
    leaves = log_of(size)
    whole = merkle.root(leaves)
    for index, leaf in enumerate(leaves):
        proof = merkle.inclusion_proof(leaves, index)
        for wrong in spoiled(proof, leaf, whole):
            assert not merkle.verify_inclusion(leaf, index, size, wrong, whole)
        for other in set(range(size + 1)) - {index}:
            assert not merkle.verify_inclusion(leaf, other, size, proof, whole)
        assert not merkle.verify_inclusion(leaf, index, size, proof, merkle.EMPTY_ROOT)
        assert not merkle.verify_inclusion(whole if size > 1 else leaf[::-1], index, size, proof, whole)


@pytest.mark.parametrize(("old", "new"), [(1, 2), (1, 8), (2, 3), (3, 7), (4, 7), (6, 8), (7, 13), (8, 16), (5, 17)])
def test_a_spoiled_consistency_proof_is_false(old: int, new: int) -> None:
    leaves = log_of(new)
    old_root, new_root = merkle.root(leaves[:old]), merkle.root(leaves)
    proof = merkle.consistency_proof(leaves, old)
    for wrong in spoiled(proof, old_root, new_root):
        assert not merkle.verify_consistency(old, new, old_root, new_root, wrong)
    assert not merkle.verify_consistency(old, new, new_root, old_root, proof)
    assert not merkle.verify_consistency(new, old, new_root, old_root, proof)
    assert not merkle.verify_consistency(old, new, old_root, old_root, proof)
    assert not merkle.verify_consistency(old, new, new_root, new_root, proof)
    for other in set(range(new + 1)) - {old}:
        assert not merkle.verify_consistency(other, new, old_root, new_root, proof)


def test_an_empty_log_begins_every_log_with_an_empty_proof_and_only_the_empty_root() -> None:
    some = merkle.root(log_of(5))
    assert merkle.verify_consistency(0, 5, merkle.EMPTY_ROOT, some, [])
    assert merkle.verify_consistency(0, 0, merkle.EMPTY_ROOT, merkle.EMPTY_ROOT, [])
    assert not merkle.verify_consistency(0, 5, some, some, [])
    assert not merkle.verify_consistency(0, 5, merkle.EMPTY_ROOT, some, [some])
    assert not merkle.verify_consistency(0, 0, some, some, [])
    assert not merkle.verify_consistency(5, 0, some, merkle.EMPTY_ROOT, [])


def test_equal_sizes_are_consistent_only_with_equal_roots_and_an_empty_proof() -> None:
    some, other = merkle.root(log_of(5)), merkle.root(log_of(6))
    assert merkle.verify_consistency(5, 5, some, some, [])
    assert not merkle.verify_consistency(5, 5, some, other, [])
    assert not merkle.verify_consistency(5, 5, some, some, [some])


def test_an_old_size_that_needs_a_proof_is_not_consistent_without_one() -> None:
    leaves = log_of(8)
    for old in range(1, 8):
        assert not merkle.verify_consistency(old, 8, merkle.root(leaves[:old]), merkle.root(leaves), [])


@pytest.mark.parametrize("size", NOT_SIZES)
def test_what_is_no_size_is_neither_proven_nor_built_on(size: int) -> None:
    leaf = merkle.leaf_hash(b"")
    assert not merkle.verify_inclusion(leaf, 0, size, [], leaf)
    assert not merkle.verify_inclusion(leaf, size, 1, [], leaf)
    assert not merkle.verify_consistency(size, 1, leaf, leaf, [])
    assert not merkle.verify_consistency(1, size, leaf, leaf, [])
    with pytest.raises(Malformed):
        merkle.inclusion_proof([leaf] * 3, size)
    with pytest.raises(Malformed):
        merkle.consistency_proof([leaf] * 3, size)
    with pytest.raises(Malformed):
        merkle.Frontier(size, [])


@pytest.mark.parametrize("wrong", NOT_HASHES)
def test_what_is_not_32_bytes_is_neither_proven_nor_built_on(wrong: bytes) -> None:
    leaf = merkle.leaf_hash(b"")
    pair = merkle.root([leaf, leaf])
    assert not merkle.verify_inclusion(wrong, 0, 1, [], leaf)
    assert not merkle.verify_inclusion(leaf, 0, 1, [], wrong)
    assert not merkle.verify_inclusion(leaf, 0, 2, [wrong], pair)
    assert not merkle.verify_consistency(1, 1, wrong, wrong, [])
    assert not merkle.verify_consistency(1, 2, leaf, pair, [wrong])
    for build in (
        lambda: merkle.root([wrong]),
        lambda: merkle.inclusion_proof([wrong], 0),
        lambda: merkle.consistency_proof([wrong], 1),
        lambda: merkle.Frontier().append(wrong),
        lambda: merkle.Frontier(1, [wrong]),
        lambda: merkle.entry(merkle.ENTRY_EVENT, wrong),
    ):
        with pytest.raises(Malformed) as refused:
            build()
        assert refused.value.code == "hash_malformed"


@pytest.mark.parametrize("proof", [None, b"\x00" * 32, 0, {}])
def test_a_proof_that_is_not_a_list_is_false(proof: list[bytes]) -> None:
    leaf = merkle.leaf_hash(b"")
    assert not merkle.verify_inclusion(leaf, 0, 1, proof, leaf)
    assert not merkle.verify_consistency(1, 1, leaf, leaf, proof)


def test_what_lies_outside_the_log_has_no_proof() -> None:
    leaves = log_of(3)
    with pytest.raises(Malformed):
        merkle.inclusion_proof(leaves, 3)
    with pytest.raises(Malformed):
        merkle.consistency_proof(leaves, 4)


def test_the_frontier_has_the_root_of_every_size_and_resumes_from_its_hashes() -> None:
    frontier = merkle.Frontier()
    leaves = log_of(300)
    assert frontier.root() == merkle.EMPTY_ROOT
    for size, leaf in enumerate(leaves, 1):
        frontier = merkle.Frontier(frontier.size, frontier.hashes())
        frontier.append(leaf)
        assert (frontier.size, frontier.root()) == (size, merkle.root(leaves[:size]))
        assert len(frontier.hashes()) == size.bit_count()


def test_a_copied_frontier_goes_its_own_way() -> None:
    first = merkle.Frontier(1, log_of(1))
    second = first.copy()
    second.append(merkle.leaf_hash(b"more"))
    assert (first.size, first.root()) == (1, log_of(1)[0])
    assert second.size == 2


@pytest.mark.parametrize(("size", "count"), [(0, 1), (1, 0), (3, 1), (4, 2), (2**53 - 1, 52)])
def test_a_frontier_with_a_wrong_number_of_hashes_is_refused(size: int, count: int) -> None:
    with pytest.raises(Malformed) as refused:
        merkle.Frontier(size, log_of(count))
    assert refused.value.code == "frontier_malformed"


def test_a_log_stops_growing_at_the_largest_size_that_a_message_can_carry() -> None:
    full = merkle.Frontier(2**53 - 1, log_of(53))
    with pytest.raises(Malformed):
        full.append(log_of(1)[0])
    assert full.hashes() == log_of(53)


def test_an_entry_is_its_kind_and_the_statement_hash() -> None:
    statement = hashlib.sha256(b"statement").digest()
    entries = [merkle.entry(kind, statement) for kind in (merkle.ENTRY_EVENT, merkle.ENTRY_OFFICE, merkle.ENTRY_HOLE)]
    assert entries == [kind + statement for kind in (b"\x01", b"\x02", b"\x03")]
    assert all(one != two for one, two in pairwise(merkle.leaf_hash(item) for item in entries))
    with pytest.raises(Malformed):
        merkle.entry(b"\x04", statement)


def test_a_leaf_can_never_pass_for_an_inner_node() -> None:
    left, right = log_of(2)
    assert merkle.leaf_hash(left + right) != merkle.node_hash(left, right)
