"""The screen while sync is busy: a handheld that was offline for long sends its journal, and somebody types and scans.

Every process is the installed one. The gateway has a core to itself, since on a handheld there is none; sync, screen
and whoever types share the other.
"""

import os
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager

from jobseal import event
from jobseal.event import Event
from jobseal_device import identity
from jobseal_device.home import Home
from jobseal_device.journal import Journal
from jobseal_device.uplink_file import read_uplink
from tests.bench.capture import LONG_STEPS, Unsynced
from tests.bench.ground import LOAD_CORE, WORKER_CORE, folder
from tests.bench.row import AT_MOST, Row
from tests.bench.screen import high, typed
from tests.bench.site import TECHNICIAN, Site, children
from tests.device.ui.terminal import Terminal
from tests.servers import eventually

EVENTS = {True: 1_500, False: 60_000}
TEXT = "note 0123"
SCANS = 10  # behind each text
JOB = "WO-00000"


def rows(quick: bool) -> Iterator[Row]:
    """The 99th percentiles of keys and of scans."""
    with folder("screen_busy") as place, Site(place) as site, _cores(site):
        handheld = site.handheld("HH-1")
        home = Home(handheld.folder)
        handheld.command("capture", "session.opened", "--by", TECHNICIAN)
        sync = handheld.sync()
        eventually(handheld.is_acknowledged)
        sync.terminate()
        sync.wait()
        _go_offline(home, EVENTS[quick])
        with Terminal("--home", str(home.folder)) as terminal:
            terminal.wait("F4 Menu")
            terminal.scan(JOB)
            terminal.wait("Accept the job first.")
            for steps in (("1", "F1"), ("2", "F1")):
                terminal.press(*steps)
                terminal.wait("Signed")
            handheld.sync()
            eventually(lambda: _acknowledged(home) > 1)
            keys, scans = _used(terminal, home, EVENTS[quick])
    for name, passed, what in (("screen_key_busy", keys, "keys"), ("screen_scan_busy", scans, "scans")):
        note = (
            f"99th percentile of {len(passed)} {what}, p50 {statistics.median(passed):.1f} ms, "
            f"while sync sends {EVENTS[quick]:,} events"
        )
        yield Row(name, high(passed), None, None, f"{AT_MOST} 50", "ms", note)


@contextmanager
def _cores(site: Site) -> Iterator[None]:
    """The gateway on one core, everything else on another, as far as there are two."""
    cores = sorted(os.sched_getaffinity(0))
    assert site.serving is not None
    for pid in (site.serving.pid, *children(site.serving.pid)):
        os.sched_setaffinity(pid, {cores[LOAD_CORE]})
    os.sched_setaffinity(0, {cores[WORKER_CORE]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def _go_offline(home: Home, events: int) -> None:
    """Months of work that nobody has sent."""
    signer = identity.signer(home)
    journal = Journal.open(home.journal, files=Unsynced())
    assert journal.head is not None
    prev, first, now = journal.head.hash, journal.next_seq, time.time_ns() // 1_000_000
    for seq in range(first, first + events):
        kind, body = LONG_STEPS[seq % len(LONG_STEPS)]
        job = f"OLD-{seq // len(LONG_STEPS):05d}"
        made = Event(seq=seq, prev=prev, at=now, up=seq, boot=bytes(8), kind=kind, body=body, job=job, by=TECHNICIAN)
        prev = journal.append(event.sign(made, signer)).hash
    journal.close()
    os.sync()


def _acknowledged(home: Home) -> int:
    return read_uplink(home).next


def _used(terminal: Terminal, home: Home, events: int) -> tuple[list[float], list[float]]:
    """Type and scan until everything is sent."""
    keys: list[float] = []
    scans: list[float] = []
    while _acknowledged(home) < events:
        while "Note" not in terminal.text():
            terminal.press("0")
            terminal.read(0.1)
        terminal.press(next(row[1] for row in terminal.rows() if "Note" in row))
        terminal.wait("> _")
        keys += typed(terminal, TEXT)
        terminal.press("F2", "F3")
        terminal.wait("Note")
        terminal.scan("PART-0")
        terminal.wait("PART-0")
        for number in range(1, SCANS):
            began = time.perf_counter()
            terminal.scan(f"PART-{number}")
            terminal.wait_now(f"PART-{number}")
            scans.append((time.perf_counter() - began) * 1000)
            terminal.read(0.1)
        terminal.press("F1")
        terminal.wait("Signed")
    assert keys, "sync was done before anybody typed"
    return keys, scans
