"""Vectors of the envelope and of keys: everything that a signature must not survive."""

from typing import TYPE_CHECKING, Any

from jobseal import cbor, cose, edwards
from jobseal import key as jobseal_key
from tests.vectors import keys
from tests.vectors.entry import Entry, File, invalid, valid

if TYPE_CHECKING:
    from jobseal.cose import Signer

DOMAIN = cose.EVENT
PAYLOAD = cbor.encode({1: "a payload"})


def _header(alg: int, kid: bytes) -> bytes:
    return cbor.encode({1: alg, 4: kid})


def _built(protected: bytes, unprotected: Any, payload: bytes, signature: bytes, head: str = "d284") -> bytes:
    """A COSE_Sign1 from its parts, whatever they are; ``payload`` is already encoded."""
    return bytes.fromhex(head) + cbor.encode(protected) + cbor.encode(unprotected) + payload + cbor.encode(signature)


def _signed_over(protected: bytes, payload: bytes, signer: "Signer") -> bytes:
    """A signature of RFC 9052 over any protected header, also one that Jobseal refuses."""
    return signer.sign(cbor.encode(["Signature1", protected, DOMAIN.encode(), payload]))


def _reheaded(signer: "Signer", protected: bytes, unprotected: Any) -> bytes:
    """A correctly signed message with other headers than Jobseal allows."""
    return _built(protected, unprotected, cbor.encode(PAYLOAD), _signed_over(protected, PAYLOAD, signer))


def _with_signature(data: bytes, signature: bytes) -> bytes:
    return data[:-64] + signature


def _added(signature: bytes, order: int) -> bytes:
    """The signature with ``order`` added to its little-endian S."""
    scalar = int.from_bytes(signature[32:], "little") + order
    return signature[:32] + scalar.to_bytes(32, "little")


def _subtracted(signature: bytes, order: int) -> bytes:
    """The signature with ``order`` minus its big-endian s."""
    scalar = order - int.from_bytes(signature[32:], "big")
    return signature[:32] + scalar.to_bytes(32, "big")


def _flipped(data: bytes, at: int) -> bytes:
    where = at % len(data)
    return data[:where] + bytes([data[where] ^ 1]) + data[where + 1 :]


def _for_one(prefix: str, signer: "Signer", other: "Signer") -> list[Entry]:
    """What holds for either algorithm."""
    good = cose.sign(PAYLOAD, DOMAIN, signer)
    about = {"key": signer.key.encode().hex(), "domain": DOMAIN}
    lengths = [0, 23, 24, 255, 256, 4000]
    entries = [
        valid(
            f"{prefix}-payload-of-{length}", "the payload's length in its shortest form",
            cose.sign(bytes(length), DOMAIN, signer), bytes(length), **about,
        )
        for length in lengths
    ]  # fmt: skip
    entries.append(valid(f"{prefix}-signed", "a message as it should be", good, PAYLOAD, **about))
    wrong = [
        ("other-domain", "signed as a receipt, read as an event", cose.sign(PAYLOAD, cose.RECEIPT, signer)),
        ("no-domain", "signed without any domain", cose.sign(PAYLOAD, "", signer)),
        ("domain-cut", "a domain that begins like the right one", cose.sign(PAYLOAD, DOMAIN[:-1], signer)),
        ("payload-bit", "one bit of the payload flipped", _flipped(good, -67)),
        ("kid-bit", "one bit of the kid flipped", _flipped(good, 10)),
        ("signature-first-bit", "one bit of the signature's first half flipped", _flipped(good, -64)),
        ("signature-last-bit", "one bit of the signature's second half flipped", _flipped(good, -1)),
        ("signature-zero", "a signature of zeros", _with_signature(good, bytes(64))),
        ("signature-ones", "a signature of ones", _with_signature(good, b"\xff" * 64)),
        ("second-half-zero", "S is zero", _with_signature(good, good[-64:-32] + bytes(32))),
        ("first-half-zero", "R is zero", _with_signature(good, bytes(32) + good[-32:])),
        ("halves-swapped", "the halves of the signature change places",
         _with_signature(good, good[-32:] + good[-64:-32])),
        ("other-signer", "signed by another key under its own kid", cose.sign(PAYLOAD, DOMAIN, other)),
        ("other-signer-our-kid", "signed by another key, the header names ours",
         _reheaded(other, _header(signer.key.alg, signer.key.kid), {})),
        ("our-signature-other-kid", "signed by our key, the header names another's kid",
         _reheaded(signer, _header(signer.key.alg, other.key.kid), {})),
        ("other-alg", "the header names the other algorithm",
         _reheaded(signer, _header(-28 - signer.key.alg, signer.key.kid), {})),
    ]  # fmt: skip
    entries += [invalid(f"{prefix}-{name}", shows, data, "signature_invalid", **about) for name, shows, data in wrong]
    swapped = {"key": other.key.encode().hex(), "domain": DOMAIN}
    entries.append(
        invalid(f"{prefix}-read-with-other-key", "checked with another key", good, "signature_invalid", **swapped)
    )
    return entries


def _second_signatures() -> list[Entry]:
    """The other signature that each algorithm offers to whoever has seen the first."""
    first = cose.sign(PAYLOAD, DOMAIN, keys.VAN)
    second = _with_signature(first, _added(first[-64:], edwards.ORDER))
    hardware = cose.sign(PAYLOAD, DOMAIN, keys.TPM)
    high = _with_signature(hardware, _subtracted(hardware[-64:], cose.P256_ORDER))
    beyond = _with_signature(hardware, hardware[-64:-32] + cose.P256_ORDER.to_bytes(32, "big"))
    beyond_r = _with_signature(hardware, cose.P256_ORDER.to_bytes(32, "big") + hardware[-32:])
    ed, ec = {"key": keys.VAN.key.encode().hex()}, {"key": keys.TPM.key.encode().hex()}
    code = "signature_invalid"
    return [
        invalid("ed25519-s-plus-l", "S + L instead of S", second, code, **ed, domain=DOMAIN),
        invalid("esp256-high-s", "N - s instead of s: a valid ECDSA signature", high, code, **ec, domain=DOMAIN),
        invalid("esp256-s-is-n", "s is the group's order", beyond, code, **ec, domain=DOMAIN),
        invalid("esp256-r-is-n", "r is the group's order", beyond_r, code, **ec, domain=DOMAIN),
    ]


def _layouts() -> list[Entry]:
    """Envelopes that say the same in another way, or more, or less: none is read."""
    signer, about = keys.VAN, {"key": keys.VAN.key.encode().hex(), "domain": DOMAIN}
    kid = signer.key.kid
    header = _header(signer.key.alg, kid)
    good = cose.sign(PAYLOAD, DOMAIN, signer)
    signature, payload = good[-64:], cbor.encode(PAYLOAD)
    wrong = [
        ("untagged", "no tag", good[1:]),
        ("tag-in-two-bytes", "the tag in a longer form", b"\xd8\x12" + good[1:]),
        ("tag-98", "the tag of COSE_Sign", b"\xd8\x62" + good[1:]),
        ("tag-17", "the tag of COSE_Mac0", b"\xd1" + good[1:]),
        ("array-of-three", "the signature is missing", b"\xd2\x83" + good[2:-66]),
        ("array-of-five", "one item more", b"\xd2\x85" + good[2:] + b"\xf6"),
        ("array-indefinite", "an array without a length", b"\xd2\x9f" + good[2:] + b"\xff"),
        ("trailing-byte", "one byte after the message", good + b"\x00"),
        ("last-byte-missing", "one byte too few", good[:-1]),
        ("kid-unprotected", "the kid is in the unprotected header", _reheaded(signer, cbor.encode({1: -19}), {4: kid})),
        ("alg-unprotected", "the algorithm is in the unprotected header",
         _reheaded(signer, cbor.encode({4: kid}), {1: -19})),
        ("unprotected-content", "something extra in the unprotected header", _reheaded(signer, header, {4: kid})),
        ("unprotected-text", "a text key in the unprotected header", _reheaded(signer, header, {"note": "hello"})),
        ("unprotected-null", "null instead of an empty map", _reheaded(signer, header, None)),
        ("protected-empty", "nothing in the protected header", _reheaded(signer, b"", {})),
        ("protected-empty-map", "an empty map in the protected header", _reheaded(signer, b"\xa0", {})),
        ("protected-extra", "a content type beside alg and kid",
         _reheaded(signer, cbor.encode({1: -19, 3: 0, 4: kid}), {})),
        ("protected-crit", "a critical header", _reheaded(signer, cbor.encode({1: -19, 2: [4], 4: kid}), {})),
        ("protected-unsorted", "kid before alg", _reheaded(signer, b"\xa2\x04\x48" + kid + b"\x01\x32", {})),
        ("kid-of-7", "a kid of seven bytes", _reheaded(signer, _header(-19, kid[:7]), {})),
        ("kid-of-32", "the whole thumbprint as kid", _reheaded(signer, _header(-19, signer.key.thumbprint), {})),
        ("kid-text", "a text as kid", _reheaded(signer, cbor.encode({1: -19, 4: "kid-0000"}), {})),
        ("alg-eddsa", "-8 (EdDSA, any curve)", _reheaded(signer, _header(-8, kid), {})),
        ("alg-es256", "-7 (ES256)", _reheaded(signer, _header(-7, kid), {})),
        ("alg-none", "alg is null", _reheaded(signer, cbor.encode({1: None, 4: kid}), {})),
        ("alg-text", "alg is a text", _reheaded(signer, cbor.encode({1: "EdDSA", 4: kid}), {})),
        ("payload-detached", "null instead of the payload", _built(header, {}, b"\xf6", signature)),
        ("payload-text", "the payload as text", _built(header, {}, b"\x69some text", signature)),
        ("payload-unwrapped", "the payload's own map instead of a byte string", _built(header, {}, PAYLOAD, signature)),
        ("payload-long-length", "the payload's length in a longer form",
         _built(header, {}, b"\x58" + bytes([len(PAYLOAD)]) + PAYLOAD, signature)),
        ("payload-in-pieces", "the payload without a length",
         _built(header, {}, b"\x5f" + payload + b"\xff", signature)),
        ("payload-length-lies", "the payload's length is one too many",
         _built(header, {}, bytes([payload[0] + 1]) + PAYLOAD, signature)),
        ("signature-of-63", "a signature of 63 bytes", _built(header, {}, payload, signature[:63])),
        ("signature-of-65", "a signature of 65 bytes", _built(header, {}, payload, signature + b"\x00")),
        ("signature-empty", "no signature", _built(header, {}, payload, b"")),
        ("signature-null", "null instead of a signature", good[:-66] + b"\xf6"),
        ("nothing", "no bytes", b""),
        ("zeros", "a hundred zeros", bytes(100)),
        ("json", "a JWS", b'{"payload":"e30","protected":"eyJhbGciOiJFZERTQSJ9","signature":"AAAA' + b"A" * 40 + b'"}'),
    ]  # fmt: skip
    return [invalid(name, shows, data, "envelope", **about) for name, shows, data in wrong]


def _cose() -> list[Entry]:
    return [
        *_for_one("ed25519", keys.VAN, keys.STRANGER),
        *_for_one("esp256", keys.TPM, keys.VAN),
        *_second_signatures(),
        *_layouts(),
    ]


# RFC 9679 section 6: the example key, as its thumbprint's input, and the thumbprint.
RFC9679_X = "65eda5a12577c2bae829437fe338701a10aaa375e1bb5b5de108de439c08551d"
RFC9679_Y = "1e52ed75701163f7f9e40ddf9f341b3dc9ba860af7e0ca7ca7e9eecd0084d19c"
RFC9679_THUMBPRINT = "496bd8afadf307e5b08c64b0421bf9dc01528a344a43bda88fadd1669da253ec"


def _named(name: str, shows: str, key: jobseal_key.Key, **more: str) -> Entry:
    data = key.encode()
    names = {"thumbprint": key.thumbprint.hex(), "kid": key.kid.hex()}
    return valid(name, shows, data, cbor.decode(data, 96), **names, **more)


def _okp(x: bytes) -> bytes:
    return cbor.encode({1: 1, 3: -19, -1: 6, -2: x})


def _weak() -> list[tuple[str, str, bytes]]:
    p = edwards.FIELD
    order_eight = bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")
    honest = keys.VAN.key.x
    return [
        ("identity", "the identity: one signature fits every message", (1).to_bytes(32, "little")),
        ("order-two", "the point of order 2", (p - 1).to_bytes(32, "little")),
        ("order-four", "a point of order 4", bytes(32)),
        ("order-four-negative", "the other point of order 4", (1 << 255).to_bytes(32, "little")),
        ("order-eight", "a point of order 8", order_eight),
        ("identity-unreduced", "y is p + 1", (p + 1).to_bytes(32, "little")),
        ("zero-unreduced", "y is p", p.to_bytes(32, "little")),
        ("identity-signed", "x is zero with a sign", (1 | 1 << 255).to_bytes(32, "little")),
        ("off-the-curve", "no point has y = 2", (2).to_bytes(32, "little")),
        ("all-ones", "y beyond the field", b"\xff" * 32),
        ("mixed-order", "an honest key with a point of order 2 added", _plus_order_two(honest)),
    ]


def _plus_order_two(encoded: bytes) -> bytes:
    """The point plus (0, -1), which is (-x, -y)."""
    y = int.from_bytes(encoded, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    return ((edwards.FIELD - y) | (1 - sign) << 255).to_bytes(32, "little")


def _key() -> list[Entry]:
    entries = [
        _named(f"{name.replace(' ', '-').replace(',', '')}", f"the {name} key of these vectors", signer.key,
               secret=keys.seed(name).hex())
        for name, signer in keys.NAMED.items()
    ]  # fmt: skip
    example = jobseal_key.Key(jobseal_key.ESP256, bytes.fromhex(RFC9679_X), bytes.fromhex(RFC9679_Y))
    if example.thumbprint.hex() != RFC9679_THUMBPRINT:
        raise ValueError("the thumbprint is not the one that RFC 9679 section 6 gives")
    entries.append(_named("rfc9679", "the example of RFC 9679 section 6, with its thumbprint", example))
    x, tpm = keys.VAN.key.x, keys.TPM.key
    wrong = [
        ("without-alg", "no algorithm: it belongs to the key", cbor.encode({1: 1, -1: 6, -2: x})),
        ("alg-eddsa", "-8 does not name the curve", cbor.encode({1: 1, 3: -8, -1: 6, -2: x})),
        ("alg-of-other-type", "ESP256 with an OKP key", cbor.encode({1: 1, 3: -9, -1: 6, -2: x})),
        ("curve-x25519", "a key for key agreement", cbor.encode({1: 1, 3: -19, -1: 4, -2: x})),
        ("with-kid", "a kid beside the key", cbor.encode({1: 1, 2: b"kid", 3: -19, -1: 6, -2: x})),
        ("with-private-part", "the private part came along", cbor.encode({1: 1, 3: -19, -1: 6, -2: x, -4: bytes(32)})),
        ("y-with-ed25519", "a y coordinate that Ed25519 has not", cbor.encode({1: 1, 3: -19, -1: 6, -2: x, -3: x})),
        ("y-missing", "P-256 without y", cbor.encode({1: 2, 3: -9, -1: 1, -2: tpm.x})),
        ("y-compressed", "only the sign of y", cbor.encode({1: 2, 3: -9, -1: 1, -2: tpm.x, -3: True})),
        ("x-short", "31 bytes", _okp(x[:31])),
        ("x-long", "33 bytes", _okp(x + b"\x00")),
        ("not-a-map", "an array", cbor.encode([1, -19, 6, x])),
    ]  # fmt: skip
    entries += [invalid(name, shows, data, "key") for name, shows, data in wrong]
    entries.append(
        invalid("unsorted", "kty after alg", b"\xa4\x03\x32\x01\x01\x20\x06\x21\x58\x20" + x, "cbor_noncanonical")
    )
    entries += [invalid(name, shows, _okp(point), "weak_key") for name, shows, point in _weak()]
    off = jobseal_key.Key(jobseal_key.ESP256, tpm.x, bytes(31) + b"\x01").encode()
    unreduced = jobseal_key.Key(jobseal_key.ESP256, b"\xff" * 32, b"\xff" * 32).encode()
    entries.append(invalid("p256-off-the-curve", "a point that is not on P-256", off, "weak_key"))
    entries.append(invalid("p256-unreduced", "coordinates beyond the field", unreduced, "weak_key"))
    return entries


FILES: dict[str, File] = {
    "cose": ("one COSE_Sign1 of at most 131072 bytes, opened with `key` in `domain` (SPEC.md, Signatures)", _cose),
    "key": ("one COSE_Key, as it is checked before enrolment (SPEC.md, Keys)", _key),
}
