"""The chains that ingest works on: kept in memory from round to round as long as nobody else appended to the log.

``size`` is the log's size that they belong to. Whatever changes a chain adds a leaf, so a log of that very size means
that every chain here is as the ledger has it; any other size, or a commit that failed, means to read them again.
"""

from contextlib import ExitStack

from sqlalchemy import Connection, Engine

from jobseal_gateway.ingest.key_chain import KeyChain
from jobseal_gateway.ledger.database import reading
from jobseal_gateway.registry import Enrolled

CHAINS_KEPT = 4_096


class Chains:
    """Chains by key, read when first asked for, through ``connection``."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._kept: dict[int, KeyChain] = {}
        self._used: dict[int, KeyChain] = {}  # in this round
        self._writing: Connection | None = None
        self._reading = ExitStack()
        self._open: Connection | None = None
        self.size = -1

    def of(self, enrolled: Enrolled) -> KeyChain:
        """The chain of this key."""
        chain = self._kept.pop(enrolled.id, None)
        if chain is None:
            chain = KeyChain(enrolled, self.connection)
        self._kept[enrolled.id] = self._used[enrolled.id] = chain
        return chain

    def connection(self) -> Connection:
        """Where look-ups go: the round's own transaction once it has one, until then a reading one of its own."""
        if self._writing is not None:
            return self._writing
        if self._open is None:
            self._open = self._reading.enter_context(reading(self._engine))
        return self._open

    def write(self, connection: Connection, size: int) -> bool:
        """From now on look-ups see this transaction, which found the log at ``size``.

        True when the chains are still what the ledger holds; False when they were read anew and must be placed again.
        """
        self._close()
        self._writing = connection
        if size == self.size:
            return True
        self._kept.clear()
        return False

    def committed(self, size: int) -> None:
        """The round is durable, and left the log at ``size``."""
        self.size = size
        for chain in self._used.values():
            chain.forget_known()
        while len(self._kept) > CHAINS_KEPT:
            del self._kept[next(iter(self._kept))]
        self.release()

    def forget(self) -> None:
        """The round's outcome is unknown or it never happened: read everything again."""
        self._kept.clear()
        self.size = -1
        self.release()

    def release(self) -> None:
        """Let go of the round's connections."""
        self._used.clear()
        self._writing = None
        self._close()

    def _close(self) -> None:
        self._open = None
        self._reading.close()
