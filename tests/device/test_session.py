"""Sessions: opened and closed by events, with who was logged in on each, and locked by themselves."""

import os
from pathlib import Path

import pytest

from jobseal import event as events
from jobseal_device import identity, session
from jobseal_device.capture import Capture
from jobseal_device.home import Home
from jobseal_device.journal_reader import JournalReader
from jobseal_device.session import IDLE_S, LOGOUT, SHUTDOWN, Session
from jobseal_device.unlock import LoginRefused, Voucher
from jobseal_device.vault import SETUP
from tests.device.staff import ANNA, BERT, CHIEF, SETUP_PIN, Van
from tests.device.workbench import HandClock, TestOffice, enrolled_home

ANNAS, BERTS = ("t-1", "4821"), ("t-2", "9035")


class Seat:
    """Somebody in front of the screen, on a clock that only moves when told to."""

    def __init__(self, folder: Path) -> None:
        self.van = Van(Home(folder))
        self.van.home.make()
        self.enrolled = self.van.set_up()
        self.van.send([ANNA, BERT, CHIEF])
        self.clock = HandClock()
        self.session = self.started()
        self.session.unlock(*ANNAS, voucher=Voucher(SETUP, SETUP_PIN))

    def started(self) -> Session:
        return Session(self.van.home, self.enrolled, self.clock, os.urandom, software="screen 1")

    def said(self) -> list[tuple[str, str | None, object]]:
        """(kind, by, reason) of every event."""
        found = []
        for _, data in JournalReader(self.van.home.journal).readable(0):
            event = events.parse(data).event
            found.append((event.kind, event.by, event.body.get(1) if event.kind == "session.closed" else None))
        return found


@pytest.fixture
def seat(tmp_path: Path) -> Seat:
    return Seat(tmp_path / "HH-1")


OPENED_BY_ANNA = ("session.opened", "t-1", None)
OPENED_BY_BERT = ("session.opened", "t-2", None)


def closed(who: str, reason: str) -> tuple[str, str, str]:
    return ("session.closed", who, reason)


def test_logging_in_is_an_event_and_every_later_one_carries_who_it_was(seat: Seat) -> None:
    capture = seat.session.capture
    assert capture is not None
    assert (seat.session.technician, seat.session.name) == ("t-1", "Name of t-1")
    capture.sign("job.accepted", {1: None, 2: None}, "WO-1")
    assert seat.said() == [OPENED_BY_ANNA, ("job.accepted", "t-1", None)]


def test_logging_out_is_an_event_and_lets_go_of_the_key(seat: Seat) -> None:
    seat.session.lock(LOGOUT)
    assert seat.session.is_locked
    assert (seat.session.capture, seat.session.technician) == (None, None)
    assert seat.said() == [OPENED_BY_ANNA, closed("t-1", "logout")]
    seat.session.lock(LOGOUT)
    assert len(seat.said()) == 2


def test_somebody_else_logging_in_closes_the_session_before(seat: Seat) -> None:
    seat.session.unlock(*BERTS)
    assert seat.said() == [OPENED_BY_ANNA, closed("t-1", "logout"), OPENED_BY_BERT]


def test_a_wrong_pin_leaves_it_locked_with_nothing_signed(seat: Seat) -> None:
    seat.session.lock(LOGOUT)
    with pytest.raises(LoginRefused):
        seat.session.unlock("t-2", "0000")
    assert seat.session.is_locked
    assert len(seat.said()) == 2


def test_a_session_that_ended_with_the_power_is_closed_by_the_next_login(seat: Seat) -> None:
    assert seat.session.capture is not None
    seat.session.capture.kill()
    seat.clock.restart()
    again = seat.started()
    assert again.is_locked
    again.unlock(*BERTS)
    assert seat.said() == [OPENED_BY_ANNA, closed("t-1", "shutdown"), OPENED_BY_BERT]


def test_it_locks_by_itself_when_nobody_has_touched_it_and_not_before(seat: Seat) -> None:
    seat.clock.sleep(IDLE_S - 1)
    assert not seat.session.lock_if_idle()
    assert seat.session.idle_left_s() == 1
    seat.session.touch()
    seat.clock.sleep(IDLE_S - 1)
    assert not seat.session.lock_if_idle()
    seat.clock.sleep(1)
    assert seat.session.lock_if_idle()
    assert seat.session.is_locked
    assert seat.said()[-1] == closed("t-1", "idle")
    assert not seat.session.lock_if_idle()
    assert seat.session.idle_left_s() is None


def test_setting_the_wall_clock_neither_locks_it_nor_keeps_it_open(seat: Seat) -> None:
    seat.clock.wrong_ms = 365 * 86_400_000
    assert not seat.session.lock_if_idle()
    seat.clock.wrong_ms = None
    seat.clock.sleep(IDLE_S)
    assert seat.session.lock_if_idle()


def test_work_goes_on_being_timed_while_it_is_locked(seat: Seat) -> None:
    capture = seat.session.capture
    assert capture is not None
    for kind, body in (("job.accepted", {1: None, 2: None}), ("job.arrived", {}), ("labour.started", {1: "FIT"})):
        capture.sign(kind, body, "WO-1")
    seat.session.lock("idle")
    again = seat.session.unlock(*ANNAS)
    assert "labour.stopped" in again.steps("WO-1")


def test_locking_works_when_its_event_cannot_be_signed_and_the_next_login_signs_it(
    seat: Seat, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise session.JobsealError("disk_full", "full")

    with monkeypatch.context() as patched:
        patched.setattr(Capture, "sign", full)
        seat.session.lock(SHUTDOWN)
    assert seat.session.is_locked
    seat.session.unlock(*ANNAS)
    assert seat.said() == [OPENED_BY_ANNA, closed("t-1", "shutdown"), OPENED_BY_ANNA]


def test_a_failed_opening_event_leaves_it_locked_and_the_journal_free(
    seat: Seat, monkeypatch: pytest.MonkeyPatch
) -> None:
    seat.session.lock(LOGOUT)
    with monkeypatch.context() as patched:
        patched.setattr(session.Session, "_begin", lambda *_: (_ for _ in ()).throw(RuntimeError))
        with pytest.raises(RuntimeError):
            seat.session.unlock(*ANNAS)
    assert seat.session.is_locked
    seat.session.unlock(*BERTS)


def test_a_handheld_without_pins_has_sessions_all_the_same(tmp_path: Path) -> None:
    home = enrolled_home(tmp_path / "HH-1", TestOffice())
    seated = Session(home, identity.load(home), HandClock(), os.urandom, idle_s=0)
    seated.unlock("t-7")
    assert seated.technician == "t-7"
    assert not seated.lock_if_idle()
    seated.lock(LOGOUT)
    kinds = [events.parse(data).event.kind for _, data in JournalReader(home.journal).readable(0)]
    assert kinds == ["session.opened", "session.closed"]
