"""The log as it is written: checkpoints over what commits, proofs of what is committed, time that never goes back."""

import pytest
from sqlalchemy import Engine

from jobseal import checkpoint, merkle
from jobseal.checkpoint import Checkpoint
from jobseal.host.crypto import Verifier
from jobseal_gateway.ledger import leaves
from jobseal_gateway.ledger import log as rows
from jobseal_gateway.ledger.database import reading
from jobseal_gateway.log import CHECKPOINT_FRESH_MS, Appending, ClockUnsynchronised, LogWriter
from tests.devices import DAY_MS, digest, signer_of

LOG_ID = bytes(range(16))
SIGNER = signer_of("log")
VERIFIER = Verifier()


@pytest.fixture
def log(engine: Engine) -> LogWriter:
    return LogWriter(engine, LOG_ID, SIGNER)


def grow(log: LogWriter, count: int, now_ms: int = DAY_MS) -> Checkpoint:
    """Append so many statements in one transaction; the checkpoint that it left."""
    with log.appending(now_ms) as end:
        for _ in range(count):
            data = b"statement %d" % end.size
            end.add(leaves.OFFICE, digest(data), data)
    assert log.newest is not None
    return checkpoint.verify(log.newest.checkpoint, SIGNER.key, VERIFIER)


def _half_a_round(end: Appending) -> None:
    end.add(leaves.OFFICE, digest(b"x"), b"x")
    end.flush()
    raise ZeroDivisionError


def entries(engine: Engine) -> list[bytes]:
    with reading(engine) as connection:
        found = leaves.entries(connection, 0, 1 << 40)
    return [merkle.leaf_hash(merkle.entry(bytes([kind]), hashed)) for kind, hashed in found]


@pytest.mark.parametrize("sizes", [[1], [1, 1, 1], [3, 4, 5], [256], [255, 1, 1], [600, 7]])
def test_each_checkpoint_states_the_root_of_what_its_transaction_committed(
    engine: Engine, log: LogWriter, sizes: list[int]
) -> None:
    for size in sizes:
        signed = grow(log, size)
        logged = entries(engine)
        assert (signed.log, signed.size, signed.root) == (LOG_ID, len(logged), merkle.root(logged))


def test_proofs_are_those_of_the_reference(engine: Engine, log: LogWriter) -> None:
    for size in (1, 5, 300, 2):
        grow(log, size)
    logged = entries(engine)
    for old in (0, 1, 5, 6, 256, 306, 308):
        assert log.consistency(old, 308) == (merkle.consistency_proof(logged, old) if old else [])
    for index in (0, 5, 255, 256, 307):
        assert log.inclusion(index, 308) == merkle.inclusion_proof(logged, index)


def test_a_block_that_raises_leaves_the_log_as_it_was(engine: Engine, log: LogWriter) -> None:
    before = grow(log, 3)

    with pytest.raises(ZeroDivisionError), log.appending(DAY_MS) as end:
        _half_a_round(end)
    after = grow(log, 2)
    logged = entries(engine)
    assert (after.size, after.root) == (5, merkle.root(logged))
    proof = log.consistency(3, 5)
    assert merkle.verify_consistency(3, 5, before.root, after.root, proof)


def test_two_writers_of_one_log_take_turns(engine: Engine, log: LogWriter) -> None:
    other = LogWriter(engine, LOG_ID, SIGNER)
    for turn in range(20):
        signed = grow((log, other)[turn % 2], 17)
    logged = entries(engine)
    assert (signed.size, signed.root) == (340, merkle.root(logged))
    assert log.consistency(17, 340) == other.consistency(17, 340) == merkle.consistency_proof(logged, 17)


def test_a_new_process_goes_on_where_the_last_one_stopped(engine: Engine, log: LogWriter) -> None:
    grow(log, 300)
    fresh = LogWriter(engine, LOG_ID, SIGNER)
    signed = grow(fresh, 1)
    assert signed.root == merkle.root(entries(engine))
    assert fresh.consistency(299, 301) == merkle.consistency_proof(entries(engine), 299)


def test_the_same_checkpoint_serves_until_it_is_old_or_the_log_has_grown(log: LogWriter) -> None:
    first = grow(log, 1)
    assert grow(log, 0, DAY_MS + CHECKPOINT_FRESH_MS - 1).at == first.at
    assert grow(log, 0, DAY_MS + CHECKPOINT_FRESH_MS).at == DAY_MS + CHECKPOINT_FRESH_MS
    assert grow(log, 1, DAY_MS + CHECKPOINT_FRESH_MS + 5).at == DAY_MS + CHECKPOINT_FRESH_MS + 5


def test_every_checkpoint_that_was_signed_is_kept(engine: Engine, log: LogWriter) -> None:
    signed = []
    for turn in range(4):
        grow(log, 1, DAY_MS + turn)
        assert log.newest is not None
        signed.append(log.newest.checkpoint)
    with reading(engine) as connection:
        found = [rows.checkpoint_by_digest(connection, checkpoint.hash_of(each)) for each in signed]
    assert [each.bytes for each in found if each is not None] == signed


def test_a_clock_set_back_holds_the_logs_time_where_it_was(engine: Engine, log: LogWriter) -> None:
    grow(log, 1, DAY_MS + 5_000)
    assert grow(log, 1, DAY_MS).at == DAY_MS + 5_000
    with reading(engine) as connection:
        assert [leaf.logged_ms for leaf in leaves.between(connection, 0, 9)] == [DAY_MS + 5_000] * 2


def test_nothing_is_appended_while_the_clock_is_not_synchronised(engine: Engine, log: LogWriter) -> None:
    with pytest.raises(ClockUnsynchronised), log.appending(None) as end:
        end.add(leaves.OFFICE, digest(b"x"), b"x")
    assert entries(engine) == []


def test_a_flush_shows_the_leaves_to_the_same_transaction_and_writes_them_once(engine: Engine, log: LogWriter) -> None:
    with log.appending(DAY_MS) as end:
        end.add(leaves.OFFICE, digest(b"a"), b"a")
        end.flush()
        assert leaves.at(end.connection, 0) is not None
        end.add(leaves.OFFICE, digest(b"b"), b"b")
    assert len(entries(engine)) == 2


def test_an_empty_log_has_a_checkpoint_too(log: LogWriter) -> None:
    signed = grow(log, 0)
    assert (signed.size, signed.root) == (0, merkle.EMPTY_ROOT)
