"""What the real processes do while one of their system calls goes wrong, and what must be true after the next start.

Each scenario has a template (a folder as it stands before), a part that suffers, and an end: the same process started
again without a fault, through to rest, and judged against everything that the suffering one had said was durable. A
process may give up with an error of our own; nothing else may come out of it.

| scenario | suffers                                              | then                                      |
|----------|------------------------------------------------------|-------------------------------------------|
| capture  | a first start, five events with photo and correction | the rest is captured, all of it synced    |
| sync     | uplink state, work orders, objects of that handheld  | sync again until the gateway has all      |
| gateway  | ingest of three handhelds on SQLite, with a close    | each handheld comes again without receipt |
| start    | the first start of a gateway: keys, schema, enrolment| it starts, and the handhelds sync         |
"""

import hashlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Engine

from jobseal import event as events
from jobseal.errors import JobsealError
from jobseal.uplink_state import Identity
from jobseal_device.home import Home
from jobseal_device.journal_reader import JournalReader
from jobseal_device.objects import ObjectStore
from jobseal_device.uplink_file import read_uplink
from jobseal_gateway.errors import GatewayError
from jobseal_gateway.ledger.database import connect, migrate
from tests.device.workbench import key_of
from tests.devices import Device
from tests.stations import Station
from tests.torture.storage import gateway_work, handheld_work
from tests.torture.storage.handheld_sync import sync
from tests.torture.storage.promises import Promise, Say, Wrong

JOB = "WO-1"
EVENTS = 2  # of each device, the second with a note beside it
EXPECTED = (JobsealError, GatewayError, gateway_work.Refused)  # how a process may end that its disk has failed


class Scenario(NamedTuple):
    """``prepare(template)`` once; ``suffer(root, say)`` may end in any way; ``end(root, promises)`` judges. ``root`` is
    a copy of the template; what suffers is below ``root/"disk"``, and faults hit nothing else."""

    name: str
    prepare: Callable[[Path], None]
    suffer: Callable[[Path, Say], None]
    end: Callable[[Path, Sequence[Promise]], Iterator[Wrong]]


def _engine(folder: Path) -> Engine:
    return connect(f"sqlite:///{folder / 'ledger.db'}")


def _office(root: Path) -> tuple[Engine, Station, Device, Identity]:
    engine = _engine(root / "office")
    station = Station(engine, root / "office")
    device = gateway_work.enrolled(station, handheld_work.NAME, key_of(handheld_work.NAME))
    identity = Identity(handheld_work.NAME, device.key.thumbprint, device.genesis, device.trusted)
    return engine, station, device, identity


def _prepare_handheld(template: Path) -> None:
    (template / "office").mkdir()
    engine = _engine(template / "office")
    migrate(engine)
    Station(engine, template / "office").enrol(handheld_work.NAME, key_of(handheld_work.NAME))
    engine.dispose()
    (template / "disk").mkdir()
    (template / "photo.jpg").write_bytes(hashlib.shake_128(b"photo").digest(5_000))


def _capture(root: Path, say: Say) -> None:
    engine, _, _, identity = _office(root)
    engine.dispose()
    _work(root, identity, say)


def _work(root: Path, identity: Identity, say: Say) -> None:
    worker = handheld_work.Worker(root / "disk" / "home", root / "photo.jpg", identity, say)
    worker.work([JOB], handheld_work.SHORT)
    worker.close()


def _prepare_sync(template: Path) -> None:
    _prepare_handheld(template)
    _capture(template, lambda _: None)


def _sync(root: Path, say: Say) -> None:
    engine, station, _, identity = _office(root)
    try:
        sync(root / "disk" / "home", identity, station, say)
    finally:
        engine.dispose()


def _end_handheld(root: Path, promises: Sequence[Promise]) -> Iterator[Wrong]:
    """Finish the job, sync, and compare journal and ledger."""
    home = Home(root / "disk" / "home")
    engine, station, device, identity = _office(root)
    later: list[Promise] = []
    try:
        receipts = [promise for promise in promises if promise[0] == "receipt"]
        if receipts and read_uplink(home).next < receipts[-1][1]:
            yield Wrong("receipt_lost", f"{receipts[-1][1]} were acknowledged, {read_uplink(home).next} are known")
        _work(root, identity, later.append)
        if not sync(home.folder, identity, station, later.append):
            yield Wrong("converges", "sync does not come to rest")
        there = dict(JournalReader(home.journal).readable())
        yield from _promised(there, [*promises, *later])
        kinds = [events.parse(data).event.kind for data in there.values() if events.parse(data).event.job == JOB]
        if kinds != [kind for kind, _ in handheld_work.SHORT]:
            yield Wrong("entered_twice", f"the job has {kinds}")
        if station.events(device) != [there[seq] for seq in sorted(there)]:
            yield Wrong("converges", "the gateway has not logged what the journal holds, each once")
        objects = ObjectStore(home)
        if objects.pending() or objects.unsigned():
            yield Wrong("object_lost", "an object is not stored at the gateway, and nobody sends it")
    except Exception as error:
        yield Wrong("does_not_go_on", repr(error))
    finally:
        engine.dispose()
    yield from handheld_work.judge(home.folder, [*promises, *later], identity)


def _promised(there: dict[int, bytes], promises: Sequence[Promise]) -> Iterator[Wrong]:
    for promise in promises:
        if promise[0] == "event" and there.get(promise[1]) != promise[2]:
            yield Wrong("committed_lost", f"event {promise[1]} was signed, and is not what the journal has")


def _prepare_gateway(template: Path) -> None:
    (template / "disk").mkdir()
    engine = gateway_work.opened(template / "disk")
    station = gateway_work.TellingStation(engine, template / "disk", lambda _: None)
    for name in gateway_work.DEVICES:
        gateway_work.enrolled(station, name)
    engine.dispose()


def _prepare_nothing(template: Path) -> None:
    (template / "disk").mkdir()


def _ingest(root: Path, say: Say) -> None:
    gateway_work.work(root / "disk", EVENTS, say)


def _start(root: Path, say: Say) -> None:
    gateway_work.work(root / "disk", 0, say)


def _end_gateway(root: Path, promises: Sequence[Promise]) -> Iterator[Wrong]:
    yield from gateway_work.judge(root / "disk", promises, EVENTS)


SCENARIOS = (
    Scenario("capture", _prepare_handheld, _capture, _end_handheld),
    Scenario("sync", _prepare_sync, _sync, _end_handheld),
    Scenario("gateway", _prepare_gateway, _ingest, _end_gateway),
    Scenario("start", _prepare_nothing, _start, _end_gateway),
)


def copied(template: Path, root: Path) -> None:
    """The template as a unit's own."""
    shutil.copytree(template, root)
