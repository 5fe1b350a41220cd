"""The log's tree over stored rows gives what the reference gives, whatever was read, forgotten or rolled back."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobseal import merkle
from jobseal.errors import OURS, Malformed
from jobseal_gateway.merkle_log import Growth, LogDamaged, LogHead, LogTree, append


class Table:
    """The rows of one log in memory; it counts what is read."""

    def __init__(self, tile_height: int) -> None:
        self.tile_height = tile_height
        self.rows: dict[int, list[bytes]] = {0: []}
        self.reads: list[tuple[int, int, int]] = []

    def commit(self, growth: Growth) -> None:
        assert growth.before.size == len(self.rows[0])
        self.rows[0] += growth.completed(0, growth.before.size, growth.after.size)
        for level, index, node in growth.tile_roots(self.tile_height):
            stored = self.rows.setdefault(level, [])
            assert index == len(stored), "tile roots come in order, each once"
            stored.append(node)

    def leaves(self, first: int, count: int) -> list[bytes]:
        return self.tile_roots(0, first, count)

    def tile_roots(self, level: int, first: int, count: int) -> list[bytes]:
        assert 0 < count <= 1 << self.tile_height
        self.reads.append((level, first, count))
        return self.rows.get(level, [])[first : first + count]


def leaves_of(first: int, count: int, salt: bytes = b"") -> list[bytes]:
    return [merkle.leaf_hash(salt + index.to_bytes(4, "big")) for index in range(first, first + count)]


def filled(size: int, tile_height: int) -> tuple[Table, LogHead]:
    table = Table(tile_height)
    growth = append(LogHead(), leaves_of(0, size))
    table.commit(growth)
    return table, growth.after


def assert_as_reference(tree: LogTree, leaves: list[bytes], old: int, new: int) -> None:
    assert tree.root(new) == merkle.root(leaves[:new])
    assert tree.consistency_proof(old, new) == merkle.consistency_proof(leaves[:new], old)
    if old < new:
        assert tree.inclusion_proof(old, new) == merkle.inclusion_proof(leaves[:new], old)


@pytest.mark.parametrize("tile_height", [1, 2, 3, 8])
def test_every_proof_between_any_two_small_sizes_is_the_reference_proof(tile_height: int) -> None:
    table, _ = filled(40, tile_height)
    leaves = table.rows[0]
    warm = LogTree(table, tile_height)
    for new in range(41):
        for old in range(new + 1):
            assert_as_reference(warm, leaves, old, new)
            assert_as_reference(LogTree(table, tile_height, tiles_kept=1), leaves, old, new)


@settings(deadline=None, max_examples=60)
@given(
    tile_height=st.integers(1, 4),
    tiles_kept=st.integers(1, 12),
    steps=st.lists(
        st.tuples(st.integers(0, 70), st.sampled_from(["admitted", "unseen", "rolled back"])), min_size=1, max_size=12
    ),
    data=st.data(),
)
def test_appends_rollbacks_and_proofs_in_any_order_agree_with_the_reference(
    tile_height: int, tiles_kept: int, steps: list[tuple[int, str]], data: st.DataObject
) -> None:
    table, head = Table(tile_height), LogHead()
    tree = LogTree(table, tile_height, tiles_kept)
    for number, (count, fate) in enumerate(steps):
        growth = append(head, leaves_of(head.size, count, salt=bytes([number])))
        if fate == "rolled back":
            continue
        table.commit(growth)
        if fate == "admitted":
            tree.admit(growth)
        head = LogHead(growth.after.size, growth.after.frontier)  # as read back from the head row
        assert head.root() == merkle.root(table.rows[0])
        new = data.draw(st.integers(0, head.size))
        old = data.draw(st.integers(0, new))
        assert_as_reference(tree, table.rows[0], old, new)
        assert_as_reference(tree, table.rows[0], old, head.size)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 1500), st.integers(0, 1500), st.data())
def test_real_tiles_agree_with_the_reference(first: int, second: int, data: st.DataObject) -> None:
    table, head = filled(first, 8)
    tree = LogTree(table)
    old = data.draw(st.integers(0, first))
    assert_as_reference(tree, table.rows[0], old, first)
    growth = append(head, leaves_of(first, second))
    table.commit(growth)
    tree.admit(growth)
    assert_as_reference(tree, table.rows[0], old, first + second)
    assert_as_reference(tree, table.rows[0], first, first + second)


@pytest.mark.parametrize("size", [65_535, 65_536, 66_000])
def test_a_log_with_tiles_on_three_levels_proves_its_ends(size: int) -> None:
    table, head = filled(size, 8)
    assert len(table.rows[8]) == size // 256
    assert len(table.rows.get(16, [])) == size // 65_536
    tree = LogTree(table)
    assert tree.root(size) == head.root() == merkle.root(table.rows[0])
    for index in (0, 255, 256, size - 257, size - 1):
        proof = tree.inclusion_proof(index, size)
        assert merkle.verify_inclusion(table.rows[0][index], index, size, proof, head.root())
    for old in (1, 256, 257, 65_535, size - 1):
        proof = tree.consistency_proof(old, size)
        assert merkle.verify_consistency(old, size, tree.root(old), head.root(), proof)


@settings(deadline=None)
@given(st.lists(st.integers(0, 40), max_size=12), st.integers(1, 4))
def test_however_leaves_are_batched_the_head_and_the_stored_tiles_are_the_same(
    batches: list[int], tile_height: int
) -> None:
    table, head = Table(tile_height), LogHead()
    for count in batches:
        growth = append(head, leaves_of(head.size, count))
        table.commit(growth)
        head = growth.after
    at_once, head_at_once = filled(sum(batches), tile_height)
    assert (head, table.rows) == (head_at_once, at_once.rows)
    frontier = merkle.Frontier(head.size, list(head.frontier))
    assert frontier.root() == head.root()


def test_an_append_leaves_the_head_that_it_started_from_alone() -> None:
    head = append(LogHead(), leaves_of(0, 11)).after
    kept = LogHead(head.size, head.frontier)
    one, other = append(head, leaves_of(11, 300)), append(head, leaves_of(11, 300))
    assert head == kept
    assert one == other
    assert append(head, []).after == head


def test_after_an_admitted_append_proofs_between_recent_sizes_read_nothing() -> None:
    table, head = filled(70_000, 8)
    device_has = head.size
    tree = LogTree(table)
    tree.root(device_has)
    table.reads.clear()
    for _ in range(20):
        growth = append(head, leaves_of(head.size, 32))
        table.commit(growth)
        tree.admit(growth)
        head = growth.after
        assert tree.consistency_proof(device_has, head.size)
    assert table.reads == []
    assert_as_reference(tree, table.rows[0], device_has, head.size)


def test_a_log_that_another_writer_extended_reads_only_what_it_has_not_seen() -> None:
    table, head = filled(1_000, 8)
    tree = LogTree(table)
    tree.root(1_000)
    table.reads.clear()
    table.commit(append(head, leaves_of(1_000, 5)))
    tree.root(1_005)
    assert table.reads == [(0, 1_000, 5)]


def test_a_proof_deep_in_the_past_reads_at_most_two_tiles_on_each_level() -> None:
    table, head = filled(70_000, 8)
    for old in (1, 300, 12_345, 65_000, 69_999):
        for prove in (LogTree.inclusion_proof, LogTree.consistency_proof):
            table.reads.clear()
            prove(LogTree(table), old, head.size)
            for level in (0, 8, 16):
                assert sum(read[0] == level for read in table.reads) <= 2


def test_no_more_tiles_are_kept_than_allowed_and_those_in_use_stay() -> None:
    table, _ = filled(2_000, 4)
    tree = LogTree(table, tile_height=4, tiles_kept=12)
    tree.inclusion_proof(1_999, 2_000)
    for index in range(0, 2_000, 16):
        tree.inclusion_proof(index, 2_000)
        table.reads.clear()
        tree.inclusion_proof(1_999, 2_000)
        assert table.reads == [], "asked for every time"
    tree.inclusion_proof(0, 2_000)
    assert table.reads != [], "long not asked for"


@pytest.mark.parametrize("wrong", [b"", b"\x00" * 31, b"\x00" * 33])
def test_a_leaf_that_is_not_32_bytes_is_not_appended(wrong: bytes) -> None:
    with pytest.raises(Malformed):
        append(LogHead(), [*leaves_of(0, 3), wrong])


@pytest.mark.parametrize(
    ("size", "frontier"), [(1, ()), (0, (bytes(32),)), (3, (bytes(32),)), (2, (bytes(33),)), (-1, ())]
)
def test_a_head_whose_frontier_does_not_belong_to_its_size_is_reported_as_damage(
    size: int, frontier: tuple[bytes, ...]
) -> None:
    with pytest.raises(LogDamaged) as damage:
        LogHead(size, frontier)
    assert (damage.value.code, damage.value.fault) == ("log_damaged", OURS)


def test_missing_and_misshapen_rows_are_reported_as_damage_and_not_proven_over() -> None:
    lost_leaf, _ = filled(300, 8)
    lost_leaf.rows[0].pop()
    lost_tile, _ = filled(600, 8)
    lost_tile.rows[8].pop()
    short_hash, _ = filled(300, 8)
    short_hash.rows[0][299] = bytes(31)
    for table, size in ((lost_leaf, 300), (lost_tile, 600), (short_hash, 300)):
        tree = LogTree(table)
        for _ in range(2):  # and what was half read is not remembered
            with pytest.raises(LogDamaged):
                tree.root(size)


@pytest.mark.parametrize(("smaller", "larger"), [(-1, 3), (4, 3), (0, 2**53), (0, -1)])
def test_sizes_that_make_no_sense_are_refused(smaller: int, larger: int) -> None:
    table, _ = filled(10, 8)
    tree = LogTree(table)
    with pytest.raises(Malformed):
        tree.consistency_proof(smaller, larger)
    with pytest.raises(Malformed):
        tree.inclusion_proof(smaller, larger + 1)
    with pytest.raises(Malformed):
        tree.root(-1)
    assert table.reads == []
