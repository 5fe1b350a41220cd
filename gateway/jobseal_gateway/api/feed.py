"""GET /v1/feed: what happened, in the order in which it was committed, for a consumer that keeps its own cursor."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from jobseal_gateway.access import FEED_READ
from jobseal_gateway.api.access import needs
from jobseal_gateway.api.contract import FeedEvent
from jobseal_gateway.api.refusals import GUARDED, Refusal, responses
from jobseal_gateway.api.service import Service
from jobseal_gateway.feed import BATCH_TYPE, batch
from jobseal_gateway.ledger import feed
from jobseal_gateway.ledger.database import reading
from jobseal_gateway.ledger.feed import Entry

CURSOR_HEADER = "Jobseal-Feed-Next"
PAGE_ITEMS = 100
GONE_AFTER_S = 2.0  # a caller who waits no longer is noticed within that time

_DESCRIPTION = """
At most `limit` entries behind the position `after`, oldest first, as a CloudEvents 1.0 batch. Positions are given in
commit order and without gaps: who has seen one has seen all before it. Delivery is at least once: keep the `id` of
the last entry that you have dealt with, and come back with it as `after`.

With `wait`, a request that finds nothing stays open until there is something, at most so many seconds; then the batch
is empty, and `after` stays as it is.

`jobcard.changed`: a job looks different now; fetch `/v1/jobs/{id}` for all of it. `record.released`: a record may be
billed; fetch `/v1/records/{id}` with the id in `data.record`. `record.flagged`: events that a released record rests on
are in doubt since (`data.code`, `data.events`), because its key was compromised or copied; look at it before you
collect. `record.cleared`: they are no more. Ignore types that you do not know.
"""


class CursorAhead(Refusal):
    """The consumer has seen more than this feed ever said: it belongs to another gateway, or to a newer state of it."""

    def __init__(self, after: int, last: int) -> None:
        super().__init__(
            "cursor_ahead",
            f"Position {after} was never given here, the newest is {last}: this is not the gateway that gave it, "
            "or it was restored from a backup. Find out before you go on from a position that exists.",
        )
        self.last = last


def routes(service: Service) -> APIRouter:
    """The feed's one route."""
    router = APIRouter(tags=["feed"])
    most_items = service.gateway.settings.limits.feed_page_items
    most_s = service.gateway.settings.intervals.long_poll_s

    @router.get(
        "/v1/feed",
        summary="Read the feed",
        description=_DESCRIPTION,
        response_class=Response,
        dependencies=[needs(service.access, FEED_READ)],
        responses={
            200: {
                "description": "The batch. `Jobseal-Feed-Next` is the `after` to come back with.",
                "content": {BATCH_TYPE: {"schema": {"type": "array", "items": _EVENT}}},
                "headers": {CURSOR_HEADER: {"schema": {"type": "string"}, "description": "The next `after`."}},
            },
            **responses(*GUARDED, "cursor_ahead", "request_invalid"),
        },
    )
    async def read_feed(
        request: Request,
        after: Annotated[int, Query(ge=0, le=2**53 - 1, description="0: from the first.", examples=[41])] = 0,
        limit: Annotated[int, Query(ge=1, description=f"At most {most_items}.")] = min(PAGE_ITEMS, most_items),
        wait: Annotated[float, Query(ge=0, allow_inf_nan=False, description=f"Seconds, at most {most_s}.")] = 0.0,
    ) -> Response:
        entries = await _page(service, request, after, min(limit, most_items), min(wait, most_s))
        cursor = str(entries[-1].position if entries else after)
        headers = {
            CURSOR_HEADER: cursor,
            "Link": f'</v1/feed?after={cursor}>; rel="next"',
            "Cache-Control": "no-store",
        }
        sources = await run_in_threadpool(service.sources)
        return Response(batch(entries, sources), 200, headers, BATCH_TYPE)

    return router


_EVENT = {"$ref": f"#/components/schemas/{FeedEvent.__name__}"}


async def _page(service: Service, request: Request, after: int, limit: int, wait_s: float) -> Sequence[Entry]:
    clock = asyncio.get_running_loop().time
    end_s = clock() + wait_s
    while True:
        news = service.watch.next_news()  # before looking: what is committed from here on sets it
        entries = await run_in_threadpool(_read, service, after, limit)
        left_s = end_s - clock()
        if entries or left_s <= 0:
            return entries
        while not news.is_set():
            left_s = end_s - clock()
            if left_s <= 0 or service.watch.ending or await request.is_disconnected():
                return []
            with suppress(TimeoutError):
                await asyncio.wait_for(news.wait(), min(left_s, GONE_AFTER_S))


def _read(service: Service, after: int, limit: int) -> list[Entry]:
    with reading(service.gateway.engine) as connection:
        entries = feed.after(connection, after, limit)
        if not entries and after > (last := feed.last(connection)):
            raise CursorAhead(after, last)
    return entries
