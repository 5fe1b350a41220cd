"""The driver of the campaigns: what ran, what was found, what could not run, and going on where it stopped."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers import eventually, is_alive
from tests.system.torture_samples import RAN
from tests.torture import driver, progress, table
from tests.torture.campaign import Finding, Tally
from tests.torture.plan import Place, Row, places
from tests.torture.progress import Done

SAMPLES = "tests.system.torture_samples"
DRIVE = """
import sys
from pathlib import Path
from tests.torture import driver
from tests.torture.plan import Row, places
plan = [Row(name, "tests.system.torture_samples") for name in sys.argv[2:]]
here = [place for place in places(plan) if place.row.name in sys.argv[2:]]
driver.drive(driver.start(here, Path(sys.argv[1]), driver.release_units), print)
"""


@pytest.fixture(autouse=True)
def ran(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "ran"
    path.touch()
    monkeypatch.setenv(RAN, str(path))
    return path


def here(*names: str) -> list[Place]:
    return [place for place in places([Row(name, SAMPLES, sampled=True) for name in names]) if place.row.name in names]


def drive(folder: Path, *names: str) -> list[driver.Run]:
    runs = driver.start(here(*names), folder, driver.release_units)
    driver.drive(runs, lambda _: None)
    return runs


def test_every_unit_runs_once_in_slices_each_in_a_process_of_its_own(tmp_path: Path, ran: Path) -> None:
    [run] = drive(tmp_path, "clean")
    lines = sorted(line.split() for line in ran.read_text().splitlines())
    assert [line[1:3] for line in lines] == [["0", "3"], ["3", "3"], ["6", "3"], ["9", "1"]]
    assert len({line[3] for line in lines} | {str(os.getpid())}) == 5
    assert run.progress.total() == Tally(10, [], {"events": 20})


def test_a_run_goes_on_where_it_stopped_and_repeats_nothing(tmp_path: Path, ran: Path) -> None:
    [first] = driver.start(here("clean"), tmp_path, driver.quick_units)
    driver.drive([first], lambda _: None)
    assert len(ran.read_text().splitlines()) == 2
    [run] = drive(tmp_path, "clean")
    asked = [tuple(map(int, line.split()[1:3])) for line in ran.read_text().splitlines()]
    assert sorted(asked) == [(0, 3), (3, 1), (3, 3), (6, 3), (9, 1)]
    assert run.progress.total().ran == 10


def test_a_finding_is_kept_and_told_with_its_replay(tmp_path: Path) -> None:
    said: list[str] = []
    driver.drive(driver.start(here("finding"), tmp_path, driver.release_units), said.append)
    kept = progress.load(tmp_path, "finding").total()
    assert kept.findings == [Finding("unit 7", "committed_lost", "an event is gone", "replay 7")]
    assert kept.ran == 10
    assert any("replay 7" in words and "committed_lost" in words for words in said)


def test_a_slice_that_crashes_is_a_finding_and_none_of_its_units_count(tmp_path: Path) -> None:
    [run] = drive(tmp_path, "crashing")
    [finding] = run.progress.total().findings
    assert (finding.check, finding.unit) == ("crashed", "6 to 8")
    assert "the seventh is too much" in finding.words
    assert run.progress.total().ran == 7


def test_a_campaign_that_must_be_alone_never_shares_the_machine(tmp_path: Path, ran: Path) -> None:
    drive(tmp_path, "alone", "clean")
    assert [line.split()[0] for line in ran.read_text().splitlines()] == ["clean"] * 4 + ["alone"] * 4


def test_no_slice_outlives_a_driver_that_is_killed(tmp_path: Path, ran: Path) -> None:
    command = [sys.executable, "-c", DRIVE, str(tmp_path), "endless"]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}  # what a killed driver leaves behind, pytest removes
    child = subprocess.Popen(command, cwd=Path(__file__).parents[2], env=environment)
    try:
        eventually(lambda: len(ran.read_text().splitlines()) == 2)
        slices = [int(line.split()[3]) for line in ran.read_text().splitlines()]
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
    eventually(lambda: not any(is_alive(pid) for pid in slices))
    assert progress.load(tmp_path, "endless").slices == {}


def test_what_is_not_there_or_cannot_run_is_listed_as_not_run_with_the_reason(tmp_path: Path) -> None:
    plan = [Row("nowhere", "tests.torture.nowhere"), Row("impossible", SAMPLES), Row("unheard of", SAMPLES)]
    found = {place.row.name: place for place in places(plan)}
    assert found["nowhere"].why == "tests.torture.nowhere is not there"
    assert found["impossible"].why == "this machine has no moon"
    assert "does not offer" in found["unheard of"].why
    assert not any(found[row.name].campaign or found[row.name].broken for row in plan)
    words = table.table(list(found.values())[:3], driver.start(list(found.values())[:3], tmp_path, driver.quick_units))
    assert [line.count("not run") for line in words.splitlines()] == [0, 1, 1, 1]


def test_a_module_that_breaks_on_import_is_broken_and_no_excuse(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "torture_half.py").write_text("import nothing_of_that_name")
    monkeypatch.syspath_prepend(str(tmp_path))
    [place] = places([Row("half", "torture_half")])
    assert place.broken
    assert place.campaign is None


def test_a_campaign_that_cannot_say_whether_it_can_run_or_how_much_there_is_is_broken() -> None:
    [speechless] = here("speechless")
    assert speechless.broken
    [uncountable] = [driver.counted(place, driver.quick_units) for place in here("uncountable")]
    assert uncountable.broken
    assert uncountable.campaign is None
    [clean] = here("clean")
    assert driver.counted(clean, driver.quick_units) is clean


def test_the_table_gives_a_bound_to_clean_sampled_rows_alone(tmp_path: Path) -> None:
    runs = drive(tmp_path, "clean", "finding")
    lines = table.table([run.place for run in runs], runs).splitlines()
    assert "< 3.0e-01" in lines[1]
    assert "events 20" in lines[1]
    assert "<" not in lines[2]
    assert table.bound(100_000) == "< 3.0e-05"


def test_progress_that_is_not_readable_counts_as_none(tmp_path: Path) -> None:
    kept = progress.load(tmp_path, "Simulation seeds, large")
    kept.record(0, Done(5, 1.5, Tally(5)))
    assert kept.path.name == "simulation-seeds-large.json"
    assert progress.load(tmp_path, "Simulation seeds, large").slices == kept.slices
    kept.path.write_text('{"slices": {"0": {"cou')
    assert progress.load(tmp_path, "Simulation seeds, large").slices == {}


def test_a_changed_tree_has_a_name_of_its_own_for_each_change(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        subprocess.run(["git", "-C", str(tmp_path), *who, *arguments], check=True, capture_output=True)

    git("init")
    (tmp_path / "kept").write_text("one")
    git("add", "kept")
    git("commit", "-m", "one")
    (tmp_path / "ran").unlink()
    names = [progress.state(tmp_path)]
    (tmp_path / "kept").write_text("two")
    names.append(progress.state(tmp_path))
    (tmp_path / "new").write_text("three")
    names.append(progress.state(tmp_path))
    (tmp_path / "new").write_text("four")
    names.append(progress.state(tmp_path))
    assert len(set(names)) == 4
    assert all(name.startswith(names[0]) for name in names)
    assert len(names[0]) == 12
