"""The gateway's ingest on one core, in turns with the raw verify rate of that core. Run by ``ingest``:

    python -m tests.bench.ingest_worker FOLDER PORT EVENTS

It prints ``ready`` once it listens, and one JSON object when it has taken in all the events. BENCH_PROFILE=FILE in its
environment makes it profile the slices of ingest into that file (cProfile); its figures are then worth nothing.
"""

import cProfile
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from jobseal.errors import JobsealError
from jobseal.host.clock import SystemClock
from jobseal.host.crypto import Verifier
from jobseal_gateway import authority
from jobseal_gateway.entry import settle_memory
from jobseal_gateway.home import BUILT_MS
from jobseal_gateway.ingest import Ingest
from jobseal_gateway.ingest_loop import IngestLoop
from jobseal_gateway.ledger.database import connect
from jobseal_gateway.log import LogWriter
from jobseal_gateway.mosquitto import GATEWAY_USER
from jobseal_gateway.mqtt_worker import MqttWorker
from tests.bench.ground import WORKER_CORE, RawVerify, Timing, peak_rss_mb, pin, timed

PROFILE = os.environ.get("BENCH_PROFILE", "")
SLICE_EVENTS = 1_024
LEDGER = "ledger.db"


class NoDuties:
    """Nothing besides: what is measured is taking evidence in, not folding it."""

    def project(self) -> bool:
        return False

    def after_commit(self, dirty_job_ids: Sequence[int]) -> None:
        pass

    def state(self, problem: JobsealError | None) -> None:
        if problem is not None:
            raise SystemExit(f"ingest does not run: {problem.sentence}")


def main(folder: Path, port: int, events: int) -> None:
    """Take in so many events and say how fast that went."""
    pin(WORKER_CORE)
    keys = authority.load(folder / "keys", Verifier())
    engine = connect(f"sqlite:///{folder / LEDGER}")
    ingest = Ingest(engine, keys, LogWriter(engine, keys.log_id, keys.log), Verifier())
    worker = MqttWorker("127.0.0.1", port, "gateway-ingest", user=GATEWAY_USER)
    loop = IngestLoop(ingest, worker, SystemClock(BUILT_MS), NoDuties(), folder)
    raw = RawVerify()
    worker.connect()
    settle_memory()
    print("ready", flush=True)
    profile = cProfile.Profile() if PROFILE else None
    slices = []
    reference = raw.slice()
    while ingest.counts.logged < events:
        if profile is not None:
            profile.enable()
        work = _slice(loop, ingest, min(events, ingest.counts.logged + SLICE_EVENTS))
        if profile is not None:
            profile.disable()
        after = raw.slice()
        slices.append((work, reference + after))
        reference = after
    worker.close()
    if profile is not None:
        profile.dump_stats(PROFILE)
    print(json.dumps({"slices": [_pair(*pair) for pair in slices], "rss_mb": peak_rss_mb(), "counts": _counts(ingest)}))


def _slice(loop: IngestLoop, ingest: Ingest, goal: int) -> Timing:
    before = ingest.counts.logged

    def work() -> None:
        while ingest.counts.logged < goal:
            loop.step()

    timing = timed(work, 0)
    return Timing(ingest.counts.logged - before, timing.wall_s, timing.cpu_s)


def _pair(work: Timing, reference: Timing) -> list[float]:
    """[events a second, verifications a second, both again by this process's own time]."""
    return [work.rate, reference.rate, work.count / work.cpu_s, reference.count / reference.cpu_s]


def _counts(ingest: Ingest) -> dict[str, int]:
    counts = ingest.counts
    return {"logged": counts.logged, "refused": counts.refused, "duplicates": counts.duplicates}


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
