"""The command in a real terminal: keys and scanner bursts in, events out."""

import os
import re
import sys
import time
from pathlib import Path

import pytest

from jobseal import event
from jobseal.event import Event
from jobseal_device.home import Home
from jobseal_device.journal_reader import JournalReader
from jobseal_device.ui import demo
from tests.device.ui.terminal import Terminal

SCANS = 1000
ROOT = Path(__file__).parents[3]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return demo.furnish(tmp_path / "handheld", time.time_ns() // 1_000_000)


def events(home: Home) -> list[Event]:
    return [event.parse(data).event for _seq, data in JournalReader(home.journal).readable()]


def bodies_of(home: Home, kind: str) -> list[dict[int, object]]:
    return [each.body for each in events(home) if each.kind == kind]


def at_the_parts(terminal: Terminal) -> None:
    """Log in, take a job up to the site, open its parts."""
    terminal.wait("Who are you?")
    terminal.scan("t-11")
    terminal.wait("Hello t-11.")
    terminal.press("2")
    terminal.wait("Accept the job first.")
    for step in ("accepted", "travel started", "arrived"):
        terminal.press("1")
        terminal.wait("F1 Sign")
        terminal.press("F1")
        terminal.wait(f"Signed: {step}.")
    terminal.scan("FLT-10")
    terminal.wait("1 pc FLT-10")


def test_a_thousand_scans_in_one_write_are_all_recorded_in_order(home: Home) -> None:
    codes = [f"PART-{number:04}" for number in range(SCANS)]
    with Terminal("--home", str(home.folder)) as terminal:
        at_the_parts(terminal)
        terminal.scan(*codes)
        terminal.wait(codes[-1])
        terminal.press("F1")
        terminal.wait("Signed: 1001 parts.")
    assert [body[1] for body in bodies_of(home, "part.used")] == ["FLT-10", *codes]


def test_a_handler_that_is_blocked_for_a_while_loses_and_tears_none_of_a_thousand_scans(home: Home) -> None:
    codes = [f"PART-{number:04}" for number in range(SCANS)]
    words = ("-m", "tests.device.ui.blocked", str(home.folder), "100", "300")
    with Terminal(*words, command=sys.executable, PYTHONPATH=str(ROOT)) as terminal:
        at_the_parts(terminal)
        terminal.scan(*codes)
        terminal.wait(codes[-1])
        terminal.press("F1")
        terminal.wait("Signed: 1001 parts.")
    assert [body[1] for body in bodies_of(home, "part.used")] == ["FLT-10", *codes]


def test_ten_scans_of_one_part_count_to_ten(home: Home) -> None:
    with Terminal("--home", str(home.folder)) as terminal:
        at_the_parts(terminal)
        terminal.scan(*["FLT-10"] * 9)
        terminal.wait("10 pc FLT-10")
        terminal.press("F1")
        terminal.wait("Signed: 1 part.")
    assert [body[2] for body in bodies_of(home, "part.used")] == ["10"]


def test_typing_by_fingers_is_typing_and_not_a_scan(home: Home) -> None:
    with Terminal("--home", str(home.folder)) as terminal:
        terminal.wait("Who are you?")
        terminal.type("t-7")
        terminal.wait("> t-7_")
        terminal.press("Backspace", "8")
        terminal.wait("> t-8_")
        terminal.press("Enter")
        terminal.wait("Hello t-8.")
    assert events(home)[0].by == "t-8"


def test_a_scan_on_a_menu_that_expects_none_chooses_nothing(home: Home) -> None:
    with Terminal("--home", str(home.folder)) as terminal:
        terminal.wait("Who are you?")
        terminal.scan("t-11")
        terminal.wait("Hello t-11.")
        terminal.press("F4")
        terminal.wait("Choose by digit.")
        terminal.scan("7777777777")
        terminal.wait("no scan is")
        assert "Menu" in terminal.text()
        terminal.wait(lambda: terminal.bells >= 3)  # one for the login, two for this
    assert len(events(home)) == 1


def test_what_was_typed_is_there_again_after_a_kill(home: Home) -> None:
    with Terminal("--home", str(home.folder)) as terminal:
        at_the_parts(terminal)
        terminal.scan("VLV-2")
        terminal.wait("1 pc VLV-2")
        terminal.type("CBL")
        terminal.wait(lambda: "CBL" in home.drafts.read_text())
    with Terminal("--home", str(home.folder)) as again:
        again.wait("> CBL_")
        assert "1 pc FLT-10" in again.text()
        again.press("F2", "F1")
        again.wait("Signed: 2 parts.")
    assert [body[1] for body in bodies_of(home, "part.used")] == ["FLT-10", "VLV-2"]


def test_the_demonstration_needs_nothing_and_leaves_nothing(tmp_path: Path) -> None:
    with Terminal("--demo", TMPDIR=str(tmp_path)) as terminal:
        terminal.wait("Who are you?")
        assert len(list(tmp_path.iterdir())) == 1
        terminal.scan("t-11")
        terminal.wait("Hotel Post")
        terminal.press("Quit")
        assert terminal.wait_until_over() == 0
    assert list(tmp_path.iterdir()) == []


def test_the_screen_opens_no_socket_to_anywhere(home: Home) -> None:
    with Terminal("--home", str(home.folder)) as terminal:
        at_the_parts(terminal)
        kinds = Path(f"/proc/{terminal.pid}/net/tcp").read_text(), Path(f"/proc/{terminal.pid}/fd")
        inodes = {os.readlink(link) for link in kinds[1].iterdir() if link.exists()}
        sockets = {name[8:-1] for name in inodes if name.startswith("socket:")}
        assert not [line for line in kinds[0].splitlines()[1:] if line.split()[9] in sockets]


def test_without_colour_no_colour_is_written(home: Home) -> None:
    with Terminal("--home", str(home.folder), NO_COLOR="1", term="xterm-256color") as terminal:
        terminal.wait("Who are you?")
        terminal.scan("t-11")
        terminal.wait("Hello t-11.")
        terminal.read(0.2)
    written = re.findall(rb"\x1b\[([0-9;]*)m", terminal.raw)
    assert written
    colours = {
        code for each in written for code in each.split(b";") if re.fullmatch(rb"3[0-8]|4[0-8]|9[0-7]|10[0-7]", code)
    }
    assert not colours


def test_on_the_console_sixteen_colours_are_enough(home: Home) -> None:
    with Terminal("--home", str(home.folder), term="linux") as terminal:
        terminal.wait("Who are you?")
    assert not re.search(rb"\x1b\[[0-9;]*[34]8;[25];", terminal.raw)
    assert terminal.screen.buffer[0][0].bg == terminal.screen.buffer[12][0].bg != terminal.screen.buffer[4][0].bg
