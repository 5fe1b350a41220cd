"""The handheld's half of enrolling: its request, kept before it is sent, and the gateway's grant, checked and kept.

Rules:

- Both keys are on the disk before anything leaves the handheld, and so is the request. A connection that drops, or a
  power cut, costs nothing: the same request is sent again, and the gateway gives the same answer to it.
- Nothing secret is said before the other side has shown a root with the thumbprint that the code names, a CA that this
  root certified, and, by TLS, a server that this CA vouches for.
- How the signing key is kept is not known here: a signer and its assurance come in.
"""

import http.client
import ssl
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from jobseal import authority, enrolling, enrolment, fingerprint, key
from jobseal.authority import Authority
from jobseal.enrolling import GRANT_MAX_BYTES, PRINT_BYTES, Anchors, Code, Grant, Request, Waiting
from jobseal.enrolment import Welcome
from jobseal.errors import OPERATOR, JobsealError
from jobseal.host.crypto import Verifier
from jobseal_device import durable, identity, link_identity
from jobseal_device.door import GatewayUnreachable, exchange
from jobseal_device.durable import REAL, Files
from jobseal_device.home import Home
from jobseal_device.identity import Enrolled, NotEnrolled
from jobseal_device.link.tls import Context

if TYPE_CHECKING:
    from jobseal.cose import Signer

ANCHORS_PATH = "/v1/anchors"
ENROLMENT_PATH = "/v1/enrolment"
RETRY_FIRST_S = 0.5
RETRY_MOST_S = 10.0

Show = Callable[[str], None]
Answer = TypeVar("Answer")


def enrol(
    home: Home, code: Code, signer: "Signer", assurance: str, show: Show, timeout_s: float, files: Files = REAL
) -> Enrolled:
    """Enrol this handheld with the code of a gateway; asks again until it is answered or ``timeout_s`` has passed.

    ``show`` is called once with the six digits, if a person has to compare them. Raises what the gateway refuses with,
    :class:`NotEnrolled` for a gateway that is not the code's, :class:`GatewayUnreachable`, ``enrolment_undecided`` when
    time has run out, and as ``identity.accept``. Running it again with the same code goes on where it was.
    """
    give_up_s = time.monotonic() + timeout_s
    anchors = _patiently(lambda: _anchors(code), give_up_s)
    trusted = _trusted(anchors, code)
    request = make_request(home, signer, assurance, code.token, files)
    tls = Context(anchors.certificate, link_identity.latest_ms(home))
    shown = False
    while True:
        answer = _patiently(lambda: _asked(code, request, tls), give_up_s)
        if isinstance(answer, Grant):
            return take(home, answer.encode(), trusted.root.thumbprint.hex(), files)
        if not shown:
            show(enrolling.digits(request, answer.nonce))
            shown = True
        if time.monotonic() >= give_up_s:
            sentence = "Nobody has approved this handheld yet; run the same command again when somebody has."
            raise JobsealError("enrolment_undecided", sentence, OPERATOR, False)
        time.sleep(min(answer.retry_after_s, max(0.0, give_up_s - time.monotonic())))


def make_request(
    home: Home, signer: "Signer", assurance: str, token: bytes | None = None, files: Files = REAL
) -> bytes:
    """This handheld's request with that token, complete bytes; made and kept unless it was made before.

    Raises :class:`StorageError`, :class:`NotEnrolled`.
    """
    link = link_identity.make_key(home, files)
    wanted = Request(token=token, key=signer.key.encode(), link=link.key.encode(), assurance=assurance)
    kept = _kept(home)
    if kept is not None and kept[0].to_map() == wanted.to_map():
        return kept[1]
    made = enrolling.sign_request(wanted, signer)
    durable.replace(files, home.request, made)
    return made


def take(home: Home, data: bytes, trust: str, files: Files = REAL) -> Enrolled:
    """Check a grant (complete bytes) against the fingerprint that a person gave and this handheld's keys; keep it.

    Raises as ``identity.accept``, and :class:`NotEnrolled` when its certificates are not what they should be.
    """
    grant = Grant.decode(data, GRANT_MAX_BYTES)
    link = link_identity.load_key(home).key
    welcome = Welcome.decode(grant.welcome, GRANT_MAX_BYTES)
    trusted = authority.verify(key.decode(welcome.root), welcome.authority, Verifier())
    if trusted.root.thumbprint != fingerprint.from_text(trust):
        said = fingerprint.to_text(trusted.root.thumbprint)
        raise NotEnrolled(f"The gateway's fingerprint is {said}, not the one given.")
    link_identity.check_ca(grant.ca, trusted)
    device = enrolment.verify(welcome.statement, trusted.office, Verifier()).device
    link_identity.check_certificate(grant.certificate, grant.ca, link, device)
    # The link first: with it and without a welcome the handheld is not enrolled, and simply asks again.
    link_identity.keep(home, grant.certificate, grant.ca, [(host, port) for host, port in grant.doors], files)
    return identity.accept(home, grant.welcome, trust, files)


def _kept(home: Home) -> tuple[Request, bytes] | None:
    try:
        data = home.request.read_bytes()
        return enrolling.open_request(data, Verifier())[0], data
    except (OSError, JobsealError):
        return None  # none yet, or a damaged one: another is made


def _trusted(anchors: Anchors, code: Code) -> Authority:
    root = key.decode(anchors.root)
    if root.thumbprint[:PRINT_BYTES] != code.print_of:
        raise NotEnrolled(
            f"What answers at {code.host}:{code.port} is not the gateway of this code: its fingerprint is "
            f"{fingerprint.to_text(root.thumbprint)}. Nothing was sent to it."
        )
    trusted = authority.verify(root, anchors.authority, Verifier())
    link_identity.check_ca(anchors.certificate, trusted)
    return trusted


def _anchors(code: Code) -> Anchors:
    """What the other side says that it is, over a connection that proves nothing."""
    unproven = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    unproven.check_hostname = False
    unproven.verify_mode = ssl.CERT_NONE
    unproven.minimum_version = ssl.TLSVersion.TLSv1_2
    _, data = exchange(code.host, code.port, unproven, "GET", ANCHORS_PATH, None)
    return Anchors.decode(data, GRANT_MAX_BYTES)


def _asked(code: Code, request: bytes, tls: ssl.SSLContext) -> Grant | Waiting:
    status, data = exchange(code.host, code.port, tls, "POST", ENROLMENT_PATH, request)
    if status == http.HTTPStatus.ACCEPTED:
        return Waiting.decode(data, GRANT_MAX_BYTES)
    return Grant.decode(data, GRANT_MAX_BYTES)


def _patiently(ask: Callable[[], Answer], give_up_s: float) -> Answer:
    """Ask until there is an answer; each wait is longer than the one before."""
    wait_s = RETRY_FIRST_S
    while True:
        try:
            return ask()
        except GatewayUnreachable:
            if time.monotonic() + wait_s >= give_up_s:
                raise
            time.sleep(wait_s)
            wait_s = min(2 * wait_s, RETRY_MOST_S)
