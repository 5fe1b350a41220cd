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
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from jobseal import authority, enrolling, enrolment, fingerprint, key
from jobseal.authority import Authority
from jobseal.enrolling import GRANT_MAX_BYTES, PRINT_BYTES, Anchors, Code, Grant, Request, Waiting
from jobseal.enrolment import Welcome
from jobseal.errors import OPERATOR, JobsealError
from jobseal.host.crypto import Verifier
from jobseal_device import durable, identity, link_identity
from jobseal_device.door import GatewayUnreachable, Line, exchange
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
    line, anchors = _patiently(lambda: _reached(code), give_up_s)
    with line:
        trusted = _trusted(anchors, code)
        latest_ms = link_identity.latest_ms(home)
        asking = _Asking(code, Context(anchors.certificate, latest_ms))
        asking.go_on(line, anchors.certificate, latest_ms())
        request = make_request(home, signer, assurance, code.token, files)
        return _granted(home, asking, request, trusted, show, give_up_s, files)


def _granted(
    home: Home, asking: "_Asking", request: bytes, trusted: Authority, show: Show, give_up_s: float, files: Files
) -> Enrolled:
    """Ask until the gateway says yes, and take what it gives."""
    shown = False
    while True:
        answer = _patiently(lambda: asking.ask(request), give_up_s)
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


def _reached(code: Code) -> tuple[Line, Anchors]:
    """A connection that proves nothing yet, and what the other side says that it is."""
    unproven = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    unproven.check_hostname = False
    unproven.verify_mode = ssl.CERT_NONE
    unproven.minimum_version = ssl.TLSVersion.TLSv1_2
    line = Line(code.host, code.port, unproven)
    try:
        _, data = line.exchange("GET", ANCHORS_PATH, None)
        return line, Anchors.decode(data, GRANT_MAX_BYTES)
    except BaseException:
        line.close()
        raise


class _Asking:
    """Asks over the connection that is there, once that is proven, as long as it lasts; then over new ones."""

    def __init__(self, code: Code, tls: ssl.SSLContext) -> None:
        self._code = code
        self._tls = tls
        self._line: Line | None = None

    def go_on(self, line: Line, ca: bytes, now_ms: int) -> None:
        """Use this one if its server is the gateway. Raises :class:`NotEnrolled` if it is not."""
        with suppress(GatewayUnreachable):
            line.prove(ca, now_ms)
            self._line = line

    def ask(self, request: bytes) -> Grant | Waiting:
        """The gateway's answer. Raises as ``exchange`` does."""
        status, data = self._exchange(request)
        if status == http.HTTPStatus.ACCEPTED:
            return Waiting.decode(data, GRANT_MAX_BYTES)
        return Grant.decode(data, GRANT_MAX_BYTES)

    def _exchange(self, request: bytes) -> tuple[int, bytes]:
        line, self._line = self._line, None
        if line is None:
            return exchange(self._code.host, self._code.port, self._tls, "POST", ENROLMENT_PATH, request)
        answer = line.exchange("POST", ENROLMENT_PATH, request)
        self._line = line  # whatever raises leaves a connection that is not asked again
        return answer


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
