"""Which Ed25519 keys may be enrolled, checked with points made by affine arithmetic of the test's own."""

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from jobseal import edwards
from jobseal.errors import PEER, Malformed

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
BASE_POINT = bytes.fromhex("5866666666666666666666666666666666666666666666666666666666666666")
IDENTITY = bytes.fromhex("01" + "00" * 31)

CANONICAL_SMALL_ORDER = {  # every point whose order divides 8
    "order 1": IDENTITY.hex(),
    "order 2": "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "order 4, even x": "0000000000000000000000000000000000000000000000000000000000000000",
    "order 4, odd x": "0000000000000000000000000000000000000000000000000000000000000080",
    "order 8, small y, even x": "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "order 8, small y, odd x": "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "order 8, large y, even x": "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "order 8, large y, odd x": "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
}
OTHER_ENCODINGS_OF_THEM = {  # lax decoders read these as points of the table above
    "order 1, negative zero": "0100000000000000000000000000000000000000000000000000000000000080",
    "order 1, y = p + 1": "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "order 1, y = p + 1, negative zero": "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "order 2, negative zero": "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "order 4, y = p, even x": "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "order 4, y = p, odd x": "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
}


def affine(encoded: bytes) -> tuple[int, int]:
    """(x, y) of a canonical encoding, the root taken by trying: p = 5 mod 8."""
    number = int.from_bytes(encoded, "little")
    sign, y = number >> 255, number % 2**255
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    assert x * x % P == square
    return (x if x % 2 == sign else P - x, y)


def added(one: bytes, two: bytes) -> bytes:
    (x1, y1), (x2, y2) = affine(one), affine(two)
    t = D * x1 * x2 * y1 * y2 % P
    x = (x1 * y2 + x2 * y1) * pow(1 + t, -1, P) % P
    y = (y1 * y2 + x1 * x2) * pow(1 - t, -1, P) % P
    return (y | (x % 2) << 255).to_bytes(32, "little")


def refused(key: bytes) -> str:
    with pytest.raises(Malformed) as caught:
        edwards.check_public_key(key)
    assert (caught.value.code, caught.value.fault, caught.value.final) == ("weak_key", PEER, True)
    return caught.value.sentence


@settings(deadline=None)
@given(st.binary(min_size=32, max_size=32))
def test_keys_that_a_generator_makes_are_accepted(seed: bytes) -> None:
    edwards.check_public_key(Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw())


def test_the_base_point_is_accepted() -> None:
    edwards.check_public_key(BASE_POINT)


@pytest.mark.parametrize("key", CANONICAL_SMALL_ORDER.values(), ids=CANONICAL_SMALL_ORDER)
def test_a_point_of_small_order_is_refused(key: str) -> None:
    assert "small order" in refused(bytes.fromhex(key))


@pytest.mark.parametrize("key", OTHER_ENCODINGS_OF_THEM.values(), ids=OTHER_ENCODINGS_OF_THEM)
def test_another_encoding_of_a_point_of_small_order_is_refused(key: str) -> None:
    assert "canonical" in refused(bytes.fromhex(key))


def test_every_unreduced_y_is_refused_with_either_sign() -> None:
    for y in range(P, 2**255):
        for sign in (0, 1 << 255):
            assert "canonical" in refused((y | sign).to_bytes(32, "little"))


@pytest.mark.parametrize("small", list(CANONICAL_SMALL_ORDER.values())[1:], ids=list(CANONICAL_SMALL_ORDER)[1:])
@settings(deadline=None, max_examples=20)
@given(seed=st.binary(min_size=32, max_size=32))
def test_a_real_key_with_a_point_of_small_order_added_is_refused(small: str, seed: bytes) -> None:
    real = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    mixed = added(real, bytes.fromhex(small))
    assert mixed != real
    assert "prime-order" in refused(mixed)


@settings(deadline=None)
@given(st.binary(min_size=32, max_size=32))
def test_the_points_of_this_test_are_real_ones(seed: bytes) -> None:
    real = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    assert added(real, IDENTITY) == real


@pytest.mark.parametrize("y", [2, 7, 8, 11, 12])
def test_a_y_without_a_point_is_refused(y: int) -> None:
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    assert pow(square, (P - 1) // 2, P) == P - 1, "the table holds only non-squares"
    for sign in (0, 1 << 255):
        assert "not a point" in refused((y | sign).to_bytes(32, "little"))


@pytest.mark.parametrize("key", [b"", BASE_POINT[:-1], BASE_POINT + b"\x00", bytearray(BASE_POINT), None, "x" * 32])
def test_what_is_not_32_bytes_is_refused(key: bytes) -> None:
    assert "32 bytes" in refused(key)


def test_the_reason_for_all_this_one_signature_fits_every_message_under_the_identity_key() -> None:
    forged = IDENTITY + bytes(32)  # R = identity, S = 0
    weak = Ed25519PublicKey.from_public_bytes(IDENTITY)
    for message in (b"two hours", b"two hundred hours"):
        weak.verify(forged, message)
    refused(IDENTITY)


@settings(deadline=None)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=100))
def test_honest_signatures_have_a_canonical_scalar_and_the_same_plus_l_has_not(seed: bytes, message: bytes) -> None:
    key = Ed25519PrivateKey.from_private_bytes(seed)
    signature = key.sign(message)
    assert edwards.scalar_is_canonical(signature)
    scalar = int.from_bytes(signature[32:], "little")
    shifted = signature[:32] + (scalar + L).to_bytes(32, "little")
    assert not edwards.scalar_is_canonical(shifted)
    with pytest.raises(InvalidSignature):
        key.public_key().verify(shifted, message)


@pytest.mark.parametrize(("scalar", "canonical"), [(0, True), (L - 1, True), (L, False), (2**256 - 1, False)])
def test_a_scalar_is_canonical_below_l_and_not_from_there_on(scalar: int, canonical: bool) -> None:
    assert edwards.scalar_is_canonical(bytes(32) + scalar.to_bytes(32, "little")) is canonical


@pytest.mark.parametrize("length", [0, 32, 63, 65])
def test_a_signature_of_another_length_has_no_canonical_scalar(length: int) -> None:
    assert not edwards.scalar_is_canonical(bytes(length))
