"""/v1/session: people sign in with name and password, see who they are, and sign out.

Signing in always begins a new session and ends the one that the browser had, so nobody can have prepared it.
"""

from functools import partial
from typing import Annotated, Any

import anyio
import anyio.to_thread
from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from jobseal_gateway import sessions, signing_in, users
from jobseal_gateway.api import contract, same_site
from jobseal_gateway.api.access import Present, address_of, needs_session
from jobseal_gateway.api.cookies import SECRET
from jobseal_gateway.api.refusals import Refusal, responses
from jobseal_gateway.api.service import Service
from jobseal_gateway.ledger import audit, web_sessions
from jobseal_gateway.ledger.database import writing
from jobseal_gateway.ledger.users import User
from jobseal_gateway.signing_in import Begun

WAITING_MOST = 16  # for one of them; whoever comes then is better told at once
AT_ONCE = 2  # passwords that are looked at side by side: each takes 64 MiB and a good part of a second
END_ACT = "session:end"
_SIGNED_IN = ("unauthorized", "too_many_attempts", "ledger_unavailable", "clock_unsynchronised")


def routes(service: Service) -> APIRouter:
    """The three routes."""
    router = APIRouter(tags=["session"])
    gateway, granted = service.gateway, service.access
    limiter: list[anyio.CapacityLimiter] = []  # made on the loop that it is for

    @router.post(
        "/v1/session",
        summary="Sign in",
        responses=responses(
            "wrong_credentials",
            "cross_site_request",
            "too_large",
            "request_invalid",
            "too_many_attempts",
            "ledger_unavailable",
            "clock_unsynchronised",
        ),
    )
    async def sign_in(request: Request, response: Response, said: contract.SigningIn) -> contract.Session:
        """Begins a session of a browser and sets its cookie; programs use a token instead. `name` and `password` are
        those of a user that `jobseal-gateway users` added."""
        same_site.check_origin(request.headers, granted.own_origin(request))
        if not limiter:
            limiter.append(anyio.CapacityLimiter(AT_ONCE))
        if limiter[0].statistics().tasks_waiting >= WAITING_MOST:
            raise Refusal("too_many_attempts", "Many sign in just now; try again in a minute.")
        trying = partial(signing_in.with_password, gateway, said.name, said.password, address_of(request))
        begun = await anyio.to_thread.run_sync(trying, limiter=limiter[0])
        await put(service, request, begun)
        response.headers["Cache-Control"] = "no-store"
        return document(begun.user, begun.secret)

    @router.get("/v1/session", summary="Who has signed in?", responses=responses(*_SIGNED_IN))
    async def who(response: Response, present: Annotated[Present, needs_session(granted)]) -> contract.Session:
        """Name, roles, what they open, and the token that requests which change something show beside the cookie."""
        response.headers["Cache-Control"] = "no-store"
        return document(present.user, present.secret)

    @router.delete("/v1/session", summary="Sign out", responses=responses(*_SIGNED_IN, "cross_site_request"))
    async def sign_out(request: Request, present: Annotated[Present, needs_session(granted)]) -> contract.SignedOut:
        """Ends the session, here and for whoever may have copied its cookie."""
        await run_in_threadpool(_end, service, present.secret)
        request.session.clear()
        return contract.SignedOut()

    return router


async def put(service: Service, request: Request, begun: Begun) -> None:
    """Give the browser this session in place of the one that it had."""
    before = request.session.get(SECRET)
    if before is not None:
        await run_in_threadpool(_end, service, before)
    request.session.clear()
    request.session[SECRET] = begun.secret


def document(user: User, secret: str) -> contract.Session:
    """Who somebody is, as the API says it."""
    found: dict[str, Any] = {
        "name": user.name,
        "roles": user.roles.split(),
        "scopes": sorted(users.caller(user).scopes),
        "csrf_token": sessions.csrf_token(secret),
    }
    return contract.Session.model_validate(found)


def _end(service: Service, secret: str) -> None:
    now_ms = service.gateway.now_ms()
    with writing(service.gateway.engine) as connection:
        found = web_sessions.of(connection, sessions.hash_of(secret))
        if found is not None:
            web_sessions.end(connection, found[0].id, now_ms)
            audit.add(connection, now_ms, found[1].name, END_ACT, "", "done")
