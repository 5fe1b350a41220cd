"""The uplink against the real ingest on SQLite, over a wire that loses, repeats and reorders; both sides may crash.

Whatever happened before, once the wire is quiet every committed event is acknowledged, logged once and in order.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobseal import frame
from jobseal.refusal import Refusal
from jobseal.uplink_state import State
from jobseal_gateway.ledger import keys
from jobseal_gateway.ledger.database import connect, migrate, reading
from tests.devices import DELAYS, Device, Sync, digest
from tests.gateway.ingest.talk import assignment
from tests.stations import Station


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated ledger to copy."""
    path = tmp_path_factory.mktemp("uplink") / "ledger.db"
    engine = connect(f"sqlite:///{path}")
    migrate(engine)
    engine.dispose()
    return path


@contextmanager
def opened(template: Path) -> Iterator[Station]:
    """A gateway with an empty ledger."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        engine = connect(f"sqlite:///{shutil.copy(template, folder / 'ledger.db')}")
        try:
            yield Station(engine, folder)
        finally:
            engine.dispose()


@pytest.fixture
def station(template: Path) -> Iterator[Station]:
    with opened(template) as ready:
        yield ready


class Wire:
    """Frames under way between some devices and the gateway; each call is one thing that can happen to them."""

    def __init__(self, station: Station, *devices: Device) -> None:
        self.station = station
        self.devices = devices
        self.seed = 0
        self.up: list[tuple[str, bytes]] = []
        self.down: list[tuple[str, bytes]] = []
        self.syncs = [device.start(index) for index, device in enumerate(devices)]

    def collect(self) -> None:
        for sync in self.syncs:
            self.up += [(sync.device.name, data) for data in sync.sent]
            sync.sent.clear()

    def act(self, action: str, index: int) -> None:
        """Do one thing; ``index`` picks whom or what it happens to."""
        sync = self.syncs[index % len(self.syncs)]
        if action == "capture":
            sync.device.capture()
            sync.tick()
        elif action == "note":
            sync.device.note(b"note %d of " % sync.device.committed + sync.device.name.encode())
            sync.tick()
        elif action == "connect":
            sync.connect()
        elif action == "disconnect":
            sync.disconnect()
        elif action == "wait":
            sync.tick(1_500)
            self.station.pass_ms(1_500)
        elif action == "crash device":
            self.syncs[index % len(self.syncs)] = sync.device.start(self._next_seed())
        elif action == "crash gateway":
            self.station.restart()
        elif action == "settle, then crash":
            self.station.handle(*self.up)  # committed, and every answer lost
            self.station.restart()
        else:
            self._shift(action, index)
        self.collect()

    def _next_seed(self) -> int:
        self.seed += 1
        return 1000 + self.seed

    def _shift(self, action: str, index: int) -> None:
        way, verb = action.split()[1], action.split()[0]
        queue = self.up if way == "up" else self.down
        if not queue:
            return
        item = queue[index % len(queue)] if verb == "repeat" else queue.pop(index % len(queue))
        if verb == "lose":
            return
        if way == "up":
            self.down += self.station.handle(item).replies
        else:
            self.hear(*item)

    def hear(self, topic: str, data: bytes) -> None:
        for sync in self.syncs:
            if frame.down_topic(sync.device.name) == topic:
                sync.hear(data)

    def calm(self) -> None:
        """From here on nothing goes wrong any more: everybody connects and says what is left."""
        self.up.clear()
        self.down.clear()
        for sync in self.syncs:
            sync.disconnect()
            sync.connect()
        for _ in range(400):
            self.collect()
            if not self.up:
                if all(self.satisfied(sync) for sync in self.syncs):
                    return
                for sync in self.syncs:
                    sync.sleep()
                self.station.pass_ms(1_000)
                continue
            sent, self.up = self.up, []
            for topic, data in self.station.handle(*sent).replies:
                self.hear(topic, data)
        raise AssertionError(f"they never agree: {[(s.uplink.state.next, s.device.committed) for s in self.syncs]}")

    @staticmethod
    def satisfied(sync: Sync) -> bool:
        device = sync.device
        return device.rolled_back or (device.state.next == device.committed and not device.pending())


TROUBLE = [
    "capture", "capture", "capture", "note", "connect", "disconnect", "wait",
    "crash device", "crash gateway", "settle, then crash",
    "deliver up", "deliver up", "lose up", "repeat up",
    "deliver down", "deliver down", "lose down", "repeat down",
]  # fmt: skip
ACTIONS = st.lists(st.tuples(st.sampled_from(TROUBLE), st.integers(0, 7)), max_size=60)


@given(ACTIONS)
@settings(max_examples=120)
def test_whatever_happened_on_the_way_all_that_is_committed_gets_acknowledged_and_logged_once(
    template: Path, actions: list[tuple[str, int]]
) -> None:
    with opened(template) as station:
        wire = Wire(station, station.enrol("van-1"), station.enrol("van-2"))
        for action, index in actions:
            wire.act(action, index)
        for device in wire.devices:  # acknowledged is never more than committed
            acked = device.state.next
            assert station.events(device)[:acked] == device.frames[:acked]
        wire.calm()
        for device in wire.devices:
            assert station.events(device) == device.frames
            assert device.state.head == (device.prev if device.frames else device.genesis)
            assert device.stored == set(device.objects)
            assert device.alarms == []
            assert not device.rolled_back
        assert station.ingest.counts.forks == 0


@given(st.integers(0, 3), st.booleans(), ACTIONS)
@settings(max_examples=120)
def test_two_holders_of_one_key_are_both_acknowledged_and_found_out_once(
    template: Path, before: int, synced: bool, actions: list[tuple[str, int]]
) -> None:
    with opened(template) as station:
        device = station.enrol("van-1")
        for _ in range(before):
            device.capture()
        if synced:
            station.sync(device)
        clone = device.clone()
        wire = Wire(station, device, clone)
        for action, index in actions:
            wire.act(action, index)
        wire.calm()
        apart = [holder for holder in (device, clone) if holder.committed > before]
        for holder in (device, clone):
            if holder.rolled_back:  # it is behind what the other has sent, so it was told never to sign again
                assert holder is device or holder is clone
                assert holder.committed <= before
            else:
                assert holder.state.next == holder.committed
                logged = station.events(holder)
                assert [data for data in holder.frames if data not in logged] == []
        assert station.ingest.counts.forks <= 1
        logged = station.events(device)
        assert len(logged) == len(set(logged))
        with reading(station.engine) as connection:
            row = keys.by_kid(connection, device.key.kid)
        assert row is not None
        assert row.status == (keys.SUSPENDED if len(apart) == 2 else keys.ACTIVE)


def test_a_handheld_restored_from_an_old_copy_is_told_never_to_sign_again(station: Station) -> None:
    device = station.enrol("van-1")
    for _ in range(5):
        device.capture()
    station.sync(device)
    restored = device.clone()
    device.capture()
    station.sync(device)
    station.sync(restored, seed=1)
    assert restored.rolled_back
    assert not device.rolled_back


def test_a_handheld_whose_journal_was_emptied_is_told_never_to_sign_again(station: Station) -> None:
    device = station.enrol("van-1")
    empty = device.clone()
    device.capture()
    station.sync(device)
    station.sync(empty, seed=1)
    assert empty.rolled_back


def test_an_honest_handheld_is_not_called_rolled_back_by_a_hello_that_was_overtaken(station: Station) -> None:
    device = station.enrol("van-1")
    device.capture()
    sync = device.start()
    sync.connect()
    hello = sync.sent[:]
    station.talk(sync)
    device.capture()
    sync.tick()
    station.talk(sync)
    for _, data in station.handle(("van-1", hello[0])).replies:
        sync.hear(data)
    station.talk(sync)
    assert not device.rolled_back
    assert device.state.next == 2


def test_two_holders_who_both_went_on_are_both_acknowledged_to_their_own_ends(station: Station) -> None:
    device = station.enrol("van-1")
    for _ in range(3):
        device.capture()
    station.sync(device)
    clone = device.clone()
    for _ in range(70):
        device.capture()
    for _ in range(90):
        clone.capture()
    station.sync(device)
    station.sync(clone, seed=1)
    station.sync(device, seed=2)
    assert (device.state.next, clone.state.next) == (73, 93)
    assert (device.state.head, clone.state.head) == (device.prev, clone.prev)
    assert not device.rolled_back
    assert not clone.rolled_back
    assert station.ingest.counts.forks == 1
    assert clone.verdicts[3] == ["chain_fork"]
    assert device.verdicts == {}


def test_frames_that_cannot_be_read_any_more_are_announced_and_gone_behind(station: Station) -> None:
    device = station.enrol("van-1")
    for _ in range(10):
        device.capture()
    kept = device.frames[:]
    lost = device.lose(4, 6)
    sync = station.sync(device)
    assert device.state.next == 11
    assert station.events(device) == [*kept[:4], *kept[7:], lost]
    for seq in (4, 5, 6):  # they turn up after all, and the device shows its history from the start
        device.frames[seq] = kept[seq]
    sync.uplink.cursor = 0
    sync.tick()
    station.talk(sync)
    assert device.state.next == 11
    assert station.events(device) == [*kept[:4], *kept[7:], lost, *kept[4:7]]
    assert {seq: device.verdicts[seq] for seq in (4, 5, 6)} == {seq: ["late_event"] for seq in (4, 5, 6)}


@pytest.mark.parametrize(("first", "last"), [(0, 2), (0, 0), (6, 9), (1, 8)])
def test_a_hole_anywhere_in_the_journal_is_gone_behind(station: Station, first: int, last: int) -> None:
    device = station.enrol("van-1")
    for _ in range(10):
        device.capture()
    device.lose(first, last)
    station.sync(device)
    assert device.state.next == 11
    assert station.events(device) == [data for data in device.frames if data is not None]


@pytest.mark.parametrize(("first", "last"), [(0, 2), (4, 6), (9, 9)])
def test_who_shows_his_history_anew_goes_behind_what_he_cannot_read_and_the_log_has(
    station: Station, first: int, last: int
) -> None:
    device = station.enrol("van-1")
    for _ in range(10):
        device.capture()
    station.sync(device)
    assert device.state.next == 10
    device.lose(first, last)
    device.saved = State().to_list()  # sync's own file was damaged and set aside
    station.sync(device)
    assert device.state.next == 11
    assert len(station.events(device)) == 11


@pytest.mark.parametrize("sent", [1, 2, 4])
def test_a_range_of_which_the_log_has_the_beginning_is_gone_behind(station: Station, sent: int) -> None:
    device = station.enrol("van-1")
    for _ in range(sent):
        device.capture()
    station.sync(device)
    for _ in range(6):
        device.capture()
    device.lose(0, 4)
    device.saved = State().to_list()  # the receipt for what was sent never came
    station.sync(device)
    assert device.state.next == sent + 7
    assert len(station.events(device)) == sent + (sent + 7 - 5)  # what was sent, and all behind the range


def test_part_of_a_hole_that_turns_up_does_not_hold_up_what_is_behind_it(station: Station) -> None:
    device = station.enrol("van-1")
    for _ in range(10):
        device.capture()
    kept = device.frames[:]
    device.lose(4, 6)
    sync = station.sync(device)
    device.frames[5] = kept[5]
    sync.uplink.cursor = 0
    sync.tick()
    station.talk(sync)
    device.capture()
    sync.tick()
    station.talk(sync)
    assert device.state.next == 12


@pytest.mark.parametrize("later", [False, True])
def test_the_end_of_a_lost_range_may_be_readable_all_the_same(station: Station, later: bool) -> None:
    device = station.enrol("van-1")
    for _ in range(10):
        device.capture()
    kept = device.frames[:]
    device.lose(4, 6)
    device.frames[6] = None if later else kept[6]
    sync = station.sync(device)
    device.frames[6] = kept[6]
    device.announced = [] if later else device.announced  # none is about an event that cannot be read
    device.capture()
    sync.tick()
    station.talk(sync)
    assert device.state.next == 12
    assert len(station.events(device)) == 12 - 3


def test_large_objects_follow_in_pieces_and_go_on_where_they_stopped(station: Station) -> None:
    device = station.enrol("van-1")
    data = device.note(bytes(200_000))
    sync = device.start()
    sync.connect()
    for _ in range(5):  # hello, events, and some of the pieces
        sent, sync.sent = sync.sent, []
        for _, answer in station.handle(*(("van-1", each) for each in sent)).replies:
            sync.hear(answer)
    assert not device.stored
    station.restart()
    station.sync(device, seed=1)
    assert device.stored == {digest(data)}
    chunks = [message for message in sync.sent if frame.decode_up(message)]
    assert len(chunks) == 1  # the one under way when the first process ended


def test_an_object_that_is_not_what_its_event_names_is_refused_and_not_sent_again_in_this_session(
    station: Station,
) -> None:
    device = station.enrol("van-1")
    data = device.note(bytes(50_000))
    device.objects[digest(data)] = bytes(len(data))
    station.sync(device)
    assert "attachment_mismatch" in device.alarms
    assert not device.stored
    assert device.state.next == 1


def test_a_refusal_about_a_batch_does_not_count_against_the_object_under_way(station: Station) -> None:
    device = station.enrol("van-1")
    device.note(bytes(50_000))
    sync = device.start()
    sync.connect()
    while not any(type(frame.decode_up(data)).__name__ == "Chunk" for data in sync.sent):
        sent, sync.sent = sync.sent, []
        for _, answer in station.handle(*(("van-1", each) for each in sent)).replies:
            sync.hear(answer)
    said = Refusal(session=sync.uplink.session, code="malformed", sentence="", retry_after=None)
    sync.hear(frame.encode(said))
    station.talk(sync)
    assert device.stored == set(device.objects)


def test_a_refusal_with_a_time_is_waited_out(station: Station) -> None:
    device = station.enrol("van-1")
    device.capture()
    sync = device.start()
    sync.connect()
    sync.sent.clear()
    said = Refusal(session=sync.uplink.session, code="overloaded", sentence="", retry_after=30)
    sync.hear(frame.encode(said))
    sync.tick(14_999)
    assert sync.sent == []
    sync.tick(15_001)
    assert len(sync.sent) == 1
    assert device.alarms == []  # it passes by itself


def test_many_who_are_told_to_wait_do_not_come_back_as_one(station: Station) -> None:
    device = station.enrol("van-1")
    ends = set()
    for seed in range(20):
        sync = device.start(seed)
        sync.connect()
        said = Refusal(session=sync.uplink.session, code="overloaded", sentence="", retry_after=300)
        sync.hear(frame.encode(said))
        ends.add(sync.uplink.wake_at(sync.now))
    assert len(ends) == 20
    assert all(end is not None and 150_000 <= end <= 300_000 for end in ends)


def test_a_receipt_ends_the_pause_that_a_refusal_asked_for(station: Station) -> None:
    device = station.enrol("van-1")
    device.capture()
    sync = device.start()
    sync.connect()
    hello = sync.sent.pop()
    sync.hear(frame.encode(Refusal(session=sync.uplink.session, code="overloaded", sentence="", retry_after=300)))
    assert sync.sent == []
    for _, answer in station.handle((device.name, hello)).replies:
        sync.hear(answer)
    station.talk(sync)
    assert device.state.next == 1
    assert sync.now == 0


def test_whoever_connects_again_while_told_to_wait_sleeps_until_then(station: Station) -> None:
    sync = station.enrol("van-1").start()
    sync.connect()
    said = Refusal(session=sync.uplink.session, code="overloaded", sentence="", retry_after=300)
    sync.hear(frame.encode(said))
    sync.disconnect()
    sync.connect()
    until = sync.uplink.wake_at(sync.now)
    assert until is not None
    assert sync.now + 150_000 <= until <= sync.now + 300_000


def test_a_gateway_that_has_less_than_it_has_proven_is_an_alarm_and_is_waited_for(station: Station) -> None:
    device = station.enrol("van-1")
    sync = device.start()
    sync.connect()
    said = Refusal(session=sync.uplink.session, code="log_restarted", sentence="", retry_after=300)
    sync.hear(frame.encode(said))
    assert device.alarms == ["log_restarted"]
    sync.sent.clear()
    sync.tick(149_000)
    assert sync.sent == []


def test_what_is_not_answered_is_sent_again_later_and_later(station: Station) -> None:
    sync = station.enrol("van-1").start()
    sync.connect()
    gaps = []
    for _ in range(6):
        before = sync.now
        sync.sent.clear()
        while not sync.sent:
            sync.sleep()
        gaps.append(sync.now - before)
    most = [min(DELAYS.resend_first << tries, DELAYS.resend_most) for tries in range(6)]
    assert all(half / 2 <= gap <= half for gap, half in zip(gaps, most, strict=True))


def test_each_holder_of_a_key_hears_only_what_was_found_in_its_own_history(station: Station) -> None:
    device = station.enrol("van-1")
    device.capture("labour.levitated", raw={})
    clone = device.clone()
    for _ in range(3):
        device.capture("labour.levitated", raw={})
        clone.capture()
    station.sync(device)
    station.sync(clone, seed=1)
    assert clone.verdicts == {0: ["unknown_kind"], 1: ["chain_fork"]}
    assert device.verdicts == {seq: ["unknown_kind"] for seq in range(4)}


def test_a_holder_on_a_fork_is_not_sent_back_to_its_start_by_the_answer_to_an_object(station: Station) -> None:
    device = station.enrol("van-1")
    clone = device.clone()
    for _ in range(5):
        device.capture()
    station.sync(device)
    clone.note(bytes(60_000))
    sync = clone.start(1)
    sync.connect()
    sent = []
    while sync.sent:
        batch, sync.sent = sync.sent, []
        sent += [type(frame.decode_up(data)).__name__ for data in batch]
        for _, data in station.handle(*(("van-1", each) for each in batch)).replies:
            sync.hear(data)
    assert clone.stored == set(clone.objects)
    assert sent == ["Hello", "Batch", "Chunk", "Chunk"]


def test_work_and_verdicts_are_handed_over_before_the_state_that_has_them_is_saved(station: Station) -> None:
    device = station.enrol("van-1")
    device.capture("labour.levitated", raw={})
    assignment(station, device, 1, [])
    sync = device.start()
    heard: list[str] = []
    sync.connect()
    while sync.sent:
        sent, sync.sent = sync.sent, []
        for _, data in station.handle(*(("van-1", each) for each in sent)).replies:
            effects = sync.uplink.handle(data, 0)
            heard += [effect[0] for effect in effects]
            sync._do(effects)
        sync.tick()
    assert heard.index("work") == heard.index("save", heard.index("work")) - 1
    assert heard.index("verdicts") == heard.index("save", heard.index("verdicts")) - 1
