"""Signing and verifying with the ``cryptography`` package: the host's side of the seam in :mod:`jobseal.cose`."""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePublicKey,
    EllipticCurvePublicNumbers,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from jobseal.errors import SignatureUnverifiable
from jobseal.key import ED25519, Key

SEED_BYTES = 32


class Ed25519Signer:
    """An Ed25519 private key in memory, made from its 32-byte seed."""

    def __init__(self, seed: bytes) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self.key = Key(ED25519, self._private.public_key().public_bytes_raw())

    def sign(self, data: bytes) -> bytes:
        """The 64-byte signature of ``data`` (RFC 8032)."""
        return self._private.sign(data)


class Verifier:
    """Verifies under any :class:`Key`; keeps the parsed public keys, of which a gateway has a few thousand at most."""

    def __init__(self) -> None:
        self._ed25519: dict[bytes, Ed25519PublicKey] = {}
        self._p256: dict[bytes, EllipticCurvePublicKey] = {}

    def __call__(self, key: Key, signature: bytes, data: bytes) -> bool:
        """Whether ``signature`` (64 bytes) is over ``data``.

        Raises :class:`SignatureUnverifiable` for an unusable key.
        """
        try:
            if key.alg == ED25519:
                self._parsed_ed25519(key).verify(signature, data)
            else:
                r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
                self._parsed_p256(key).verify(encode_dss_signature(r, s), data, ECDSA(SHA256()))
        except InvalidSignature:
            return False
        except ValueError as problem:
            raise SignatureUnverifiable("the enrolled public key cannot be used here") from problem
        return True

    def _parsed_ed25519(self, key: Key) -> Ed25519PublicKey:
        parsed = self._ed25519.get(key.x)
        if parsed is None:
            parsed = self._ed25519[key.x] = Ed25519PublicKey.from_public_bytes(key.x)
        return parsed

    def _parsed_p256(self, key: Key) -> EllipticCurvePublicKey:
        parsed = self._p256.get(key.thumbprint)
        if parsed is None:
            x, y = int.from_bytes(key.x, "big"), int.from_bytes(key.y or b"", "big")
            parsed = self._p256[key.thumbprint] = EllipticCurvePublicNumbers(x, y, SECP256R1()).public_key()
        return parsed
