"""Ledger growth: what ingest still takes in when the ledger is full of events, against an empty one.

Two ledgers with the same handhelds, one of them filled by the real ledger functions: 200 other handhelds, dozens of
events a job, in the order in which a fleet would send them. Then both take in the same batches, round by round in turn.
"""

import hashlib
import os
import statistics
from collections.abc import Iterator
from pathlib import Path

from jobseal_gateway.ledger import branches, jobs, keys, leaves
from jobseal_gateway.ledger.branches import Branch
from jobseal_gateway.ledger.database import connect, migrate
from jobseal_gateway.log import Appending
from tests.bench.chains import BATCH, HANDHELDS, batches, chains
from tests.bench.ground import WORKER_CORE, Timing, folder, pinned, timed
from tests.bench.row import AT_LEAST, Row
from tests.devices import signer_of
from tests.stations import Station

STORED = {True: 100_000, False: 1_000_000}
ROUNDS = {True: 56, False: 200}
WARM_UP_ROUNDS = 4
FLEET = 200
RUN = 25  # events of one handheld and one job in a row
EVENT_BYTES = 240
COMMIT_EVENTS = 5_000


def rows(quick: bool) -> Iterator[Row]:
    """The rate with many events over the rate with none."""
    with folder("growth") as place:
        empty, full = ledgers(place, STORED[quick])
        devices = [empty.enrol(f"van-{number}") for number in range(HANDHELDS)]
        for number, device in enumerate(devices):
            assert full.enrol(f"van-{number}").genesis == device.genesis, "both take in the same batches"
        signed = chains(devices, ROUNDS[quick] * BATCH)
        frames = [batches(device.key, each, bytes(8)) for device, each in zip(devices, signed, strict=True)]
        names = [device.name for device in devices]
        with pinned(WORKER_CORE):
            pairs = []
            for payloads in zip(*frames, strict=True):
                told = list(zip(names, payloads, strict=True))
                pairs.append((taken(full, told), taken(empty, told)))
        size_mb = (place / "full.db").stat().st_size / 1e6
        empty.engine.dispose()
        full.engine.dispose()
    counted = pairs[WARM_UP_ROUNDS:]
    ratio = statistics.median(many.rate / none.rate for many, none in counted)
    rate, reference = (statistics.median(each.rate for each in column) for column in zip(*counted, strict=True))
    note = f"{STORED[quick]:,} events stored, {size_mb:.0f} MB; {len(counted)} rounds in turn"
    yield Row("ledger_growth", rate, reference, ratio, f"{AT_LEAST} 0.9", "events/s", note)


def ledgers(place: Path, stored: int) -> tuple[Station, Station]:
    """One gateway with an empty ledger and the same one with a full one."""
    engines = [connect(f"sqlite:///{place / name}.db") for name in ("empty", "full")]
    for engine in engines:
        migrate(engine)
    empty, full = (Station(engine, place) for engine in engines)
    fill(full, stored)
    full.restart()
    return empty, full


def fill(station: Station, stored: int) -> None:
    """Log so many events of a fleet, through the functions that ingest logs with."""
    with station.log.appending(station.now.wall_ms) as end:
        fleet = [_enrolled(end, number) for number in range(FLEET)]
    done = 0
    while done < stored:
        with station.log.appending(station.now.wall_ms) as end:
            goal = min(stored, done + COMMIT_EVENTS)
            runs = range(done // RUN, -(-goal // RUN))
            names = {run: f"OLD-{run // 2}" for run in runs}  # two handhelds a job
            numbers = jobs.numbers(end.connection, names.values())
            for run in runs:
                fleet[run % FLEET] = _run(end, fleet[run % FLEET], numbers[names[run]])
            branches.advance(end.connection, fleet)
            done = goal


def _enrolled(end: Appending, number: int) -> Branch:
    seed = hashlib.sha256(b"old handheld %d" % number).digest()
    leaf = end.add(leaves.OFFICE, seed, seed)
    row = keys.enrol(
        end.connection,
        thumbprint=seed,
        cose_key=signer_of(f"old-{number}").key.encode(),
        device=f"old-{number}",
        enrolment_leaf=leaf,
        enrolment_hash=seed,
    )
    return branches.begin(end.connection, row.id, seed)


def _run(end: Appending, branch: Branch, job_id: int) -> Branch:
    """``RUN`` events of one handheld in one job; their bytes are noise, which costs the database the same."""
    digest = branch.head_hash
    for seq in range(branch.next_seq, branch.next_seq + RUN):
        data = os.urandom(EVENT_BYTES)
        digest = hashlib.sha256(data).digest()
        end.add(leaves.EVENT, digest, data, branch.key_id, branch.id, seq, job_id)
    return branch._replace(next_seq=branch.next_seq + RUN, head_hash=digest)


def taken(station: Station, told: list[tuple[str, bytes]]) -> Timing:
    """One round of batches, all of which are to be taken in."""
    before = station.ingest.counts.logged
    station.pass_ms(100)
    timing = timed(lambda: station.handle(*told), len(told) * BATCH)
    assert station.ingest.counts.logged == before + timing.count, "a round was not taken in"
    return timing
