"""Keys for fuzzing, the stand-in and the real ones, and mutations of signed statements that sign them again.

Whoever holds a key may sign anything, so nothing may fall over what is signed; and whatever is accepted must have been
signed. ``Memory`` is how a target knows.
"""

from hashlib import sha256
from random import Random
from typing import TYPE_CHECKING

from jobseal import cose
from jobseal.errors import JobsealError
from jobseal.host import reading
from jobseal.host.crypto import Verifier
from jobseal.key import Key
from jobseal.limits import RECORD_MAX_BYTES
from tests.torture.fuzz import mutation

if TYPE_CHECKING:
    from jobseal.cose import Signer

DOMAINS = {
    "event": cose.EVENT,
    "receipt": cose.RECEIPT,
    "checkpoint": cose.CHECKPOINT,
    "office statement": cose.OFFICE,
    "certification": cose.AUTHORITY,
    "assignment": cose.ASSIGNMENT,
    "billing record": cose.RECORD,
}
KEPT_MOST = 50_000


class Memory:
    """The real verifier, which keeps what it found good: a seed's honest parts are looked at once."""

    def __init__(self) -> None:
        self._real = Verifier()
        self._good: set[bytes] = set()

    def __call__(self, key: Key, signature: bytes, data: bytes) -> bool:
        """As :class:`jobseal.host.crypto.Verifier`."""
        name = sha256(key.thumbprint + signature + data).digest()
        if name in self._good:
            return True
        good = self._real(key, signature, data)
        if good and len(self._good) < KEPT_MOST:
            self._good.add(name)
        return good


class Signers:
    """Changes statements and signs them again, by whichever of these keys the header names."""

    def __init__(self, *signers: "Signer") -> None:
        self._by_kid = {signer.key.kid: signer for signer in signers}

    def statement(self, data: bytes, chance: Random) -> bytes:
        """A signed statement with its payload changed, mostly signed again; other bytes are spoiled."""
        try:
            envelope = cose.parse(data, RECORD_MAX_BYTES)
        except JobsealError:
            return mutation.item(data, chance, self.statement)
        signer = self._by_kid.get(envelope.kid)
        if signer is None or chance.random() < 0.2:
            return mutation.spoil(data, chance)
        domain = self._domain(data)
        if chance.random() < 0.05:
            domain = chance.choice(sorted(DOMAINS.values()))
            signer = self._by_kid[chance.choice(sorted(self._by_kid))]
        payload = mutation.item(envelope.payload, chance, self.statement)
        return cose.sign(payload, domain, signer)

    @staticmethod
    def _domain(data: bytes) -> str:
        try:
            return DOMAINS[reading.statement(data).name]
        except JobsealError:
            return cose.EVENT
