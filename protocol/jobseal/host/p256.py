"""ECDSA on P-256, for keys that lie in hardware. A module of its own, because most processes never meet such a key and
a handheld's screen should not wait for what it does not use."""

from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePublicKey,
    EllipticCurvePublicNumbers,
)
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from jobseal.key import Key


def parsed(key: Key) -> EllipticCurvePublicKey:
    """The public key in the form that verifies. Raises :class:`ValueError` for a point that is not on the curve."""
    x, y = int.from_bytes(key.x, "big"), int.from_bytes(key.y or b"", "big")
    return EllipticCurvePublicNumbers(x, y, SECP256R1()).public_key()


def verify(key: EllipticCurvePublicKey, signature: bytes, data: bytes) -> None:
    """Check a signature of r and s, 32 bytes each (RFC 9053 section 2.1). Raises ``InvalidSignature``."""
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    key.verify(encode_dss_signature(r, s), data, ECDSA(SHA256()))
