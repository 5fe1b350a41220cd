"""Tampering: somebody with the database and the log's key rewrites history, carefully, so that the log fits itself."""

import random
from hashlib import sha256
from itertools import pairwise

from sqlalchemy import Engine, text

from jobseal import merkle
from jobseal_gateway.ledger import leaves, log
from jobseal_gateway.ledger.database import writing
from jobseal_gateway.merkle_log import LogHead, append

_ENTRY = {leaves.EVENT: merkle.ENTRY_EVENT, leaves.OFFICE: merkle.ENTRY_OFFICE, leaves.HOLE: merkle.ENTRY_HOLE}
_PARTS = ("hash", "bytes", "key_id", "branch_id", "seq", "job_id")
_SET = text(f"UPDATE leaves SET {', '.join(f'{name} = :{name}' for name in _PARTS)} WHERE idx = :idx")
_TILE = text("UPDATE log_tiles SET hash = :hash WHERE level = :level AND idx = :idx")


def swap_leaves(engine: Engine, chance: random.Random) -> bool:
    """Let two neighbouring events of the log change places, and compute the tree anew. False if there are none."""
    with writing(engine) as connection:
        rows = leaves.between(connection, 0, log.head(connection).size)
        pairs = [
            (first, second)
            for first, second in pairwise(rows)
            if first.type == second.type == leaves.EVENT and first.branch_id != second.branch_id
        ]
        if not pairs:
            return False
        first, second = chance.choice(pairs)
        connection.execute(_SET, {**dict.fromkeys(_PARTS), "hash": b"", "bytes": b"", "idx": first.idx})
        for row, idx in ((first, second.idx), (second, first.idx)):
            connection.execute(_SET, {**{name: getattr(row, name) for name in _PARTS}, "idx": idx})
        rows = leaves.between(connection, 0, len(rows))
        growth = append(LogHead(), [sha256(b"\0" + _ENTRY[row.type] + row.hash).digest() for row in rows])
        log.store_head(connection, growth.after.size, growth.after.frontier)
        for level, idx, root in growth.tile_roots():
            connection.execute(_TILE, {"level": level, "idx": idx, "hash": root})
    return True
