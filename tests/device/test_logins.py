"""``jobseal-device`` on a handheld behind PINs: PINs come from the terminal or standard input, never as arguments."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from jobseal_device import command, identity
from jobseal_device.home import Home
from tests.device.staff import ANNA, BERT, CHIEF, SETUP_PIN, Van


class Terminal:
    """The command with these lines as its standard input."""

    def __init__(self, home: Home, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.home = home
        self._capsys = capsys
        self._monkeypatch = monkeypatch

    def __call__(self, *words: str, typed: str = "") -> dict[str, Any]:
        self._monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        command.main(["--home", str(self.home.folder), "--json", *words])
        answer: dict[str, Any] = json.loads(self._capsys.readouterr().out)
        return answer


@pytest.fixture
def terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Terminal:
    van = Van(Home(tmp_path / "HH-1"))
    van.home.make()
    van.set_up()
    identity.durable.replace(identity.REAL, van.home.welcome, van.welcome())
    van.send([ANNA, BERT, CHIEF])
    return Terminal(van.home, capsys, monkeypatch)


def test_a_day_behind_pins_from_the_first_login_on(terminal: Terminal) -> None:
    assert terminal("login", "t-1", typed="4821\n")["error"] == "not_admitted"
    assert terminal("login", "t-1", "--voucher", "setup", typed=f"4821\n{SETUP_PIN}\n")["session"] == "opened"
    accepted = terminal("capture", "job.accepted", "--job", "WO-1", typed="4821\n")
    assert accepted["signed"]["by"] == "t-1"
    assert terminal("capture", "job.arrived", "--job", "WO-1", typed="9999\n")["error"] == "wrong_pin"
    assert terminal("capture", "job.arrived", "--job", "WO-1", "--by", "t-2", typed="9035\n")["signed"]["by"] == "t-2"
    assert terminal("capture", "session.closed", typed="4821\n")["signed"]["kind"] == "session.closed"
    assert terminal("capture", "travel.started", "--job", "WO-1", typed="4821\n")["error"] == "nobody_logged_in"


def test_without_a_pin_nothing_is_signed(terminal: Terminal) -> None:
    terminal("login", "t-1", "--voucher", "setup", typed=f"4821\n{SETUP_PIN}\n")
    refused = terminal("capture", "job.accepted", "--job", "WO-1")
    assert (refused["error"], refused["fault"]) == ("pin_missing", "operator")
    assert len(terminal("journal")["events"]) == 1


def test_people_shows_who_has_to_wait_and_a_supervisor_lifts_it(terminal: Terminal) -> None:
    for _ in range(3):
        assert terminal("login", "t-1", typed="0000\n")["error"] == "wrong_pin"
    people = {row["id"]: row for row in terminal("people")["people"]}
    assert people["t-1"]["wait_s"] > 0
    assert people["t-1"]["left"] == 7
    assert people["t-2"]["wait_s"] == 0
    assert terminal("lift", "t-1", "--supervisor", "t-2", typed="9035\n")["error"] == "not_supervisor"
    assert terminal("lift", "t-1", "--supervisor", "s-1", typed="60514\n")["login"] == "possible"
    people = {row["id"]: row for row in terminal("people")["people"]}
    assert (people["t-1"]["wait_s"], people["t-1"]["left"]) == (0, 10)


def test_a_key_behind_pins_is_made_with_a_pin_that_is_asked_for(terminal: Terminal, tmp_path: Path) -> None:
    terminal.home = Home(tmp_path / "HH-2")
    request = str(tmp_path / "HH-2.request")
    assert terminal("enrol", "request", request, "--pin", typed="1234\n")["error"] == "pin_unfit"
    assert terminal("enrol", "request", request, "--pin", typed="60514\n")["request"] == request
    assert not terminal.home.seed.exists()
    first = identity.public_key(terminal.home)
    assert terminal("enrol", "request", request, typed="60515\n")["error"] == "wrong_pin"
    assert terminal("enrol", "request", request, typed="60514\n")["request"] == request
    assert identity.public_key(terminal.home).thumbprint == first.thumbprint
