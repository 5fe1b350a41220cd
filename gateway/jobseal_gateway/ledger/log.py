"""The log's own state: its head, the tiles above its leaves, and every checkpoint that was signed over it.

One row is the head. ``lock_head`` comes first in every transaction that appends, and makes such transactions
queue: what is read after it is what the one before committed, and log order is commit order.
"""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Connection, Row, bindparam, insert, select, text, update

from jobseal_gateway.ledger.rows import first, many
from jobseal_gateway.ledger.schema import checkpoints, log_head, log_tiles

HASH_BYTES = 32


class Head(NamedTuple):
    """Where the log stands: ``frontier`` holds the roots of its complete subtrees, largest first.

    ``checkpoint`` is the newest signed one, complete, or None before the first; ``checkpoint_ms`` its time.
    """

    size: int
    frontier: tuple[bytes, ...]
    checkpoint: bytes | None
    checkpoint_ms: int


class Checkpoint(NamedTuple):
    """One signed checkpoint: the log's size that it covers, its time, the SHA-256 of its bytes, its bytes."""

    size: int
    at_ms: int
    digest: bytes
    bytes: bytes


_HEAD = select(log_head.c.size, log_head.c.frontier, log_head.c.checkpoint, log_head.c.checkpoint_ms)
_LOCK = _HEAD.with_for_update()
_STORE = update(log_head).values(size=bindparam("new_size"), frontier=bindparam("new_frontier"))
_SIGN = (
    update(log_head)
    .where(log_head.c.checkpoint_ms <= bindparam("new_checkpoint_ms"))
    .values(checkpoint=bindparam("new_checkpoint"), checkpoint_ms=bindparam("new_checkpoint_ms"))
)
_TILES = (
    select(log_tiles.c.hash)
    .where(
        log_tiles.c.level == bindparam("level"),
        log_tiles.c.idx >= bindparam("first"),
        log_tiles.c.idx < bindparam("end"),
    )
    .order_by(log_tiles.c.idx)
)
_CHECKPOINT = select(checkpoints.c.size, checkpoints.c.at_ms, checkpoints.c.digest, checkpoints.c.bytes)
_BY_DIGEST = _CHECKPOINT.where(checkpoints.c.digest == bindparam("digest"))
_BY_DIGESTS = _CHECKPOINT.where(checkpoints.c.digest.in_(bindparam("digests", expanding=True)))
_COVERING = (
    _CHECKPOINT.where(checkpoints.c.size > bindparam("leaf")).order_by(checkpoints.c.size, checkpoints.c.id).limit(1)
)
_COVERING_JOB = text(
    """
    SELECT size, at_ms, digest, bytes FROM checkpoints WHERE id IN (
        SELECT (SELECT id FROM checkpoints WHERE size > leaves.idx ORDER BY size, id LIMIT 1)
        FROM leaves WHERE leaves.job_id = :job
    ) ORDER BY size, id
    """
)
_ADD_TILES = insert(log_tiles)
# The same size in the same millisecond is the same checkpoint again.
_ADD_CHECKPOINT = text(
    "INSERT INTO checkpoints (size, at_ms, digest, bytes) VALUES (:size, :at_ms, :digest, :bytes)"
    " ON CONFLICT (digest) DO NOTHING"
)


def head(connection: Connection) -> Head:
    """Where the log stands, for somebody who only reads."""
    return _as_head(connection.execute(_HEAD).one())


def lock_head(connection: Connection) -> Head:
    """Where the log stands, held until this transaction ends; whoever else wants to append waits."""
    return _as_head(connection.execute(_LOCK).one())


def store_head(connection: Connection, size: int, frontier: Iterable[bytes]) -> None:
    """The log has grown to ``size`` with these complete subtrees; its leaves and tiles are written beside this."""
    connection.execute(_STORE, {"new_size": size, "new_frontier": b"".join(frontier)})


def add_checkpoint(connection: Connection, checkpoint: Checkpoint) -> None:
    """Keep a checkpoint and make it the head's; it leaves the house only after the commit.

    Raises ValueError when its time is before the newest one's: time in the log never goes back.
    """
    values = {"new_checkpoint": checkpoint.bytes, "new_checkpoint_ms": checkpoint.at_ms}
    if connection.execute(_SIGN, values).rowcount == 0:
        raise ValueError("a checkpoint cannot be older than the one before")
    connection.execute(_ADD_CHECKPOINT, checkpoint._asdict())


def add_tiles(connection: Connection, tiles: Iterable[tuple[int, int, bytes]]) -> None:
    """Write (level, index, hash) of tiles that have become complete; a root at level 8 covers 256 leaves."""
    rows = [{"level": level, "idx": idx, "hash": digest} for level, idx, digest in tiles]
    if rows:
        connection.execute(_ADD_TILES, rows)


def tiles(connection: Connection, level: int, first: int, end: int) -> list[bytes]:
    """The hashes of a level from index ``first`` up to ``end``; fewer where the log has not got so far."""
    return list(connection.execute(_TILES, {"level": level, "first": first, "end": end}).scalars())


def checkpoint_by_digest(connection: Connection, digest: bytes) -> Checkpoint | None:
    """The checkpoint that an event anchors to."""
    return first(Checkpoint, connection.execute(_BY_DIGEST, {"digest": digest}))


def checkpoints_by_digests(connection: Connection, digests: Iterable[bytes]) -> list[Checkpoint]:
    """Those of these checkpoints that there are: what the events of a job anchor to."""
    wanted = list(digests)
    return many(Checkpoint, connection.execute(_BY_DIGESTS, {"digests": wanted})) if wanted else []


def checkpoint_covering(connection: Connection, leaf: int) -> Checkpoint | None:
    """The first checkpoint whose size takes in this leaf, or None when none does yet."""
    return first(Checkpoint, connection.execute(_COVERING, {"leaf": leaf}))


def checkpoints_covering_job(connection: Connection, job_id: int) -> list[Checkpoint]:
    """For each leaf of a job the first checkpoint whose size takes it in, each once, smallest first."""
    return many(Checkpoint, connection.execute(_COVERING_JOB, {"job": job_id}))


def _as_head(row: Row[int, bytes, bytes | None, int]) -> Head:
    size, joined, checkpoint, checkpoint_ms = row
    frontier = tuple(joined[start : start + HASH_BYTES] for start in range(0, len(joined), HASH_BYTES))
    return Head(size, frontier, checkpoint, checkpoint_ms)
