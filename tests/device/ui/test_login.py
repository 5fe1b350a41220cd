"""Badge and PIN at the screen: right ones, wrong ones, a lock and who lifts it, a colleague's word."""

import os
from pathlib import Path

import pytest

from jobseal import event
from jobseal_device import rotating
from jobseal_device.home import Home
from jobseal_device.journal_reader import JournalReader
from jobseal_device.screen_settings import ScreenSettings
from jobseal_device.session import Session
from jobseal_device.ui import pages, start
from jobseal_device.ui.desk import Desk
from jobseal_device.ui.door import PinDoor
from jobseal_device.ui.drafts import Drafts
from jobseal_device.ui.layout import Size
from jobseal_device.ui.navigator import Navigator
from jobseal_device.ui.page import Frame
from tests.device.staff import ANNA, BERT, CHIEF, SETUP_PIN, Van
from tests.device.workbench import HandClock


class Seat:
    """A screen behind PINs."""

    def __init__(self, folder: Path) -> None:
        self.van = Van(Home(folder))
        self.van.home.make()
        self.enrolled = enrolled = self.van.set_up()
        self.van.send([ANNA, BERT, CHIEF])
        self.clock = HandClock()
        self.session = Session(self.van.home, enrolled, self.clock, os.urandom)
        door = PinDoor(self.session)
        self.desk = Desk(self.van.home, self.clock, ScreenSettings(), Drafts(self.van.home), "HH-1", "KEY", door)
        self.navigator = Navigator(pages.screens(self.desk), [], self._root, Size(40, 13))

    def _root(self) -> Frame:
        who = self.desk.technician
        return {"at": "login"} if who is None else {"at": "today", "by": who}

    def type(self, text: str) -> str:
        """Type it, press F1, and let the check happen; what the screen says."""
        self.navigator.type(text)
        self.navigator.press("do")
        if self.navigator.page.is_hurried:
            self.navigator.tick()
        return self.navigator.message

    def first_login(self, who: str = "BADGE-1", pin: str = "4821") -> str:
        """With the PIN of setting up."""
        self.navigator.scan(who)
        self.type(pin)
        self.navigator.type("2")
        return self.type(SETUP_PIN)

    def kinds(self) -> list[str]:
        return [event.parse(data).event.kind for _seq, data in JournalReader(self.van.home.journal).readable()]


@pytest.fixture
def seat(tmp_path: Path) -> Seat:
    return Seat(tmp_path / "HH-1")


def test_a_badge_and_a_pin_open_the_handheld_and_the_pin_is_in_no_draft(seat: Seat) -> None:
    assert seat.first_login() == "Hello t-1."
    assert seat.navigator.frame["at"] == "today"
    seat.navigator.press("next")
    seat.navigator.type("7")
    assert seat.navigator.page.title == "Log out"
    seat.navigator.press("do")
    seat.navigator.scan("BADGE-1")
    seat.navigator.type("48")
    rows = ["".join(text for text, _tone in row.parts) for row in seat.navigator.screenful().body]
    assert any("> **_" in row for row in rows)
    assert "4821" not in str(seat.navigator.kept)


def test_ten_wrong_pins_lock_and_a_supervisor_lifts_it(seat: Seat) -> None:
    seat.first_login()
    seat.session.lock("logout")
    seat.navigator.lock()
    seat.navigator.scan("BADGE-1")
    for _each in range(10):
        said = seat.type("0000")
        seat.clock.sleep(1000)
    assert said == "The PIN is locked on this handheld."
    seat.navigator.type("1")
    seat.navigator.scan("s-1")
    assert seat.type("60514") == "The lock is lifted. Now your own PIN."
    assert seat.type("4821") == "Hello t-1."


def test_waits_are_said_in_seconds(seat: Seat) -> None:
    seat.navigator.scan("t-1")
    for _each in range(4):
        said = seat.type("0000")
    assert said == "The PIN is wrong. Wait 5 s." or said.startswith("Too many wrong PINs. Wait")


def test_nobody_of_the_roster_is_told_so(seat: Seat) -> None:
    seat.navigator.scan("t-99")
    assert seat.type("1234") == "That id is not on this handheld's roster. Ask the office."
    assert seat.navigator.page.entry is not None
    assert seat.navigator.page.entry.prompt == "Who are you?"


def test_whoever_comes_back_finds_everything_as_it_was_and_nobody_else_does(seat: Seat) -> None:
    seat.first_login()
    seat.navigator.press("next")
    seat.navigator.type("6")
    assert seat.navigator.frame["at"] == "help"
    seat.clock.sleep(3600)
    assert seat.desk.door.lock_if_idle()
    seat.navigator.lock()
    assert seat.navigator.frame["at"] == "login"
    assert [frame["at"] for frame in seat.navigator.kept] == ["today", "menu", "help"]
    seat.navigator.scan("t-1")
    seat.type("4821")
    assert seat.navigator.frame["at"] == "help"
    seat.session.lock("logout")
    seat.navigator.lock()
    seat.navigator.scan("t-2")
    assert seat.type("9035") == "Hello t-2."
    assert seat.navigator.frame["at"] == "today"


def test_f3_leads_from_every_step_of_the_login_to_its_beginning(seat: Seat) -> None:
    seat.navigator.scan("t-1")
    seat.type("4821")
    for steps in ((), ("1",), ("2",)):
        for step in steps:
            seat.navigator.type(step)
        seat.navigator.press("back")
        assert seat.navigator.page.entry is not None
        assert seat.navigator.page.entry.prompt == "Who are you?"
        seat.navigator.scan("t-1")
        seat.type("4821")


def test_a_key_that_ended_while_the_screen_was_locked_makes_it_open_anew_with_the_next_one(
    seat: Seat, monkeypatch: pytest.MonkeyPatch
) -> None:
    seat.first_login()
    assert seat.session.capture is not None
    signer = seat.session.capture._signer
    seat.session.lock("logout")
    seat.navigator.lock()
    home = seat.van.home
    rotating.rotate(home, seat.enrolled, signer, seat.clock, os.urandom, "t-1")
    seat.navigator.scan("BADGE-1")
    seat.type("4821")
    assert seat.navigator.is_over
    shown: list[int] = []
    monkeypatch.setattr(start, "_show", lambda home, _built_ms: shown.append(home.turn))
    start.start(home, 0)
    assert shown == [0, 1]
