"""The door: what a handheld that is not yet, or no longer, allowed at the broker may ask for over HTTPS.

    GET  /v1/anchors      what this gateway is: root, certifications, the CA's certificate. TLS proves nothing yet
    POST /v1/enrolment    a request: 200 with the grant, 202 while a person has not decided
    POST /v1/renewal      a renewal: 200 with the certificate

Bodies are the protocol's own (CBOR); refusals are problem documents with a code and a sentence, as the API's are. Who
keeps asking with what nobody gave out is made to wait, by address, before anything is looked up. Every refusal is in
the security log, and said as often as that writes it down.
"""

import json
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from jobseal.enrolling import REQUEST_MAX_BYTES, Anchors, Grant
from jobseal.errors import OURS, JobsealError
from jobseal_gateway import admission, renewal
from jobseal_gateway.home import Gateway
from jobseal_gateway.security_log import ENROLMENT, SecurityLog, tended

WRONG_MOST = 10  # refused requests of one address within WRONG_WITHIN_S before it has to wait
WRONG_WITHIN_S = 60.0
ADDRESSES_MOST = 4096
BODY_TYPE = "application/cbor"
PROBLEM_TYPE = "application/problem+json"

_STATUSES = {
    "request_invalid": 400,
    "weak_key": 400,
    "code_used": 409,
    "too_large": 413,
    "too_many": 429,
    "gateway_defect": 500,
}
_STATUSES |= dict.fromkeys(("ledger_unavailable", "clock_unsynchronised"), 503)
_REFUSED = 403
_GUESSES = ("code_unknown", "request_invalid", "renewal_unknown")

Say = Callable[[str], None]
Ask = Callable[[bytes, str], tuple[int, bytes]]


class Wrong:
    """How often each address was refused of late; the longest silent are forgotten first."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._times: OrderedDict[str, list[float]] = OrderedDict()

    def waits(self, source: str) -> bool:
        """Whether this address must wait."""
        since_s = self._clock() - WRONG_WITHIN_S
        recent = [at_s for at_s in self._times.get(source, []) if at_s > since_s]
        return len(recent) >= WRONG_MOST

    def note(self, source: str) -> None:
        """This address was wrong."""
        times = self._times.pop(source, [])
        self._times[source] = [*times[-WRONG_MOST + 1 :], self._clock()]
        while len(self._times) > ADDRESSES_MOST:
            self._times.popitem(last=False)


def make_app(gateway: Gateway, say: Say, clock: Callable[[], float]) -> Starlette:
    """The ASGI application. ``clock``: seconds that never go back. ``state.refused`` (who, code, what) is for whatever
    else turns callers away before they come to it."""
    wrong = Wrong(clock)
    requests = admission.Requests(gateway)
    security = SecurityLog(gateway.home.security, ENROLMENT, gateway.clock.wall_ms)

    def refused(who: str, code: str, what: str) -> None:
        for line in security.note(who, code, what):
            say(line)

    async def anchors(_request: Request) -> Response:
        keys = gateway.keys
        root = keys.authority.root.encode()
        rotations = keys.rotations or None
        said = Anchors(root=root, authority=keys.certifications, certificate=keys.ca.der, rotations=rotations)
        return Response(said.encode(), media_type=BODY_TYPE)

    def enrol(data: bytes, source: str) -> tuple[int, bytes]:
        answer = requests.ask(data, source)
        return (200 if isinstance(answer, Grant) else 202), answer.encode()

    def renew(data: bytes, _source: str) -> tuple[int, bytes]:
        return 200, renewal.renew(gateway, data)

    def asking(ask: Ask) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            source = "" if request.client is None else request.client.host
            try:
                if wrong.waits(source):
                    raise JobsealError("too_many", "Too many wrong requests from this address; wait a minute.")
                data = await _body(request)
                status, body = await run_in_threadpool(ask, data, source)
            except ClientDisconnect:
                return Response(status_code=400)  # nobody is there to read it
            except JobsealError as error:
                if error.code in _GUESSES:
                    wrong.note(source)
                refused(source, error.code, error.sentence)
                return _problem(error)
            return Response(body, status, media_type=BODY_TYPE)

        return endpoint

    async def defect(_request: Request, _error: Exception) -> Response:
        return _problem(JobsealError("gateway_defect", "The gateway failed on this; its log says how.", OURS))

    @asynccontextmanager
    async def tending(_app: Starlette) -> AsyncIterator[None]:
        async with tended(security, say):
            yield

    app = Starlette(
        lifespan=tending,
        routes=[
            Route("/v1/anchors", anchors, methods=["GET"]),
            Route("/v1/enrolment", asking(enrol), methods=["POST"]),
            Route("/v1/renewal", asking(renew), methods=["POST"]),
        ],
        exception_handlers={Exception: defect},
    )
    app.state.refused = refused
    return app


async def _body(request: Request) -> bytes:
    """The body of a request, which no handheld's is longer than. Raises ``too_large``, ClientDisconnect."""
    data = b""
    async for piece in request.stream():
        data += piece
        if len(data) > REQUEST_MAX_BYTES:
            raise JobsealError("too_large", f"A request may bring at most {REQUEST_MAX_BYTES} bytes.")
    return data


def _problem(error: JobsealError) -> Response:
    said = {"code": error.code, "sentence": error.sentence, "fault": error.fault}
    return Response(json.dumps(said), _STATUSES.get(error.code, _REFUSED), media_type=PROBLEM_TYPE)
