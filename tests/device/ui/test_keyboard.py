"""What a terminal can do to an application: noise, other character sets, other sizes, signals, and going away."""

import fcntl
import os
import signal
import struct
import termios
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from textual._xterm_parser import XTermParser

from jobseal_device.home import Home
from jobseal_device.ui import demo
from jobseal_device.ui.keyboard import Keyboard, LineClock, Paper
from jobseal_device.ui.scanner import Pressed, Scan, Scanner
from tests.device.ui.terminal import Terminal
from tests.device.ui.test_terminal import at_the_parts, bodies_of, events


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return demo.furnish(tmp_path / "handheld", time.time_ns() // 1_000_000)


@pytest.fixture
def terminal(home: Home) -> Iterator[Terminal]:
    with Terminal("--home", str(home.folder)) as made:
        made.wait("Who are you?")
        yield made


def log_in(terminal: Terminal) -> None:
    terminal.scan("t-11")
    terminal.wait("Hello t-11.")


def resize(terminal: Terminal, columns: int, rows: int) -> None:
    terminal.screen.resize(rows, columns)
    fcntl.ioctl(terminal._fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def test_bytes_of_another_character_set_are_no_end_of_it(home: Home, terminal: Terminal) -> None:
    log_in(terminal)
    os.write(terminal._fd, b"Stra\xdfe 7\xff\r")
    terminal.wait("New job")
    terminal.press("F1")
    terminal.wait("Signed: new job")
    assert bodies_of(home, "job.accepted")[0][3] == "Stra\ufffde 7\ufffd"


def test_escape_sequences_that_mean_nothing_sign_nothing(home: Home, terminal: Terminal) -> None:
    log_in(terminal)
    terminal.write("\x1b[999;999z\x1bP1$r\x1b\\\x1b[<999;999;999M\x1b[I\x1b[O\x00\x01\x02\x1b[200~x\x1b[201~")
    terminal.read(0.3)
    terminal.press("F3", "F3", "F3", "F4")
    terminal.wait("Choose by digit.")
    assert len(events(home)) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_asked_to_end_it_keeps_what_was_typed_and_gives_the_terminal_back(
    home: Home, terminal: Terminal, number: signal.Signals
) -> None:
    log_in(terminal)
    terminal.scan("SITE-9")
    terminal.type("Roof")
    terminal.wait("> Roof_")
    os.kill(terminal.pid, number)
    assert terminal.wait_until_over() == 0
    assert b"\x1b[?1049l" in terminal.raw
    assert b"Traceback" not in terminal.raw
    with Terminal("--home", str(home.folder)) as again:
        again.wait("> Roof_")


def test_a_terminal_that_goes_away_ends_it(home: Home, terminal: Terminal) -> None:
    log_in(terminal)
    terminal.scan("SITE-9")
    terminal.wait("New job")
    os.close(terminal._fd)
    give_up = time.monotonic() + 30
    while os.waitpid(terminal.pid, os.WNOHANG)[0] == 0:
        assert time.monotonic() < give_up
        time.sleep(0.02)
    terminal.code = 0
    with Terminal("--home", str(home.folder)) as again:
        again.wait("SITE-9")


@pytest.mark.parametrize("number", [signal.SIGSTOP, signal.SIGTSTP])
def test_after_it_was_suspended_scans_are_whole(home: Home, terminal: Terminal, number: signal.Signals) -> None:
    log_in(terminal)
    os.kill(terminal.pid, number)
    give_up = time.monotonic() + 30
    while Path(f"/proc/{terminal.pid}/stat").read_text().rsplit(") ", 1)[1][0] != "T":
        assert time.monotonic() < give_up
        terminal.read(0.02)
    terminal.scan("WO-1002")  # while it sleeps
    os.kill(terminal.pid, signal.SIGCONT)
    terminal.wait("WO-1002 K") if number == signal.SIGSTOP else terminal.read(0.5)
    terminal.press("F3")
    terminal.wait("Today")
    for job in ("WO-1001", "WO-1003"):
        terminal.scan(job)
        terminal.wait(lambda job=job: terminal.rows()[1].startswith(f" {job}"))  # type: ignore[misc]
        terminal.press("F3")
        terminal.wait("Today")
    assert len(events(home)) == 1


def test_sizes_that_change_while_it_is_used_lose_no_key(home: Home) -> None:
    sizes = ((40, 13), (39, 12), (80, 24), (10, 3), (1, 1), (132, 50), (53, 20), (40, 13))
    codes = [f"PART-{number}" for number in range(len(sizes) * 5)]
    with Terminal("--home", str(home.folder)) as terminal:
        at_the_parts(terminal)
        for number, (columns, rows) in enumerate(sizes):
            terminal.scan(*codes[number * 5 : number * 5 + 2])
            resize(terminal, columns, rows)
            terminal.scan(*codes[number * 5 + 2 : number * 5 + 5])
            terminal.read(0.05)
        terminal.wait(codes[-1])
        terminal.press("F1")
        terminal.wait(f"Signed: {len(codes) + 1} parts.")
        assert b"Traceback" not in terminal.raw
    assert [body[1] for body in bodies_of(home, "part.used")] == ["FLT-10", *codes]


def test_a_window_below_the_floor_works_or_says_that_it_is_too_small(home: Home, terminal: Terminal) -> None:
    log_in(terminal)
    resize(terminal, 39, 12)
    terminal.wait(lambda: "F1" in terminal.rows()[11])
    terminal.scan("WO-1002")
    terminal.wait("WO-1002")
    resize(terminal, 20, 6)
    terminal.wait("The window is too")
    resize(terminal, 40, 13)
    terminal.wait("Accept the job first.")
    assert len(events(home)) == 1


def test_who_paints_on_a_terminal_that_is_gone_does_not_fail() -> None:
    with open("/dev/full", "w") as gone:
        paper = Paper(gone)
        for _each in range(100):
            paper.write("x" * 10_000)
            paper.flush()
        with suppress(OSError):
            gone.close()


class Slow(Keyboard):
    """A machine that takes long for each character."""

    def __init__(self) -> None:
        self._debug = False
        self.real_s = 100.0
        self.clock = LineClock(lambda: self.real_s)
        self.seen: list[Pressed] = []

    def process_message(self, message: Any) -> None:
        self.seen.append(Pressed(message.key, message.character, message.time))
        self.real_s += 0.5


def test_what_was_read_together_arrived_together_however_long_each_character_takes() -> None:
    slow = Slow()
    parser = XTermParser()
    slow.pass_on(parser, "WO-1")
    slow.real_s += 0.002
    slow.pass_on(parser, "002\r")
    assert "".join(each.character or "" for each in slow.seen) == "WO-1002\r"
    assert slow.seen[3].at == slow.seen[0].at
    assert slow.seen[4].at - slow.seen[3].at == pytest.approx(0.002)
    scanner = Scanner()
    assert [token for each in slow.seen for token in scanner.press(each)] == [Scan("WO-1002", slow.seen[0].at)]
