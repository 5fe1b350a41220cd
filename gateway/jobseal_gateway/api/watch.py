"""The wait for news: one socket, any number of requests waiting on it, and ingest's pulse as last heard.

A request takes the ``next_news`` event *before* it looks at the database, and waits for it after: what is committed
in between rings it. Should a ring get lost, one look a second, for all who wait together, makes up for it. Belongs to
one event loop; only ``end`` may be called from elsewhere.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from starlette.concurrency import run_in_threadpool

from jobseal_gateway.ledger.errors import LedgerUnavailable
from jobseal_gateway.news import RING, Listener
from jobseal_gateway.pulse import SILENT_AFTER_S, Pulse, decode

LOOK_EVERY_S = 1.0


class Watch:
    """Listens on ``path`` from ``begin`` to ``close``. ``newest`` gives the feed's newest position, from a thread."""

    def __init__(self, path: Path, newest: Callable[[], int]) -> None:
        self._path = path
        self._newest = newest
        self._listener: Listener | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._looking: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        self._pulses: dict[str, tuple[float, Pulse]] = {}
        self.ending = False

    def begin(self) -> None:
        """Listen, on the running loop. Raises OSError when the socket cannot be made."""
        self._loop = asyncio.get_running_loop()
        self._listener = Listener(self._path)
        self._loop.add_reader(self._listener.fileno(), self._hear)
        self._looking = self._loop.create_task(self._look())

    def close(self) -> None:
        """Listen no more."""
        if self._looking is not None:
            self._looking.cancel()
        if self._loop is not None and self._listener is not None:
            self._loop.remove_reader(self._listener.fileno())
            self._listener.close()

    def end(self) -> None:
        """The process is to stop: nobody waits any longer, from now on. Any thread, or a signal handler."""
        self.ending = True
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._ring)

    def next_news(self) -> asyncio.Event:
        """Set at the next news."""
        return self._news

    def pulses(self) -> list[Pulse]:
        """What the ingest processes said last, of those that were heard lately."""
        since_s = time.monotonic() - SILENT_AFTER_S
        return [pulse for heard_at_s, pulse in self._pulses.values() if heard_at_s >= since_s]

    async def _look(self) -> None:
        seen: int | None = None
        while True:
            with suppress(LedgerUnavailable):
                newest = await run_in_threadpool(self._newest)
                if newest != seen:
                    seen = newest
                    self._ring()
            await asyncio.sleep(LOOK_EVERY_S)

    def _hear(self) -> None:
        if self._listener is None:
            return
        said = self._listener.hear()
        for note in said:
            with suppress(ValueError, KeyError, TypeError):
                pulse = decode(note)
                self._pulses[pulse.worker] = (time.monotonic(), pulse)
        if RING in said:
            self._ring()

    def _ring(self) -> None:
        self._news.set()
        self._news = asyncio.Event()
