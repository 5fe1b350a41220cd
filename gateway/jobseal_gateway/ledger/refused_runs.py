"""Refused runs: bytes whose signature does not verify, one after the other, that wait for a valid event to name the
last of them.

A run may be longer than a batch, so what is known of it outlives the batch: a few numbers and one hash, however long
it is. Each key has a few at most, the newest: junk pushes out junk.
"""

from typing import NamedTuple

from sqlalchemy import Connection, bindparam, delete, insert, select

from jobseal_gateway.ledger.rows import first
from jobseal_gateway.ledger.schema import refused_runs

RUNS_PER_KEY = 4  # two holders of one key, and room for who disturbs them


class RefusedRun(NamedTuple):
    """Refused bytes from ``first_seq`` up to, not including, ``next_seq``, behind the statement whose hash is ``base``.

    ``last_hash``: SHA-256 of the last of them, which a valid event for ``next_seq`` must name.
    """

    key_id: int
    base: bytes
    first_seq: int
    next_seq: int
    last_hash: bytes


_COLUMNS = (
    refused_runs.c.key_id,
    refused_runs.c.base,
    refused_runs.c.first_seq,
    refused_runs.c.next_seq,
    refused_runs.c.last_hash,
)
_BEHIND = (
    select(*_COLUMNS)
    .where(refused_runs.c.key_id == bindparam("key"), refused_runs.c.base == bindparam("behind"))
    .order_by(refused_runs.c.id.desc())
    .limit(1)
)
_IDS = (
    select(refused_runs.c.id)
    .where(refused_runs.c.key_id == bindparam("key"))
    .order_by(refused_runs.c.id.desc())
    .offset(RUNS_PER_KEY)
    .limit(1)
)
_ADD = insert(refused_runs)
_FORGET = delete(refused_runs).where(
    refused_runs.c.key_id == bindparam("key"), refused_runs.c.base == bindparam("behind")
)
_FORGET_OLD = delete(refused_runs).where(
    refused_runs.c.key_id == bindparam("key"), refused_runs.c.id <= bindparam("oldest")
)


def behind(connection: Connection, key_id: int, base: bytes) -> RefusedRun | None:
    """The run that waits behind the statement with this hash, or None."""
    return first(RefusedRun, connection.execute(_BEHIND, {"key": key_id, "behind": base}))


def keep(connection: Connection, run: RefusedRun) -> None:
    """This is what waits there now, in place of what did; the oldest of too many is forgotten."""
    forget(connection, run.key_id, run.base)
    connection.execute(_ADD, run._asdict())
    oldest = connection.scalar(_IDS, {"key": run.key_id})
    if oldest is not None:
        connection.execute(_FORGET_OLD, {"key": run.key_id, "oldest": oldest})


def forget(connection: Connection, key_id: int, base: bytes) -> None:
    """Nothing waits behind this statement any more."""
    connection.execute(_FORGET, {"key": key_id, "behind": base})
