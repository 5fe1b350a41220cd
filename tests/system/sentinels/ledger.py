"""The gateway's ledger under a device that resends and a database that fails: what is receipted is logged, once, in the
order of its chain, under a log that only grows.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError

from jobseal import checkpoint, merkle
from jobseal_gateway.ingest import Moment, Outcome
from jobseal_gateway.ledger.database import connect, migrate, reading
from tests.devices import DAY_MS, Device, Sync, digest
from tests.gateway.ingest.talk import batch, receipts
from tests.stations import Station
from tests.system.roots import root
from tests.system.sentinels import Found

EVENTS = 4


@contextmanager
def station_in(folder: Path) -> Iterator[Station]:
    """A gateway on a fresh SQLite file."""
    engine = connect(f"sqlite:///{folder / 'ledger.db'}")
    try:
        migrate(engine)
        yield Station(engine, folder)
    finally:
        engine.dispose()


def captured(station: Station, name: str = "hh-1") -> Device:
    """A handheld with a few events that nobody has yet."""
    device = station.enrol(name)
    for _ in range(EVENTS):
        device.capture()
    return device


def logged(station: Station, device: Device) -> Found:
    """``committed_lost``, ``duplicate_row``, ``chain_broken``: the ledger has each event once, linked."""
    found = station.events(device)
    for data, count in Counter(found).items():
        if count > 1:
            yield "duplicate_row", f"one event of {device.name} is logged {count} times"
        if data not in device.frames:
            yield "chain_broken", f"an event is logged that {device.name} does not have"
    for seq, data in enumerate(device.frames):
        if data not in found:
            yield "committed_lost", f"event {seq} of {device.name} is not logged"


def proven(station: Station) -> Found:
    """``log_rewritten``: every checkpoint states the root that its leaves have, and continues each before it."""
    kinds = {1: merkle.ENTRY_EVENT, 2: merkle.ENTRY_OFFICE, 3: merkle.ENTRY_HOLE}
    hashes = [merkle.leaf_hash(kinds[leaf.type] + leaf.hash) for leaf in station.leaves()]
    for signed in _checkpoints(station.engine):
        said = checkpoint.verify(signed, station.trusted.log, station.verifier)
        if said.root != root(hashes[: said.size]):
            yield "log_rewritten", f"the checkpoint over {said.size} leaves states another root than they have"
    for size in range(1, len(hashes)):
        proof, new = station.log.consistency(size, len(hashes)), root(hashes)
        if not merkle.verify_consistency(size, len(hashes), root(hashes[:size]), new, proof):
            yield "log_rewritten", f"no proof that the log of {len(hashes)} continues the one of {size}"


def _checkpoints(engine: Engine) -> list[bytes]:
    with reading(engine) as connection:
        return list(connection.exec_driver_sql("SELECT bytes FROM checkpoints ORDER BY id").scalars())


@contextmanager
def failing_commits(engine: Engine) -> Iterator[None]:
    """Every COMMIT of a writing transaction fails, and nothing of it is kept."""

    def fail(connection: Any) -> None:
        if connection.get_execution_options().get("jobseal_writing"):
            raise OperationalError("COMMIT", {}, OSError("the disk is gone"))

    event.listen(engine, "commit", fail)
    try:
        yield
    finally:
        event.remove(engine, "commit", fail)


def _carry(station: Station, sync: Sync) -> None:
    """What the process has said, to the gateway and back, once."""
    sent, sync.sent = sync.sent, []
    for _, reply in station.handle(*((sync.device.name, data) for data in sent)).replies:
        sync.hear(reply)


def commits(folder: Path) -> Found:
    """``acknowledged_missing``: a receipt for what was never committed; ``log_rewritten``: one round that failed leaves
    its traces in later proofs; and :func:`logged` once the database works again."""
    with station_in(folder) as station:
        first, second = captured(station, "hh-1"), captured(station, "hh-2")
        station.sync(second)
        second.capture()
        process = first.start(1)
        process.connect()
        _carry(station, process)
        with failing_commits(station.engine):
            _carry(station, process)
        if first.state.next > len(station.events(first)):
            missing = first.state.next - len(station.events(first))
            yield "acknowledged_missing", f"{missing} events count as acknowledged, and their COMMIT has failed"
        station.sync(second, 2)
        for _ in range(20):
            process.sleep()
            station.pass_ms(1_000)
            _carry(station, process)
        for device in (first, second):
            if "log_inconsistent" in device.alarms:
                yield "log_rewritten", f"{device.name} holds two checkpoints that contradict each other"
            if device.state.next != device.committed:
                yield "converges", f"{device.name} has {device.state.next} of {device.committed} acknowledged"
            yield from logged(station, device)
        yield from proven(station)


def resent(folder: Path) -> Found:
    """``duplicate_row``, ``honest_fork``: an event that comes again, before and after a restart, is another one."""
    with station_in(folder) as station:
        device = captured(station)
        said = batch(device, device.events(0, EVENTS, 1 << 20))
        for restarts in range(3):
            answers = receipts(station, station.handle(said))
            if [answer.next for answer in answers] != [EVENTS]:
                yield "converges", f"after {restarts} restarts the answer is {[answer.next for answer in answers]}"
            station.restart()
        if station.ingest.counts.forks or len(station.leaves()) > EVENTS + 1:
            yield "honest_fork", "events that came again are taken for a second holder's"
        yield from logged(station, device)


def unlinked(folder: Path) -> Found:
    """``chain_broken``: an event is logged whose predecessor is not, or which names another one."""
    with station_in(folder) as station:
        device = captured(station)
        station.sync(device)
        tip = device.prev
        lies = (
            device.make(seq=EVENTS, prev=digest(b"nothing")),
            device.make(seq=EVENTS + 1, prev=digest(b"nothing")),
            device.make(seq=EVENTS + 1, prev=tip),
        )
        for data in lies:
            station.handle(batch(device, [data]))
            if data in station.events(device):
                yield "chain_broken", "an event is logged that does not follow the one before it"
                return


def clocks(folder: Path) -> Found:
    """``time_ran_back``: a checkpoint is older than the one before; ``logged_without_clock``: something is logged while
    nobody knows what time it is."""
    with station_in(folder) as station:
        device = captured(station)
        station.sync(device)
        station.pass_ms(-3_600_000)
        device.capture()
        _answered(station, batch(device, device.events(EVENTS, 1, 1 << 20)))
        times = [
            checkpoint.verify(each, station.trusted.log, station.verifier).at for each in _checkpoints(station.engine)
        ]
        if times != sorted(times):
            yield "time_ran_back", "the gateway's clock was set back, and so was the log's time"
        device.capture()
        station.now = Moment(None, 10_000)
        _answered(station, batch(device, device.events(EVENTS + 1, 1, 1 << 20)))
        if len(station.events(device)) > EVENTS + 1:
            yield "logged_without_clock", "an event is logged while the clock is not synchronised"
        station.now = Moment(DAY_MS + 1, 20_000)
        yield from proven(station)


def _answered(station: Station, said: tuple[str, bytes]) -> Outcome:
    return station.handle(said)


def holes(folder: Path) -> Found:
    """``late_event_dropped``: an event of an announced hole turns up after all, and is not logged."""
    with station_in(folder) as station:
        device = captured(station)
        lost = device.frames[1:3]
        device.lose(1, 2)
        station.sync(device)
        if station.events(device) != [device.frames[0], device.frames[3], device.frames[4]]:
            yield "converges", "the chain does not go on behind the hole that was announced"
        station.handle(batch(device, [data for data in lost if data is not None]))
        if not set(lost) <= set(station.events(device)):
            yield "late_event_dropped", "events that were lost and found again are not logged"


def grown(folder: Path) -> Found:
    """:func:`proven` over a log of more than one tile."""
    with station_in(folder) as station:
        device = station.enrol("hh-1")
        for _ in range(9):
            for _ in range(32):
                device.capture()
            station.handle(batch(device, device.events(device.committed - 32, 32, 1 << 20)))
        hashed = [
            checkpoint.verify(each, station.trusted.log, station.verifier) for each in _checkpoints(station.engine)
        ]
        station.restart()
        device.capture()
        station.handle(batch(device, device.events(device.committed - 1, 1, 1 << 20)))
        size = station.log.newest.size if station.log.newest else 0
        newest = checkpoint.verify(_checkpoints(station.engine)[-1], station.trusted.log, station.verifier)
        for said in hashed:
            proof = station.log.consistency(said.size, size)
            if not merkle.verify_consistency(said.size, size, said.root, newest.root, proof):
                yield "log_rewritten", f"no proof that the log of {size} continues the one of {said.size}"


def synced(folder: Path) -> Found:
    """``commit_unsynced``: a COMMIT returns before the write-ahead log is on the disk."""
    with station_in(folder) as station:
        device = captured(station)
        station.sync(device)
        with station.engine.connect() as connection:
            level = connection.exec_driver_sql("PRAGMA synchronous").scalar_one()
            mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar_one()
        if (level, mode) not in ((2, "wal"), (3, "wal")):
            yield (
                "commit_unsynced",
                f"SQLite is at synchronous = {level} in mode {mode}: a power cut takes commits back",
            )


SENTINELS = {each.__name__: each for each in (commits, resent, unlinked, clocks, holes, grown, synced)}
