"""The link key with its certificate: what opens the connection to the gateway, and is never evidence.

``enrolment/link.key`` (P-256, PKCS #8 PEM, readable by its owner only), ``link.pem`` (its certificate with the CA's
behind it) and ``doors.cbor`` ([host, port] where it is renewed). Sync reads them; enrolling and renewing write
them, each whole. A handheld without them was enrolled without a link, and connects in the open.
"""

import ssl
import time
from collections.abc import Callable

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from jobseal import cbor, cose
from jobseal.authority import Authority
from jobseal.checkpoint import Checkpoint
from jobseal.errors import JobsealError
from jobseal.key import ESP256, Key
from jobseal.limits import STATEMENT_MAX_BYTES
from jobseal_device import durable, identity, trusting
from jobseal_device.durable import REAL, Files
from jobseal_device.home import Home
from jobseal_device.identity import NotEnrolled
from jobseal_device.link.tls import Context
from jobseal_device.uplink_file import read_uplink

BUILT_MS = 1_767_225_600_000  # 2026-01-01T00:00:00Z, when this software was made: it is no earlier than that


class LinkKey:
    """The private link key, as a signer of the protocol (ESP256, low S) and for TLS."""

    def __init__(self, private: ec.EllipticCurvePrivateKey) -> None:
        self._private = private
        self.key = _public(private.public_key())

    def sign(self, data: bytes) -> bytes:
        """The signature of ``data``, r || s with a low s."""
        r, s = decode_dss_signature(self._private.sign(data, ec.ECDSA(SHA256())))
        return r.to_bytes(32, "big") + min(s, cose.P256_ORDER - s).to_bytes(32, "big")

    def pem(self) -> bytes:
        """As it is kept, and as TLS takes it."""
        form = serialization.PrivateFormat.PKCS8
        return self._private.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())


def new_key() -> LinkKey:
    """A fresh one, from the system's randomness."""
    return LinkKey(ec.generate_private_key(ec.SECP256R1()))


def make_key(home: Home, files: Files = REAL) -> LinkKey:
    """Keep a new link key unless there is one. Raises :class:`StorageError`, :class:`NotEnrolled`."""
    home.make(files)
    if not home.link_key.exists():
        durable.replace(files, home.link_key, new_key().pem())
    return load_key(home)


def load_key(home: Home) -> LinkKey:
    """The link key. Raises :class:`NotEnrolled` where there is none that can be used."""
    try:
        private = serialization.load_pem_private_key(home.link_key.read_bytes(), None)
    except (OSError, ValueError) as error:
        raise NotEnrolled(
            f"The link key {home.link_key} cannot be used ({error}); enrol this handheld again."
        ) from error
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        raise NotEnrolled(f"The link key {home.link_key} is of another kind; enrol this handheld again.")
    return LinkKey(private)


def check_ca(certificate: bytes, trusted: Authority) -> None:
    """Raise :class:`NotEnrolled` unless this DER is the self-signed certificate of the CA that the root certified."""
    try:
        ca = x509.load_der_x509_certificate(certificate)
        ca.verify_directly_issued_by(ca)
        public = ca.public_key()
    except (ValueError, TypeError, InvalidSignature) as error:
        raise NotEnrolled(f"The gateway's CA certificate is none ({error}); have it looked after.") from error
    named = trusted.ca
    if (
        named is None
        or not isinstance(public, ec.EllipticCurvePublicKey)
        or _public(public).thumbprint != named.thumbprint
    ):
        raise NotEnrolled("The gateway's CA certificate is not of the key that its root certified.")


def check_certificate(certificate: bytes, ca: bytes, link: Key, device: str) -> None:
    """Raise :class:`NotEnrolled` unless this DER is the CA's word that ``link`` is the link key of ``device``."""
    try:
        shown = x509.load_der_x509_certificate(certificate)
        shown.verify_directly_issued_by(x509.load_der_x509_certificate(ca))
        public = shown.public_key()
    except (ValueError, TypeError, InvalidSignature) as error:
        raise NotEnrolled(f"The link certificate is not by the gateway's CA ({error}).") from error
    names = [each.value for each in shown.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    if (
        not isinstance(public, ec.EllipticCurvePublicKey)
        or _public(public).thumbprint != link.thumbprint
        or names != [device]
    ):
        raise NotEnrolled(f"The link certificate is not for {device} and its link key.")


def keep(home: Home, certificate: bytes, ca: bytes, doors: list[tuple[str, int]], files: Files = REAL) -> None:
    """Make these (DER, checked) what this handheld connects with. Raises :class:`StorageError`."""
    both = [x509.load_der_x509_certificate(each) for each in (certificate, ca)]
    durable.replace(files, home.doors, cbor.encode([[host, port] for host, port in doors]))
    pem = b"".join(each.public_bytes(serialization.Encoding.PEM) for each in both)
    durable.replace(files, home.link_certificate, pem)


def is_there(home: Home) -> bool:
    """Whether this handheld has a link certificate."""
    return home.link_certificate.exists()


def context(home: Home) -> ssl.SSLContext | None:
    """What sync connects with, None where this handheld was enrolled without a link.

    Raises :class:`NotEnrolled`, :class:`LinkUntrusted`.
    """
    if not is_there(home):
        return None
    made = Context(ca(home), latest_ms(home))
    try:
        made.load_cert_chain(home.link_certificate, home.link_key)
    except (OSError, ssl.SSLError) as error:
        raise NotEnrolled(
            f"The link key does not go with its certificate ({error}); enrol this handheld again."
        ) from error
    return made


def ca(home: Home) -> bytes:
    """The certificate (DER) of the gateway's CA: that of the link certificate, unless the gateway has said since that
    it has another one, which its root certified. Raises :class:`NotEnrolled`."""
    try:
        pinned = identity.load_pinned(home).identity.authority
        found = trusting.kept(home, pinned)
        if found is not None:
            check_ca(found[1].certificate, found[0])
            return found[1].certificate
    except JobsealError:
        pass  # the link certificate came with one that was checked
    return certificates(home)[1].public_bytes(serialization.Encoding.DER)


def latest_ms(home: Home) -> Callable[[], int]:
    """A function of the latest time that this handheld knows it to be: by its clock, its build, its checkpoint."""
    try:
        checkpoint = read_uplink(home).checkpoint
        payload = None if checkpoint is None else cose.parse(checkpoint, STATEMENT_MAX_BYTES).payload
        seen_ms = 0 if payload is None else Checkpoint.decode(payload, STATEMENT_MAX_BYTES).at
    except JobsealError:
        seen_ms = 0  # sync says what is wrong with that file
    return lambda: max(BUILT_MS, seen_ms, time.time_ns() // 1_000_000)


def certificates(home: Home) -> list[x509.Certificate]:
    """The link certificate and the CA's."""
    try:
        found = x509.load_pem_x509_certificates(home.link_certificate.read_bytes())
    except (OSError, ValueError) as error:
        raise NotEnrolled(f"{home.link_certificate} cannot be used ({error}); enrol this handheld again.") from error
    if len(found) != 2:
        raise NotEnrolled(f"{home.link_certificate} is not whole; enrol this handheld again.")
    return found


def _public(public: ec.EllipticCurvePublicKey) -> Key:
    point = public.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    return Key(ESP256, point[1:33], point[33:])
