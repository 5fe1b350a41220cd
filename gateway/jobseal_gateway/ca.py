"""The gateway as a small certificate authority (X.509, RFC 5280): certificates and the revocation list, from keys and
times that come from outside.

They vouch for connections and never for evidence. Everything begins when the CA does: a clock that runs behind makes
no certificate useless, and nothing here is decided by when something began. A link certificate's CN is the device's
name, which the broker takes for user and client id; whoever holds one is that device there and nothing else.
"""

import datetime
import ipaddress
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from jobseal.key import ESP256, Key

DAY_MS = 86_400_000
CA_DAYS = 3653
LINK_DAYS = 180
SERVER_DAYS = 397
CRL_DAYS = 30
BACKDATED_MS = 3_600_000  # of the CA itself: handhelds and brokers whose clocks run behind by less than this
COMMON_NAME_MAX = 64  # RFC 5280, ub-common-name

_SIGNED_WITH = hashes.SHA256()
_NO_CA = x509.BasicConstraints(ca=False, path_length=None)


class Revoked(NamedTuple):
    """One link certificate that must not be taken any more: its serial number and since when (Unix ms UTC)."""

    serial: int
    at_ms: int


class Authority:
    """The CA: its private P-256 key and its certificate."""

    def __init__(self, private: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
        self._private = private
        self.certificate = certificate

    @property
    def pem(self) -> bytes:
        """Its certificate as others are given it."""
        return pem(self.certificate)

    @property
    def der(self) -> bytes:
        """The same, as handhelds are."""
        return der(self.certificate)

    @property
    def key(self) -> Key:
        """Its public key, which the root certifies."""
        return public_key(self._private.public_key())

    def issue_link(self, device: str, link: Key, now_ms: int) -> x509.Certificate:
        """A certificate that the holder of ``link`` is ``device``, good for ``LINK_DAYS`` from ``now_ms``."""
        public = ec.EllipticCurvePublicNumbers(_number(link.x), _number(link.y or b""), ec.SECP256R1()).public_key()
        return self._issue(device, public, now_ms + LINK_DAYS * DAY_MS, ExtendedKeyUsageOID.CLIENT_AUTH, None)

    def issue_server(
        self, hosts: Sequence[str], public: ec.EllipticCurvePublicKey, now_ms: int, days: int = SERVER_DAYS
    ) -> x509.Certificate:
        """A certificate for the server at these host names and addresses."""
        names = x509.SubjectAlternativeName([_host(host) for host in dict.fromkeys(hosts)])
        until_ms = now_ms + days * DAY_MS
        return self._issue(hosts[0][:COMMON_NAME_MAX], public, until_ms, ExtendedKeyUsageOID.SERVER_AUTH, names)

    def revocation_list(self, revoked: Iterable[Revoked], number: int, now_ms: int) -> bytes:
        """The CRL (PEM) of these certificates, good for ``CRL_DAYS``; ``number`` grows with each."""
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(self.certificate.not_valid_before_utc)  # see above: nothing depends on beginnings
            .next_update(_time(now_ms + CRL_DAYS * DAY_MS))
            .add_extension(x509.CRLNumber(number), critical=False)
            .add_extension(self._key_id, critical=False)
        )
        for serial, at_ms in revoked:
            row = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(_time(at_ms)).build()
            builder = builder.add_revoked_certificate(row)
        return builder.sign(self._private, _SIGNED_WITH).public_bytes(serialization.Encoding.PEM)

    def _issue(
        self,
        name: str,
        public: ec.EllipticCurvePublicKey,
        until_ms: int,
        usage: x509.ObjectIdentifier,
        names: x509.SubjectAlternativeName | None,
    ) -> x509.Certificate:
        end = min(_time(until_ms), self.certificate.not_valid_after_utc)
        builder = (
            x509.CertificateBuilder()
            .subject_name(_name(name))
            .issuer_name(self.certificate.subject)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(self.certificate.not_valid_before_utc)
            .not_valid_after(end)
            .add_extension(_NO_CA, critical=True)
            .add_extension(_SIGNS, critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(self._key_id, critical=False)
        )
        if names is not None:
            builder = builder.add_extension(names, critical=False)
        return builder.sign(self._private, _SIGNED_WITH)

    @cached_property
    def _key_id(self) -> x509.AuthorityKeyIdentifier:
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(self._private.public_key())


def found(private: ec.EllipticCurvePrivateKey, organisation: str, now_ms: int) -> Authority:
    """A CA with this key, begun now (Unix ms UTC): its certificate is signed by itself, and by the root elsewhere."""
    public, name = private.public_key(), _name(organisation)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(_time(now_ms - BACKDATED_MS))
        .not_valid_after(_time(now_ms + CA_DAYS * DAY_MS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage("key_cert_sign", "crl_sign"), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .sign(private, _SIGNED_WITH)
    )
    return Authority(private, certificate)


def new_key() -> ec.EllipticCurvePrivateKey:
    """A P-256 key, from the system's randomness."""
    return ec.generate_private_key(ec.SECP256R1())


def key_pem(private: ec.EllipticCurvePrivateKey) -> bytes:
    """The private key as PKCS #8 PEM, unencrypted: what keeps it is the file's mode."""
    form = serialization.PrivateFormat.PKCS8
    return private.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())


def read_key(data: bytes) -> ec.EllipticCurvePrivateKey:
    """The key in this PEM. Raises ValueError for anything else than a P-256 key."""
    private = serialization.load_pem_private_key(data, None)
    if not isinstance(private, ec.EllipticCurvePrivateKey) or not isinstance(private.curve, ec.SECP256R1):
        raise ValueError("not a P-256 key")
    return private


def public_key(public: ec.EllipticCurvePublicKey) -> Key:
    """The same key as the protocol names it."""
    point = public.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    return Key(ESP256, point[1:33], point[33:])


def pem(certificate: x509.Certificate) -> bytes:
    """As files and programs take it."""
    return certificate.public_bytes(serialization.Encoding.PEM)


def der(certificate: x509.Certificate) -> bytes:
    """As it travels to handhelds."""
    return certificate.public_bytes(serialization.Encoding.DER)


def ends_ms(certificate: x509.Certificate) -> int:
    """When it ends, Unix ms UTC."""
    return int(certificate.not_valid_after_utc.timestamp()) * 1000


def _usage(*granted: str) -> x509.KeyUsage:
    every = (
        *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
        *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
    )
    return x509.KeyUsage(**{name: name in granted for name in every})


_SIGNS = _usage("digital_signature")


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host.strip("[]")))
    except ValueError:
        return x509.DNSName(host)


def _time(unix_ms: int) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(unix_ms // 1000, datetime.UTC)


def _number(octets: bytes) -> int:
    return int.from_bytes(octets, "big")
