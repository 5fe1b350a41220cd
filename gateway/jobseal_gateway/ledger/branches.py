"""Branches: how far the chain of each key is settled, one branch a key until its chain forks.

A branch holds the seqs from ``fork_seq`` up to, not including, ``next_seq``; what came before a fork belongs to
its parent. Read branches after the log's head is locked, and write them before the commit that settles them.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, insert, select, update

from jobseal_gateway.ledger.schema import branches

CANONICAL = "canonical"  # logged first
FORKED = "forked"  # logged, not billable
ADOPTED = "adopted"  # a fork that an operator made billable


class Branch(NamedTuple):
    """One line of a key's chain. ``head_hash`` is that of event ``next_seq - 1``, or what event 0 must name."""

    id: int
    key_id: int
    parent_id: int | None
    fork_seq: int
    next_seq: int
    head_hash: bytes
    standing: str


_OF_KEYS = (
    select(branches)
    .where(branches.c.key_id.in_(bindparam("keys", expanding=True)))
    .order_by(branches.c.key_id, branches.c.id)
)
_ADVANCE = (
    update(branches)
    .where(branches.c.id == bindparam("branch"))
    .values(next_seq=bindparam("next"), head_hash=bindparam("head"))
)
_BEGIN = insert(branches).returning(*branches.c)
_ADOPT = update(branches).where(branches.c.id == bindparam("branch")).values(standing=ADOPTED)


def begin(connection: Connection, key_id: int, prev: bytes) -> Branch:
    """The canonical branch of a key just enrolled; its event 0 must name ``prev``."""
    return _insert(
        connection, key_id=key_id, parent_id=None, fork_seq=0, next_seq=0, head_hash=prev, standing=CANONICAL
    )


def fork(connection: Connection, parent: Branch, seq: int, prev: bytes) -> Branch:
    """A new branch beside ``parent`` from ``seq`` on, whose first event names ``prev``."""
    return _insert(
        connection,
        key_id=parent.key_id,
        parent_id=parent.id,
        fork_seq=seq,
        next_seq=seq,
        head_hash=prev,
        standing=FORKED,
    )


def of_keys(connection: Connection, key_ids: Iterable[int]) -> dict[int, list[Branch]]:
    """The branches of each of these keys, canonical first, then in the order in which they were logged."""
    found: dict[int, list[Branch]] = {key_id: [] for key_id in key_ids}
    for row in connection.execute(_OF_KEYS, {"keys": list(found)}):
        branch = Branch._make(row)
        found[branch.key_id].append(branch)
    return found


def of_key(connection: Connection, key_id: int) -> list[Branch]:
    """The branches of one key, canonical first."""
    return of_keys(connection, [key_id])[key_id]


def advance(connection: Connection, settled: Sequence[Branch]) -> None:
    """Write ``next_seq`` and ``head_hash`` of these branches."""
    if settled:
        rows = [{"branch": each.id, "next": each.next_seq, "head": each.head_hash} for each in settled]
        connection.execute(_ADVANCE, rows)


def adopt(connection: Connection, branch_id: int) -> None:
    """Make a fork billable; the leaf that says so is the caller's to append."""
    connection.execute(_ADOPT, {"branch": branch_id})


def _insert(connection: Connection, **values: int | bytes | str | None) -> Branch:
    return Branch._make(connection.execute(_BEGIN, values).one())
