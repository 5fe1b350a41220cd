"""The committed log as its Merkle tree reads it: leaf hashes and tile roots, each in a transaction of its own.

Never inside the transaction that appends: what a tree has read it remembers, and that must not roll back.
"""

from sqlalchemy import Engine

from jobseal import merkle
from jobseal_gateway.ledger import leaves, log
from jobseal_gateway.ledger.database import reading

_KINDS = {
    leaves.EVENT: merkle.ENTRY_EVENT,
    leaves.OFFICE: merkle.ENTRY_OFFICE,
    leaves.HOLE: merkle.ENTRY_HOLE,
}


def leaf_hash(leaf_type: int, statement_hash: bytes) -> bytes:
    """What stands in the tree for a statement of this type with this SHA-256."""
    return merkle.leaf_hash(merkle.entry(_KINDS[leaf_type], statement_hash))


class CommittedRows:
    """``merkle_log.LogRows`` over the ledger. Raises LedgerUnavailable when the database fails."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def leaves(self, first: int, count: int) -> list[bytes]:
        """The leaf hashes at positions ``[first, first + count)``, fewer beyond the log's end."""
        with reading(self._engine) as connection:
            return [leaf_hash(*entry) for entry in leaves.entries(connection, first, first + count)]

    def tile_roots(self, level: int, first: int, count: int) -> list[bytes]:
        """The tile roots of ``level`` with index in ``[first, first + count)``, fewer where there are none yet."""
        with reading(self._engine) as connection:
            return log.tiles(connection, level, first, first + count)
