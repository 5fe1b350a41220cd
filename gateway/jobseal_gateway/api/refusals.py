"""The API's errors: every one an application/problem+json (RFC 9457) with a stable code, a sentence and a fault.

``STATUSES`` says which HTTP status a code has; an error of ours that is not in it is the gateway's own (500). What
an error adds beside its sentence comes from its attributes of the same names (``contract.Problem``).
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from jobseal.errors import OURS, PEER, JobsealError
from jobseal_gateway.api.contract import Problem
from jobseal_gateway.errors import GatewayError
from jobseal_gateway.pulse import Reason

PROBLEM_TYPE = "application/problem+json"
RETRY_AFTER_S = {429: 60, 503: 5}

STATUSES = {
    "unauthorized": 401,
    "wrong_credentials": 401,
    "forbidden": 403,
    "cross_site_request": 403,
    "sign_in_refused": 403,
    "no_such_place": 404,
    "record_unknown": 404,
    "job_unknown": 404,
    "proof_unknown": 404,
    "method_not_allowed": 405,
    "cursor_ahead": 409,
    "digest_mismatch": 409,
    "revision_mismatch": 409,
    "revision_stale": 409,
    "status_out_of_order": 409,
    "too_large": 413,
    "reason_missing": 422,
    "request_invalid": 422,
    "too_many_attempts": 429,
    "gateway_defect": 500,
    "ledger_unavailable": 503,
    "clock_unsynchronised": 503,
    "not_ready": 503,
    "identity_provider_unavailable": 503,
}
# What every route behind a scope may be refused with before it begins, and one that changes something besides.
GUARDED = ("unauthorized", "forbidden", "too_many_attempts", "ledger_unavailable", "clock_unsynchronised")
GUARDED_CHANGE = (*GUARDED, "cross_site_request")
_SAYS_MORE = ("current", "digest", "present", "possible", "last", "reasons", "mistakes")
_PLACES = {404: "no_such_place", 405: "method_not_allowed"}
_log = logging.getLogger(__name__)


class Refusal(GatewayError):
    """A request that cannot be served, for a reason that only the API knows."""

    def __init__(self, code: str, sentence: str, fault: str = PEER) -> None:
        super().__init__(code, sentence, fault)


class RequestInvalid(Refusal):
    """The request is not as the contract says."""

    def __init__(self, mistakes: Sequence[Mapping[str, str]]) -> None:
        first = mistakes[0]
        more = f" (and {len(mistakes) - 1} more)" if len(mistakes) > 1 else ""
        super().__init__("request_invalid", f"{first['place']}: {first['sentence']}{more}")
        self.mistakes = list(mistakes)


class NotReady(Refusal):
    """The gateway cannot do its work now."""

    def __init__(self, reasons: Sequence[Reason]) -> None:
        super().__init__("not_ready", " ".join(reason.sentence for reason in reasons), reasons[0].fault)
        self.reasons = [asdict(reason) for reason in reasons]


def answer(error: JobsealError) -> Response:
    """The response that says this."""
    status = STATUSES.get(error.code, 500)
    more: dict[str, Any] = {name: getattr(error, name) for name in _SAYS_MORE if hasattr(error, name)}
    more = {name: value.hex() if isinstance(value, bytes) else value for name, value in more.items()}
    problem = Problem.model_validate(
        {
            "type": f"urn:jobseal:problem:{error.code}",
            "title": HTTPStatus(status).phrase,
            "status": status,
            "code": error.code,
            "sentence": error.sentence,
            "fault": error.fault,
            **more,
        }
    )
    headers = {"Cache-Control": "no-store"}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if status in RETRY_AFTER_S:
        headers["Retry-After"] = str(getattr(error, "retry_after_s", RETRY_AFTER_S[status]))
    content = problem.model_dump(mode="json", exclude_unset=True)
    return JSONResponse(content, status, headers, PROBLEM_TYPE)


def install(app: FastAPI) -> None:
    """Make every error that leaves a route one of these."""
    app.add_exception_handler(JobsealError, _ours)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _of_the_framework)
    app.add_exception_handler(Exception, _defect)


def responses(*codes: str) -> dict[int | str, dict[str, Any]]:
    """The part of a route's contract that says which of these codes it may answer with."""
    by_status: dict[int, list[str]] = {}
    for code in codes:
        by_status.setdefault(STATUSES[code], []).append(code)
    schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {
        status: {"description": ", ".join(named), "content": {PROBLEM_TYPE: schema}}
        for status, named in sorted(by_status.items())
    }


async def _ours(_request: Request, error: Exception) -> Response:
    assert isinstance(error, JobsealError)
    if error.code not in STATUSES:
        _log.error("A request failed: %s", error, exc_info=error)
    return answer(error)


async def _invalid(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return answer(
        RequestInvalid(
            [
                {"place": ".".join(str(part) for part in mistake["loc"]), "sentence": str(mistake["msg"])}
                for mistake in error.errors()
            ]
        )
    )


async def _of_the_framework(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = _PLACES.get(error.status_code, "request_invalid")
    if code == "request_invalid":
        return answer(RequestInvalid([{"place": "request", "sentence": str(error.detail)}]))
    response = answer(Refusal(code, f"There is no such place or method here ({error.detail})."))
    response.headers.update(error.headers or {})
    return response


async def _defect(_request: Request, _error: Exception) -> Response:
    return answer(Refusal("gateway_defect", "The gateway failed on this; its log says how. Try again later.", OURS))
