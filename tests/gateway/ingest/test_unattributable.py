"""What a device really wrote and nobody can attribute: it settles with a verdict, however much of it there is."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from jobseal import event
from jobseal.chain import lost_range
from jobseal.limits import BATCH_MAX_EVENTS
from jobseal_gateway.ledger import branches, keys, refused_runs
from jobseal_gateway.ledger.database import reading
from tests.devices import Device, digest
from tests.gateway.ingest.talk import quarantined, send, verdicts_of
from tests.stations import Station


def unsigned(device: Device) -> bytes:
    data = device.make()
    return device.keep(data[:-1] + bytes([data[-1] ^ 1]))


def waiting(station: Station, device: Device, base: bytes) -> refused_runs.RefusedRun | None:
    with reading(station.engine) as connection:
        row = keys.by_kid(connection, device.key.kid)
        assert row is not None
        return refused_runs.behind(connection, row.id, base)


@pytest.mark.parametrize("length", [BATCH_MAX_EVENTS, 3 * BATCH_MAX_EVENTS + 5])
def test_a_run_of_refused_events_longer_than_a_batch_settles_event_by_event(station: Station, length: int) -> None:
    device = station.enrol("van-1")
    first = device.capture()
    for _ in range(length):
        unsigned(device)
    last = device.capture()
    station.sync(device)
    assert device.state.next == device.committed
    assert station.events(device) == [first, last]
    assert verdicts_of(station, device) == {(0, seq): ["signature_invalid"] for seq in range(1, length + 1)}
    assert device.verdicts == {seq: ["signature_invalid"] for seq in range(1, length + 1)}  # told without waiting
    assert waiting(station, device, digest(first)) is None


def test_unreadable_bytes_in_a_row_settle_though_they_name_nothing(station: Station) -> None:
    device = station.enrol("van-1")
    device.capture()
    for number in range(70):
        device.keep(b"no event at all %d" % number)
    device.capture()
    station.sync(device)
    assert device.state.next == device.committed
    assert device.verdicts[35] == ["signature_invalid"]


def test_refused_events_that_nothing_follows_yet_rest_and_are_settled_by_the_next_one(station: Station) -> None:
    device = station.enrol("van-1")
    device.capture()
    for _ in range(BATCH_MAX_EVENTS + 3):
        unsigned(device)
    process = station.sync(device)
    assert device.state.next == 1
    assert process.uplink.is_idle(process.now)
    kept = len(quarantined(station))
    station.restart()
    process.tick()
    station.talk(process)
    assert len(quarantined(station)) == kept
    process.disconnect()
    process.connect()
    station.talk(process)
    assert process.uplink.is_idle(process.now)  # shown again with the new HELLO, once
    device.capture()
    process.tick()
    station.talk(process)
    assert device.state.next == device.committed


def test_refused_bytes_that_settled_are_known_when_they_come_again(station: Station) -> None:
    device = station.enrol("van-1")
    device.capture()
    bad = unsigned(device)
    device.capture()
    station.sync(device)
    again = send(station, device, [bad], acked=[1, device.hash_at(0)])
    assert (again.next, again.head, again.resume) == (2, digest(bad), None)
    assert len(quarantined(station)) == 1
    assert send(station, device, [], acked=[2, digest(bad)]).next == 2


def test_a_run_goes_on_at_whatever_worker_the_next_batch_comes_to(
    station: Station, engine: Engine, tmp_path: Path
) -> None:
    other = Station(engine, tmp_path)
    device = station.enrol("van-1")
    device.capture()
    for _ in range(3 * BATCH_MAX_EVENTS):
        unsigned(device)
    device.capture()
    process = device.start()
    process.connect()
    turn = 0
    while process.sent:
        turn += 1
        worker = (station, other)[turn % 2]
        for _, data in worker.handle((device.name, process.sent.pop(0))).replies:
            process.hear(data)
    assert device.state.next == device.committed


def test_the_newest_event_arrives_though_a_spoilt_copy_of_it_was_refused_before(station: Station) -> None:
    device = station.enrol("van-1")
    first = device.capture()
    station.sync(device)
    newest = device.capture()
    spoilt = newest[:-1] + bytes([newest[-1] ^ 1])
    assert send(station, device, [spoilt], acked=[1, digest(first)]).resume == 2
    station.sync(device)
    assert device.state.next == 2
    assert station.events(device) == [first, newest]


def test_junk_ahead_of_a_valid_event_settles_nothing_and_is_forgotten(station: Station) -> None:
    device = station.enrol("van-1")
    genesis = device.genesis
    events = [device.capture() for _ in range(3)]
    answer = send(station, device, [b"junk"], acked=[0, genesis])
    assert (answer.next, answer.resume) == (0, 1)
    answer = send(station, device, events[1:], acked=[0, genesis], first=1)
    assert (answer.next, answer.resume) == (0, None)
    answer = send(station, device, events, acked=[0, genesis])
    assert (answer.next, answer.resume) == (3, None)
    assert verdicts_of(station, device) == {}
    assert station.events(device) == events


def test_what_was_kept_back_behind_truly_refused_bytes_is_late_and_accuses_nobody(station: Station) -> None:
    device = station.enrol("van-1")
    genesis = device.genesis
    good = device.capture()
    bad = device.keep(b"no event at all")
    after = device.capture()
    assert send(station, device, [b"junk", bad, after], acked=[0, genesis]).next == 3
    assert send(station, device, [good], acked=[0, genesis]).next == 1
    assert "late_event" in verdicts_of(station, device)[0, 0]
    assert station.ingest.counts.forks == 0


def test_a_key_has_room_for_a_few_runs_however_many_are_begun(station: Station) -> None:
    device = station.enrol("van-1")
    heads = [digest(device.capture()) for _ in range(12)]
    send(station, device, device.events(0, 12, 1 << 20))
    for seq, head in enumerate(heads):
        send(station, device, [b"junk"], acked=[seq + 1, head])
    kept = [waiting(station, device, head) is not None for head in heads]
    assert kept == [False] * (12 - refused_runs.RUNS_PER_KEY) + [True] * refused_runs.RUNS_PER_KEY


def test_a_chain_that_another_enrolment_began_is_logged_with_a_verdict_on_a_line_of_its_own(station: Station) -> None:
    device = station.enrol("van-1")
    device.capture(prev=digest(b"another enrolment"))
    device.capture()
    station.sync(device)
    assert device.state.next == 2
    assert station.events(device) == device.frames
    assert device.verdicts == {0: ["chain_broken"]}
    assert verdicts_of(station, device) == {(1, 0): ["chain_broken"]}


def test_a_valid_event_that_follows_nothing_waits_until_its_holder_has_shown_what_was_before(station: Station) -> None:
    device = station.enrol("van-1")
    first = device.capture()
    astray = device.capture(prev=digest(b"nothing"))
    assert send(station, device, [astray], acked=[1, digest(b"somewhere")]).next == 0
    assert station.events(device) == []
    answer = send(station, device, [first, astray], acked=[0, device.genesis])
    assert (answer.next, answer.verdicts) == (2, [[1, ["chain_broken"]]])


@pytest.mark.parametrize("write", ["again", "renumbered"])
def test_a_valid_event_in_the_place_of_another_is_refused_when_its_successor_names_it(
    station: Station, write: str
) -> None:
    device = station.enrol("van-1")
    first = device.capture()
    device.keep(first if write == "again" else device.make(seq=7))
    device.capture()
    station.sync(device)
    assert device.state.next == 3
    assert verdicts_of(station, device) == {(0, 1): ["chain_broken"]}
    assert [code for _, code, _ in quarantined(station)] == ["chain_broken"]


def test_a_copied_handheld_that_cannot_read_where_it_differs_comes_to_rest(station: Station) -> None:
    device = station.enrol("van-1")
    for _ in range(3):
        device.capture()
    copied = device.clone()
    copied.technician = "t-2"
    for _ in range(4):
        device.capture()
        copied.capture()
    copied.lose(3, 5)
    station.sync(device)
    station.sync(copied, seed=1)
    device.capture()
    copied.capture()
    station.sync(device, seed=2)
    station.sync(copied, seed=3)
    assert device.state.next == device.committed
    assert copied.state.next == copied.committed
    assert not device.rolled_back
    assert not copied.rolled_back


def test_a_hole_in_a_fork_is_the_forks_own(station: Station) -> None:
    device = station.enrol("van-1")
    device.capture()
    copied = device.clone()
    copied.technician = "t-2"
    device.capture()
    for _ in range(5):
        copied.capture()
    lost = copied.lose(2, 3)
    station.sync(device)
    station.sync(copied, seed=1)
    assert lost_range(event.parse(lost)) == (2, 3)
    assert copied.state.next == copied.committed
    device.capture()
    station.sync(device, seed=2)
    assert device.state.next == 3
    assert verdicts_of(station, device) == {(1, 1): ["chain_fork"]}


def test_junk_before_a_hole_that_was_announced_long_ago_makes_no_copy(station: Station) -> None:
    device = station.enrol("van-1")
    for _ in range(4):
        device.capture()
    lost = [device.capture(), device.capture()]
    told = device.lose(4, 5)
    for _ in range(4):
        device.capture()
    station.sync(device)
    assert device.state.next == device.committed
    logged = len(station.events(device))
    for _ in range(2):  # from whoever holds the link alone
        send(station, device, [b"junk"], acked=[3, digest(station.events(device)[2])], holes=[told])
    assert len(station.events(device)) == logged
    with reading(station.engine) as connection:
        row = keys.by_kid(connection, device.key.kid)
        assert row is not None
        assert row.status == keys.ACTIVE
        assert len(branches.of_key(connection, row.id)) == 1
    assert lost
