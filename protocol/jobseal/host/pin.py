"""PINs: a key pair stretched from a few digits, the same wherever it is done, and boxes that only its owner opens.

Argon2id (RFC 9106) makes each guess cost memory and time; what comes out is an X25519 private key. Its public half
may be known: it tells a right PIN from a wrong one, and things can be sealed to it (HPKE, RFC 9180, base mode) while
its owner is away. Whoever has a public half can try PINs at the cost stated beside it; what that means for short
ones says docs/decisions/0007-keys-at-rest.md.
"""

from itertools import pairwise
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from jobseal.errors import OPERATOR, JobsealError
from jobseal.roster import SALT_BYTES

PIN_MIN_DIGITS = 4
PIN_MAX_DIGITS = 16

_KEY_BYTES = 32
_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)


class Cost(NamedTuple):
    """Argon2id's parameters: ``memory_kib``, ``passes`` over it, ``lanes`` that may run side by side."""

    memory_kib: int
    passes: int
    lanes: int


# The second choice of RFC 9106 section 4 (64 MiB, 3 passes) with one lane: measured, and why, in
# docs/decisions/0007-keys-at-rest.md.
COST = Cost(memory_kib=65536, passes=3, lanes=1)


class PinLock(NamedTuple):
    """What is kept of a PIN: ``salt``, ``cost``, ``key`` (the public half, 32 bytes)."""

    salt: bytes
    cost: Cost
    key: bytes

    def to_value(self) -> list[Any]:
        """As :data:`jobseal.roster.PIN` has it."""
        return [self.salt, list(self.cost), self.key]


def lock_from_value(value: list[Any]) -> PinLock:
    """The lock that :meth:`PinLock.to_value` gave."""
    salt, cost, key = value
    return PinLock(salt, Cost(*cost), key)


class PinUnfit(JobsealError):
    """Nobody should choose this as a PIN."""

    def __init__(self, why: str) -> None:
        super().__init__("pin_unfit", why, OPERATOR)


def check(pin: str) -> None:
    """Raise :class:`PinUnfit` for what nobody should choose as a PIN, with the reason."""
    steps = {(int(after) - int(digit)) % 10 for digit, after in pairwise(pin)} if _is_digits(pin) else set()
    if not (_is_digits(pin) and PIN_MIN_DIGITS <= len(pin) <= PIN_MAX_DIGITS):
        why = f"A PIN has {PIN_MIN_DIGITS} to {PIN_MAX_DIGITS} digits and nothing else."
    elif len(steps) == 1 and steps <= {0, 1, 9}:
        why = "This PIN is among the first that anybody tries (one digit, or digits in order); choose another."
    else:
        return
    raise PinUnfit(why)


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def lock(pin: str, salt: bytes, cost: Cost = COST) -> PinLock:
    """What to keep of a PIN. ``salt``: :data:`SALT_BYTES` random bytes, new for every PIN."""
    return PinLock(salt, cost, _stretched(pin, salt, cost).public_key().public_bytes_raw())


class PinKey:
    """A PIN that was typed and fits: opens what was sealed to its lock."""

    def __init__(self, private: X25519PrivateKey) -> None:
        self._private = private

    def open(self, box: bytes, info: bytes) -> bytes | None:
        """What :func:`seal` was given with the same ``info``; None if it was not sealed to this, or changed."""
        try:
            return _SUITE.decrypt(box, self._private, info)
        except (InvalidTag, ValueError):
            return None


def try_pin(pin: str, lock: PinLock) -> PinKey | None:
    """The key that this PIN makes, None if it is not the one of the lock. Takes as long as the lock's cost says."""
    private = _stretched(pin, lock.salt, lock.cost)
    return PinKey(private) if private.public_key().public_bytes_raw() == lock.key else None


def seal(secret: bytes, lock: PinLock, info: bytes) -> bytes:
    """A box with ``secret`` that only the PIN of ``lock`` opens. ``info``: what it is for, said again to open it."""
    return _SUITE.encrypt(secret, X25519PublicKey.from_public_bytes(lock.key), info)


def _stretched(pin: str, salt: bytes, cost: Cost) -> X25519PrivateKey:
    if len(salt) != SALT_BYTES:
        raise ValueError(f"a PIN's salt has {SALT_BYTES} bytes, not {len(salt)}")
    kdf = Argon2id(salt=salt, length=_KEY_BYTES, iterations=cost.passes, lanes=cost.lanes, memory_cost=cost.memory_kib)
    return X25519PrivateKey.from_private_bytes(kdf.derive(pin.encode("utf-8", "surrogatepass")))
