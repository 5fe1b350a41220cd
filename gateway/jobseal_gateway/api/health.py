"""GET /healthz and /readyz: for whoever watches over the gateway. Neither asks for a token, neither tells secrets."""

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool

from jobseal_gateway.api import contract
from jobseal_gateway.api.readiness import reasons
from jobseal_gateway.api.refusals import NotReady, responses
from jobseal_gateway.api.service import Service


def routes(service: Service) -> APIRouter:
    """The two routes."""
    router = APIRouter(tags=["health"])

    @router.get("/healthz", summary="Is the process alive?")
    async def is_alive() -> contract.Alive:
        """Answers while the web process runs, whatever state the rest is in."""
        return contract.Alive()

    @router.get("/readyz", summary="Does everything work?", responses=responses("not_ready"))
    async def is_ready() -> contract.Ready:
        """Whether the database takes writes, ingest takes messages, there is space, and the clock is right.

        A 503 names every reason in `reasons`.
        """
        found = await run_in_threadpool(reasons, service.gateway, service.watch.pulses())
        if found:
            raise NotReady(found)
        return contract.Ready()

    return router
