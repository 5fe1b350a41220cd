"""Public keys as COSE_Key maps (RFC 9052 section 7), named by their thumbprint (RFC 9679).

The algorithm belongs to the key, from enrolment on; no message can choose another.
"""

import hashlib

from jobseal import cbor
from jobseal.errors import Malformed

ED25519 = -19  # RFC 9864: EdDSA with Ed25519, fully specified
ESP256 = -9  # RFC 9864: ECDSA with P-256 and SHA-256, fully specified

_OKP, _EC2 = 1, 2
_CRV_ED25519, _CRV_P256 = 6, 1
KEY_MAX_BYTES = 96


class Key:
    """A public key: ``alg``, ``x`` (32 bytes) and, for ESP256, ``y`` (32 bytes)."""

    __slots__ = ("alg", "kid", "thumbprint", "x", "y")

    def __init__(self, alg: int, x: bytes, y: bytes | None = None) -> None:
        """Raises :class:`Malformed` ``key`` for another algorithm or a coordinate of another length."""
        if alg not in (ED25519, ESP256):
            raise Malformed("key", "the key's algorithm is neither Ed25519 nor ESP256")
        if len(x) != 32 or (y is None) != (alg == ED25519) or (y is not None and len(y) != 32):
            raise Malformed("key", "the key's coordinates do not fit its algorithm")
        self.alg = alg
        self.x = x
        self.y = y
        required = {1: _OKP, -1: _CRV_ED25519, -2: x} if alg == ED25519 else {1: _EC2, -1: _CRV_P256, -2: x, -3: y}
        self.thumbprint = hashlib.sha256(cbor.encode(required)).digest()
        self.kid = self.thumbprint[:8]

    def encode(self) -> bytes:
        """The COSE_Key map with its algorithm, deterministic."""
        fields: dict[int, object] = {1: _OKP, 3: self.alg, -1: _CRV_ED25519, -2: self.x}
        if self.alg == ESP256:
            fields = {1: _EC2, 3: self.alg, -1: _CRV_P256, -2: self.x, -3: self.y}
        return cbor.encode(fields)


def decode(data: bytes) -> Key:
    """The key that a COSE_Key map holds. Raises :class:`Malformed`; only the form of :meth:`Key.encode` is taken."""
    fields = cbor.decode(data, KEY_MAX_BYTES)
    if type(fields) is dict:
        alg, x, y = fields.get(3), fields.get(-2), fields.get(-3)
        if type(alg) is int and type(x) is bytes and (y is None or type(y) is bytes):
            key = Key(alg, x, y)
            if key.encode() == data:
                return key
    raise Malformed("key", "this is not a public key in the form that Jobseal uses")
