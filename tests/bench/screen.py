"""The screen: how soon it can be used, what it weighs, how fast a key is on it, and what it costs at rest.

The reference is an empty Textual application with the same widget, in the same terminal, started in turn. The handheld
has 200 orders and a hundred thousand events behind it.
"""

import os
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from jobseal import event, key
from jobseal.event import Event
from jobseal_device import identity
from jobseal_device.home import Home
from jobseal_device.journal import Journal
from jobseal_device.ui import demo
from tests.bench.capture import LONG_STEPS, Unsigned, Unsynced
from tests.bench.ground import folder, rss_mb
from tests.bench.row import AT_MOST, Row
from tests.device.ui.terminal import Terminal

EMPTY = """
import sys
from textual.app import App, ComposeResult
from jobseal_device.ui.face import Face
from jobseal_device.ui.layout import Row
from jobseal_device.ui.theme import styles

class Empty(App):
    CSS = "Screen { background: ansi_default; overflow: hidden; }"
    ENABLE_COMMAND_PALETTE = False
    def compose(self) -> ComposeResult:
        face = Face(styles("dark"))
        face.show([Row([("ready and waiting", "plain")])] * 13)
        yield face

Empty(ansi_color=True).run()
"""
ORDERS = 200
STARTS = {True: 5, False: 15}
KEYS = {True: 60, False: 300}
REST_S = {True: 5.0, False: 20.0}
EVENTS = 100_000


def rows(quick: bool) -> Iterator[Row]:
    """Start, memory, keys, commit and rest."""
    with folder("screen") as place:
        script = place / "empty.py"
        script.write_text(EMPTY)
        home = _worked(place)
        pairs = [(_started(home), _empty(script)) for _each in range(STARTS[quick])]
        ours, theirs = (statistics.median(each[0] for each in column) for column in zip(*pairs, strict=True))
        weight, reference = (statistics.median(each[1] for each in column) for column in zip(*pairs, strict=True))
        note = f"medians of {len(pairs)} turns; {ORDERS} orders, {EVENTS:,} events; reference: an empty application"
        yield Row("screen_first_frame", ours, theirs, ours / theirs, f"{AT_MOST} 1.25", "ms", note)
        yield Row(
            "screen_memory", weight, reference, weight / reference, f"{AT_MOST} 1.3", "MB", "resident, when usable"
        )
        keys, commits, cpu = _used(home, KEYS[quick], REST_S[quick])
        note = "99th percentile, from the write into the terminal to the character on it"
        yield Row("screen_key", high(keys), None, None, f"{AT_MOST} 50", "ms", note)
        note = "99th percentile, from F1 to the confirmation on the screen, fsync included"
        yield Row("screen_commit", high(commits), None, None, f"{AT_MOST} 60", "ms", note)
        yield Row("screen_rest_cpu", cpu, None, None, f"{AT_MOST} 1", "%", "of one core, nobody touching it")


def _worked(place: Path) -> Home:
    """A handheld with much behind it and much before it, and somebody logged in."""
    now = time.time_ns() // 1_000_000
    orders = [
        {**demo.sample_orders(now)[number % 5], "id": f"WO-{number:04}", "window_start": now + number * 600_000}
        for number in range(ORDERS)
    ]
    home = demo.furnish(place / "handheld", now, orders)
    enrolled, signer = identity.load(home), identity.signer(home)
    journal = Journal.open(home.journal, files=Unsynced())
    prev, unsigned = enrolled.identity.genesis, Unsigned(key.decode(signer.key.encode()))
    for seq in range(EVENTS):
        kind, body = LONG_STEPS[seq % len(LONG_STEPS)]
        job = f"OLD-{seq // len(LONG_STEPS):05d}"
        made = Event(seq=seq, prev=prev, at=now, up=seq, boot=bytes(8), kind=kind, body=body, job=job, by="t-11")
        prev = journal.append(event.sign(made, unsigned)).hash
    journal.close()
    os.sync()
    with Terminal("--home", str(home.folder)) as first:  # folds the journal once, as the first start after it would
        first.wait("Who are you?")
        first.scan("t-11")
        first.wait("Hello t-11.")
        first.press("Quit")
        first.wait_until_over()
    return home


def _started(home: Home) -> tuple[float, float]:
    """Milliseconds until a job can be chosen, and MB by then."""
    return _until(Terminal("--home", str(home.folder)), "F4 Menu")


def _empty(script: Path) -> tuple[float, float]:
    """The same for an application without anything in it."""
    return _until(Terminal(str(script), command=sys.executable), "ready and waiting")


def typed(terminal: Terminal, text: str, pause_s: float = 0.05) -> list[float]:
    """Type it after what is there; milliseconds from each write into the terminal to the character on it."""
    shown, passed = "", []
    for character in text:
        shown += character
        began = time.perf_counter()
        terminal.write(character)
        terminal.wait_now(f"> {shown}_")
        passed.append((time.perf_counter() - began) * 1000)
        terminal.read(pause_s)
    return passed


def _until(terminal: Terminal, shown: str) -> tuple[float, float]:
    with terminal:
        while shown not in terminal.text():
            assert terminal.read_some(), terminal.text()
        passed = (time.perf_counter() - terminal.began) * 1000
        return passed, rss_mb(terminal.pid)


def _used(home: Home, count: int, rest_s: float) -> tuple[list[float], list[float], float]:
    """Milliseconds for each typed character and for each commit, and percent of a core at rest."""
    with Terminal("--home", str(home.folder)) as terminal:
        terminal.wait("F4 Menu")
        terminal.scan("WO-0000")
        terminal.wait("Accept the job first.")
        terminal.press("1")
        terminal.wait("F1 Sign")
        terminal.press("F1")
        terminal.wait("Signed")
        commits, keys = [], []
        for number in range(max(10, count // 10)):
            digit = next(row[1] for row in terminal.rows() if "Note" in row and row[1:2].isdigit())
            terminal.press(digit)
            terminal.wait("Type the note")
            terminal.wait("> _")
            keys += typed(terminal, f"note {number:04}")
            began = time.perf_counter()
            terminal.write("\x1bOP")
            terminal.wait_now("Signed: note.")
            commits.append((time.perf_counter() - began) * 1000)
        terminal.read(1.0)
        before, since = _cpu_s(terminal.pid), time.perf_counter()
        terminal.read(rest_s)
        cpu = (_cpu_s(terminal.pid) - before) / (time.perf_counter() - since) * 100
    return keys, commits, cpu


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def high(times: list[float]) -> float:
    """The 99th percentile."""
    return sorted(times)[max(0, int(len(times) * 0.99) - 1)]
