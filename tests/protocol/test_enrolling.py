"""What enrolling over a network says: codes that survive people, requests that prove what they say, digits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobseal import cose, enrolling
from jobseal.enrolling import Code, Request, parse_code
from jobseal.errors import JobsealError
from jobseal.host.crypto import Ed25519Signer, Verifier
from jobseal.key import ESP256, Key

SIGNER = Ed25519Signer(b"\x01" * 32)
# The base point of P-256 (SEC 2 section 2.4.2): a key like any other, whose secret is 1.
LINK = Key(
    ESP256,
    bytes.fromhex("6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"),
    bytes.fromhex("4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"),
)
CODE = Code("gateway.example", 8443, bytes(range(16)), bytes(range(16, 32)))
SIXTEEN = st.binary(min_size=16, max_size=16)


def same(one: Code, other: Code) -> bool:
    return (one.host, one.port, one.token, one.print_of) == (other.host, other.port, other.token, other.print_of)


@given(SIXTEEN, SIXTEEN, st.integers(1, 65535), st.sampled_from(["gateway.example", "10.0.0.5", "a", "[::1]"]))
def test_a_code_is_read_as_it_was_written_in_any_case_and_spacing(
    token: bytes, print_of: bytes, port: int, host: str
) -> None:
    code = Code(host, port, token, print_of)
    text = code.to_text()
    for typed in (text, text.lower(), f"  {text}\n", text.replace("-", " "), text.replace("-", "")):
        assert same(parse_code(typed), code)


def test_a_code_has_only_characters_that_a_qr_code_holds_densely() -> None:
    assert set(CODE.to_text()) <= set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")


def test_digits_that_are_typed_for_letters_are_understood() -> None:
    place, letters = CODE.to_text().rsplit("/", 1)
    typed = letters.replace("O", "0").replace("I", "1").replace("B", "8")
    assert same(parse_code(f"{place}/{typed}"), CODE)


@given(st.integers(min_value=0), st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"))
def test_one_wrong_character_is_noticed(place: int, letter: str) -> None:
    text = CODE.to_text()
    start = text.rindex("/") + 1
    at = start + place % (len(text) - start)
    typed = text[:at] + letter + text[at + 1 :]
    if text[at] in (letter, "-"):
        return
    with pytest.raises(JobsealError) as wrong:
        parse_code(typed)
    assert wrong.value.code == "enrolment_code"


@pytest.mark.parametrize(
    "text",
    [
        *("", "JS1", "JS1//", "JS2/a:1/AAAA", "JS1/a:0/AAAA", "JS1/a/AAAA", "JS1/a:1/A!"),
        CODE.to_text()[:-1],
        CODE.to_text() + "A",
        CODE.to_text().replace("EXAMPLE", "EXAMPLF"),
        CODE.to_text().replace("8443", "8444"),
    ],
)
def test_what_is_no_code_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(JobsealError) as wrong:
        parse_code(text)
    assert (wrong.value.code, wrong.value.fault) == ("enrolment_code", "operator")


def request(**changes: object) -> bytes:
    fields = {"token": bytes(16), "key": SIGNER.key.encode(), "link": LINK.encode(), "assurance": "pin", **changes}
    return enrolling.sign_request(Request(**fields), SIGNER)


def test_a_request_proves_that_its_sender_holds_the_signing_key() -> None:
    asked, key, link = enrolling.open_request(request(), Verifier())
    assert (asked.token, asked.assurance) == (bytes(16), "pin")
    assert (key.thumbprint, link.thumbprint) == (SIGNER.key.thumbprint, LINK.thumbprint)


def refused(data: bytes) -> str:
    with pytest.raises(JobsealError) as wrong:
        enrolling.open_request(data, Verifier())
    return wrong.value.code


def test_a_request_for_somebody_elses_key_is_refused() -> None:
    other = Ed25519Signer(b"\x02" * 32)
    assert refused(request(key=other.key.encode())) == "signature_invalid"
    good = request()
    assert refused(good[:-1] + bytes([good[-1] ^ 1])) == "signature_invalid"


def test_a_request_signed_as_something_else_is_refused() -> None:
    fields = Request(token=None, key=SIGNER.key.encode(), link=LINK.encode(), assurance="none")
    assert refused(cose.sign(fields.encode(), cose.RENEWAL, SIGNER)) == "signature_invalid"


def test_keys_of_the_wrong_kind_or_off_the_curve_are_refused() -> None:
    assert refused(request(link=SIGNER.key.encode())) == "key"
    assert refused(request(link=Key(ESP256, LINK.x, bytes(32)).encode())) == "weak_key"


def test_the_digits_are_six_and_follow_from_request_and_nonce() -> None:
    data = request()
    shown = {enrolling.digits(data, bytes([number]) * 16) for number in range(50)}
    assert all(len(each) == 6 and each.isdigit() for each in shown)
    assert len(shown) == 50
    assert enrolling.digits(data, bytes(16)) == enrolling.digits(data, bytes(16))
    assert enrolling.digits(data, bytes(16)) != enrolling.digits(request(assurance="none"), bytes(16))
