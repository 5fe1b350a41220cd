"""When the gateway cannot: nothing is receipted that is not committed, and it goes on by itself."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, update
from sqlalchemy.exc import OperationalError

from jobseal import frame
from jobseal_gateway.ingest import Moment
from jobseal_gateway.ingest.settling import Numbers
from jobseal_gateway.ledger.database import connect, writing
from jobseal_gateway.ledger.schema import log_head
from tests.devices import DAY_MS, Device
from tests.gateway.ingest.talk import batch, messages, quarantined, receipts, send
from tests.stations import MINUTE_MS, Station


def batches(device: Device, count: int = 1) -> tuple[str, bytes]:
    for _ in range(count):
        device.capture()
    return batch(device, device.events(device.committed - count, count, 1 << 20))


def test_an_unsynchronised_clock_stops_ingest_and_it_goes_on_when_it_is_right(station: Station) -> None:
    device = station.enrol("van-1")
    said = batches(device)
    station.now = Moment(None, 5_000)
    outcome = station.handle(said)
    assert outcome.problem is not None
    assert outcome.problem.code == "clock_unsynchronised"
    (refusal,) = messages(outcome, "refusal")
    assert (refusal.code, refusal.retry_after) == ("clock_unsynchronised", 30)
    assert receipts(station, outcome) == []
    assert station.events(device) == []
    station.now = Moment(DAY_MS, 6_000)
    assert [answer.next for answer in receipts(station, station.handle(said))] == [1]


def test_a_full_database_takes_nothing_and_goes_on_when_there_is_room(sqlite_url: str, tmp_path: Path) -> None:
    engine = connect(sqlite_url)
    station = Station(engine, tmp_path)
    device = station.enrol("van-1")
    send(station, device, [device.capture()])
    said = batches(device, 60)
    with engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()

    @event.listens_for(engine, "begin")
    def bounded(connection: Any) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages if full else 1 << 30}")

    full = True
    for _ in range(2):
        outcome = station.handle(said)
        assert outcome.problem is not None
        assert outcome.problem.code == "ledger_unavailable"
        assert receipts(station, outcome) == []
        assert len(station.events(device)) == 1
    full = False
    assert [answer.next for answer in receipts(station, station.handle(said))] == [61]
    assert station.events(device) == device.frames
    engine.dispose()


def test_a_commit_that_fails_leaves_nothing_and_is_not_believed(station: Station) -> None:
    device = station.enrol("van-1")
    said = batches(device, 3)
    failing = True

    @event.listens_for(station.engine, "commit")
    def broken(connection: Any) -> None:
        if failing and connection.get_execution_options().get("jobseal_writing"):
            raise OperationalError("COMMIT", {}, OSError("the disk is gone"))

    outcome = station.handle(said)
    assert outcome.problem is not None
    assert outcome.problem.code == "ledger_unavailable"
    failing = False
    assert [answer.next for answer in receipts(station, station.handle(said))] == [3]
    assert station.events(device) == device.frames


def test_answers_that_fail_after_the_commit_are_given_again(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    device = station.enrol("van-1")
    said = batches(device, 3)
    monkeypatch.setattr(station.log, "consistency", None)
    assert receipts(station, station.handle(said)) == []
    assert station.events(device) == device.frames
    monkeypatch.undo()
    assert [answer.next for answer in receipts(station, station.handle(said))] == [3]
    assert station.events(device) == device.frames


def test_a_damaged_log_is_not_appended_to(station: Station) -> None:
    device = station.enrol("van-1")
    said = batches(device)
    with writing(station.engine) as connection:
        connection.execute(update(log_head).values(frontier=b""))
    outcome = station.handle(said)
    assert outcome.problem is not None
    assert outcome.problem.code == "log_damaged"
    assert station.events(device) == []


def test_an_unsigned_refusal_goes_out_once_a_minute_however_long_it_lasts(station: Station) -> None:
    device = station.enrol("van-1")
    said = batches(device)
    sent = 0
    for second in range(180):
        station.now = Moment(None, second * 1_000)
        sent += len(station.handle(said).replies)
    assert sent == 3


def test_a_frame_that_we_cannot_handle_is_set_aside_and_its_neighbours_go_on(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    device, other = station.enrol("van-1"), station.enrol("van-2")
    good = batches(device)
    learn = Numbers.learn

    def defective(numbers: Numbers, connection: Connection, names: set[str]) -> None:
        if "WO-DEFECT" in names:
            raise ZeroDivisionError
        learn(numbers, connection, names)

    monkeypatch.setattr(Numbers, "learn", defective)
    other.capture(job="WO-DEFECT")
    bad = batch(other, other.events(0, 9, 9999))
    outcome = station.handle(good, bad, good)
    assert outcome.problem is None
    assert [answer.next for answer in receipts(station, outcome)] == [1, 1]
    assert [(link, code) for link, code, _ in quarantined(station)] == [("van-2", "gateway_defect")]
    assert station.events(other) == []


@pytest.mark.parametrize("jump_ms", [-10 * MINUTE_MS, -1, 0, MINUTE_MS])
def test_time_in_the_log_never_goes_back(station: Station, jump_ms: int) -> None:
    device = station.enrol("van-1")
    send(station, device, [device.capture()])
    station.pass_ms(jump_ms)
    send(station, device, [device.capture()])
    times = [leaf.logged_ms for leaf in station.leaves()]
    assert times == sorted(times)


def test_two_workers_share_one_ledger(station: Station, engine: Engine, tmp_path: Path) -> None:
    devices = [station.enrol(f"van-{number}") for number in range(3)]
    second = Station(engine, tmp_path)
    for turn in range(12):
        for number, device in enumerate(devices):
            worker = (station, second)[(turn + number) % 2]
            device.capture()
            answer = send(worker, device, device.events(max(0, turn - 2), 3, 9999))  # some of it sent before
            assert (answer.next, answer.head) == (device.committed, device.prev)
    for device in devices:
        assert station.events(device) == device.frames
    assert station.ingest.counts.forks == second.ingest.counts.forks == 0


def test_two_workers_each_see_the_fork_that_the_other_logged(station: Station, engine: Engine, tmp_path: Path) -> None:
    device = station.enrol("van-1")
    second = Station(engine, tmp_path)
    clone = device.clone()
    clone.technician = "t-9"
    device.capture()
    send(station, device, device.events(0, 1, 9999))
    send(second, device, device.events(0, 1, 9999))
    clone.capture()
    send(second, clone, clone.events(0, 1, 9999))
    clone.capture()
    device.capture()
    assert send(station, clone, clone.events(0, 2, 9999)).head == clone.prev
    assert send(second, device, device.events(0, 2, 9999)).head == device.prev
    assert station.ingest.counts.forks + second.ingest.counts.forks == 1


def test_a_round_of_nothing_but_garbage_is_settled(station: Station) -> None:
    outcome = station.ingest.handle([("jobseal/1/van-1/up", b""), ("nonsense", b"x")], station.now)
    assert outcome.problem is None
    assert [topic for topic, _ in outcome.replies] == [frame.down_topic("van-1")]
