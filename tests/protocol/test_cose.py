"""The envelope: whatever is signed verifies for that key and domain, and for nothing one step away."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobseal import cose
from jobseal.cose import P256_ORDER
from jobseal.edwards import ORDER
from jobseal.errors import Malformed, SignatureInvalid, SignatureUnverifiable
from jobseal.host.crypto import Verifier
from jobseal.key import ESP256, Key
from tests.vectors import keys

VERIFIER = Verifier()
SIGNERS = [pytest.param(keys.VAN, id="ed25519"), pytest.param(keys.TPM, id="esp256")]


def opened(data: bytes, key: Key, domain: str = cose.EVENT) -> bytes:
    return cose.open_signed(data, 200_000, domain, key, VERIFIER)


@pytest.mark.parametrize("signer", SIGNERS)
@given(payload=st.binary(max_size=300))
def test_what_was_signed_opens_and_gives_the_payload(signer: keys.Esp256Signer, payload: bytes) -> None:
    assert opened(cose.sign(payload, cose.EVENT, signer), signer.key) == payload


@pytest.mark.parametrize("signer", SIGNERS)
@pytest.mark.parametrize("size", [65_535, 65_536, 100_000])
def test_large_payloads_open_as_well(signer: keys.Esp256Signer, size: int) -> None:
    assert opened(cose.sign(bytes(size), cose.RECORD, signer), signer.key, cose.RECORD) == bytes(size)


@pytest.mark.parametrize("signer", SIGNERS)
def test_no_single_changed_byte_verifies(signer: keys.Esp256Signer) -> None:
    good = cose.sign(b"a payload", cose.EVENT, signer)
    for at in range(len(good)):
        for flip in (1, 0x80, 0xFF):
            changed = good[:at] + bytes([good[at] ^ flip]) + good[at + 1 :]
            with pytest.raises((Malformed, SignatureInvalid)):
                opened(changed, signer.key)


@given(st.binary(max_size=200))
def test_random_bytes_are_no_envelope(data: bytes) -> None:
    with pytest.raises(Malformed) as caught:
        cose.parse(data, 4096)
    assert caught.value.code == "envelope"


@given(st.binary(min_size=67, max_size=200))
def test_bytes_that_parse_are_the_only_layout_of_what_they_say(rest: bytes) -> None:
    data = b"\xd2\x84\x4d\xa2\x01\x32\x04\x48" + bytes(8) + b"\xa0" + rest
    try:
        envelope = cose.parse(data, 4096)
    except Malformed:
        return

    class Replay:
        key = keys.VAN.key

        def sign(self, _: bytes) -> bytes:
            return envelope.signature

    again = cose.sign(envelope.payload, cose.EVENT, Replay())
    assert again[16:] == data[16:]


def test_size_comes_before_everything_else() -> None:
    with pytest.raises(Malformed) as caught:
        cose.parse(bytes(101), 100)
    assert caught.value.code == "too_large"


@given(st.binary(max_size=40))
def test_the_second_signature_that_each_algorithm_offers_is_refused(payload: bytes) -> None:
    first = cose.sign(payload, cose.EVENT, keys.VAN)
    shifted = int.from_bytes(first[-32:], "little") + ORDER
    with pytest.raises(SignatureInvalid):
        opened(first[:-32] + shifted.to_bytes(32, "little"), keys.VAN.key)

    first = cose.sign(payload, cose.EVENT, keys.TPM)
    other = first[:-32] + (P256_ORDER - int.from_bytes(first[-32:], "big")).to_bytes(32, "big")
    envelope = cose.parse(other, 4096)
    data = cose.to_be_signed(envelope.protected, cose.EVENT, envelope.payload)
    assert VERIFIER(keys.TPM.key, envelope.signature, data), "plain ECDSA takes it: that is why we must not"
    with pytest.raises(SignatureInvalid):
        opened(other, keys.TPM.key)


def test_what_cannot_be_checked_is_not_called_wrong() -> None:
    off_the_curve = Key(ESP256, keys.TPM.key.x, bytes(32))
    fake = cose.sign(b"x", cose.EVENT, keys.TPM).replace(keys.TPM.key.kid, off_the_curve.kid)
    with pytest.raises(SignatureUnverifiable) as caught:
        opened(fake, off_the_curve)
    assert not caught.value.final


def test_the_signed_bytes_are_the_sig_structure_of_the_rfc() -> None:
    envelope = cose.parse(cose.sign(b"payload", cose.EVENT, keys.VAN), 4096)
    expected = b"\x84\x6aSignature1" + b"\x4d" + envelope.protected + b"\x4fjobseal/1/event" + b"\x47payload"
    assert cose.to_be_signed(envelope.protected, cose.EVENT, b"payload") == expected
