"""The quick check of a key says what the slow one says: of honest keys, of dishonest ones, of any bytes."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from jobseal import enrolment
from jobseal.errors import Malformed
from jobseal.host import curve
from jobseal.key import ED25519, Key
from tests.protocol.test_edwards import BASE_POINT, CANONICAL_SMALL_ORDER, OTHER_ENCODINGS_OF_THEM, added


def verdict(check: object, encoded: bytes) -> str:
    try:
        check(Key(ED25519, encoded))  # type: ignore[operator]
    except Malformed as refused:
        return refused.sentence
    return ""


def same(encoded: bytes) -> str:
    said = verdict(enrolment.check_key, encoded)
    assert verdict(curve.check_key, encoded) == said
    return said


@settings(deadline=None, max_examples=30)
@given(st.binary(min_size=32, max_size=32))
def test_honest_keys_are_taken_and_refused_with_a_part_of_small_order(seed: bytes) -> None:
    honest = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    assert same(honest) == ""
    assert curve._is_honest(honest), "and quickly"
    for name, small in CANONICAL_SMALL_ORDER.items():
        if not name.startswith("order 1"):
            assert "prime-order" in same(added(honest, bytes.fromhex(small))), name


@settings(deadline=None, max_examples=100)
@given(st.binary(min_size=32, max_size=32))
def test_of_any_bytes_both_say_the_same(encoded: bytes) -> None:
    same(encoded)


@pytest.mark.parametrize("encoded", [*CANONICAL_SMALL_ORDER.values(), *OTHER_ENCODINGS_OF_THEM.values()])
def test_points_of_small_order_are_refused_in_every_encoding(encoded: str) -> None:
    assert same(bytes.fromhex(encoded))


def test_the_base_point_is_taken() -> None:
    assert same(BASE_POINT) == ""
