"""A whole day at a real terminal of 40x13, by keys and scanner bursts alone."""

import time
from pathlib import Path

import pytest

from jobseal import event
from jobseal.event import Event
from jobseal_device import identity
from jobseal_device.home import Home
from jobseal_device.journal_reader import JournalReader
from jobseal_device.ui import demo
from tests.device.ui.day import DAY, FILTERS, INSPECTION, KINDS, REPAIR, play, to_today
from tests.device.ui.terminal import Terminal


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return demo.furnish(tmp_path / "handheld", time.time_ns() // 1_000_000)


def events(home: Home) -> list[Event]:
    return [event.parse(data).event for _seq, data in JournalReader(home.journal).readable()]


def log_in(terminal: Terminal) -> None:
    terminal.wait("Who are you?")
    terminal.scan("t-11")
    terminal.wait("Hello t-11.")


def check(home: Home) -> None:
    """What is signed is exactly what was keyed in."""
    said = [each for each in events(home) if each.job is not None]
    assert [each.kind for each in said] == KINDS
    parts = [(each.body[1], each.body[2]) for each in said if each.kind == "part.used"]
    assert parts == [("FLT-10", "2"), ("NEW-9", "1")]
    corrected = next(each for each in said if each.kind == "event.corrected")
    assert corrected.body[2][2] == "3"
    answers = [(each.body[1], each.body[2]) for each in said if each.kind == "checklist.answered"]
    assert answers == [("LEAK", False), ("BELT", True), ("DP", 80)]
    completed = {each.job: each.body.get(2) for each in said if each.kind == "job.completed"}
    assert completed == {FILTERS: None, INSPECTION: [["photo", "not-possible"]], REPAIR: None}
    assert [each.seq for each in events(home)] == list(range(len(events(home))))


def test_a_day_of_three_jobs_by_keys_and_scans_alone(home: Home) -> None:
    with Terminal("--home", str(home.folder)) as terminal:
        log_in(terminal)
        for step in DAY:
            play(terminal, step)
        to_today(terminal)
        terminal.wait("signed off")
        assert not terminal.raw.count(b"Traceback")
    check(home)
    identity.load(home)
