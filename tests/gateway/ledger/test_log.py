"""The log's head, tiles and checkpoints: one writer at a time, time never going back, proofs over what is stored."""

import threading

import pytest
from sqlalchemy import Engine

from jobseal import merkle
from jobseal_gateway.ledger import leaves, log
from jobseal_gateway.ledger.database import reading, writing
from jobseal_gateway.ledger.log import Checkpoint, Head
from jobseal_gateway.merkle_log import LogHead, LogTree, append
from tests.gateway.ledger.ledger_rows import act, digest, job

WORKERS = 4
APPENDS_EACH = 15


def leaf_hash(kind: int, statement_hash: bytes) -> bytes:
    return merkle.leaf_hash(merkle.entry(bytes([kind]), statement_hash))


class CommittedRows:
    """What a tree reads, each time in a transaction of its own."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def leaves(self, first: int, count: int) -> list[bytes]:
        with reading(self.engine) as connection:
            return [leaf_hash(*entry) for entry in leaves.entries(connection, first, first + count)]

    def tile_roots(self, level: int, first: int, count: int) -> list[bytes]:
        with reading(self.engine) as connection:
            return log.tiles(connection, level, first, first + count)


def checkpoint(size: int, at_ms: int) -> Checkpoint:
    return Checkpoint(size, at_ms, digest("checkpoint", size, at_ms), b"signed %d %d" % (size, at_ms))


def grow(engine: Engine, count: int) -> None:
    """Append so many office statements, with everything that belongs to an append, in one transaction."""
    with writing(engine) as connection:
        head = log.lock_head(connection)
        rows = [act(idx) for idx in range(head.size, head.size + count)]
        growth = append(LogHead(head.size, head.frontier), [leaf_hash(row.type, row.hash) for row in rows])
        leaves.append(connection, rows)
        log.add_tiles(connection, growth.tile_roots())
        log.store_head(connection, growth.after.size, growth.after.frontier)


def test_a_new_log_is_empty(engine: Engine) -> None:
    with reading(engine) as connection:
        assert log.head(connection) == Head(size=0, frontier=(), checkpoint=None, checkpoint_ms=0)


def test_workers_that_append_at_once_take_turns_and_leave_no_gap(engine: Engine) -> None:
    failures: list[Exception] = []

    def work() -> None:
        try:
            for _ in range(APPENDS_EACH):
                grow(engine, 3)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    with reading(engine) as connection:
        head = log.head(connection)
        entries = leaves.entries(connection, 0, head.size)
    assert head.size == len(entries) == WORKERS * APPENDS_EACH * 3
    root = merkle.range_root(list(head.frontier))
    assert root == merkle.root([leaf_hash(*entry) for entry in entries])


def test_proofs_over_the_stored_log_are_the_reference_proofs(engine: Engine) -> None:
    for count in (1, 254, 1, 1, 300, 13):
        grow(engine, count)
    with reading(engine) as connection:
        hashes = [leaf_hash(*entry) for entry in leaves.entries(connection, 0, 570)]
        assert log.tiles(connection, 8, 0, 9) == [merkle.root(hashes[:256]), merkle.root(hashes[256:512])]
        assert log.tiles(connection, 8, 1, 2) == [merkle.root(hashes[256:512])]

    tree = LogTree(CommittedRows(engine))

    assert tree.root(570) == merkle.root(hashes)
    assert tree.inclusion_proof(255, 570) == merkle.inclusion_proof(hashes, 255)
    assert tree.consistency_proof(257, 570) == merkle.consistency_proof(hashes, 257)


def test_a_growth_that_rolled_back_is_not_seen_by_proofs(engine: Engine) -> None:
    grow(engine, 5)
    rows = CommittedRows(engine)
    before = rows.leaves(0, 256)

    def append_and_fail() -> None:
        with writing(engine) as connection:
            log.lock_head(connection)
            leaves.append(connection, [act(5)])
            assert rows.leaves(0, 256) == before
            raise RuntimeError

    with pytest.raises(RuntimeError):
        append_and_fail()

    assert len(before) == 5
    assert rows.leaves(0, 256) == before


def test_checkpoints_are_found_by_digest_and_by_what_they_cover(engine: Engine) -> None:
    first, second, again = (checkpoint(10, 1_000), checkpoint(25, 1_000), checkpoint(25, 2_000))
    with writing(engine) as connection:
        for each in (first, second, again, again):
            log.add_checkpoint(connection, each)

    with reading(engine) as connection:
        head = log.head(connection)
        assert (head.checkpoint, head.checkpoint_ms) == (again.bytes, 2_000)
        assert log.checkpoint_by_digest(connection, second.digest) == second
        assert log.checkpoint_by_digest(connection, bytes(32)) is None
        covering = {leaf: log.checkpoint_covering(connection, leaf) for leaf in (0, 9, 10, 24, 25)}
        assert covering == {0: first, 9: first, 10: second, 24: second, 25: None}


def test_what_covers_the_leaves_of_a_job_is_found_at_once_and_each_checkpoint_once(engine: Engine) -> None:
    small, first, second = checkpoint(1, 1_000), checkpoint(10, 1_000), checkpoint(25, 1_000)
    with writing(engine) as connection:
        for each in (small, first, second, checkpoint(25, 2_000)):
            log.add_checkpoint(connection, each)
        mine, other = job(connection, "WO-1"), job(connection, "WO-2")
        leaves.append(connection, [act(3, mine), act(5, other), act(9, mine), act(24, mine), act(25, mine)])

    with reading(engine) as connection:
        assert log.checkpoints_covering_job(connection, mine) == [first, second]
        assert log.checkpoints_covering_job(connection, other) == [first]


def test_a_checkpoint_before_the_newest_ones_time_is_refused(engine: Engine) -> None:
    late, early = checkpoint(2, 5_000), checkpoint(3, 4_999)
    with writing(engine) as connection:
        log.add_checkpoint(connection, late)

    with pytest.raises(ValueError, match="older"), writing(engine) as connection:
        log.add_checkpoint(connection, early)

    with reading(engine) as connection:
        assert log.head(connection) == Head(0, (), late.bytes, 5_000)
        assert log.checkpoint_by_digest(connection, early.digest) is None
