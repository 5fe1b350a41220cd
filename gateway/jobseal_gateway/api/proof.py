"""/p/{code}: what the short link of a proof's QR code leads to. For everybody who holds the code, and nobody is asked
who they are: see ``proof_link`` for what they learn. So many questions a minute from one address, known or not.
"""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response

from jobseal_gateway import proof_link
from jobseal_gateway.api import contract, proof_page, query
from jobseal_gateway.api.access import Guesses, address_of
from jobseal_gateway.api.refusals import Refusal, answer, responses
from jobseal_gateway.api.service import Service
from jobseal_gateway.ledger.database import reading
from jobseal_gateway.proof_link import CHARACTERS_MIN, Standing

ASKED_PER_MINUTE = 60  # behind one address may be a whole company
HTML, JSON = "text/html", "application/json"

_CODE = f"What the QR code's link ends with: {CHARACTERS_MIN} or more characters of the digest in base32."
CodePath = Annotated[str, Path(description=_CODE, examples=["MFRGGZDFMZTWQ2LKNNWG23TPOB"])]
_PAGE = {"schema": {"type": "string", "format": "binary"}}
_PROOF = {"schema": {"$ref": f"#/components/schemas/{contract.Proof.__name__}"}}


def routes(service: Service) -> APIRouter:
    """The one route."""
    router = APIRouter(tags=["proof"])
    gateway, asked = service.gateway, Guesses(ASKED_PER_MINUTE)

    @router.get(
        "/p/{code}",
        summary="Look up a customer's proof",
        dependencies=[Depends(query.takes_any)],  # what finds links adds to them
        response_class=Response,
        responses={
            200: {"description": "What is known of it.", "content": {JSON: _PROOF, HTML: _PAGE}},
            **_refused("proof_unknown", "too_many_attempts"),
            **responses("ledger_unavailable"),
        },
    )
    def look_up(request: Request, code: CodePath) -> Response:
        """Without a token: the code opens this and nothing else. A page for browsers, JSON for all others.

        It says that the log has what the code names, since when, whether a record of it was released, and whether
        anything was signed since; no names, no amounts.
        """
        if not asked.allow(address_of(request), gateway.clock.up_ms()):
            sentence = "Too many questions came from there; try again in a minute."
            return _refusal(request, Refusal("too_many_attempts", sentence), proof_page.too_many)
        with reading(gateway.engine) as connection:
            found = proof_link.standing(connection, code)
        if found is None:
            sentence = "This code is not known here, or not yet: the handheld may not have synced."
            return _refusal(request, Refusal("proof_unknown", sentence), proof_page.unknown)
        log_id = gateway.keys.log_id.hex()
        if _wants_page(request):
            page = proof_page.known(found, gateway.settings.organisation, log_id, _language(request))
            return Response(page, 200, proof_page.HEADERS, HTML)
        return Response(_document(found, log_id), 200, {"Cache-Control": "no-store"}, JSON)

    return router


def _document(found: Standing, log_id: str) -> bytes:
    return contract.Proof(log_id=log_id, **found._asdict()).model_dump_json().encode()


def _refused(*codes: str) -> Any:
    """As ``responses``, with the page beside the problem."""
    found = responses(*codes)
    for each in found.values():
        each["content"][HTML] = _PAGE
    return found


def _refusal(request: Request, refusal: Refusal, page: Callable[[str], bytes]) -> Response:
    told = answer(refusal)
    if not _wants_page(request):
        return told
    kept = {name: told.headers[name] for name in ("Retry-After",) if name in told.headers}
    return Response(page(_language(request)), told.status_code, {**proof_page.HEADERS, **kept}, HTML)


def _wants_page(request: Request) -> bool:
    return HTML in request.headers.get("accept", "")


def _language(request: Request) -> str:
    return proof_page.language(request.headers.get("accept-language", ""))
