"""The gateway's certificates, as openssl sees them, and the root's word for the CA that signs them."""

import subprocess
from pathlib import Path

import pytest
from cryptography import x509

from jobseal import authority as statements
from jobseal import cbor, key
from jobseal.host.crypto import Verifier
from jobseal.limits import STATEMENT_MAX_BYTES
from jobseal_gateway import authority, ca, durable
from jobseal_gateway.authority import AuthorityUnusable
from jobseal_gateway.ca import DAY_MS, LINK_DAYS, Revoked
from tests.devices import signer_of

NOW_MS = 1_790_000_000_000


@pytest.fixture
def issuer(tmp_path: Path) -> ca.Authority:
    made = authority.create(tmp_path / "keys", NOW_MS, Verifier()).ca
    (tmp_path / "ca.pem").write_bytes(made.pem)
    return made


def link(issuer: ca.Authority, device: str = "hh-1", now_ms: int = NOW_MS) -> x509.Certificate:
    return issuer.issue_link(device, ca.public_key(ca.new_key().public_key()), now_ms)


def openssl(folder: Path, certificate: x509.Certificate, at_ms: int, *more: str) -> str:
    """What ``openssl verify`` says of it at that time."""
    path = folder / "shown.pem"
    path.write_bytes(ca.pem(certificate))
    command = ["openssl", "verify", "-CAfile", "ca.pem", "-x509_strict", "-attime", str(at_ms // 1000), *more, path]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return "OK" if done.returncode == 0 else done.stdout + done.stderr


def test_openssl_takes_a_link_certificate_for_what_it_is_and_as_long_as_it_holds(
    issuer: ca.Authority, tmp_path: Path
) -> None:
    certificate = link(issuer)
    end_ms = NOW_MS + LINK_DAYS * DAY_MS
    assert ca.ends_ms(certificate) == end_ms
    assert openssl(tmp_path, certificate, end_ms - 1000, "-purpose", "sslclient") == "OK"
    assert "certificate has expired" in openssl(tmp_path, certificate, end_ms + 1000)
    assert "unsuitable certificate purpose" in openssl(tmp_path, certificate, NOW_MS, "-purpose", "sslserver")


def test_openssl_takes_a_server_certificate_for_each_of_its_names_and_no_other(
    issuer: ca.Authority, tmp_path: Path
) -> None:
    public = ca.new_key().public_key()
    certificate = issuer.issue_server(["gateway.example", "10.0.0.5", "::1"], public, NOW_MS)
    server = ("-purpose", "sslserver")
    assert openssl(tmp_path, certificate, NOW_MS, *server, "-verify_hostname", "gateway.example") == "OK"
    assert openssl(tmp_path, certificate, NOW_MS, *server, "-verify_ip", "10.0.0.5") == "OK"
    assert openssl(tmp_path, certificate, NOW_MS, *server, "-verify_ip", "::1") == "OK"
    assert "hostname mismatch" in openssl(tmp_path, certificate, NOW_MS, "-verify_hostname", "other.example")


def test_openssl_refuses_what_the_list_names_and_takes_what_it_does_not(issuer: ca.Authority, tmp_path: Path) -> None:
    lost, kept = link(issuer, "hh-1"), link(issuer, "hh-2")
    rows = [Revoked(lost.serial_number, NOW_MS)]
    (tmp_path / "crl.pem").write_bytes(issuer.revocation_list(rows, 7, NOW_MS))
    listed = ("-crl_check", "-CRLfile", "crl.pem")
    assert "certificate revoked" in openssl(tmp_path, lost, NOW_MS, *listed)
    assert openssl(tmp_path, kept, NOW_MS, *listed) == "OK"
    shown = subprocess.run(
        ["openssl", "crl", "-in", "crl.pem", "-noout", "-crlnumber", "-CAfile", "ca.pem"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "verify OK" in shown.stderr
    assert "0x07" in shown.stdout


def test_openssl_refuses_a_certificate_of_another_gateway_with_the_same_name(
    issuer: ca.Authority, tmp_path: Path
) -> None:
    other = ca.found(ca.new_key(), authority.CA_NAME, NOW_MS)
    assert openssl(tmp_path, link(other), NOW_MS) != "OK"
    assert openssl(tmp_path, link(issuer), NOW_MS) == "OK"


def test_a_certificate_is_good_for_a_clock_that_runs_behind_and_ends_no_later_than_its_ca(
    issuer: ca.Authority, tmp_path: Path
) -> None:
    a_year_on = link(issuer, now_ms=NOW_MS + 365 * DAY_MS)
    assert openssl(tmp_path, a_year_on, NOW_MS) == "OK"
    late = link(issuer, now_ms=NOW_MS + ca.CA_DAYS * DAY_MS - DAY_MS)
    assert late.not_valid_after_utc == issuer.certificate.not_valid_after_utc


def test_the_root_certifies_the_ca_beside_log_and_office(tmp_path: Path) -> None:
    keys = authority.create(tmp_path, NOW_MS, Verifier())
    public = statements.verify(keys.authority.root, keys.certifications, Verifier())
    assert public.ca is not None
    assert public.ca.thumbprint == keys.ca.key.thumbprint


def without_ca(folder: Path) -> None:
    """As a gateway was made before there were certificates."""
    authority.create(folder, NOW_MS, Verifier())
    root, certifications, log_id, *_ = cbor.decode((folder / authority.STATEMENT).read_bytes(), STATEMENT_MAX_BYTES)
    durable.replace(folder / authority.STATEMENT, cbor.encode([root, certifications[:2], log_id]))
    (folder / authority.CA_KEY).unlink()
    (folder / authority.CA_CERTIFICATE).unlink()


def test_a_gateway_without_a_ca_gets_one_from_the_same_root(tmp_path: Path) -> None:
    without_ca(tmp_path)
    before = (tmp_path / authority.STATEMENT).read_bytes()
    with pytest.raises(AuthorityUnusable):
        authority.load(tmp_path, Verifier())
    keys = authority.create(tmp_path, NOW_MS, Verifier())
    assert keys.fingerprint == key.decode(cbor.decode(before, STATEMENT_MAX_BYTES)[0]).thumbprint.hex()
    assert authority.load(tmp_path, Verifier()).ca.certificate == keys.ca.certificate


def test_it_gets_none_while_the_root_is_elsewhere_or_is_another(tmp_path: Path) -> None:
    without_ca(tmp_path)
    (tmp_path / "root.seed").unlink()
    with pytest.raises(AuthorityUnusable, match="root"):
        authority.create(tmp_path, NOW_MS, Verifier())
    durable.create(tmp_path / "root.seed", b"\x01" * 32)
    with pytest.raises(AuthorityUnusable, match="root"):
        authority.create(tmp_path, NOW_MS, Verifier())


def test_a_ca_key_that_is_not_the_certified_one_is_refused(tmp_path: Path) -> None:
    authority.create(tmp_path, NOW_MS, Verifier())
    durable.replace(tmp_path / authority.CA_KEY, ca.key_pem(ca.new_key()))
    with pytest.raises(AuthorityUnusable, match="certified"):
        authority.load(tmp_path, Verifier())


def test_a_key_of_another_kind_is_no_ca_key() -> None:
    with pytest.raises(ValueError, match="P-256"):
        ca.read_key(b"-----BEGIN PRIVATE KEY-----\n" + _ed25519() + b"\n-----END PRIVATE KEY-----\n")


def _ed25519() -> bytes:
    import base64

    return base64.b64encode(
        bytes.fromhex("302e020100300506032b657004220420") + signer_of("a")._private.private_bytes_raw()
    )
