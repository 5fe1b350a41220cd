"""Renewal: another link certificate for a handheld that was enrolled before.

A renewal is signed by the link key of a certificate that neither ended nor was revoked, or, at any time, by the signing
key: a handheld that was away for a year comes back by that. The same bytes get the same certificate. A device
whose key is revoked gets none; a suspended one does, since it goes on capturing and being acknowledged.
"""

import hashlib

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import Connection

from jobseal import cose, enrolling
from jobseal import key as public_keys
from jobseal.enrolling import REQUEST_MAX_BYTES, Renewal
from jobseal.errors import JobsealError
from jobseal.host.crypto import Verifier
from jobseal.key import Key
from jobseal_gateway import ca, succession
from jobseal_gateway.enrol import EnrolmentRefused
from jobseal_gateway.home import Gateway
from jobseal_gateway.ledger import keys, links
from jobseal_gateway.ledger.database import writing

_VERIFIER = Verifier()


def renew(gateway: Gateway, data: bytes) -> bytes:
    """The certificate (DER) that answers this renewal, complete bytes.

    Raises EnrolmentRefused: ``request_invalid``, ``renewal_unknown`` (no such device, or not signed by its keys),
    ``key_revoked``.
    """
    try:
        envelope = cose.parse(data, REQUEST_MAX_BYTES)
        wanted = Renewal.decode(envelope.payload, REQUEST_MAX_BYTES)
        link = enrolling.link_key(wanted.link)
    except JobsealError as error:
        sentence = f"This is not a handheld's renewal ({error.sentence})."
        raise EnrolmentRefused("request_invalid", sentence) from error
    now_ms, asked = gateway.now_ms(), hashlib.sha256(data).digest()
    with writing(gateway.engine) as connection:
        row = _signed_by(connection, wanted.device, envelope, now_ms)
        if row.status == keys.ROTATED:  # its handheld goes on with another one, under the same certificate for now
            row = succession.present(connection, wanted.device) or row
        if row.status in (keys.REVOKED, keys.ROTATED):
            sentence = f"The key of {wanted.device} is {row.status}; the handheld must be enrolled again."
            raise EnrolmentRefused("key_revoked", sentence)
        present = links.answering(connection, asked)
        if present is not None:
            return present.data
        made = gateway.keys.ca.issue_link(wanted.device, link, now_ms)
        serial, certificate = f"{made.serial_number:x}", ca.der(made)
        links.add(connection, serial, wanted.device, row.id, asked, certificate, now_ms, ca.ends_ms(made))
    return certificate


def _signed_by(connection: Connection, device: str, envelope: cose.Envelope, now_ms: int) -> keys.Key:
    """The device's enrolled key that the renewal was signed for, by itself or by a link key that it stands behind."""
    for row in keys.of_device(connection, device):
        if _is_signed(envelope, public_keys.decode(row.cose_key)):
            if row.status == keys.ROTATED:  # whoever kept a copy of it speaks for nobody any more
                raise EnrolmentRefused("key_revoked", f"This key of {device} has ended; its next one has to sign this.")
            return row
    for each in links.of_device(connection, device):
        if each.ends_ms > now_ms and _is_signed(envelope, _link_key(each.data)):
            row_of_link = keys.by_id(connection, each.key_id)
            assert row_of_link is not None
            return row_of_link
    sentence = f"Nothing that {device} was enrolled with has signed this renewal, or its certificate has ended."
    raise EnrolmentRefused("renewal_unknown", sentence)


def _is_signed(envelope: cose.Envelope, key: Key) -> bool:
    if envelope.kid != key.kid:
        return False
    try:
        cose.verify(envelope, cose.RENEWAL, key, _VERIFIER)
    except JobsealError:
        return False
    return True


def _link_key(certificate: bytes) -> Key:
    public = x509.load_der_x509_certificate(certificate).public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)  # we issued it
    return ca.public_key(public)
