"""Who may call: whoever shows a token (RFC 6750) that opens the scope of the route. Deny by default.

Each route under /v1 names its scope with ``needs``; ``app`` refuses to start with one that does not. The tokens are
looked at again every second, so that a revoked one, or one that was issued by another process, counts within that.
Wrong tokens are answered so many times a minute to one address and then no more; right ones always pass.
"""

import threading
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.concurrency import run_in_threadpool

from jobseal_gateway import access
from jobseal_gateway.access import Caller
from jobseal_gateway.api.refusals import Refusal
from jobseal_gateway.home import Gateway
from jobseal_gateway.ledger import tokens
from jobseal_gateway.ledger.database import reading

LOOK_EVERY_MS = 1_000
WRONG_PER_MINUTE = 10
ADDRESSES_KEPT = 1_000
MINUTE_MS = 60_000

_SCHEME = HTTPBearer(auto_error=False, scheme_name="token", description="A token that 'jobseal-gateway tokens' made.")
Shown = Annotated[HTTPAuthorizationCredentials | None, Depends(_SCHEME)]
Guard = Callable[[Request, HTTPAuthorizationCredentials | None], Awaitable[Caller]]


class Access:
    """The tokens of one gateway, as the web process knows them. Shared by all requests."""

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

    def wrong(self, address: str) -> Refusal:
        """What somebody is told who showed a token that is none, or none at all."""
        if self._guesses.allow(address, self._gateway.clock.up_ms()):
            return Refusal("unauthorized", "Send a token of this gateway: Authorization: Bearer ...")
        return Refusal("too_many_attempts", "Too many wrong tokens came from there; try again in a minute.")


class Guesses:
    """Wrong tokens of each address within the last minute."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[int, int]] = {}  # since when, how many

    def allow(self, address: str, up_ms: int) -> bool:
        """Whether one more wrong token of this address is within bounds."""
        since, count = self._seen.pop(address, (up_ms, 0))
        if not 0 <= up_ms - since < MINUTE_MS:
            since, count = up_ms, 0
        self._seen[address] = (since, count + 1)
        if len(self._seen) > ADDRESSES_KEPT:
            del self._seen[next(iter(self._seen))]
        return count < WRONG_PER_MINUTE


def needs(granted: Access, scope: str) -> Any:
    """The dependency of a route that this scope opens; in the route it is the :class:`Caller`.

    Refuses with ``unauthorized``, ``too_many_attempts``, ``forbidden``.
    """

    async def caller(request: Request, shown: Shown) -> Caller:
        found = None if shown is None else await run_in_threadpool(granted.caller, shown.credentials)
        if found is None:
            raise granted.wrong("" if request.client is None else request.client.host)
        if scope not in found.scopes:
            raise Refusal("forbidden", f"The token {found.name} does not open {scope}; ask for one that does.")
        return found

    caller.scope = scope  # type: ignore[attr-defined]  # what the application looks for in each route
    return Depends(caller)


def scope_of(route: Any) -> str | None:
    """The scope that a route asks for; None for one that is open to everybody."""
    found = [getattr(each.call, "scope", None) for each in route.dependant.dependencies]
    return next((scope for scope in found if scope is not None), None)
