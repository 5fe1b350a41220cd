"""The ingest process: the broker's messages through ``Ingest``, receipts out, and projections in the time between.

One thread does all of it, in this order, so that nothing is promised early: receive many, settle and commit them
together, publish what they are answered, acknowledge them to the broker. Then jobs are folded again, when nothing
waits or a second has passed, whichever comes first.

While nothing can be taken (no space, no database, no synchronised clock) messages are held, not acknowledged, and
tried again every second; their devices are asked to wait. It goes on by itself.

The pace of all this is real time; the time that is logged and signed comes from the ``Clock``.
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from jobseal import frame
from jobseal.errors import OPERATOR, JobsealError
from jobseal.host.clock import Clock
from jobseal_gateway.errors import GatewayError
from jobseal_gateway.ingest import Ingest, present
from jobseal_gateway.ledger.errors import LedgerUnavailable
from jobseal_gateway.ledger.space import LOW_WATER_BYTES, is_low
from jobseal_gateway.mqtt_worker import Message, MqttWorker

MESSAGES_MAX = 32  # in one transaction; batches of 32 events keep it near a tenth of a second
HELD_MAX = 1_024  # messages kept while nothing can be taken
IDLE_MS = 1_000
PROJECT_EVERY_S = 1.0
ANNOUNCE_EVERY_S = 1.0
RETRY_EVERY_S = 1.0


class Bell(Protocol):
    """What another process rings when it has changed something: readable when rung, ``drain`` makes it quiet."""

    def fileno(self) -> int: ...
    def drain(self) -> None: ...


class SpaceLow(GatewayError):
    """Too little free space to take anything in; retryable."""

    def __init__(self, folder: Path) -> None:
        sentence = f"There is too little free space under {folder}; nothing is taken in until there is more."
        super().__init__("space_low", sentence, OPERATOR, False)


class Hooks(Protocol):
    """What the ingest process does besides; none is called in a transaction. Only ``project`` may raise, and only
    LedgerUnavailable."""

    def project(self) -> bool:
        """Fold some of the jobs that changed, for a tenth of a second or so; whether there is more to do."""

    def after_commit(self, dirty_job_ids: Sequence[int]) -> None:
        """These jobs changed; their marks are committed."""

    def state(self, problem: JobsealError | None) -> None:
        """The gateway takes messages again (None), or why it does not. Called on changes, and first at the start."""


class IngestLoop:
    """``step`` until told to stop. ``folder`` is where the data lives, for the guard over its free space."""

    def __init__(
        self,
        ingest: Ingest,
        worker: MqttWorker,
        clock: Clock,
        hooks: Hooks,
        folder: Path,
        low_water_bytes: int = LOW_WATER_BYTES,
        bell: Bell | None = None,
        real_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ingest = ingest
        self._worker = worker
        self._clock = clock
        self._hooks = hooks
        self._folder = folder
        self._low_water_bytes = low_water_bytes
        self._bell = bell
        self._real_s = real_s
        self._held: list[Message] = []
        self._retry_at_s = 0.0
        self._project_at_s = 0.0
        self._announce_at_s = 0.0
        self._announced: bytes | None = None
        self._more_to_project = True  # what an earlier process left behind
        self._state: str | None = "starting"

    def run(self, stopped: Callable[[], bool]) -> None:
        """Until ``stopped()``, which is asked about once a second and after each round."""
        while not stopped():
            self.step()

    def step(self) -> None:
        """Take one round of messages, if any come within a second, and fold what there is time for."""
        fresh = self._worker.receive(self._patience_ms(), MESSAGES_MAX, self._bell)
        if self._bell is not None:
            self._bell.drain()
        self._held += fresh
        self._drop_oldest()
        if self._real_s() >= self._retry_at_s:
            self._take()
        if not fresh or self._real_s() >= self._project_at_s:
            self._project()
        self._announce()

    def _patience_ms(self) -> int:
        if self._retry_at_s > self._real_s():
            return int((self._retry_at_s - self._real_s()) * 1000) + 1
        return 0 if self._more_to_project else IDLE_MS

    def _take(self) -> None:
        problem = self._obstacle()
        if problem is None and not self._held:
            return
        messages = [(message.topic, message.payload) for message in self._held]
        now = present(self._clock)
        outcome = self._ingest.decline(messages, now, problem) if problem else self._ingest.handle(messages, now)
        for topic, payload in outcome.replies:
            self._worker.publish(topic, payload)  # lost or not: whoever misses it asks again
        if outcome.dirty:
            self._more_to_project = True
            self._hooks.after_commit(outcome.dirty)
        if outcome.problem is not None:
            self._stop(outcome.problem)
            return
        self._tell_state(None)
        # After the commit and not before: until here the broker would deliver them to another worker.
        self._worker.ack(self._held)
        self._held.clear()

    def _obstacle(self) -> JobsealError | None:
        try:
            return SpaceLow(self._folder) if is_low(self._folder, self._low_water_bytes) else None
        except OSError:
            return SpaceLow(self._folder)  # the folder itself is gone: nothing could be kept there either

    def _drop_oldest(self) -> None:
        """The broker stops delivering when too much is unacknowledged; what goes here comes again from its device."""
        excess = len(self._held) - HELD_MAX
        if excess > 0:
            self._worker.ack(self._held[:excess])
            del self._held[:excess]

    def _project(self) -> None:
        if self._retry_at_s > self._real_s():
            return  # what stops ingest stops this too
        try:
            self._more_to_project = self._hooks.project()  # first: somebody may wait for the changed card
        except LedgerUnavailable as problem:
            self._stop(problem)
            return
        for topic, payload in self._ingest.new_work():
            self._worker.publish(topic, payload)
        self._project_at_s = self._real_s() + PROJECT_EVERY_S
        self._tell_state(None)

    def _stop(self, problem: JobsealError) -> None:
        self._retry_at_s = self._real_s() + RETRY_EVERY_S
        self._tell_state(problem)

    def _announce(self) -> None:
        newest = self._ingest.checkpoint
        if newest is not None and newest != self._announced and self._real_s() >= self._announce_at_s:
            self._worker.announce(frame.GATEWAY_CHECKPOINT_TOPIC, newest)
            self._announced = newest
            self._announce_at_s = self._real_s() + ANNOUNCE_EVERY_S

    def _tell_state(self, problem: JobsealError | None) -> None:
        state = None if problem is None else problem.code
        if state != self._state:
            self._state = state
            self._hooks.state(problem)
