"""PINs: the same key pair everywhere, boxes for who is away, and no PIN that is tried first."""

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from jobseal.host import pin
from jobseal.host.pin import Cost, PinLock, PinUnfit, lock_from_value
from jobseal.roster import PIN

CHEAP = Cost(64, 1, 1)
SALT = bytes(range(16))
DIGITS = st.text("0123456789", min_size=4, max_size=16)


def test_a_pin_leads_to_the_same_lock_on_every_machine_and_version() -> None:
    assert (
        pin.lock("482193", SALT, Cost(64, 2, 2)).key.hex()
        == "fd6f7331539d4fc807b91b00d320bfa28aa780b02a0948fe2517d21e15886d17"
    )


def test_the_cost_of_a_new_lock_is_the_one_that_was_measured() -> None:
    made = pin.lock("482193", SALT)
    assert made.cost == Cost(memory_kib=65536, passes=3, lanes=1)
    assert pin.try_pin("482193", made) is not None


@settings(max_examples=50, deadline=None)
@given(DIGITS, DIGITS, st.binary(min_size=32, max_size=32), st.binary(max_size=64))
def test_a_box_opens_for_its_pin_and_purpose_and_for_no_other(
    mine: str, other: str, secret: bytes, info: bytes
) -> None:
    lock = pin.lock(mine, SALT, CHEAP)
    box = pin.seal(secret, lock, info)
    key = pin.try_pin(mine, lock)
    assert key is not None
    assert key.open(box, info) == secret
    assert key.open(box, info + b"!") is None
    assert key.open(box[:-1], info) is None
    assert (pin.try_pin(other, lock) is None) == (other != mine)


def test_the_same_pin_with_another_salt_is_another_lock() -> None:
    assert pin.lock("4821", SALT, CHEAP).key != pin.lock("4821", bytes(16), CHEAP).key


@settings(max_examples=30, deadline=None)
@given(DIGITS)
def test_a_lock_travels_in_a_roster_and_comes_back(digits: str) -> None:
    lock = pin.lock(digits, SALT, CHEAP)
    assert PIN.problem(lock.to_value()) == ""
    assert lock_from_value(lock.to_value()) == lock


@pytest.mark.parametrize("digits", ["0000", "1234", "7890", "4321", "0987", "11111111", "123", "", "1" * 17, "12a4"])
def test_a_pin_that_anybody_tries_first_is_refused_with_the_reason(digits: str) -> None:
    with pytest.raises(PinUnfit) as refused:
        pin.check(digits)
    assert refused.value.fault == "operator"


@pytest.mark.parametrize("digits", ["4821", "1122", "1357", "9035", "0" * 15 + "1"])
def test_other_pins_are_taken(digits: str) -> None:
    pin.check(digits)


def test_a_key_that_belongs_to_no_pin_is_nobodys() -> None:
    stranger = PinLock(SALT, CHEAP, X25519PrivateKey.generate().public_key().public_bytes_raw())
    assert pin.try_pin("4821", stranger) is None
