"""/v1/login/oidc: a browser on its way to the identity provider and back. For browsers, so not in the contract.

Who comes back has a session like anybody who signed in with a password.
"""

from typing import TYPE_CHECKING

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from jobseal_gateway import identity, signing_in
from jobseal_gateway.api import query
from jobseal_gateway.api.access import Guesses, address_of
from jobseal_gateway.api.refusals import Refusal
from jobseal_gateway.api.service import Service
from jobseal_gateway.api.session import put

if TYPE_CHECKING:
    from jobseal_gateway.api.provider import Provider

BEGIN = "/v1/login/oidc"
CALLBACK = "/v1/login/oidc/callback"
SIGNED_IN = "/v1/session"  # where the browser goes then
ASKED_PER_MINUTE = 20  # of an address: each asks the provider something
_NO_STORE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}


def routes(service: Service) -> APIRouter:
    """The two routes."""
    router = APIRouter(include_in_schema=False)
    gateway = service.gateway
    provider, asked = _provider(service), Guesses(ASKED_PER_MINUTE)

    def bounded(request: Request) -> str:
        address = address_of(request)
        if not asked.allow(address, gateway.clock.up_ms()):
            raise Refusal("too_many_attempts", "Too many sign-ins came from there; try again in a minute.")
        return address

    @router.get(BEGIN)
    async def begin(request: Request) -> Response:
        bounded(request)
        return await _there(provider).send(request, gateway.settings.http.url + CALLBACK)

    @router.get(CALLBACK, dependencies=[Depends(query.takes_any)])
    async def come_back(request: Request) -> Response:
        address = bounded(request)
        claims = await _there(provider).claims(request)
        found = identity.of(gateway.settings.oidc, claims)  # who has no role here is refused, and in the security log
        await put(service, request, await run_in_threadpool(signing_in.with_identity, gateway, found, address))
        return RedirectResponse(SIGNED_IN, 303, _NO_STORE)

    return router


def _provider(service: Service) -> "Provider | None":
    oidc = service.gateway.settings.oidc
    if not oidc.issuer:
        return None
    from jobseal_gateway.api.provider import Provider  # Authlib is 12 MB, which most gateways never need

    return Provider(oidc)


def _there(provider: "Provider | None") -> "Provider":
    if provider is None:
        raise Refusal("no_such_place", "No identity provider is set up here; sign in with a password.")
    return provider
