"""Who may call: whoever shows a token (RFC 6750) or has signed in, and may what the route asks for. Deny by default.

Each route under /v1 names its scope with ``needs``; ``app`` refuses to start with one that does not. The tokens are
looked at again every second, so that a revoked one, or one that was issued by another process, counts within that;
sessions are looked at with each request. A token that is shown decides alone, whatever the browser sends besides.
Wrong tokens are answered so many times a minute to one address and then no more; right ones always pass.
"""

import threading
from contextlib import suppress
from typing import Annotated, Any, NamedTuple

from fastapi import Depends, Request
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer
from starlette.concurrency import run_in_threadpool

from jobseal_gateway import access, sessions, signing_in, tries, users
from jobseal_gateway.access import Caller
from jobseal_gateway.api import same_site
from jobseal_gateway.api.cookies import COOKIE, SECRET
from jobseal_gateway.api.refusals import Refusal
from jobseal_gateway.home import Gateway
from jobseal_gateway.ledger import tokens, web_sessions
from jobseal_gateway.ledger.database import reading, writing
from jobseal_gateway.ledger.errors import LedgerUnavailable
from jobseal_gateway.ledger.users import User

LOOK_EVERY_MS = 1_000
WRONG_PER_MINUTE = 10
ADDRESSES_KEPT = 1_000
MINUTE_MS = 60_000
TOKEN_SCHEME, SESSION_SCHEME = "token", "session"

_TOKEN = HTTPBearer(
    auto_error=False, scheme_name=TOKEN_SCHEME, description="A token that 'jobseal-gateway tokens' made."
)
_SESSION = APIKeyCookie(
    name=COOKIE,
    auto_error=False,
    scheme_name=SESSION_SCHEME,
    description="The session of a person who signed in with POST /v1/session; over TLS its name begins with __Host-.",
)
Shown = Annotated[HTTPAuthorizationCredentials | None, Depends(_TOKEN)]
Cookie = Annotated[str | None, Depends(_SESSION)]


class Present(NamedTuple):
    """Somebody who has signed in: their session's ``secret``, and what holds of them now."""

    secret: str
    user: User


class Access:
    """The tokens and sessions of one gateway, as the web process knows them. Shared by all requests."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._looking = threading.Lock()
        self._callers: dict[bytes, Caller] = {}
        self._looked_ms: int | None = None
        self._guesses = Guesses()

    def caller(self, token: str) -> Caller | None:
        """Whose token this is, if it opens anything now. May ask the database."""
        with self._looking:
            up_ms = self._gateway.clock.up_ms()
            if self._looked_ms is None or not 0 <= up_ms - self._looked_ms < LOOK_EVERY_MS:
                now_ms = self._gateway.now_ms()  # without the time nobody can say what has expired
                with reading(self._gateway.engine) as connection:
                    self._callers = access.callers(tokens.every(connection), now_ms)
                self._looked_ms = up_ms
            return self._callers.get(access.hash_of(token))

    def present(self, secret: str) -> Present | None:
        """Who has signed in with this secret, if their session stands. Asks the database."""
        now_ms = self._gateway.now_ms()
        with reading(self._gateway.engine) as connection:
            found = sessions.find(connection, secret, now_ms, signing_in.life(self._gateway))
        if found is None:
            return None
        if sessions.should_be_seen(found.session, now_ms):
            # What only looks must go on while nothing can be written.
            with suppress(LedgerUnavailable), writing(self._gateway.engine) as connection:
                web_sessions.seen(connection, found.session.id, now_ms)
        return Present(secret, found.user)

    def own_origin(self, request: Request) -> str:
        """How browsers name this place: as the settings say, else as this request does."""
        return self._gateway.settings.http.url or f"{request.url.scheme}://{request.headers.get('host', '')}"

    def wrong(self, address: str) -> Refusal:
        """What somebody is told who showed a token that is none, or none at all."""
        if self._guesses.allow(address, self._gateway.clock.up_ms()):
            return Refusal("unauthorized", "Send a token of this gateway (Authorization: Bearer ...), or sign in.")
        return Refusal("too_many_attempts", "Too many wrong tokens came from there; try again in a minute.")


class Guesses:
    """What an address tried within the last minute: at most so many times, wrong tokens above all."""

    def __init__(self, per_minute: int = WRONG_PER_MINUTE) -> None:
        self._most = per_minute
        self._seen: dict[str, tuple[int, int]] = {}  # since when, how many

    def allow(self, address: str, up_ms: int) -> bool:
        """Whether one more of this address is within bounds."""
        address = tries.place(address)
        since, count = self._seen.pop(address, (up_ms, 0))
        if not 0 <= up_ms - since < MINUTE_MS:
            since, count = up_ms, 0
        self._seen[address] = (since, count + 1)
        if len(self._seen) > ADDRESSES_KEPT:
            del self._seen[next(iter(self._seen))]
        return count < self._most


def address_of(request: Request) -> str:
    """Where the request comes from; empty if nobody knows."""
    return "" if request.client is None else request.client.host


async def signed_in(granted: Access, request: Request) -> Present:
    """Who has signed in and sends this. Refuses with ``unauthorized``, ``too_many_attempts``, and, when it would
    change something, with ``cross_site_request``."""
    secret = request.session.get(SECRET)
    found = None if secret is None else await run_in_threadpool(granted.present, secret)
    if found is None:
        raise granted.wrong(address_of(request))
    if request.method not in same_site.SAFE_METHODS:
        same_site.check_origin(request.headers, granted.own_origin(request))
        same_site.check_token(request.headers, found.secret)
    return found


def needs_session(granted: Access) -> Any:
    """The dependency of a route for people who have signed in; in the route it is who is :class:`Present`."""

    async def present(request: Request, _cookie: Cookie) -> Present:
        return await signed_in(granted, request)

    present.scope = SESSION_SCHEME  # type: ignore[attr-defined]
    return Depends(present)


def needs(granted: Access, scope: str) -> Any:
    """The dependency of a route that this scope opens; in the route it is the :class:`Caller`.

    Refuses with ``unauthorized``, ``too_many_attempts``, ``forbidden``, and ``cross_site_request``.
    """

    async def caller(request: Request, shown: Shown, _cookie: Cookie) -> Caller:
        found: Caller | None
        if shown is None and SECRET in request.session:
            found = users.caller((await signed_in(granted, request)).user)
        else:
            found = None if shown is None else await run_in_threadpool(granted.caller, shown.credentials)
        if found is None:
            raise granted.wrong(address_of(request))
        if scope not in found.scopes:
            raise Refusal("forbidden", f"What {found.name} may do does not open {scope}; ask for a role that does.")
        return found

    caller.scope = scope  # type: ignore[attr-defined]  # what the application looks for in each route
    return Depends(caller)


def scope_of(route: Any) -> str | None:
    """The scope that a route asks for; None for one that is open to everybody."""
    found = [getattr(each.call, "scope", None) for each in route.dependant.dependencies]
    return next((scope for scope in found if scope is not None), None)
