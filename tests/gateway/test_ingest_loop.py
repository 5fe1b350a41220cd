"""The ingest process on a real mosquitto: from a handheld's link to a signed receipt, through whatever stops it."""

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy import Engine

from jobseal import frame
from jobseal.errors import JobsealError
from jobseal_device.link.contract import Presence
from jobseal_device.link.paho_link import PahoLink
from jobseal_gateway import ingest_loop
from jobseal_gateway.broker import Broker
from jobseal_gateway.ingest_loop import IngestLoop
from jobseal_gateway.ledger.errors import LedgerUnavailable
from jobseal_gateway.mosquitto import GATEWAY_USER
from jobseal_gateway.mqtt_worker import MqttWorker, Retry
from tests.devices import DAY_MS, Device, Sync
from tests.gateway.ingest.talk import assignment
from tests.servers import eventually, mosquitto
from tests.stations import Station


class SettableClock:
    """A clock that tests set; its monotonic half never stands still for long enough to matter."""

    def __init__(self) -> None:
        self.wall: int | None = DAY_MS
        self.up = 0

    def wall_ms(self) -> int | None:
        return self.wall

    def up_ms(self) -> int:
        self.up += 1_000
        return self.up

    def boot(self) -> bytes:
        return bytes(8)

    def sleep(self, seconds: float) -> None:
        raise NotImplementedError


class Notes:
    """The hooks, writing down what they hear; ``broken`` makes folding fail as a lost database does."""

    def __init__(self) -> None:
        self.dirty: list[int] = []
        self.states: list[str] = []
        self.folded = 0
        self.broken = False

    def project(self) -> bool:
        if self.broken:
            raise LedgerUnavailable("gone")
        self.folded += 1
        return False

    def after_commit(self, dirty_job_ids: Sequence[int]) -> None:
        self.dirty += dirty_job_ids

    def state(self, problem: JobsealError | None) -> None:
        self.states.append(problem.code if problem else "ready")


class Running:
    """An ingest loop in a thread, and everything around it."""

    def __init__(self, station: Station, broker: Broker, folder: Path) -> None:
        self.station = station
        self.clock = SettableClock()
        self.notes = Notes()
        self.broker = broker
        self.worker = MqttWorker("127.0.0.1", broker.settings.port, "ingest", user=GATEWAY_USER, retry=Retry(max_s=0.1))
        self.worker.connect()
        self.loop = IngestLoop(station.ingest, self.worker, self.clock, self.notes, folder, low_water_bytes=0)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self.loop.run, args=(self._stop.is_set,))

    def __enter__(self) -> "Running":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(20)
        self.worker.close()


@pytest.fixture
def running(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    for name in ("RETRY_EVERY_S", "PROJECT_EVERY_S"):
        monkeypatch.setattr(ingest_loop, name, 0.05)
    monkeypatch.setattr(ingest_loop, "IDLE_MS", 50)
    with (
        mosquitto(tmp_path / "broker") as broker,
        Running(Station(engine, tmp_path), broker, tmp_path) as started,
    ):
        yield started


class Line:
    """A handheld's sync process on a real link."""

    def __init__(self, running: Running, device: Device) -> None:
        self.link = PahoLink(
            "127.0.0.1",
            running.broker.settings.port,
            device.name,
            presence=Presence(frame.state_topic(device.name), b"1", b"0"),
        )
        self.link.connect(5)
        self.link.subscribe(frame.down_topic(device.name))
        self.sync: Sync = device.start()
        self.sync.connect()

    def pump(self) -> None:
        for data in self.sync.sent:
            self.link.publish(frame.up_topic(self.sync.device.name), data)
        self.sync.sent.clear()
        message = self.link.poll(20)
        if message is not None:
            self.sync.hear(message[1])
        self.sync.tick(20)

    def acked(self) -> bool:
        self.pump()
        return self.sync.device.state.next == self.sync.device.committed and not self.sync.device.pending()

    def close(self) -> None:
        self.link.close()


@pytest.fixture
def line(running: Running) -> Iterator[Line]:
    opened = Line(running, running.station.enrol("van-1"))
    yield opened
    opened.close()


def test_what_a_handheld_captures_is_acknowledged_and_folded(running: Running, line: Line) -> None:
    device = line.sync.device
    for _ in range(100):
        device.capture()
    device.note(bytes(60_000))
    eventually(line.acked)
    assert running.station.events(device) == device.frames
    assert set(running.notes.dirty) == {1}
    eventually(lambda: running.notes.folded > 0)
    assert running.notes.states == ["ready"]


def test_the_newest_checkpoint_is_there_for_whoever_looks(running: Running, line: Line) -> None:
    line.sync.device.capture()
    eventually(line.acked)
    line.link.subscribe(frame.GATEWAY_CHECKPOINT_TOPIC)
    seen: list[bytes] = []

    def arrived() -> bool:
        message = line.link.poll(20)
        if message is not None and message[0] == frame.GATEWAY_CHECKPOINT_TOPIC:
            seen.append(message[1])
        return seen[-1:] == [running.station.ingest.checkpoint]

    eventually(arrived)


def test_new_work_reaches_a_connected_handheld_at_once(running: Running, line: Line) -> None:
    line.sync.device.capture()
    eventually(line.acked)
    assignment(running.station, line.sync.device, 1, [b"an order"])

    def arrived() -> bool:
        line.pump()
        return list(line.sync.device.documents.values()) == [b"an order"]

    eventually(arrived)


def test_without_space_nothing_is_receipted_and_it_goes_on_when_there_is_some(running: Running, line: Line) -> None:
    device = line.sync.device
    running.loop._low_water_bytes = 1 << 62
    eventually(lambda: running.notes.states[-1:] == ["space_low"])
    device.capture()
    for _ in range(10):
        line.pump()
    assert device.state.next == 0
    running.loop._low_water_bytes = 0
    eventually(lambda: running.notes.states[-1:] == ["ready"])
    line.sync.tick(60_000)
    eventually(line.acked)


def test_messages_held_while_the_clock_was_wrong_are_taken_when_it_is_right(running: Running, line: Line) -> None:
    device = line.sync.device
    eventually(lambda: running.notes.states[-1:] == ["ready"])
    running.clock.wall = None
    device.capture()
    line.pump()
    eventually(lambda: running.notes.states[-1:] == ["clock_unsynchronised"])
    running.clock.wall = DAY_MS
    eventually(lambda: running.notes.states[-1:] == ["ready"])
    line.sync.tick(60_000)
    eventually(line.acked)
    assert running.station.events(device) == device.frames


def test_a_database_lost_while_folding_shows_and_heals(running: Running) -> None:
    eventually(lambda: running.notes.states == ["ready"])
    running.notes.broken = True
    eventually(lambda: running.notes.states == ["ready", "ledger_unavailable"])
    running.notes.broken = False
    eventually(lambda: running.notes.states == ["ready", "ledger_unavailable", "ready"])


def test_a_broker_that_was_killed_costs_nothing_but_time(running: Running, line: Line) -> None:
    device = line.sync.device
    for _ in range(50):
        device.capture()
    line.pump()
    running.broker.stop()
    line.close()
    running.broker.start()
    again = Line(running, device)
    try:
        eventually(again.acked, 20)
    finally:
        again.close()
    assert running.station.events(device) == device.frames
