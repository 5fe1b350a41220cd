"""The API put together: routes, the guard before them, errors, and the document that is its contract."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

from fastapi import APIRouter, Depends, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from jobseal_gateway.api import contract, feed, health, jobs, login, proof, query, records, refusals, session
from jobseal_gateway.api.access import SESSION_SCHEME, scope_of
from jobseal_gateway.api.cookies import SessionCookie
from jobseal_gateway.api.limit import BodyLimit
from jobseal_gateway.api.same_site import CSRF_HEADER, SAFE_METHODS
from jobseal_gateway.api.service import Service
from jobseal_gateway.api.turned_away import TurnedAway
from jobseal_gateway.security_log import API, SecurityLog, tended

_DESCRIPTION = """
What a billing system reads from the gateway, and what it says back. Follow the feed, fetch each released record,
acknowledge it, and keep its evidence. Amounts are decimal text, times Unix milliseconds UTC, hashes hex.

Every error is an `application/problem+json` with a stable `code`, a `sentence` for a person, and a `fault`: whose move
it is.
"""
CSRF_SCHEME = "csrf_token"
_CSRF = {
    "type": "apiKey",
    "in": "header",
    "name": CSRF_HEADER,
    "description": "Beside a session's cookie: the csrf_token of GET /v1/session. A token of the API needs none.",
}
_UNKNOWN_PARAMETER = refusals.responses("request_invalid")[422]
_BY_REFERENCE = (contract.Problem, contract.FeedEvent, contract.JobDocument, contract.Proof)


def make_app(service: Service) -> FastAPI:
    """The ASGI application. It listens for news from its start-up to its shut-down."""
    gateway = service.gateway
    security = SecurityLog(gateway.home.security, API, gateway.clock.wall_ms)

    @asynccontextmanager
    async def listening(_app: FastAPI) -> AsyncIterator[None]:
        service.watch.begin()
        gateway.ring()  # its pulse comes with the next thing that ingest does, so give it something
        try:
            async with tended(security, _unsaid):
                yield
        finally:
            service.watch.close()

    app = FastAPI(
        title="Jobseal gateway",
        version=version("jobseal"),
        description=_DESCRIPTION,
        lifespan=listening,
        docs_url=None,  # these pages load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
        dependencies=[Depends(query.known_only)],
    )
    settings = gateway.settings
    app.add_middleware(
        SessionCookie,
        key=gateway.home.session_key,
        life_s=settings.intervals.session_life_s,
        over_tls=settings.http.url.startswith("https://"),
    )
    app.add_middleware(BodyLimit)
    app.add_middleware(TurnedAway, security=security)
    for open_to_all in (
        health.routes,
        proof.routes,
        session.routes,
        login.routes,
    ):  # these look for themselves
        app.include_router(open_to_all(service))
    for routes in (feed.routes, records.routes, jobs.routes):
        app.include_router(_guarded(routes(service)))
    refusals.install(app)
    app.openapi = lambda: _contract(app)  # type: ignore[method-assign]  # FastAPI's own way of extending it
    return app


def _unsaid(_line: str) -> None:
    """What the API refuses is in its log and nowhere else: its callers are many."""


def _guarded(router: APIRouter) -> APIRouter:
    """The same router. Raises ValueError when one of its routes would let anybody in."""
    open_to_all = [route.path for route in router.routes if isinstance(route, APIRoute) and scope_of(route) is None]
    if open_to_all:
        raise ValueError(f"no scope is named for {', '.join(open_to_all)}")
    return router


def _contract(app: FastAPI) -> dict[str, Any]:
    """FastAPI's document, with the schemas of what routes write themselves, and our errors in place of its own."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        schemas = document["components"]["schemas"]
        for model in _BY_REFERENCE:
            schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas |= schema.pop("$defs", {})
            schemas[model.__name__] = schema
        for path in document["paths"].values():
            for method, operation in path.items():
                _ours_only(operation["responses"])
                _with_csrf(method, operation)
        document["components"]["securitySchemes"][CSRF_SCHEME] = _CSRF
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        app.openapi_schema = document
    return app.openapi_schema


def _ours_only(responses: dict[str, Any]) -> None:
    """Our 422 in place of the one that FastAPI adds by itself: any route may be asked with an unknown parameter."""
    found = responses.get("422", {})
    found.get("content", {}).pop("application/json", None)
    if not found.get("content"):
        responses["422"] = _UNKNOWN_PARAMETER


def _with_csrf(method: str, operation: dict[str, Any]) -> None:
    """Say that a session alone does not change anything."""
    if method.upper() not in SAFE_METHODS:
        for way in operation.get("security", []):
            if SESSION_SCHEME in way:
                way[CSRF_SCHEME] = []
