"""Leaves: the log's statements in log order, one row each, whatever their type.

``append`` is the one write of the hot path and takes rows as the database keeps them. A leaf is never changed
but for the erasure of its bytes; its hash stays, and with it every proof.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, and_, bindparam, func, select, update
from sqlalchemy.exc import DBAPIError

from jobseal_gateway.ledger.rows import first, many
from jobseal_gateway.ledger.schema import branches, leaves, verdicts

EVENT = 1  # an event, signed on a handheld
OFFICE = 2  # one of the office's own statements
HOLE = 3  # a range of events that the handheld announced as lost

LATE = "late_event"  # the verdict on what fills a place that its branch had gone behind


class Leaf(NamedTuple):
    """One statement of the log. Field for field the table's row, in its order.

    ``hash`` is the SHA-256 of the complete bytes, ``logged_ms`` the gateway's Unix ms UTC, ``bytes`` None once
    erased. Key, branch and seq are None for office statements, the job wherever there is none.
    """

    idx: int
    type: int
    hash: bytes
    logged_ms: int
    key_id: int | None
    branch_id: int | None
    seq: int | None
    job_id: int | None
    bytes: bytes | None


_COLUMNS = ", ".join(Leaf._fields)
_INSERT = f"INSERT INTO leaves ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_COPY = f"COPY leaves ({_COLUMNS}) FROM STDIN (FORMAT BINARY)"
_COPY_TYPES = ["int8", "int8", "bytea", "int8", "int8", "int8", "int8", "int8", "bytea"]

_ALL = select(leaves)
_RANGE = _ALL.where(leaves.c.idx >= bindparam("first"), leaves.c.idx < bindparam("end")).order_by(leaves.c.idx)
_OF_JOB = _ALL.where(leaves.c.job_id == bindparam("job")).order_by(leaves.c.idx)
_OF_BRANCH = _ALL.where(
    leaves.c.branch_id == bindparam("branch"),
    leaves.c.seq >= bindparam("first"),
    leaves.c.seq < bindparam("end"),
).order_by(leaves.c.seq)
_LAST_OF_BRANCH = (
    select(leaves.c.idx).where(leaves.c.branch_id == bindparam("branch")).order_by(leaves.c.seq.desc()).limit(1)
)
_NEWEST_LATE = (
    select(func.coalesce(func.max(leaves.c.idx), -1))
    .join(verdicts, and_(verdicts.c.branch_id == leaves.c.branch_id, verdicts.c.seq == leaves.c.seq))
    .where(verdicts.c.branch_id == bindparam("branch"), verdicts.c.code == LATE)
)
_OF_KEY = (
    _ALL.join(branches, branches.c.id == leaves.c.branch_id)
    .where(
        branches.c.key_id == bindparam("key"),
        leaves.c.seq >= bindparam("first"),
        leaves.c.seq < bindparam("end"),
    )
    .order_by(leaves.c.idx)
)
_JOBS_OF_KEY = (
    select(leaves.c.job_id)
    .distinct()
    .join(branches, branches.c.id == leaves.c.branch_id)
    .where(branches.c.key_id == bindparam("key"), leaves.c.job_id.is_not(None))
    .order_by(leaves.c.job_id)
)
_ENTRIES = (
    select(leaves.c.type, leaves.c.hash)
    .where(leaves.c.idx >= bindparam("first"), leaves.c.idx < bindparam("end"))
    .order_by(leaves.c.idx)
)
_ERASE = update(leaves).where(leaves.c.idx == bindparam("leaf")).values(bytes=None)
_SLOTS = (
    select(leaves.c.seq, leaves.c.hash)
    .where(
        leaves.c.branch_id == bindparam("branch"),
        leaves.c.seq >= bindparam("first"),
        leaves.c.seq < bindparam("end"),
    )
    .order_by(leaves.c.seq)
)


def append(connection: Connection, rows: Sequence[Leaf] | Sequence[tuple[Any, ...]]) -> None:
    """Write these rows, which must follow the log's end; plain tuples in ``Leaf``'s order do as well.

    Costs the driver's own price a row: no statement is built and no value is looked at on the way.
    Raises IntegrityError for an index, or a (branch, seq), that is there already.
    """
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        _copy(connection, rows)
    else:
        connection.exec_driver_sql(_INSERT, rows if isinstance(rows, list) else list(rows))


def at(connection: Connection, idx: int) -> Leaf | None:
    """The leaf at this place of the log."""
    return _one(connection, _RANGE, {"first": idx, "end": idx + 1})


def between(connection: Connection, first: int, end: int) -> list[Leaf]:
    """The leaves from ``first`` up to, not including, ``end``, in log order."""
    return _all(connection, _RANGE, {"first": first, "end": end})


def entries(connection: Connection, first: int, end: int) -> list[tuple[int, bytes]]:
    """(type, hash) of the leaves from ``first`` up to ``end``: what the Merkle tree is made of."""
    return [(kind, digest) for kind, digest in connection.execute(_ENTRIES, {"first": first, "end": end})]


def of_job(connection: Connection, job_id: int) -> list[Leaf]:
    """Every event and office statement of the job, in log order."""
    return _all(connection, _OF_JOB, {"job": job_id})


def of_branch(connection: Connection, branch_id: int, first: int, end: int) -> list[Leaf]:
    """The branch's own events with seq from ``first`` up to ``end``, in order of seq."""
    return _all(connection, _OF_BRANCH, {"branch": branch_id, "first": first, "end": end})


def newest_of_branch(connection: Connection, branch_id: int) -> int:
    """The index of the event that was logged last on this branch, -1 without any.

    A branch is logged in order of seq, but for what came late: so two look-ups do, however long it is.
    """
    last = connection.execute(_LAST_OF_BRANCH, {"branch": branch_id}).scalar()
    late = connection.execute(_NEWEST_LATE, {"branch": branch_id}).scalar_one()
    return max(-1 if last is None else int(last), int(late))


def slots(connection: Connection, branch_id: int, first: int, end: int) -> dict[int, bytes]:
    """The hash of each event that this branch holds from seq ``first`` up to ``end``, by seq."""
    rows = connection.execute(_SLOTS, {"branch": branch_id, "first": first, "end": end})
    return dict(rows.all())


def events_at(connection: Connection, key_id: int, seq: int) -> list[Leaf]:
    """What the key signed for this seq, first-logged first: one event, or several where its chain forked."""
    return of_key(connection, key_id, seq, seq + 1)


def of_key(connection: Connection, key_id: int, first: int, end: int) -> list[Leaf]:
    """What the key signed for the seqs from ``first`` up to ``end``, on whatever branch, in log order."""
    return _all(connection, _OF_KEY, {"key": key_id, "first": first, "end": end})


def jobs_of_key(connection: Connection, key_id: int) -> list[int]:
    """Every job that this key has an event for: what to fold again when the key's standing changes."""
    return [job for job in connection.execute(_JOBS_OF_KEY, {"key": key_id}).scalars() if job is not None]


def erase(connection: Connection, idx: int) -> None:
    """Forget the bytes of one leaf; the leaf that orders it is the caller's to append."""
    connection.execute(_ERASE, {"leaf": idx})


def _copy(connection: Connection, rows: Sequence[Leaf] | Sequence[tuple[Any, ...]]) -> None:
    """PostgreSQL's own bulk path, at a fifth of what INSERT costs; its errors come out as SQLAlchemy's."""
    driver = connection.dialect.loaded_dbapi
    cursor: Any = connection.connection.cursor()
    try:
        with cursor.copy(_COPY) as copy:
            copy.set_types(_COPY_TYPES)
            for row in rows:
                copy.write_row(row)
    except driver.Error as error:
        raise DBAPIError.instance(_COPY, None, error, driver.Error, dialect=connection.dialect) from error
    finally:
        cursor.close()


def _all(connection: Connection, statement: Select[*tuple[Any, ...]], values: dict[str, int]) -> list[Leaf]:
    return many(Leaf, connection.execute(statement, values))


def _one(connection: Connection, statement: Select[*tuple[Any, ...]], values: dict[str, int]) -> Leaf | None:
    return first(Leaf, connection.execute(statement, values))
