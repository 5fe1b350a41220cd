"""COSE_Sign1 (RFC 9052 section 4.2), the one envelope of every statement that means anything.

The protected header holds exactly ``alg`` and ``kid``, the unprotected header nothing, and ``external_aad`` names
the domain, so a signature over an event can never pass for one over a receipt. With so little freedom an envelope
has one layout, and it is read by position:

    d2 84 | 4d a2 01 (32 or 28) 04 48 kid[8] | a0 | payload as bstr | 58 40 signature[64]

Signing and verifying come in from outside: a *signer* has ``key`` and ``sign(data) -> 64 bytes``; a *verifier* is
``verify(key, signature, data) -> bool``.
"""

from jobseal import cbor, edwards
from jobseal.errors import Malformed, SignatureInvalid
from jobseal.key import ED25519, ESP256, Key

MYPY = False
if MYPY:
    from collections.abc import Callable
    from typing import Protocol

    class Signer(Protocol):
        """Holds a private key. ``sign`` gives 64 bytes: the Ed25519 signature, or r||s with a low s."""

        @property
        def key(self) -> Key: ...
        def sign(self, data: bytes) -> bytes: ...

    Verifier = Callable[[Key, bytes, bytes], bool]

EVENT = "jobseal/1/event"
RECEIPT = "jobseal/1/receipt"
CHECKPOINT = "jobseal/1/checkpoint"
OFFICE = "jobseal/1/office"
AUTHORITY = "jobseal/1/authority"
ASSIGNMENT = "jobseal/1/assignment"
RECORD = "jobseal/1/record"
REQUEST = "jobseal/1/request"
RENEWAL = "jobseal/1/renewal"
SUCCESSION = "jobseal/1/succession"
ROOT = "jobseal/1/root"

_ALG_BYTE = {ED25519: 0x32, ESP256: 0x28}
_ALG_OF_BYTE = {0x32: ED25519, 0x28: ESP256}
_SIGNATURE_HEAD = b"\x58\x40"
_OVERHEAD_BYTES = 2 + 14 + 1 + 1 + 66  # everything but the payload and the longer forms of its head

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_P256_HALF_ORDER = P256_ORDER // 2


class Envelope:
    """A parsed, not yet verified, COSE_Sign1: ``alg``, ``kid``, ``payload``, ``signature``, ``protected``."""

    __slots__ = ("alg", "kid", "payload", "protected", "signature")

    def __init__(self, protected: bytes, payload: bytes, signature: bytes) -> None:
        self.protected = protected
        self.alg = _ALG_OF_BYTE[protected[2]]
        self.kid = protected[5:]
        self.payload = payload
        self.signature = signature


def _protected(key: Key) -> bytes:
    return b"\xa2\x01" + bytes([_ALG_BYTE[key.alg]]) + b"\x04\x48" + key.kid


def to_be_signed(protected: bytes, domain: str, payload: bytes) -> bytes:
    """The Sig_structure of RFC 9052 section 4.4 with ``domain`` as ``external_aad``."""
    aad = domain.encode()
    return b"\x84\x6aSignature1\x4d" + protected + cbor.head(2, len(aad)) + aad + cbor.head(2, len(payload)) + payload


def sign(payload: bytes, domain: str, signer: "Signer") -> bytes:
    """The complete bytes of ``payload`` signed in ``domain``."""
    protected = _protected(signer.key)
    signature = signer.sign(to_be_signed(protected, domain, payload))
    return b"\xd2\x84\x4d" + protected + b"\xa0" + cbor.head(2, len(payload)) + payload + _SIGNATURE_HEAD + signature


def parse(data: bytes, max_bytes: int) -> Envelope:
    """The envelope in ``data``, by layout alone. Raises :class:`Malformed` ``too_large`` or ``envelope``."""
    size = len(data)
    if size > max_bytes:
        raise Malformed("too_large", "%d bytes, and at most %d are allowed" % (size, max_bytes))
    if size < _OVERHEAD_BYTES or data[:5] != b"\xd2\x84\x4d\xa2\x01" or data[6:8] != b"\x04\x48" or data[16] != 0xA0:
        raise Malformed("envelope", "this is not a COSE_Sign1 with exactly alg and kid in its protected header")
    if data[5] not in _ALG_OF_BYTE:
        raise Malformed("envelope", "the signature algorithm is neither Ed25519 nor ESP256")
    payload_end = size - 66
    first = data[17]
    start = 18 if first < 0x58 else 19 if first == 0x58 else 20 if first == 0x59 else 22
    head = cbor.head(2, payload_end - start) if payload_end >= start else b""
    if data[17:start] != head or data[payload_end : payload_end + 2] != _SIGNATURE_HEAD:
        raise Malformed("envelope", "the lengths inside the COSE_Sign1 do not add up")
    return Envelope(data[3:16], data[start:payload_end], data[payload_end + 2 :])


def _scalar_in_range(alg: int, signature: bytes) -> bool:
    # Both algorithms have a second signature on offer for each first one unless S is bounded: for Ed25519 S < L
    # (RFC 8032 section 5.1.7), for ECDSA the lower of s and N - s. A second signature would be a forged fork.
    if alg == ED25519:
        return edwards.scalar_is_canonical(signature)
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    return 0 < r < P256_ORDER and 0 < s <= _P256_HALF_ORDER


def verify(envelope: Envelope, domain: str, key: Key, verifier: "Verifier") -> None:
    """Return if ``envelope`` was signed by ``key`` in ``domain``.

    Raises :class:`SignatureInvalid` if it was not, and lets :class:`SignatureUnverifiable` from the verifier pass.
    """
    if envelope.alg != key.alg or envelope.kid != key.kid:
        raise SignatureInvalid("the header names another key or algorithm than the one enrolled")
    if not _scalar_in_range(key.alg, envelope.signature):
        raise SignatureInvalid("the signature's scalar is out of range")
    data = to_be_signed(envelope.protected, domain, envelope.payload)
    if not verifier(key, envelope.signature, data):
        raise SignatureInvalid("the signature does not fit the content, the key and the domain " + domain)


def open_signed(data: bytes, max_bytes: int, domain: str, key: Key, verifier: "Verifier") -> bytes:
    """Parse and verify in one step; returns the payload."""
    envelope = parse(data, max_bytes)
    verify(envelope, domain, key, verifier)
    return envelope.payload
