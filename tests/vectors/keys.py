"""The keys of the vectors: made from names, so that anybody can make them again, and worth nothing elsewhere."""

import hashlib

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, derive_private_key
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from jobseal.cose import P256_ORDER
from jobseal.host.crypto import Ed25519Signer
from jobseal.key import ESP256, Key


def seed(name: str) -> bytes:
    """The 32-byte secret of the key called ``name``: SHA-256 of "jobseal vector key: " and the name."""
    return hashlib.sha256(b"jobseal vector key: " + name.encode()).digest()


class Esp256Signer:
    """A P-256 key whose signatures are deterministic (RFC 6979) and have a low s."""

    def __init__(self, secret: bytes) -> None:
        self._private = derive_private_key(int.from_bytes(secret, "big"), SECP256R1())
        point = self._private.public_key().public_numbers()
        self.key = Key(ESP256, point.x.to_bytes(32, "big"), point.y.to_bytes(32, "big"))

    def sign(self, data: bytes) -> bytes:
        """r||s over ``data``, with the lower of s and N - s."""
        r, s = decode_dss_signature(self._private.sign(data, ECDSA(SHA256(), deterministic_signing=True)))
        return r.to_bytes(32, "big") + min(s, P256_ORDER - s).to_bytes(32, "big")


ROOT = Ed25519Signer(seed("root"))
NEXT_ROOT = Ed25519Signer(seed("root, the next one"))
LOG = Ed25519Signer(seed("log"))
OFFICE = Ed25519Signer(seed("office"))
VAN = Ed25519Signer(seed("handheld van-07"))
SPARE = Ed25519Signer(seed("handheld van-07, second key"))
THIRD = Ed25519Signer(seed("handheld van-07, third key"))
TPM = Esp256Signer(seed("handheld tpm-01"))
STRANGER = Ed25519Signer(seed("stranger"))

NAMED = {
    "root": ROOT,
    "log": LOG,
    "office": OFFICE,
    "handheld van-07": VAN,
    "handheld van-07, second key": SPARE,
    "handheld van-07, third key": THIRD,
    "handheld tpm-01": TPM,
    "root, the next one": NEXT_ROOT,
    "stranger": STRANGER,
}
