"""Signing and verifying with the ``cryptography`` package: the host's side of the seam in :mod:`jobseal.cose`."""

from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from jobseal.errors import SignatureUnverifiable
from jobseal.key import ED25519, Key

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

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
        self._p256: "dict[bytes, EllipticCurvePublicKey]" = {}

    def __call__(self, key: Key, signature: bytes, data: bytes) -> bool:
        """Whether ``signature`` (64 bytes) is over ``data``.

        Raises :class:`SignatureUnverifiable` for an unusable key.
        """
        try:
            if key.alg == ED25519:
                self._parsed_ed25519(key).verify(signature, data)
            else:
                self._verify_p256(key, signature, data)
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

    def _verify_p256(self, key: Key, signature: bytes, data: bytes) -> None:
        from jobseal.host import p256  # loaded with the first such key

        parsed = self._p256.get(key.thumbprint)
        if parsed is None:
            parsed = self._p256[key.thumbprint] = p256.parsed(key)
        p256.verify(parsed, signature, data)
