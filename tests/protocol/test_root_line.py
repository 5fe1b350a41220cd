"""How one root gives way to another: both must have signed, and each rotation goes on from the one before."""

import hashlib

import pytest

from jobseal import cose, root_line
from jobseal.errors import JobsealError
from jobseal.host.crypto import Ed25519Signer, Verifier
from jobseal.key import ED25519, Key
from jobseal.root_line import RootRotation, leads, line, rotate

VERIFIER = Verifier()


def root(name: str) -> Ed25519Signer:
    return Ed25519Signer(hashlib.sha256(name.encode()).digest())


A, B, C, D, THIEF = (root(name) for name in ("a", "b", "c", "d", "thief"))
AB, BC, CD = rotate(A, B, 1), rotate(B, C, 2), rotate(C, D, 3)


def test_whoever_missed_several_rotations_gets_to_the_newest_root_and_to_none_besides() -> None:
    whole = [AB, BC, CD]
    assert [each.thumbprint for each in line(whole, VERIFIER)] == [each.key.thumbprint for each in (A, B, C, D)]
    for pinned in (A, B, C, D):
        assert leads(pinned.key, D.key, whole, VERIFIER)
    assert not leads(D.key, A.key, whole, VERIFIER), "never back"
    assert not leads(THIEF.key, D.key, whole, VERIFIER)
    assert not leads(A.key, THIEF.key, whole, VERIFIER)
    assert leads(A.key, A.key, [], VERIFIER)
    assert not leads(A.key, B.key, [], VERIFIER)


def _by(signer: Ed25519Signer, earlier: Key, following: Key, at: int = 1) -> bytes:
    said = RootRotation(earlier=earlier.encode(), next=following.encode(), at=at)
    return cose.sign(said.encode(), cose.ROOT, signer)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ([[AB[0], AB[0]]], "signature_invalid"),  # the earlier root alone
        ([[AB[1], AB[1]]], "signature_invalid"),  # the next root alone: anybody could say that
        ([[_by(THIEF, A.key, THIEF.key), _by(THIEF, A.key, THIEF.key)]], "signature_invalid"),
        ([[AB[0], _by(B, A.key, B.key, 2)]], "authority"),  # two signatures, over two things
        ([AB, CD], "authority"),
        ([BC, AB], "authority"),
        ([AB, rotate(B, A, 2)], "authority"),
        ([rotate(A, A, 1)], "authority"),
        ([[AB[0]]], "malformed"),
        ([AB] * 17, "malformed"),
    ],
)
def test_a_rotation_that_both_roots_have_not_signed_or_that_goes_on_from_none_leads_nowhere(
    wrong: list[list[bytes]], code: str
) -> None:
    with pytest.raises(JobsealError) as refused:
        line(wrong, VERIFIER)
    assert refused.value.code == code


def test_a_root_under_which_anybody_could_sign_is_no_next_root() -> None:
    weak = Key(ED25519, (1).to_bytes(32, "little"))
    with pytest.raises(JobsealError) as refused:
        line([[_by(A, A.key, weak), _by(A, A.key, weak)]], VERIFIER)
    assert refused.value.code == "weak_key"


def test_no_bit_of_a_rotation_can_be_changed() -> None:
    for which in (0, 1):
        for place in range(0, len(AB[which]), 7):
            changed = [bytearray(AB[0]), bytearray(AB[1])]
            changed[which][place] ^= 1
            with pytest.raises(JobsealError):
                line([[bytes(changed[0]), bytes(changed[1])]], VERIFIER)
    assert root_line.ROTATIONS_MAX >= 16
