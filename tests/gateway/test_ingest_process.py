"""What the ingest process does between rounds, and what it says of itself while something stands in its way."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from jobseal_gateway import home, ingest_process
from jobseal_gateway.ingest import Bounds
from jobseal_gateway.ingest_loop import SpaceLow
from jobseal_gateway.ingest_process import Duties
from jobseal_gateway.ledger import dirty, price_lists
from jobseal_gateway.ledger.database import connect, reading, writing
from jobseal_gateway.ledger.errors import LedgerUnavailable
from jobseal_gateway.mosquitto import GATEWAY_USER
from jobseal_gateway.mqtt_worker import MqttWorker
from jobseal_gateway.news import Bell, Listener
from jobseal_gateway.projector import JOBS_AT_ONCE
from jobseal_gateway.pulse import Pulse, decode
from tests.field import FieldClock, Office
from tests.servers import free_port, mosquitto

BAD_PRICES = price_lists.PriceList("BAD", "1", bytes(32), "no price list at all", 0)


class Process:
    """The duties of an ingest process over this office, with an ear at its pulse and its words."""

    def __init__(self, office: Office, worker: MqttWorker, listener: Listener, bell: Bell) -> None:
        self.lines: list[str] = []
        self._listener = listener
        self.duties = Duties(worker, office.projector, bell, self.lines.append)

    def pulses(self) -> list[Pulse]:
        """What it said since the last time, after being given the chance."""
        self.duties.beat()
        return [decode(note) for note in self._listener.hear()]

    def codes(self) -> list[str]:
        """The reasons in its newest pulse."""
        return [reason.code for reason in self.pulses()[-1].reasons]


@pytest.fixture
def office(engine: Engine, tmp_path: Path) -> Iterator[Office]:
    found = Office(engine, tmp_path)
    yield found
    found.close()


@pytest.fixture
def process(office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Process]:
    monkeypatch.setattr(ingest_process, "BEAT_EVERY_S", 0.0)
    path = tmp_path / "web.sock"
    with mosquitto(tmp_path / "broker") as broker, closing(Listener(path)) as listener, closing(Bell(path)) as bell:
        worker = MqttWorker("127.0.0.1", broker.settings.port, "test", user=GATEWAY_USER)
        with closing(worker):
            worker.connect()
            yield Process(office, worker, listener, bell)


def waiting(office: Office) -> int:
    with reading(office.engine) as connection:
        return dirty.waiting(connection)


def test_changed_jobs_are_folded_some_at_a_time_until_none_waits(office: Office, process: Process) -> None:
    for number in range(40):
        office.order(f"WO-{number}", ("t-1",))
    assert process.duties.project(), "there is more to do"
    assert 0 < waiting(office) < 40
    rounds = 1
    while process.duties.project():
        rounds += 1
    assert waiting(office) == 0
    assert rounds == 40 // JOBS_AT_ONCE


def test_a_defect_in_folding_stops_nothing_else_and_is_said_until_it_is_mended(
    office: Office, process: Process, caplog: pytest.LogCaptureFixture
) -> None:
    office.order("WO-1", ("t-1",))
    assert process.codes() == []
    with writing(office.engine) as connection:
        price_lists.add(connection, BAD_PRICES)

    assert not process.duties.project()
    assert not process.duties.project()
    assert process.codes() == ["projection_failing"]
    assert waiting(office) == 1, "the job still waits"
    assert len(caplog.records) == 1, "and the log holds it once, not once a second"

    with writing(office.engine) as connection:
        connection.execute(text("DELETE FROM price_lists"))
    assert not process.duties.project()
    assert process.codes() == []
    assert waiting(office) == 0
    assert process.lines[0] == process.lines[-1] == "taking messages"


def test_a_database_that_fails_is_the_loops_to_handle(sqlite_url: str, tmp_path: Path) -> None:
    engine = connect(sqlite_url)
    office = Office(engine, tmp_path / "office")
    worker = MqttWorker("127.0.0.1", free_port(), "test")
    with closing(Listener(tmp_path / "web.sock")) as listener, closing(Bell(tmp_path / "web.sock")) as bell:
        process = Process(office, worker, listener, bell)
        engine.dispose()
        file = Path(sqlite_url.removeprefix("sqlite:///"))
        file.unlink()
        file.mkdir()
        with pytest.raises(LedgerUnavailable):
            process.duties.project()
    engine.dispose()


def test_while_the_clock_is_wrong_nothing_is_folded_and_that_is_said(office: Office, process: Process) -> None:
    office.order("WO-1", ("t-1",))
    clock = office.projector._clock
    assert isinstance(clock, FieldClock)
    clock.wrong_ms = None
    assert not process.duties.project()
    assert process.codes() == ["clock_unsynchronised"]
    clock.wrong_ms = 0
    process.duties.project()
    assert process.codes() == []
    assert waiting(office) == 0


def test_what_stops_the_intake_is_said_at_once_and_once(process: Process, tmp_path: Path) -> None:
    assert process.codes() == []
    process.duties.state(SpaceLow(tmp_path))
    assert process.codes() == ["space_low"]
    assert process.codes() == ["space_low"]
    process.duties.state(None)
    assert process.codes() == []
    assert [line == "taking messages" for line in process.lines] == [True, False, True]
    assert "[space_low]" in process.lines[1]


def test_a_broker_that_was_never_there_is_said(office: Office, tmp_path: Path) -> None:
    worker = MqttWorker("127.0.0.1", free_port(), "test", user=GATEWAY_USER)
    path = tmp_path / "web.sock"
    with closing(Listener(path)) as listener, closing(Bell(path)) as bell:
        never = Process(office, worker, listener, bell)
        assert never.codes() == ["broker_unreachable"]


def test_a_pulse_is_sent_again_and_again_and_not_more_often_than_needed(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(process.pulses()) == len(process.pulses()) == 1
    monkeypatch.setattr(ingest_process, "BEAT_EVERY_S", 60.0)
    process.pulses()
    assert process.pulses() == []


def test_what_the_operator_allows_a_handheld_reaches_ingest(tmp_path: Path) -> None:
    given: dict[str, str | int] = {
        "organisation": "Test",
        "limits.quarantine_items_per_day": 2,
        "limits.quarantine_bytes_per_day": 3,
        "limits.refusals_per_minute": 4,
        "intervals.retry_after_s": 5,
    }
    with home.make(tmp_path / "gateway", given) as gateway:
        assert ingest_process.bounds(gateway.settings) == Bounds(2, 3, 4, 5)
