"""Renewing the link certificate: another one for the same link key, asked for long before the present one ends.

Sync asks while the certificate holds, signed by the link key. One that has ended needs the signing key's word, which
sync has not: capture writes that (``prepare``) when somebody works with the handheld, and sync sends it. Each names
the certificate that it replaces, so that the same bytes are asked again until they are answered, and never later.

A key that ends leaves its word behind (``leave_word``), since the gateway may hear of the next one only over the
connection that this word is for. So each key's word lies with what else is that key's, and sync sends the newest that
the gateway takes.
"""

import hashlib
import ssl
from http import HTTPStatus
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization

from jobseal import cbor, enrolling
from jobseal.enrolling import GRANT_MAX_BYTES, Renewal
from jobseal.errors import JobsealError
from jobseal.key import Key
from jobseal_device import durable, identity, link_identity, turns
from jobseal_device.durable import REAL, Files
from jobseal_device.home import Home
from jobseal_device.link.tls import Context

if TYPE_CHECKING:
    from jobseal.cose import Signer

RENEWAL_PATH = "/v1/renewal"
DAY_MS = 86_400_000
ASK_BEFORE_MS = 120 * DAY_MS  # its end: of 180 days, when 60 have passed
PREPARE_BEFORE_MS = 30 * DAY_MS  # when asking has failed for so long, the signing key's word is made ready


def due_in_ms(home: Home) -> int | None:
    """Milliseconds until the certificate should be renewed, 0 when it should; None where there is none."""
    if not link_identity.is_there(home):
        return None
    if not _is_by(home, link_identity.ca(home)):
        return 0  # the gateway has another CA by now, and will not accept certificates of the earlier one for ever
    return max(0, _ends_ms(home) - ASK_BEFORE_MS - link_identity.latest_ms(home)())


def prepare(home: Home, signer: "Signer", files: Files = REAL) -> None:
    """Have the signing key's word ready for a certificate that has ended or soon will. Raises :class:`StorageError`."""
    if link_identity.is_there(home) and _ends_ms(home) - link_identity.latest_ms(home)() <= PREPARE_BEFORE_MS:
        leave_word(home, signer, files)


def leave_word(home: Home, signer: "Signer", files: Files = REAL) -> None:
    """The same, however long the certificate holds: this key will not sign again, and who comes after it may be unknown
    to the gateway for longer than that. Raises :class:`StorageError`, :class:`NotEnrolled`."""
    if not link_identity.is_there(home):
        return
    word = enrolling.sign_renewal(_wish(home), signer)
    if not home.renewal.exists() or home.renewal.read_bytes() != word:
        durable.replace(files, home.renewal, word)


def renew(home: Home, files: Files = REAL) -> bool:
    """Renew the certificate if that is due; whether there is another one now.

    Raises :class:`GatewayUnreachable`, what the gateway refuses with, :class:`NotEnrolled`, :class:`StorageError`.
    """
    if due_in_ms(home) != 0:
        return False
    link = link_identity.load_key(home)
    holds = _ends_ms(home) > link_identity.latest_ms(home)()
    words = [enrolling.sign_renewal(_wish(home), link)] if holds else _words(home)
    ca = link_identity.ca(home)
    answer = _answer(home, ca, link.key, words)
    if answer is None:
        return False  # until somebody works with this handheld
    link_identity.keep(home, answer, ca, doors(home), files)
    return True


def _words(home: Home) -> list[bytes]:
    """What the keys of this enrolment have left to be sent, the newest first: the gateway knows one of them, and which
    one that is depends on how much of their chains it has."""
    found = []
    while True:
        if home.renewal.exists():
            found.append(home.renewal.read_bytes())
        if not turns.is_rotated_to(home):
            return found
        home = home.earlier_turn()


def _answer(home: Home, ca: bytes, link: Key, words: list[bytes]) -> bytes | None:
    """The certificate that the first of these words gets, None where each has got one that has ended since. Raises what
    the last of those was refused with that got none."""
    latest_ms, failed = link_identity.latest_ms(home), None
    device = identity.load(home).identity.device
    for word in words:
        try:
            answer = _asked(home, Context(ca, latest_ms), word)
            link_identity.check_certificate(answer, ca, link, device)
        except JobsealError as error:
            failed = error
            continue
        if _end_of(x509.load_der_x509_certificate(answer)) > latest_ms():
            return answer
    if failed is not None:
        raise failed
    return None


def _asked(home: Home, tls: ssl.SSLContext, asked: bytes) -> bytes:
    from jobseal_device.door import exchange  # HTTP is loaded by who renews, a few times a year

    failed: JobsealError | None = None
    for host, port in doors(home):
        try:
            status, data = exchange(host, port, tls, "POST", RENEWAL_PATH, asked)
        except JobsealError as error:
            failed = error
            continue
        if status == HTTPStatus.OK:
            return data
    raise failed or identity.NotEnrolled("This handheld knows no place to renew its certificate; enrol it again.")


def _is_by(home: Home, ca: bytes) -> bool:
    """Whether the link certificate is by this CA (DER)."""
    try:
        link_identity.certificates(home)[0].verify_directly_issued_by(x509.load_der_x509_certificate(ca))
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _wish(home: Home) -> Renewal:
    present = link_identity.certificates(home)[0].public_bytes(serialization.Encoding.DER)
    return Renewal(
        device=identity.load(home).identity.device,
        link=link_identity.load_key(home).key.encode(),
        replaces=hashlib.sha256(present).digest(),
    )


def _ends_ms(home: Home) -> int:
    return _end_of(link_identity.certificates(home)[0])


def _end_of(certificate: x509.Certificate) -> int:
    return int(certificate.not_valid_after_utc.timestamp()) * 1000


def doors(home: Home) -> list[tuple[str, int]]:
    """(host, port) of each place at which this handheld asks for certificates; none where it knows none."""
    try:
        return [(host, port) for host, port in cbor.decode(home.doors.read_bytes(), GRANT_MAX_BYTES)]
    except (OSError, JobsealError, ValueError, TypeError):
        return []
