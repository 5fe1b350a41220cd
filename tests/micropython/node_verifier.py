"""Signature verification for the protocol on MicroPython under Node.js: Node's own crypto, through `hostcrypto`."""

import hostcrypto

from jobseal.key import ED25519, Key


def verify(key: Key, signature: bytes, data: bytes) -> bool:
    """True if ``signature`` (64 bytes) is one of ``key`` over ``data``: the verifier that jobseal.cose asks for."""
    if key.alg == ED25519:
        return hostcrypto.verify_ed25519(key.x.hex(), signature.hex(), data.hex())
    return hostcrypto.verify_p256(key.x.hex() + key.y.hex(), signature.hex(), data.hex())
