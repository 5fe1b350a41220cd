"""Stand-in crypto for simulated time: signatures that cost one hash, behind the same seam as the real ones.

Anybody could forge one, so whoever forges here must not use ``sign``: what is under test is who is believed, not how
hard a signature is to make. A signer remembers what it signed; that is how the checker knows what is forged.
"""

from hashlib import sha256

from jobseal.host.crypto import Ed25519Signer, Verifier
from jobseal.key import Key


class StandInSigner:
    """Holds a key by its name; ``signed`` are the SHA-256 of everything that it was asked to sign."""

    def __init__(self, name: str) -> None:
        # A real public key, because enrolment checks that it is one; nobody signs with it.
        self.key = Ed25519Signer(sha256(b"stand-in key " + name.encode()).digest()).key
        self.signed: set[bytes] = set()

    def sign(self, data: bytes) -> bytes:
        self.signed.add(sha256(data).digest())
        return tag(self.key, data)


class RealSigner:
    """The same with Ed25519."""

    def __init__(self, name: str) -> None:
        self._signer = Ed25519Signer(sha256(b"real key " + name.encode()).digest())
        self.key = self._signer.key
        self.signed: set[bytes] = set()

    def sign(self, data: bytes) -> bytes:
        self.signed.add(sha256(data).digest())
        return self._signer.sign(data)


Signer = StandInSigner | RealSigner


def tag(key: Key, data: bytes) -> bytes:
    """64 bytes that only fit this key and data; the last is 0, so that the scalar is in range."""
    first = sha256(key.x + data).digest()
    return first + sha256(first).digest()[:31] + b"\0"


def verify(key: Key, signature: bytes, data: bytes) -> bool:
    """The verifier that goes with :class:`StandInSigner`."""
    return signature == tag(key, data)


class Crypto:
    """One seed's choice: ``signer(name)`` and the ``verifier`` that goes with it."""

    def __init__(self, is_real: bool) -> None:
        self._made = RealSigner if is_real else StandInSigner
        self.verifier = Verifier() if is_real else verify

    def signer(self, name: str) -> Signer:
        return self._made(name)
