"""Which 32 bytes may become an Ed25519 key: the check at enrolment (RFC 8032 section 5.1).

Rules:

- An honest key is a multiple of the base point, so its order is the prime L. Under a key of small order, or
  with a small-order part, one signature can fit several messages, or verify here and not there: refused.
- One point, one encoding: otherwise one key could be enrolled under two thumbprints.
- Only public values are handled here. Nothing is constant-time, and nothing may be given a secret.
"""

from jobseal.errors import Malformed

KEY_BYTES = 32
SIGNATURE_BYTES = 64

FIELD = (1 << 255) - 19  # p, the field's prime
ORDER = (1 << 252) + 27742317777372353535851937790883648493  # L, the base point's order
_D = 0x52036CEE2B6FFE738CC740797779E89800700A4D4141D8AB75EB4DCA135978A3  # the curve's d = -121665 / 121666
_SQRT_MINUS_ONE = 0x2B8324804FC1DF0B2B4D00993DFBD7A72F431806AD2FE478C4EE1B274A0EA0B0

_IDENTITY = (0, 1, 1, 0)  # extended coordinates (X, Y, Z, T): x = X/Z, y = Y/Z, xy = T/Z (section 5.1.4)


def check_public_key(key: bytes) -> None:
    """Accept 32 bytes as an Ed25519 public key, or raise ``Malformed`` (``weak_key``) with the reason."""
    point = decode(key)
    if _is_identity(_double(_double(_double(point)))):
        raise _weak("it is a point of small order, under which one signature can verify every message")
    if not _is_identity(_multiply(ORDER, point)):
        raise _weak("it is outside the prime-order subgroup: no key generator makes such a point")


def scalar_is_canonical(signature: bytes) -> bool:
    """True if these are 64 bytes whose second half S is below L: the one form of S that verifiers accept."""
    if len(signature) != SIGNATURE_BYTES:
        return False
    return int.from_bytes(signature[KEY_BYTES:], "little") < ORDER


def _weak(reason: str) -> Malformed:
    return Malformed("weak_key", "This Ed25519 public key cannot be enrolled: " + reason + ". Make a new key pair.")


def decode(key: bytes) -> "tuple[int, int, int, int]":
    """The point (X, Y, Z, T), Z = 1, that ``key`` encodes (section 5.1.3); raises ``Malformed`` if it encodes none."""
    if not isinstance(key, bytes) or len(key) != KEY_BYTES:
        raise _weak("it is not 32 bytes long")
    number = int.from_bytes(key, "little")
    x_is_odd = number >> 255
    y = number & ((1 << 255) - 1)
    if y >= FIELD:
        raise _weak("its encoding is not canonical: the y coordinate is not reduced")
    x = _square_root_of_ratio(y * y - 1, _D * y * y + 1)
    if x is None:
        raise _weak("it is not a point on the curve")
    if x == 0 and x_is_odd:
        raise _weak("its encoding is not canonical: the x coordinate is zero and has no sign")
    if x & 1 != x_is_odd:
        x = FIELD - x
    return (x, y, 1, x * y % FIELD)


def _square_root_of_ratio(u: int, v: int) -> "int | None":
    """A square root of u/v in the field, or None if it has none (section 5.1.3, steps 2 and 3)."""
    u %= FIELD
    v %= FIELD
    v3 = v * v * v % FIELD
    x = u * v3 * pow(u * v3 * v3 * v % FIELD, (FIELD - 5) // 8, FIELD) % FIELD
    square = v * x * x % FIELD
    if square == u:
        return x
    if square == (FIELD - u) % FIELD:
        return x * _SQRT_MINUS_ONE % FIELD
    return None


def _add(p: "tuple[int, int, int, int]", q: "tuple[int, int, int, int]") -> "tuple[int, int, int, int]":
    """p + q by the complete formulas of section 5.1.4: no special cases."""
    x1, y1, z1, t1 = p
    x2, y2, z2, t2 = q
    a = (y1 - x1) * (y2 - x2) % FIELD
    b = (y1 + x1) * (y2 + x2) % FIELD
    c = 2 * t1 * t2 * _D % FIELD
    d = 2 * z1 * z2 % FIELD
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % FIELD, g * h % FIELD, f * g % FIELD, e * h % FIELD)


def _double(p: "tuple[int, int, int, int]") -> "tuple[int, int, int, int]":
    return _add(p, p)


def _multiply(scalar: int, point: "tuple[int, int, int, int]") -> "tuple[int, int, int, int]":
    """scalar times point by double-and-add, lowest bit first."""
    result = _IDENTITY
    while scalar:
        if scalar & 1:
            result = _add(result, point)
        point = _double(point)
        scalar >>= 1
    return result


def _is_identity(p: "tuple[int, int, int, int]") -> bool:
    x, y, z, _ = p
    return x % FIELD == 0 and (y - z) % FIELD == 0
