"""The gateway's own keys: root, log, office and CA, the root's word for the other three, and the id of the log.

Everything is in one folder: ``root.seed``, ``log.seed`` and ``office.seed`` (32 bytes each, mode 0600), ``ca.key`` and
``ca.pem`` (P-256, and its certificate), and ``authority.cbor``, which holds nothing secret and is written last, so that
its presence means that all is there. A later CA lies beside the first, in ``ca-KID.key`` and ``ca-KID.pem``.
The root's seed is needed to certify, to declare a restart and to give way to another root; it may be kept elsewhere the
rest of the time.
No key that exists is ever made again or overwritten: a lost key is a person's matter, not a default.
"""

import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from jobseal import authority, cbor, key, root_line
from jobseal.authority import CA, LOG, OFFICE, Authority, Certification, certify
from jobseal.errors import OPERATOR, JobsealError
from jobseal.host.crypto import SEED_BYTES, Ed25519Signer
from jobseal.limits import STATEMENT_MAX_BYTES
from jobseal_gateway import ca, durable
from jobseal_gateway.errors import GatewayError

if TYPE_CHECKING:
    from jobseal.cose import Verifier

LOG_ID_BYTES = 16
STATEMENT = "authority.cbor"
ROOT = "root"
CA_KEY = "ca.key"
CA_CERTIFICATE = "ca.pem"
CA_NAME = "Jobseal CA"
_ITS_FILE = "give the file that its rotate-root wrote last"


class AuthorityUnusable(GatewayError):
    """The gateway's keys are missing or do not belong together; it must not start with them."""

    def __init__(self, sentence: str) -> None:
        super().__init__("authority_unusable", sentence, OPERATOR, False)


class GatewayKeys:
    """``log`` and ``office`` sign statements, ``ca`` certificates; ``authority`` holds the public keys; ``log_id`` (16
    bytes) names the log.

    ``certifications`` are the root's complete statements over the log, the office and the CA key; ``rotations``: how
    the root came from earlier ones, oldest first, each as ``jobseal.root_line`` has it; ``earlier_cas``: those whose
    certificates handhelds may still show.
    """

    __slots__ = ("authority", "ca", "certifications", "earlier_cas", "log", "log_id", "office", "rotations")

    def __init__(
        self,
        public: Authority,
        certifications: list[bytes],
        log_id: bytes,
        log: Ed25519Signer,
        office: Ed25519Signer,
        issuer: ca.Authority,
        rotations: Sequence[list[bytes]] = (),
        earlier_cas: Sequence[ca.Authority] = (),
    ) -> None:
        self.authority = public
        self.rotations = list(rotations)
        self.earlier_cas = list(earlier_cas)
        self.ca = issuer
        self.certifications = certifications
        self.log_id = log_id
        self.log = log
        self.office = office

    @property
    def fingerprint(self) -> str:
        """The root's thumbprint in hex: what a person compares, and what ``jobseal verify --trust`` takes."""
        return self.authority.root.thumbprint.hex()

    def public(self) -> bytes:
        """What a device is given at enrolment: CBOR [root COSE_Key, [certifications]]."""
        return cbor.encode([self.authority.root.encode(), self.certifications])


def create(folder: Path, now_ms: int, verifier: "Verifier") -> GatewayKeys:
    """The gateway's keys, made now (Unix ms UTC) if they are not there; a creation cut short is finished.

    Raises AuthorityUnusable, or OSError when the folder cannot be written.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    statement = folder / STATEMENT
    if not statement.exists():
        root, log, office = (_made(folder / f"{name}.seed") for name in (ROOT, LOG, OFFICE))
        certifications = [
            _certified(role, public, root, now_ms)
            for role, public in ((LOG, log.key), (OFFICE, office.key), (CA, _ca_made(folder, now_ms).key))
        ]
        log_id = secrets.token_bytes(LOG_ID_BYTES)
        durable.create(statement, cbor.encode([root.key.encode(), certifications, log_id, [], []]))
    elif not (folder / CA_CERTIFICATE).exists():
        _add_ca(folder, now_ms, verifier)
    return load(folder, verifier)


def _add_ca(folder: Path, now_ms: int, verifier: "Verifier") -> None:
    """Give a gateway that was made before there were certificates its CA. Needs the root's seed."""
    said = _statement(folder, verifier)
    root = _belonging(folder / f"{ROOT}.seed", said.public.root)
    certifications = [*said.certifications, _certified(CA, _ca_made(folder, now_ms).key, root, now_ms)]
    durable.replace(folder / STATEMENT, said._replace(certifications=certifications).encode())


def load(folder: Path, verifier: "Verifier") -> GatewayKeys:
    """The keys as they are on disk, all checked against each other; the root's seed need not be there.

    Raises AuthorityUnusable, saying which file is wrong.
    """
    said = _statement(folder, verifier)
    public = said.public
    log = _belonging(folder / f"{LOG}.seed", public.log)
    office = _belonging(folder / f"{OFFICE}.seed", public.office)
    if public.ca is None:
        raise AuthorityUnusable(f"{folder / CA_KEY} is not the key that the root certified; restore the right one.")
    issuer, earlier = _ca_of(folder, public.ca.thumbprint), [_ca_of(folder, each) for each in said.earlier_cas]
    return GatewayKeys(public, said.certifications, said.log_id, log, office, issuer, said.rotations, earlier)


def root_signer(folder: Path, keys: GatewayKeys) -> Ed25519Signer:
    """The root key itself, for the few acts that only it can do. Raises AuthorityUnusable while it is elsewhere."""
    return _belonging(folder / f"{ROOT}.seed", keys.authority.root)


def root_in(seed: Path, keys: GatewayKeys) -> Ed25519Signer:
    """The root key from wherever the operator keeps it. Raises AuthorityUnusable if it is another, or none."""
    return _belonging(seed, keys.authority.root)


def rename_log(folder: Path, log_id: bytes, verifier: "Verifier") -> None:
    """From here on these are the keys of the log with this id, for a restart that the root declares.

    Raises AuthorityUnusable, OSError.
    """
    said = _statement(folder, verifier)
    durable.replace(folder / STATEMENT, said._replace(log_id=log_id).encode())


def rotate_root(folder: Path, seed: Path, new_seed: Path, now_ms: int, verifier: "Verifier") -> GatewayKeys:
    """Let the root in the file ``seed`` give way to the one in ``new_seed``, which is made unless it is there.

    One file is replaced, at the end: before that nothing has changed, and after it everything has. Raises
    AuthorityUnusable, OSError.
    """
    present = load(folder, verifier)
    root = root_in(seed, present)
    if len(present.rotations) >= root_line.ROTATIONS_MAX:
        raise AuthorityUnusable(f"The root was rotated {root_line.ROTATIONS_MAX} times; that is as often as it can be.")
    following = _made(new_seed)
    if following.key.thumbprint == root.key.thumbprint:
        raise AuthorityUnusable(f"{new_seed} is the present root; name a file for the new one that is not there yet.")
    rotations = [*present.rotations, root_line.rotate(root, following, now_ms)]
    return _go_on_under(folder, present, following, rotations, now_ms, verifier)


def later_root(seed: Path, keys: GatewayKeys, rotations: list[list[bytes]], verifier: "Verifier") -> Ed25519Signer:
    """The root in the file ``seed``, to which these rotations lead from what these keys, which may be older, know.

    Raises AuthorityUnusable.
    """
    try:
        line = root_line.line(rotations, verifier)
    except JobsealError as error:
        raise AuthorityUnusable(f"The rotations given do not hold ({error}); {_ITS_FILE}.") from error
    names = [each.thumbprint for each in line]
    if keys.authority.root.thumbprint not in names or rotations[: len(keys.rotations)] != keys.rotations:
        raise AuthorityUnusable(f"The rotations given are not of this gateway's root; {_ITS_FILE}.")
    return _belonging(seed, line[-1])


def follow_root(
    folder: Path, root: Ed25519Signer, rotations: list[list[bytes]], now_ms: int, verifier: "Verifier"
) -> GatewayKeys:
    """Keys that were copied before their root gave way go on under the one of :func:`later_root`, which certifies them
    anew. One file is replaced. Raises AuthorityUnusable, OSError.
    """
    return _go_on_under(folder, load(folder, verifier), root, rotations, now_ms, verifier)


def _go_on_under(
    folder: Path,
    present: GatewayKeys,
    following: Ed25519Signer,
    rotations: list[list[bytes]],
    now_ms: int,
    verifier: "Verifier",
) -> GatewayKeys:
    certified = (*_evidence_keys(present), (CA, present.ca.key))
    line = root_line.line(rotations, verifier)
    said = _Statement(
        following.key.encode(),
        [_certified(role, public, following, now_ms) for role, public in certified],
        present.log_id,
        rotations,
        Authority(line[-1], present.log.key, present.office.key, present.ca.key),
        [each.key.thumbprint for each in present.earlier_cas],
    )
    durable.replace(folder / STATEMENT, said.encode())
    return load(folder, verifier)


def rotate_ca(folder: Path, seed: Path, now_ms: int, verifier: "Verifier") -> GatewayKeys:
    """Let another CA, made now, give out certificates from the next start on; the present one's stay accepted.

    ``seed``: where the root's is, which certifies it. Written last, and whole, is the one file that says so. Raises
    AuthorityUnusable, OSError.
    """
    said, present = _statement(folder, verifier), load(folder, verifier)
    root = root_in(seed, present)
    private = ca.new_key()
    made = ca.found(private, CA_NAME, now_ms)
    durable.create(_beside(folder, made.key.thumbprint, "key"), ca.key_pem(private))
    durable.create(_beside(folder, made.key.thumbprint, "pem"), made.pem)
    others = [_certified(role, public, root, now_ms) for role, public in _evidence_keys(present)]
    following = said._replace(
        certifications=[*others, _certified(CA, made.key, root, now_ms)],
        earlier_cas=[present.ca.key.thumbprint, *said.earlier_cas],
    )
    durable.replace(folder / STATEMENT, following.encode())
    return load(folder, verifier)


def retire_cas(folder: Path, verifier: "Verifier") -> GatewayKeys:
    """Accept no certificate of an earlier CA any more, from the next start on. Raises AuthorityUnusable, OSError."""
    durable.replace(folder / STATEMENT, _statement(folder, verifier)._replace(earlier_cas=[]).encode())
    return load(folder, verifier)


class _Statement(NamedTuple):
    """What ``authority.cbor`` says: the ``root``'s COSE_Key, its ``certifications``, the log's id and how the root came
    from earlier ones; ``public``: the keys that follow from it, verified; ``earlier_cas``: thumbprints of CAs that are
    still accepted, newest first."""

    root: bytes
    certifications: list[bytes]
    log_id: bytes
    rotations: list[list[bytes]]
    public: Authority
    earlier_cas: list[bytes]

    def encode(self) -> bytes:
        return cbor.encode([self.root, self.certifications, self.log_id, self.rotations, self.earlier_cas])


def _statement(folder: Path, verifier: "Verifier") -> _Statement:
    statement = folder / STATEMENT
    try:
        # A gateway that was made before roots and CAs could be rotated has no fourth and fifth part.
        root, certifications, log_id, *more = cbor.decode(statement.read_bytes(), STATEMENT_MAX_BYTES)
        rotations, earlier_cas = [*more, [], []][:2] if len(more) < 2 else more
        public = authority.verify(key.decode(root), certifications, verifier)
        if rotations and root_line.line(rotations, verifier)[-1].thumbprint != public.root.thumbprint:
            raise ValueError("its rotations lead to another root")
    except (OSError, JobsealError, ValueError, TypeError) as error:
        raise AuthorityUnusable(f"{statement} cannot be used ({error}); run init, or restore it.") from error
    return _Statement(root, certifications, log_id, rotations, public, earlier_cas)


def _evidence_keys(keys: GatewayKeys) -> tuple[tuple[str, key.Key], ...]:
    """(role, key) of those that sign evidence."""
    return (LOG, keys.log.key), (OFFICE, keys.office.key)


def _ca_of(folder: Path, thumbprint: bytes) -> ca.Authority:
    """The CA with this key: the gateway's first, or one that lies beside it."""
    path = _beside(folder, thumbprint, "pem")
    found = ca.Authority(_ca_key(path.with_suffix(".key")), _ca_certificate(path)) if path.exists() else _ca(folder)
    if found.key.thumbprint != thumbprint:
        raise AuthorityUnusable(f"{folder / CA_KEY} is not the key that the root certified; restore the right one.")
    return found


def _beside(folder: Path, thumbprint: bytes, suffix: str) -> Path:
    return folder / f"ca-{thumbprint[:8].hex()}.{suffix}"


def _certified(role: str, public: key.Key, root: Ed25519Signer, now_ms: int) -> bytes:
    return certify(Certification(role=role, key=public.encode(), at=now_ms), root)


def _ca_made(folder: Path, now_ms: int) -> ca.Authority:
    if not (folder / CA_KEY).exists():
        durable.create(folder / CA_KEY, ca.key_pem(ca.new_key()))
    if not (folder / CA_CERTIFICATE).exists():
        durable.create(folder / CA_CERTIFICATE, ca.found(_ca_key(folder / CA_KEY), CA_NAME, now_ms).pem)
    return _ca(folder)


def _ca(folder: Path) -> ca.Authority:
    return ca.Authority(_ca_key(folder / CA_KEY), _ca_certificate(folder / CA_CERTIFICATE))


def _ca_certificate(path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError) as error:
        raise AuthorityUnusable(f"{path} cannot be used ({error}); run init, or restore it.") from error


def _ca_key(path: Path) -> ec.EllipticCurvePrivateKey:
    try:
        return ca.read_key(path.read_bytes())
    except (OSError, ValueError) as error:
        raise AuthorityUnusable(f"{path} is not the CA's private key ({error}); restore it.") from error


def _made(path: Path) -> Ed25519Signer:
    # A seed left by a creation that was cut short is taken up: somebody may have noted its fingerprint already.
    if not path.exists():
        durable.create(path, secrets.token_bytes(SEED_BYTES))
    return _signer(path)


def _belonging(path: Path, public: key.Key) -> Ed25519Signer:
    signer = _signer(path)
    if signer.key.thumbprint != public.thumbprint:
        raise AuthorityUnusable(f"{path} is not the key that the root certified; restore the right one.")
    return signer


def _signer(path: Path) -> Ed25519Signer:
    try:
        return Ed25519Signer(path.read_bytes())
    except (OSError, ValueError) as error:
        raise AuthorityUnusable(f"{path} is not a private key of {SEED_BYTES} bytes ({error}); restore it.") from error
