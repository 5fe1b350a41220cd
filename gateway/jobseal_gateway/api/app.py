"""The API put together: routes, the guard before them, errors, and the document that is its contract."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from jobseal_gateway.api import contract, feed, health, jobs, records, refusals
from jobseal_gateway.api.access import scope_of
from jobseal_gateway.api.limit import BodyLimit
from jobseal_gateway.api.service import Service
from jobseal_gateway.api.turned_away import TurnedAway
from jobseal_gateway.security_log import API, SecurityLog

_DESCRIPTION = """
What a billing system reads from the gateway, and what it says back. Follow the feed, fetch each released record,
acknowledge it, and keep its evidence. Amounts are decimal text, times Unix milliseconds UTC, hashes hex.

Every error is an `application/problem+json` with a stable `code`, a `sentence` for a person, and a `fault`: whose move
it is.
"""
_BY_REFERENCE = (contract.Problem, contract.FeedEvent, contract.JobDocument)


def make_app(service: Service) -> FastAPI:
    """The ASGI application. It listens for news from its start-up to its shut-down."""

    @asynccontextmanager
    async def listening(_app: FastAPI) -> AsyncIterator[None]:
        service.watch.begin()
        service.gateway.ring()  # its pulse comes with the next thing that ingest does, so give it something
        try:
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
    )
    app.add_middleware(BodyLimit)
    gateway = service.gateway
    app.add_middleware(TurnedAway, security=SecurityLog(gateway.home.security, API, gateway.clock.wall_ms))
    app.include_router(health.routes(service))
    for routes in (feed.routes, records.routes, jobs.routes):
        app.include_router(_guarded(routes(service)))
    refusals.install(app)
    app.openapi = lambda: _contract(app)  # type: ignore[method-assign]  # FastAPI's own way of extending it
    return app


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
            for operation in path.values():
                _ours_only(operation["responses"])
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        app.openapi_schema = document
    return app.openapi_schema


def _ours_only(responses: dict[str, Any]) -> None:
    """Drop the 422 that FastAPI adds by itself: a path of ours takes any text, and elsewhere ours stands already."""
    if "application/json" in responses.get("422", {}).get("content", {}):
        del responses["422"]["content"]["application/json"]
        if not responses["422"]["content"]:
            del responses["422"]
