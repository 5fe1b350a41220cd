"""Keys: one form, one thumbprint, and no algorithm that somebody else chose."""

import hashlib

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobseal import key as keys_of_jobseal
from jobseal.errors import Malformed
from jobseal.key import ED25519, ESP256, KEY_MAX_BYTES, Key

coordinates = st.binary(min_size=32, max_size=32)


@given(coordinates, st.none() | coordinates)
def test_a_key_decodes_from_its_own_encoding_and_keeps_its_name(x: bytes, y: bytes | None) -> None:
    key = Key(ED25519 if y is None else ESP256, x, y)
    data = key.encode()
    again = keys_of_jobseal.decode(data)
    assert (again.alg, again.x, again.y, again.thumbprint) == (key.alg, x, y, key.thumbprint)
    assert len(data) <= KEY_MAX_BYTES
    assert key.kid == key.thumbprint[:8]


@given(coordinates)
def test_the_thumbprint_covers_the_required_parameters_and_nothing_else(x: bytes) -> None:
    required = cbor2.dumps({1: 1, -1: 6, -2: x}, canonical=True)
    assert Key(ED25519, x).thumbprint == hashlib.sha256(required).digest()


@pytest.mark.parametrize(
    ("alg", "x", "y"),
    [
        (-8, bytes(32), None),
        (-7, bytes(32), bytes(32)),
        (0, bytes(32), None),
        (ED25519, bytes(31), None),
        (ED25519, bytes(32), bytes(32)),
        (ESP256, bytes(32), None),
        (ESP256, bytes(32), bytes(33)),
        (ESP256, bytes(33), bytes(32)),
    ],
)
def test_a_key_that_is_neither_of_the_two_is_refused(alg: int, x: bytes, y: bytes | None) -> None:
    with pytest.raises(Malformed) as caught:
        Key(alg, x, y)
    assert caught.value.code == "key"


@given(st.binary(max_size=KEY_MAX_BYTES))
def test_random_bytes_are_no_key(data: bytes) -> None:
    with pytest.raises(Malformed):
        keys_of_jobseal.decode(data)


@given(coordinates, st.integers(0, 41), st.integers(1, 255))
def test_two_different_encodings_are_never_the_same_key(x: bytes, at: int, flip: int) -> None:
    good = Key(ED25519, x)
    data = good.encode()
    changed = data[:at] + bytes([data[at] ^ flip]) + data[at + 1 :] if at < len(data) else data + b"\x00"
    try:
        other = keys_of_jobseal.decode(changed)
    except Malformed:
        return
    assert other.thumbprint != good.thumbprint
