"""The registry: every enrolled key in memory, by the 8 bytes that messages name it with.

Other processes enrol and revoke. Each such act is a leaf, and the newest of those leaves is the registry's version:
one small query tells whether anything changed. It is asked a few times a second at most, as often again for keys
that are not known, and always when somebody else has appended to the log, so that a revocation takes effect at its
place in the log and not a moment later.
"""

from sqlalchemy import Connection, Engine

from jobseal import key
from jobseal_gateway.ledger import keys
from jobseal_gateway.ledger.database import reading

CHECK_EVERY_MS = 250


class Enrolled:
    """One enrolled key: its row number ``id``, the public ``key``, its ``device``, ``genesis`` (hash of the enrolment
    statement) and ``status``, one of the constants in ``ledger.keys``."""

    __slots__ = ("device", "genesis", "id", "key", "status")

    def __init__(self, row: keys.Key) -> None:
        self.id = row.id
        self.key = key.decode(row.cose_key)
        self.device = row.device
        self.genesis = row.enrolment_hash
        self.status = row.status


class Registry:
    """All enrolled keys as last read. Not for several threads at once."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._by_kid: dict[bytes, Enrolled] = {}
        self._devices: set[str] = set()
        self._version: int | None = None
        self._check_at_ms = 0
        self._search_at_ms = 0

    def __len__(self) -> int:
        return len(self._by_kid)

    def knows_device(self, device: str) -> bool:
        """Whether any key was ever enrolled for this device."""
        return device in self._devices

    def find(self, kid: bytes, up_ms: int) -> Enrolled | None:
        """The key with this ``kid``, looked for again if it is not known and that is due.

        ``up_ms``: milliseconds of any monotonic clock, the same one as for ``watch``. Raises LedgerUnavailable.
        """
        found = self._by_kid.get(kid)
        if found is None and up_ms >= self._search_at_ms:
            self._search_at_ms = up_ms + CHECK_EVERY_MS
            self._read()
            found = self._by_kid.get(kid)
        return found

    def watch(self, up_ms: int) -> None:
        """Look whether anything changed, if it is time to. Raises LedgerUnavailable."""
        if self._version is None or up_ms >= self._check_at_ms:
            self._read()
            self._check_at_ms = up_ms + CHECK_EVERY_MS

    def _read(self) -> None:
        with reading(self._engine) as connection:
            self.refresh(connection)

    def refresh(self, connection: Connection) -> None:
        """Read again what changed, as this transaction sees it."""
        version = keys.version(connection)
        if version != self._version:
            for row in keys.every(connection):  # keys are never removed, and only their standing changes
                known = self._by_kid.get(row.kid)
                if known is None:
                    self._by_kid[row.kid] = Enrolled(row)
                    self._devices.add(row.device)
                else:
                    known.status = row.status
            self._version = version

    def forget(self) -> None:
        """Read everything anew next time: what was read may have been undone with its transaction."""
        self._version = None
