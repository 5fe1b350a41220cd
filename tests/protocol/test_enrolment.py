"""Enrolment: a key is taken only if nobody else can sign for it."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, derive_private_key
from hypothesis import given
from hypothesis import strategies as st

from jobseal import cose, enrolment, office
from jobseal.errors import JobsealError, Malformed
from jobseal.host.crypto import Ed25519Signer, Verifier
from jobseal.key import ED25519, ESP256, Key
from tests.vectors import keys
from tests.vectors.world import LOG_ID

IDENTITY = Key(ED25519, b"\x01" + bytes(31))


def enrolled(device: str, key: Key) -> bytes:
    return office.sign(enrolment.statement(device, key, "pin", LOG_ID, 5, "m.keller", "Van"), keys.OFFICE)


@given(st.binary(min_size=32, max_size=32))
def test_an_honest_key_is_enrolled_and_read_back(seed: bytes) -> None:
    key = Ed25519Signer(seed).key
    found = enrolment.verify(enrolled("van-07", key), keys.OFFICE.key, Verifier())
    assert (found.device, found.key.thumbprint, found.assurance) == ("van-07", key.thumbprint, "pin")
    assert (found.earlier, found.log, found.label, found.at) == (None, LOG_ID, "Van", 5)
    assert found.hash == office.hash_of(found.data)


@given(st.integers(1, cose.P256_ORDER - 1))
def test_every_p256_point_is_taken_and_its_neighbours_are_not(secret: int) -> None:
    point = derive_private_key(secret, SECP256R1()).public_key().public_numbers()
    x, y = point.x.to_bytes(32, "big"), point.y.to_bytes(32, "big")
    enrolment.check_key(Key(ESP256, x, y))
    for wrong in (Key(ESP256, y, x), Key(ESP256, x, (point.y ^ 1).to_bytes(32, "big")), Key(ESP256, x, b"\xff" * 32)):
        with pytest.raises(Malformed) as caught:
            enrolment.check_key(wrong)
        assert caught.value.code == "weak_key"


def test_under_a_key_that_is_refused_one_signature_would_fit_every_event() -> None:
    forged = IDENTITY.x + bytes(32)
    assert all(Verifier()(IDENTITY, forged, message) for message in (b"one hour", b"nine hours"))
    with pytest.raises(Malformed) as caught:
        enrolled("van-07", IDENTITY)
    assert caught.value.code == "weak_key"


def test_a_refused_key_is_refused_also_when_the_office_has_signed_for_it() -> None:
    body = {"device": "van-07", "key": IDENTITY.encode(), "assurance": "pin", "earlier": None, "log": LOG_ID}
    signed = office.sign(office.act("device.enrolled", 5, "m.keller", body), keys.OFFICE)
    with pytest.raises(Malformed) as caught:
        enrolment.verify(signed, keys.OFFICE.key, Verifier())
    assert caught.value.code == "weak_key"


@pytest.mark.parametrize("device", ["gateway", "a/b", "+", "#", "$share", "", "van 07"])
def test_no_device_gets_a_name_that_would_reach_into_other_topics(device: str) -> None:
    with pytest.raises(JobsealError) as caught:
        enrolled(device, keys.VAN.key)
    assert caught.value.code == "malformed"


def test_another_act_is_no_enrolment() -> None:
    other = office.act("device.suspended", 5, "m.keller", {"key": bytes(32), "reason": "lost"})
    with pytest.raises(Malformed):
        enrolment.verify(office.sign(other, keys.OFFICE), keys.OFFICE.key, Verifier())
