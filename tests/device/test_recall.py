"""Which earlier turns are asked again, when, and for how long: with a real broker, and a real ingest behind it."""

import threading
import time

import pytest

from jobseal.object import Chunk
from jobseal.uplink_state import State
from jobseal_device import passed_over, recall, settings, sync, turns
from jobseal_device.home import Home
from jobseal_device.journal_reader import JournalReader
from jobseal_device.objects import ObjectStore, attachment
from jobseal_device.recall import RECALL_AGAIN_MOST_S, RECALL_AGAIN_S, Recall
from jobseal_device.uplink_file import write_uplink
from jobseal_device.work_file import WorkFile
from tests.device import test_sync
from tests.device.test_rotating_sync import begun, signed, with_an_unknown_turn
from tests.device.test_sync import Gateway, ran
from tests.servers import eventually

broker, gateway, home = test_sync.broker, test_sync.gateway, test_sync.home


class Clock:
    """A monotonic clock that a test sets."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def refused(home: Home) -> None:
    """The newest key, which has followed another, is said to be unknown."""
    WorkFile(turns.current(home)).raise_alarm(passed_over.UNKNOWN_KEY, "nobody knows this key", [])


def made(home: Home, clock: Clock) -> Recall:
    return Recall(home, settings.load(home.config), lambda: False, clock)


def believed_sent(home: Home) -> None:
    """The first turn takes all that it has signed for acknowledged, as before the gateway was restored."""
    head = JournalReader(home.journal).head()
    assert head is not None
    state = State()
    state.next, state.head = head.seq + 1, head.hash
    write_uplink(home, state)


def test_a_recall_that_changes_nothing_comes_again_ever_more_rarely(home: Home, gateway: Gateway) -> None:
    begun(home)
    assert ran(home, "rotate-key", "--by", "t-1")[0] == 0
    assert ran(home, "sync", "--once")[1]["done"]
    clock, waits = Clock(), []
    asked = made(home, clock)
    assert not asked.is_due()
    refused(home)
    for _ in range(8):
        assert asked.is_due()
        heard = len(gateway.seen)
        asked.ask()
        assert len(gateway.seen) > heard, "the earlier turn has said HELLO"
        waited = RECALL_AGAIN_S
        clock.now_s += waited - 1
        while not asked.is_due():
            clock.now_s += 1
            waited += 1
        waits.append(waited - 1)
    assert waits == [min(RECALL_AGAIN_MOST_S, RECALL_AGAIN_S * 2**count) for count in range(8)]
    asked.ask()
    WorkFile(turns.current(home)).lift_alarm(passed_over.UNKNOWN_KEY)
    assert not asked.is_due()
    refused(home)
    assert asked.is_due(), "another loss is another reason"


def test_a_recall_that_changed_something_begins_anew_and_asks_for_what_was_passed_over(
    home: Home, gateway: Gateway
) -> None:
    """What refused that turn's key may have been another gateway than the one that is there now."""
    unknown, _ = with_an_unknown_turn(home, gateway.station)
    assert ran(home, "sync", "--once", "--timeout", "30")[1]["done"]
    home.rolled_back.unlink()  # somebody has found that the proof was none
    assert ran(home, "rotate-key", "--by", "t-1")[0] == 0
    believed_sent(home)
    clock = Clock()
    asked = made(home, clock)
    gateway.station.pass_ms(61_000)  # a refusal a minute
    assert "unknown_kid" not in [alarm["code"] for alarm in WorkFile(home).alarms()], "nothing newer hangs on it"
    asked.ask()  # the unknown turn alone: in vain
    assert passed_over.is_noted(unknown)
    assert not asked.is_due()
    refused(home)
    gateway.station.pass_ms(61_000)
    asked.ask()  # the first turn, which brings in the next one, and then that, though it was asked just now
    assert turns.is_sent(unknown)
    assert not passed_over.is_noted(unknown)
    assert "key_passed_over" not in [alarm["code"] for alarm in ran(home, "status")[1]["alarms"]]


def test_a_turn_that_is_answered_by_an_alarm_is_not_waited_for(
    home: Home, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    unknown, _ = with_an_unknown_turn(home, gateway.station)
    assert ran(home, "sync", "--once", "--timeout", "30")[1]["done"]
    gateway.station.pass_ms(61_000)
    monkeypatch.setattr(recall, "RECONSIDER_MOST_S", 600.0)
    began_s = time.monotonic()
    made(home, Clock()).ask()
    assert time.monotonic() - began_s < 60
    assert passed_over.is_noted(unknown)


def test_a_sync_that_runs_recalls_by_itself(home: Home, gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """The gateway has lost a rotation, and says so only once sync has begun."""
    monkeypatch.setattr(sync, "LOOK_AGAIN_S", 0.2)
    begun(home)
    assert ran(home, "rotate-key", "--by", "t-1")[0] == 0
    signed(home, "session.opened")
    believed_sent(home)
    ended = threading.Event()
    running = threading.Thread(target=sync.run, args=(home, settings.load(home.config), ended.is_set))
    running.start()
    try:
        eventually(lambda: turns.is_sent(turns.current(home)))
    finally:
        ended.set()
        sync.is_running(home)  # the bell
        running.join()
    assert [alarm["code"] for alarm in ran(home, "status")[1]["alarms"]] == []
    assert gateway.batches()


def test_an_object_that_the_gateway_refuses_keeps_no_later_key_waiting_and_is_offered_again(
    home: Home, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The event that names it could not be read any more, and was said to be lost."""
    begun(home)
    photo = attachment(b"photo", "image/jpeg", bytes(32))
    (home.waiting / photo.digest.hex()).write_bytes(photo.data)
    assert ran(home, "rotate-key", "--by", "t-1")[0] == 0
    signed(home, "session.opened")
    assert ran(home, "sync", "--once", "--timeout", "30")[1]["done"]
    assert turns.is_sent(turns.current(home))
    assert ObjectStore(home).refused() == [photo.digest]
    assert ObjectStore(home).read(photo.digest, 0, 100) == photo.data
    offered = sum(isinstance(said, Chunk) for _, said in gateway.seen)
    with monkeypatch.context() as patched:
        patched.setattr(recall, "RECONSIDER_MOST_S", 2.0)
        made(home, Clock()).ask()  # a gateway refuses once a minute: nobody answers
    assert ObjectStore(home).refused() == [photo.digest]
    gateway.station.pass_ms(61_000)
    made(home, Clock()).ask()
    assert sum(isinstance(said, Chunk) for _, said in gateway.seen) > offered
    assert ObjectStore(home).refused() == [photo.digest]


def test_once_keeps_to_its_time_when_nobody_answers_who_was_recalled(home: Home) -> None:
    begun(home)
    assert ran(home, "rotate-key", "--by", "t-1")[0] == 0
    believed_sent(home)
    refused(home)
    began_s = time.monotonic()
    code, said = ran(home, "sync", "--once", "--timeout", "3")
    assert (code, said["done"]) == (1, False)
    assert time.monotonic() - began_s < recall.RECALL_MOST_S / 2
