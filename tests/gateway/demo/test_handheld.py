"""A handheld of the demo: what it answers for is in its journal, whatever is killed, copied or refused."""

from collections.abc import Iterator
from pathlib import Path
from threading import Lock

import pytest

from jobseal_gateway import admission, home
from jobseal_gateway.demo.day_clock import DayClock, date_played
from jobseal_gateway.demo.handheld import Handheld, HandheldFailed
from jobseal_gateway.demo.scenario.step import Day, Step
from jobseal_gateway.demo.technician import Technician
from jobseal_gateway.enrol import Request

NOON = 12 * 60


@pytest.fixture(scope="module")
def clock() -> DayClock:
    date = date_played("UTC")
    return DayClock(Day(date, "UTC", 600), date, NOON)


@pytest.fixture
def handheld(clock: DayClock, tmp_path: Path) -> Iterator[Handheld]:
    """Enrolled at a gateway that does not serve, switched on, its technician logged in."""
    found = Handheld("HH-1", tmp_path, Lock())
    with home.make(tmp_path / "gateway", {"organisation": "Test"}) as gateway:
        found.request_enrolment(tmp_path / "request")
        wanted = Request(b"", "HH-1", "HH-1")
        enrolled = admission.carried(gateway, (tmp_path / "request").read_bytes(), wanted, "test", [])
        (tmp_path / "welcome").write_bytes(enrolled.grant)
        found.accept_enrolment(tmp_path / "welcome", gateway.keys.authority.root.thumbprint.hex())
    found.switch_on(clock)
    try:
        found.sign({"kind": "session.opened", "by": "t-1"})
        yield found
    finally:
        found.switch_off()


def kinds(handheld: Handheld) -> list[str]:
    return [row["kind"] for row in handheld.journal()]


def test_what_is_killed_while_it_is_signed_is_in_the_journal_once_and_what_was_before_too(handheld: Handheld) -> None:
    for number in range(6):
        job = f"WO-{number}"
        handheld.sign({"kind": "job.accepted", "job": job})
        killed = handheld.sign_and_die({"kind": "job.arrived", "job": job})
        assert killed["kind"] == "job.arrived"
        handheld.sign({"kind": "note.added", "job": job, "fields": {"note": "after the crash"}})
    assert kinds(handheld) == ["session.opened", *["job.accepted", "job.arrived", "note.added"] * 6]


def test_a_clock_set_wrong_by_hand_stays_wrong_until_it_is_set_right(handheld: Handheld) -> None:
    handheld.set_clock(-90)
    wrong = handheld.sign({"kind": "job.accepted", "job": "WO-1"})
    killed = handheld.sign_and_die({"kind": "job.arrived", "job": "WO-1"})
    handheld.set_clock(0)
    right = handheld.sign({"kind": "note.added", "job": "WO-1", "fields": {"note": "x"}})
    assert wrong["at"] < killed["at"] < right["at"] - 85 * 60_000
    assert kinds(handheld).count("clock.adjusted") == 2


def test_a_copy_has_all_that_the_original_had_and_both_go_on_by_themselves(
    handheld: Handheld, clock: DayClock, tmp_path: Path
) -> None:
    clone = Handheld("HH-2", tmp_path, Lock())
    handheld.switch_off()
    handheld.copy(clone)
    clone.switch_on(clock)
    handheld.switch_on(clock)
    try:
        theirs = clone.sign({"kind": "job.accepted", "job": "WO-1"})
        ours = handheld.sign({"kind": "job.accepted", "job": "WO-2"})
    finally:
        clone.switch_off()
    assert theirs["seq"] == ours["seq"] == 1
    assert theirs["hash"] != ours["hash"]
    assert clone.journal()[0] == handheld.journal()[0]


def test_a_step_that_the_job_does_not_allow_is_an_error_that_says_so(handheld: Handheld) -> None:
    with pytest.raises(HandheldFailed, match=r"HH-1: job\.arrived is not possible while job WO-1 is not accepted yet"):
        handheld.sign({"kind": "job.arrived", "job": "WO-1"})
    assert kinds(handheld) == ["session.opened"]


def test_a_technician_corrects_the_last_event_of_that_kind_and_code(
    handheld: Handheld, clock: DayClock, tmp_path: Path
) -> None:
    said: list[str] = []
    technician = Technician(handheld, "t-1", clock, {}, tmp_path, lambda _, what: said.append(what), lambda _: None)
    part = {"quantity": "1", "unit": "each", "source": "van"}
    technician.play(Step(NOON, "HH-1", "accept", "WO-1", {}, 1))
    technician.play(Step(NOON, "HH-1", "arrive", "WO-1", {}, 1))
    for code in ("A", "B"):
        technician.play(Step(NOON, "HH-1", "use", "WO-1", {"code": code, **part}, 1))
    technician.play(Step(NOON, "HH-1", "correct", "WO-1", {"reason": "2", "quantity": "3"}, 1, ("use", "A")))
    used, _, corrected = handheld.journal()[3:]
    assert corrected["amends"] == used["hash"]
    assert used["body"]["code"] == "A"
    assert said[-1] == "corrects WO-1: use A quantity=3"
