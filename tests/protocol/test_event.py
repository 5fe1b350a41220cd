"""The event: signed once, kept as it was signed, and no byte of it can change."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobseal import cose, event
from jobseal.errors import JobsealError, Malformed, SignatureInvalid
from jobseal.event import Event
from jobseal.host.crypto import Verifier
from jobseal.limits import EVENT_MAX_BYTES
from tests.protocol.shapes import fitting
from tests.vectors import keys
from tests.vectors.day import DAY
from tests.vectors.world import ENROLLED

VERIFIER = Verifier()
events = fitting(Event.SHAPE).map(Event.from_map)


def verified(data: bytes) -> event.SignedEvent:
    signed = event.parse(data)
    cose.verify(signed.envelope, cose.EVENT, keys.VAN.key, VERIFIER)
    return signed


@given(events)
def test_a_signed_event_says_what_was_signed(original: Event) -> None:
    data = event.sign(original, keys.VAN)
    signed = verified(data)
    assert signed.event.to_map() == original.to_map()
    assert signed.data == data
    assert signed.hash == hashlib.sha256(data).digest()
    assert event.kid_of(data) == keys.VAN.key.kid


@given(events, st.data())
def test_no_changed_byte_of_a_signed_event_verifies(original: Event, data: st.DataObject) -> None:
    good = event.sign(original, keys.VAN)
    at = data.draw(st.integers(0, len(good) - 1))
    flip = data.draw(st.integers(1, 255))
    with pytest.raises((Malformed, SignatureInvalid)):
        verified(good[:at] + bytes([good[at] ^ flip]) + good[at + 1 :])


@pytest.mark.parametrize("flip", [0x01, 0x20, 0x80])
def test_not_one_byte_of_an_event_can_be_flipped(flip: int) -> None:
    good = DAY.van.events[21]
    for at in range(len(good)):
        with pytest.raises((Malformed, SignatureInvalid)):
            verified(good[:at] + bytes([good[at] ^ flip]) + good[at + 1 :])


@given(st.binary(max_size=200))
def test_random_bytes_are_malformed_and_nothing_worse(data: bytes) -> None:
    with pytest.raises(Malformed):
        event.parse(data)


@given(st.binary(max_size=200))
def test_a_random_payload_is_malformed_and_nothing_worse(payload: bytes) -> None:
    with pytest.raises(Malformed):
        event.parse(cose.sign(payload, cose.EVENT, keys.VAN))


def _with_note_of(size: int) -> Event:
    base = event.parse(DAY.van.events[2]).event.to_map()
    return Event.from_map({**base, 7: {1: "x" * size}})


def test_an_event_of_4096_bytes_is_signed_and_one_byte_more_is_not() -> None:
    spare = EVENT_MAX_BYTES - len(event.sign(_with_note_of(3000), keys.VAN))
    full = event.sign(_with_note_of(3000 + spare), keys.VAN)
    assert len(full) == EVENT_MAX_BYTES
    verified(full)
    with pytest.raises(JobsealError) as caught:
        event.sign(_with_note_of(3001 + spare), keys.VAN)
    assert caught.value.code == "too_large"


def test_an_event_with_a_wrong_field_is_never_signed() -> None:
    fields = Event.SHAPE.named(event.parse(DAY.van.events[2]).event.to_map())
    with pytest.raises(JobsealError) as caught:
        Event(**{**fields, "seq": -1})
    assert (caught.value.code, caught.value.fault) == ("malformed", "ours")


def test_the_vectors_are_a_chain_from_the_enrolment_statement_on() -> None:
    prev = hashlib.sha256(ENROLLED).digest()
    for seq, data in enumerate(DAY.van.events):
        signed = verified(data)
        assert (signed.event.seq, signed.event.prev) == (seq, prev)
        prev = signed.hash


def test_an_event_is_small() -> None:
    sizes = [len(data) for data in DAY.van.events]
    assert sum(sizes) / len(sizes) < 260
