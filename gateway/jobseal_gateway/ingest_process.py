"""The ingest process: messages from handhelds into the ledger, and changed jobs into cards, records and feed.

Started by ``serve``; ``python -m jobseal_gateway.ingest_process HOME`` runs it alone. One for each SQLite ledger,
because it is the writer. It stops after the round it is in when it is told to (SIGTERM), and a signal that comes while
it waits wakes it at once. It says what stands in its way on standard output and in its pulse, and goes on by itself.
"""

import logging
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from jobseal import frame
from jobseal.errors import OURS, PEER, JobsealError
from jobseal.host.clock import Clock
from jobseal.host.crypto import Verifier
from jobseal_gateway import broker_link
from jobseal_gateway.entry import enter, settle_memory
from jobseal_gateway.errors import GatewayError
from jobseal_gateway.home import Gateway
from jobseal_gateway.ingest import Bounds, Ingest
from jobseal_gateway.ingest_loop import IngestLoop
from jobseal_gateway.ledger.errors import LedgerUnavailable
from jobseal_gateway.mqtt_session import Will
from jobseal_gateway.mqtt_worker import MqttWorker
from jobseal_gateway.news import INGEST, WEB, Bell, Listener
from jobseal_gateway.projector import JOBS_AT_ONCE, Projector
from jobseal_gateway.pulse import BEAT_EVERY_S, Pulse, Reason
from jobseal_gateway.settings import Settings

NAME = "ingest"
ONLINE, OFFLINE = b"online", b"offline"
CLIENT_ID = "gateway-ingest"
UNREACHABLE_AFTER_S = 3.0  # without a broker; a restart of it is shorter, and no reason to call the gateway unready

_log = logging.getLogger(__name__)


class Duties:
    """What ingest does between rounds (``ingest_loop.Hooks``), and its pulse."""

    def __init__(self, worker: MqttWorker, projector: Projector, bell: Bell, say: Callable[[str], None]) -> None:
        self._worker = worker
        self._projector = projector
        self._bell = bell
        self._say = say
        self._intake: JobsealError | None = None
        self._folding: JobsealError | None = None
        self._connected_at_s = -UNREACHABLE_AFTER_S  # not connected before the first connection, nor excused
        self._beat_at_s = 0.0
        self._told: tuple[Reason, ...] | None = None

    def project(self) -> bool:
        """Fold some of the jobs that changed. A defect in that stops no evidence from being taken in."""
        try:
            more = self._projector.run(JOBS_AT_ONCE) >= JOBS_AT_ONCE
            self._folding = None
        except LedgerUnavailable:
            raise
        except JobsealError as problem:
            self._folding = problem
            return False
        except Exception as error:
            if self._folding is None:
                _log.exception("The changed jobs cannot be folded; events are taken in all the same.")
            sentence = f"Changed jobs cannot be folded ({type(error).__name__}); see the log. Evidence is taken in."
            self._folding = JobsealError("projection_failing", sentence, OURS)
            return False
        return more

    def after_commit(self, dirty_job_ids: Sequence[int]) -> None:
        """Nothing: the loop folds them next."""

    def state(self, problem: JobsealError | None) -> None:
        """Messages are taken again, or why not."""
        self._intake = problem
        self._beat_at_s = 0.0

    def beat(self) -> None:
        """Say how it goes, when that is due or has changed."""
        now_s = time.monotonic()
        if self._worker.connected:
            self._connected_at_s = now_s
        reasons = self._reasons(now_s)
        if reasons != self._told or now_s >= self._beat_at_s:
            self._bell.note(Pulse(NAME, reasons).encode())
            self._beat_at_s = now_s + BEAT_EVERY_S
        if reasons != self._told:
            self._say(
                "taking messages" if not reasons else "; ".join(f"{why.sentence} [{why.code}]" for why in reasons)
            )
            self._told = reasons

    def _reasons(self, now_s: float) -> tuple[Reason, ...]:
        found = [
            Reason(problem.code, problem.sentence, problem.fault)
            for problem in (self._intake, self._folding)
            if problem is not None
        ]
        if not self._worker.connected and now_s - self._connected_at_s >= UNREACHABLE_AFTER_S:
            sentence = "The gateway has no connection to its broker and keeps trying; handhelds keep their events."
            found.append(Reason("broker_unreachable", sentence, PEER))
        return tuple(dict.fromkeys(found))


class Ending:
    """Whether the process was told to stop; ``heed`` takes the signals, and wakes whoever waits on ``path``."""

    def __init__(self, path: Path) -> None:
        self.asked = False
        self._bell = Bell(path)

    def heed(self) -> None:
        """From now on SIGTERM and SIGINT end the process in its own order."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask)

    def _ask(self, *_: object) -> None:
        self.asked = True
        self._bell.ring()


def run(gateway: Gateway, say: Callable[[str], None]) -> None:
    """Until a signal asks to stop. Raises what opening raises; while it runs nothing but a defect ends it."""
    settings, clock = gateway.settings, gateway.clock
    log = gateway.log()
    ingest = Ingest(gateway.engine, gateway.keys, log, Verifier(), bounds(settings))
    worker = _worker(gateway)
    if warning := broker_link.warning(settings.mqtt):
        say(warning)
    listener, web = Listener(gateway.home.run / INGEST), Bell(gateway.home.run / WEB)
    ending = Ending(gateway.home.run / INGEST)
    wide_after_ms = settings.intervals.wide_after_s * 1000
    projector = Projector(gateway.engine, log, gateway.keys, clock, settings.billing.terms, wide_after_ms, web.ring)
    duties = Duties(worker, projector, web, say)

    def stopped() -> bool:
        duties.beat()
        return ending.asked

    low_water_bytes = settings.limits.free_space_low_water_bytes
    loop = IngestLoop(ingest, worker, clock, duties, gateway.home.data, low_water_bytes, listener)
    ending.heed()
    with suppress(GatewayError):
        worker.connect()  # else the loop goes on trying
    settle_memory()
    try:
        loop.run(stopped)
    finally:
        worker.close()
        listener.close()


def bounds(settings: Settings) -> Bounds:
    """What the operator allows each handheld, as ingest takes it."""
    limits = settings.limits
    return Bounds(
        quarantine_items_per_day=limits.quarantine_items_per_day,
        quarantine_bytes_per_day=limits.quarantine_bytes_per_day,
        refusals_per_minute=limits.refusals_per_minute,
        retry_after_s=settings.intervals.retry_after_s,
    )


def _worker(gateway: Gateway) -> MqttWorker:
    worker = broker_link.worker(gateway, CLIENT_ID, Will(frame.GATEWAY_STATE_TOPIC, OFFLINE))
    worker.announce(frame.GATEWAY_STATE_TOPIC, ONLINE)
    return worker


def main(folder: Path, clock: Clock | None = None) -> int:
    """The process; its exit status."""
    return enter(NAME, run, folder, clock)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
