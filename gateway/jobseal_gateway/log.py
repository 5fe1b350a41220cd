"""The log as the gateway writes it: leaves, tiles, head and one signed checkpoint, all in the caller's transaction.

Rules:

- ``appending`` locks the head first, so log order is commit order whoever else appends, in whatever process.
- A checkpoint is stored before anybody outside sees it, and signed over what the same transaction commits. A crash
  before COMMIT leaves neither; a crash after it leaves both, and the next answer hands it out.
- Its time never decreases. While the gateway's clock is not synchronised nothing is appended at all: a leaf's time
  would be a guess, and the receipt for it could not be signed.
- The tree that proofs come from learns of an append only after its COMMIT.

A ``LogWriter`` belongs to one thread.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine

from jobseal import checkpoint, cose, merkle
from jobseal.checkpoint import Checkpoint
from jobseal.errors import OPERATOR
from jobseal.limits import STATEMENT_MAX_BYTES
from jobseal_gateway.errors import GatewayError
from jobseal_gateway.ledger import leaves
from jobseal_gateway.ledger import log as rows
from jobseal_gateway.ledger.database import reading, writing
from jobseal_gateway.merkle_log import Growth, LogHead, LogTree, append

if TYPE_CHECKING:
    from jobseal.cose import Signer

CHECKPOINT_FRESH_MS = 60_000  # an older one is signed anew, so that what anchors to it has a narrow interval

_ENTRY_KINDS = {
    leaves.EVENT: b"\x00" + merkle.ENTRY_EVENT,
    leaves.OFFICE: b"\x00" + merkle.ENTRY_OFFICE,
    leaves.HOLE: b"\x00" + merkle.ENTRY_HOLE,
}


class ClockUnsynchronised(GatewayError):
    """The gateway's clock is not known to be right, so it neither logs nor signs; retryable."""

    def __init__(self) -> None:
        sentence = "The gateway's clock is not synchronised; nothing is logged until it is."
        super().__init__("clock_unsynchronised", sentence, OPERATOR, False)


class Sealed:
    """The log as one transaction left it: ``size`` and the newest ``checkpoint`` over it, complete bytes."""

    __slots__ = ("checkpoint", "size")

    def __init__(self, size: int, newest: bytes) -> None:
        self.size = size
        self.checkpoint = newest


class Appending:
    """One transaction's hold on the log's end. ``connection`` is that transaction, for whatever belongs to it.

    ``found`` is the head as it was locked, ``at_ms`` the time that its leaves bear (Unix ms UTC).
    """

    __slots__ = ("_rows", "_written", "at_ms", "connection", "found")

    def __init__(self, connection: Connection, now_ms: int) -> None:
        self.connection = connection
        self.found = rows.lock_head(connection)
        self.at_ms = max(now_ms, self.found.checkpoint_ms)
        self._rows: list[tuple[Any, ...]] = []
        self._written = 0

    @property
    def size(self) -> int:
        """The index that the next leaf gets."""
        return self.found.size + len(self._rows)

    def add(
        self,
        kind: int,
        digest: bytes,
        data: bytes,
        key_id: int | None = None,
        branch_id: int | None = None,
        seq: int | None = None,
        job_id: int | None = None,
    ) -> int:
        """Append a statement (``leaves.EVENT``, ``OFFICE`` or ``HOLE``; SHA-256; complete bytes). Its index."""
        index = self.size
        self._rows.append((index, kind, digest, self.at_ms, key_id, branch_id, seq, job_id, data))
        return index

    def flush(self) -> None:
        """Write the leaves added so far, so that queries in this transaction see them."""
        leaves.append(self.connection, self._rows[self._written :])
        self._written = len(self._rows)

    def write(self) -> tuple[LogHead, Growth | None]:
        """The log's head with the leaves added, which are written here; no growth if there are none."""
        head = LogHead(self.found.size, self.found.frontier)
        if not self._rows:
            return head, None
        self.flush()
        growth = append(head, [hashlib.sha256(_ENTRY_KINDS[row[1]] + row[2]).digest() for row in self._rows])
        rows.add_tiles(self.connection, growth.tile_roots())
        rows.store_head(self.connection, growth.after.size, growth.after.frontier)
        return growth.after, growth


class LogWriter:
    """The one log of this gateway. ``newest`` is what the last transaction through here left, None before the first."""

    def __init__(self, engine: Engine, log_id: bytes, signer: "Signer") -> None:
        self._engine = engine
        self._id = log_id
        self._signer = signer
        self._tree = LogTree(_CommittedRows(engine))
        self.newest: Sealed | None = None

    @contextmanager
    def appending(self, now_ms: int | None) -> Iterator[Appending]:
        """A transaction at the log's end, durable with its checkpoint once this returns, undone if the block raises.

        ``now_ms``: the gateway's time (Unix ms UTC), None while its clock is not synchronised. Raises
        ClockUnsynchronised then, and LedgerUnavailable as ``database.writing`` does.
        """
        if now_ms is None:
            raise ClockUnsynchronised
        with writing(self._engine) as connection:
            end = Appending(connection, now_ms)
            yield end
            head, growth = end.write()
            sealed = Sealed(head.size, self._checkpoint(end, head))
        if growth is not None:
            self._tree.admit(growth)
        self.newest = sealed

    def consistency(self, old_size: int, new_size: int) -> list[bytes]:
        """The proof that the committed log of ``new_size`` begins with the one of ``old_size``; empty from 0."""
        return self._tree.consistency_proof(old_size, new_size)

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """The path from leaf ``index`` to the root of the committed log of ``size``."""
        return self._tree.inclusion_proof(index, size)

    def _checkpoint(self, end: Appending, head: LogHead) -> bytes:
        present = end.found.checkpoint
        fresh = end.at_ms - end.found.checkpoint_ms < CHECKPOINT_FRESH_MS
        if present is not None and fresh and size_of(present) == head.size:
            return present
        stated = Checkpoint(log=self._id, size=head.size, root=head.root(), at=end.at_ms)
        signed = checkpoint.sign(stated, self._signer)
        rows.add_checkpoint(end.connection, rows.Checkpoint(head.size, end.at_ms, checkpoint.hash_of(signed), signed))
        return signed


def size_of(signed: bytes) -> int:
    """The log's size that one of our own checkpoints states."""
    payload = cose.parse(signed, STATEMENT_MAX_BYTES).payload
    return Checkpoint.decode(payload, STATEMENT_MAX_BYTES).size


class _CommittedRows:
    """The tree's view of the tables: each look-up sees what is committed at its moment."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def leaves(self, first: int, count: int) -> list[bytes]:
        with reading(self._engine) as connection:
            found = leaves.entries(connection, first, first + count)
        return [hashlib.sha256(_ENTRY_KINDS[kind] + digest).digest() for kind, digest in found]

    def tile_roots(self, level: int, first: int, count: int) -> list[bytes]:
        with reading(self._engine) as connection:
            return rows.tiles(connection, level, first, first + count)
