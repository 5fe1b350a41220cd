"""Enrolling over a network: the code that a person carries, the handheld's request, the gateway's grant.

The code pins the root and names one token. The request is signed by the new signing key, so whoever sends it holds
that key, and it binds token, signing key and link key to each other. The same bytes sent again are the same request.
Six digits follow from the request and from a nonce that the gateway draws after it has the request: nobody can look
for a request whose digits come out as wanted, so equal digits on both screens mean that both speak of the same keys.
"""

import hashlib

from jobseal import cose, enrolment
from jobseal import key as keys
from jobseal.errors import OPERATOR, JobsealError, Malformed
from jobseal.key import ESP256, KEY_MAX_BYTES, Key
from jobseal.message import Message
from jobseal.office import ASSURANCE
from jobseal.root_line import ROTATIONS
from jobseal.shape import DEVICE, HASH, Array, Bytes, Integer, Map, Row, Text, may, must, optional

MYPY = False
if MYPY:
    from collections.abc import Callable
    from typing import Any

    from jobseal.cose import Signer, Verifier

TOKEN_BYTES = 16
PRINT_BYTES = 16  # of the root's thumbprint: as many bits as nobody can search for a second root with
NONCE_BYTES = 16
REQUEST_MAX_BYTES = 1024
GRANT_MAX_BYTES = 16384
CERTIFICATE_MAX_BYTES = 4096
CERTIFICATE = Bytes(1, CERTIFICATE_MAX_BYTES)
KEY = Bytes(1, KEY_MAX_BYTES)
PLACES = Array(Row(("host", Text(1, 253)), ("port", Integer(1, 65535))), 1, 8)

PREFIX = "JS1"
_CHECK_BYTES = 3
_SECRET_BYTES = TOKEN_BYTES + PRINT_BYTES + _CHECK_BYTES
_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"  # RFC 4648 section 6
_MISREAD = {"0": "O", "1": "I", "8": "B"}  # what people type for letters; these digits are none of ours
_GROUP = 4


class Code:
    """``host`` and ``port`` of the gateway's HTTPS, ``token`` (16 bytes), ``print_of``: 16 bytes of the root's
    thumbprint."""

    __slots__ = ("host", "port", "print_of", "token")

    def __init__(self, host: str, port: int, token: bytes, print_of: bytes) -> None:
        self.host = host
        self.port = port
        self.token = token
        self.print_of = print_of

    def to_text(self) -> str:
        """As people and scanners read it: JS1/HOST:PORT/ABCD-EFGH-..., of what a QR code's dense mode can hold."""
        place = (self.host + ":" + str(self.port)).upper()
        secret = self.token + self.print_of
        letters = _base32(secret + _check(place, secret))
        grouped = "-".join([letters[at : at + _GROUP] for at in range(0, len(letters), _GROUP)])
        return PREFIX + "/" + place + "/" + grouped


def parse_code(text: str) -> Code:
    """The code in what was typed or scanned, in any case and with any spaces. Raises ``enrolment_code`` (operator)."""
    parts = "".join(text.split()).upper().split("/")
    if len(parts) != 3 or parts[0] != PREFIX:
        raise _wrong("it begins with JS1/ and has three parts, with / between them")
    place, letters = parts[1], parts[2]
    host, colon, port = place.rpartition(":")
    if not (host and colon and port.isdigit() and 1 <= int(port) <= 65535):
        raise _wrong("its middle part is HOST:PORT")
    data = _bytes(letters)
    secret = data[: TOKEN_BYTES + PRINT_BYTES]
    if len(data) != _SECRET_BYTES or data[TOKEN_BYTES + PRINT_BYTES :] != _check(place, secret):
        raise _wrong("a character is wrong or missing")
    return Code(host.lower(), int(port), secret[:TOKEN_BYTES], secret[TOKEN_BYTES:])


class Request(Message):
    """``token``: from the code, None when a person carries the request; ``key``: the signing key and ``link``: the link
    key, COSE_Key bytes; ``assurance``: how the handheld keeps its signing key."""

    __slots__ = ("assurance", "key", "link", "token")
    SHAPE = Map(
        must(1, "token", optional(Bytes(TOKEN_BYTES, TOKEN_BYTES))),
        must(2, "key", KEY),
        must(3, "link", KEY),
        must(4, "assurance", ASSURANCE),
    )
    token: "bytes | None"
    key: bytes
    link: bytes
    assurance: str


def sign_request(request: Request, signer: "Signer") -> bytes:
    """The complete bytes of the request, signed by the key that it wants enrolled."""
    return cose.sign(request.encode(), cose.REQUEST, signer)


def open_request(
    data: bytes, verifier: "Verifier", check: "Callable[[Key], None]" = enrolment.check_key
) -> "tuple[Request, Key, Key]":
    """(the request, its signing key, its link key), both keys fit to be enrolled and the first proven to be held.

    ``check`` refuses keys that must not be enrolled; hosts have a quicker one (``jobseal.host.curve``).

    Raises :class:`Malformed`, among it ``weak_key``, or :class:`SignatureInvalid`.
    """
    envelope = cose.parse(data, REQUEST_MAX_BYTES)
    request = Request.decode(envelope.payload, REQUEST_MAX_BYTES)
    key = keys.decode(request.key)
    check(key)
    cose.verify(envelope, cose.REQUEST, key, verifier)
    return request, key, link_key(request.link)


def link_key(data: bytes) -> Key:
    """The link key in these COSE_Key bytes. Raises :class:`Malformed`."""
    link = keys.decode(data)
    if link.alg != ESP256:
        raise Malformed("key", "a link key is a P-256 key")
    enrolment.check_key(link)
    return link


def digits(request: bytes, nonce: bytes) -> str:
    """The six digits that both screens show for these complete request bytes."""
    mixed = hashlib.sha256(b"jobseal/1/digits" + nonce + hashlib.sha256(request).digest()).digest()
    number = str(int.from_bytes(mixed[:8], "big") % 1000000)
    return "0" * (6 - len(number)) + number


class Anchors(Message):
    """What a handheld asks for first, of whoever answers: the ``root`` COSE_Key, its ``authority`` certifications, and
    the CA's ``certificate`` (DER); ``rotations``: how the root came from earlier ones, if it did. Worth nothing until
    the root is the one that the code names, or follows one that is pinned."""

    __slots__ = ("authority", "certificate", "root", "rotations")
    SHAPE = Map(
        must(1, "root", KEY),
        must(2, "authority", Array(Bytes(1, 512), 3, 3)),
        must(3, "certificate", CERTIFICATE),
        may(4, "rotations", ROTATIONS),
    )
    root: bytes
    authority: "list[bytes]"
    certificate: bytes
    rotations: "list[Any] | None"


class Waiting(Message):
    """The request is there and a person has not decided: the ``nonce`` for the digits, and when to ask again."""

    __slots__ = ("nonce", "retry_after_s")
    SHAPE = Map(must(1, "nonce", Bytes(NONCE_BYTES, NONCE_BYTES)), must(2, "retry_after_s", Integer(1, 300)))
    nonce: bytes
    retry_after_s: int


class Grant(Message):
    """What an admitted handheld gets: its ``welcome`` (complete bytes), the ``certificate`` of its link key and the
    ``ca`` certificate (DER both), and the ``doors`` ([host, port]) at which it renews them."""

    __slots__ = ("ca", "certificate", "doors", "welcome")
    SHAPE = Map(
        must(1, "welcome", Bytes(1, 8192)),
        must(2, "certificate", CERTIFICATE),
        must(3, "ca", CERTIFICATE),
        must(4, "doors", PLACES),
    )
    welcome: bytes
    certificate: bytes
    ca: bytes
    doors: "list[Any]"


class Renewal(Message):
    """A handheld's wish for another certificate: its ``device`` name, the ``link`` key that it is for (COSE_Key bytes),
    and SHA-256 of the certificate that it ``replaces``, so that no two renewals are the same bytes.

    Signed by the link key of a certificate that still holds, or by the signing key.
    """

    __slots__ = ("device", "link", "replaces")
    SHAPE = Map(must(1, "device", DEVICE), must(2, "link", KEY), must(3, "replaces", HASH))
    device: str
    link: bytes
    replaces: bytes


def sign_renewal(renewal: Renewal, signer: "Signer") -> bytes:
    """The complete bytes of the wish."""
    return cose.sign(renewal.encode(), cose.RENEWAL, signer)


def _check(place: str, secret: bytes) -> bytes:
    return hashlib.sha256(place.encode() + b"/" + secret).digest()[:_CHECK_BYTES]


def _base32(data: bytes) -> str:
    number, count = int.from_bytes(data, "big"), len(data) * 8 // 5  # 35 bytes are 56 letters, without padding
    letters = []
    for _ in range(count):
        letters.append(_BASE32[number & 31])
        number >>= 5
    return "".join(reversed(letters))


def _bytes(letters: str) -> bytes:
    number, count = 0, 0
    for letter in letters:
        if letter == "-":
            continue
        place = _BASE32.find(_MISREAD.get(letter, letter))
        if place < 0:
            raise _wrong("it has a character that no code has")
        number, count = number * 32 + place, count + 1
    if count != _SECRET_BYTES * 8 // 5:
        raise _wrong("a character is wrong or missing")
    return number.to_bytes(_SECRET_BYTES, "big")


def _wrong(why: str) -> JobsealError:
    return JobsealError("enrolment_code", "this is not an enrolment code: " + why, OPERATOR)
