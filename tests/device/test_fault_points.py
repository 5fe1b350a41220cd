"""The fault points in small and without the shim: numbering, the forked children, and that the judges can see."""

import os
import signal
from pathlib import Path

import pytest

from jobseal_device.home import Home
from tests.torture.storage import fault_points, fault_scenarios, fault_server
from tests.torture.storage.fault_points import FAULTS, SCENARIOS, FaultPoints, Point, point_of
from tests.torture.storage.promises import Promise, Say

CALLS = {"capture": 5, "sync": 3, "gateway": 8, "start": 4}


class Ended(Exception):
    """Stands for whatever ends a process."""


def test_every_call_suffers_every_fault_once_and_the_first_units_are_a_mixture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fault_points, "_calls", lambda: CALLS)
    units = FaultPoints().units()
    assert units == 20 * 9
    points = [point_of(number) for number in range(units)]
    assert set(points) == {Point(name, nth, fault) for name in CALLS for nth in range(CALLS[name]) for fault in FAULTS}
    assert {point.scenario for point in points[:20]} == set(CALLS)
    assert len({point.fault for point in points[:20]}) > 5


def test_the_campaign_and_the_scenarios_go_by_the_same_names() -> None:
    assert tuple(scenario.name for scenario in fault_scenarios.SCENARIOS) == SCENARIOS
    source = fault_points.SHIM.read_text()
    for number, fault in enumerate(FAULTS, 1):
        assert f" {number} {fault} " in source


def test_what_a_child_said_before_it_was_killed_is_kept() -> None:
    def killed(say: Say) -> None:
        say(("event", 1))
        os.kill(os.getpid(), signal.SIGKILL)

    def gives_up(say: Say) -> None:
        say(("event", 2))
        raise fault_scenarios.EXPECTED[0]("disk_full", "Full.", "ours")

    def breaks(say: Say) -> None:
        say(("event", 3))
        raise ZeroDivisionError

    assert fault_server._forked(killed) == ([("event", 1)], "killed")
    assert fault_server._forked(lambda say: say(("event", 0))) == ([("event", 0)], "finished")
    said, ended = fault_server._forked(gives_up)
    assert (said, ended[:7]) == ([("event", 2)], "gave up")
    said, ended = fault_server._forked(breaks)
    assert said == [("event", 3)]
    assert ended.startswith("broke")
    assert "ZeroDivisionError" in ended


@pytest.fixture
def interrupted(tmp_path: Path) -> tuple[Path, list[Promise]]:
    """A capture that ended after its third event."""
    root, promises = tmp_path / "unit", list[Promise]()
    scenario = fault_scenarios.SCENARIOS[0]
    (tmp_path / "template").mkdir()
    scenario.prepare(tmp_path / "template")
    fault_scenarios.copied(tmp_path / "template", root)

    def say(promise: Promise) -> None:
        promises.append(promise)
        if len(promises) == 3:
            raise Ended

    with pytest.raises(Ended):
        scenario.suffer(root, say)
    return root, promises


def journal_of(root: Path) -> Path:
    return Home(root / "disk" / "home").journal


def test_an_interrupted_handheld_goes_on_to_the_same_end(
    interrupted: tuple[Path, list[Promise]], monkeypatch: pytest.MonkeyPatch
) -> None:
    root, promises = interrupted
    _let_go(monkeypatch)
    assert list(fault_scenarios.SCENARIOS[0].end(root, promises)) == []


def test_a_handheld_that_forgot_an_event_is_seen(
    interrupted: tuple[Path, list[Promise]], monkeypatch: pytest.MonkeyPatch
) -> None:
    root, promises = interrupted
    _let_go(monkeypatch)
    for path in journal_of(root).iterdir():
        path.unlink()
    found = {wrong.check for wrong in fault_scenarios.SCENARIOS[0].end(root, promises)}
    assert "committed_lost" in found


def _let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """The interrupted capture was in this very process, and still holds its journal's lock."""
    monkeypatch.setattr("jobseal_device.durable.Files.lock", lambda *_: None)
