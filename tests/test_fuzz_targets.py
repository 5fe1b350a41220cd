"""What the fuzzing campaigns feed, in small: every target takes its seeds and some hundred changes of them, and all
that it checks holds. The campaigns themselves, guided by coverage, are in tests/torture/fuzz.
"""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.torture.fuzz import engine, plan
from tests.torture.fuzz.engine import Order
from tests.torture.fuzz.targets.contract import Target, hold
from tests.torture.fuzz.watch import Watch

CHANGES_MOST = 4
ROOT = Path(__file__).parents[1]
NAMES = [place.name for place in plan.PLACES]


@cache
def target(name: str) -> Target:
    return plan.target(plan.named(name))


@pytest.mark.parametrize("name", NAMES)
def test_what_a_target_begins_with_holds_and_is_not_too_long(name: str) -> None:
    seeds = target(name).seeds()
    assert len(seeds) >= 3
    for data in seeds:
        assert len(data) <= target(name).most_bytes
        target(name).run(data)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=60)
@given(seed=st.integers(0, 2**32))
def test_whatever_is_made_of_it_holds(name: str, seed: int) -> None:
    chance = Random(seed)
    data = chance.choice(target(name).seeds())
    for _ in range(chance.randrange(1, CHANGES_MOST)):
        data = target(name).mutate(data, chance)[: target(name).most_bytes]
    target(name).run(data)


def test_units_are_dealt_to_targets_without_gap_or_overlap() -> None:
    every = list(plan.parts(0, plan.ROUND))
    assert [part.place for part in every] == list(plan.PLACES)
    cut = [part for first in range(0, 2 * plan.ROUND, 70_000) for part in plan.parts(first, 70_000)]
    at = 0
    for part in cut:
        assert (part.unit, part.round) == (at, at // plan.ROUND)
        at += part.count
    assert at >= 2 * plan.ROUND


def test_a_failure_is_kept_once_for_its_place_with_the_shortest_input_that_shows_it() -> None:
    def run(data: bytes) -> None:
        hold(b"ab" not in data, "no_ab")
        if b"!" in data:
            raise IndexError(data)

    watch = Watch(run, limit_s=10)
    for data in (b"fine", b"xxabxxxxxxxxx", b"yyyyyyyyyyab", b"12345678!90", b"z" * 1_000 + b"!"):
        watch(data)
    assert watch.ran == 5
    assert sorted(failure.data for failure in watch.minimised()) == [b"!", b"ab"]


def run(folder: Path, *more: str) -> dict[str, object]:
    """What came of some hundred executions in a process of their own."""
    folder.mkdir()
    command = [sys.executable, "-m", "tests.torture.fuzz", "run", "assignment", "--runs", "400", "--folder", folder]
    subprocess.run([*command, *more], cwd=ROOT, env={"PYTHONHASHSEED": "0"}, check=True, capture_output=True)
    result: dict[str, object] = json.loads((folder / "result.json").read_text())
    return result


def test_a_run_does_as_many_as_asked_and_the_same_again(tmp_path: Path) -> None:
    how = "unguided" if engine.why_unguided() else "guided"
    found = [run(tmp_path / name, "--seed", seed) for name, seed in (("one", "7"), ("again", "7"), ("other", "8"))]
    assert [(each["ran"], each["how"], each["failures"]) for each in found] == [(400, how, [])] * 3
    one, again, other = (
        sorted(path.name for path in (tmp_path / name / "fresh").iterdir()) for name in ("one", "again", "other")
    )
    assert one == again
    assert how == "unguided" or one != other


def test_without_guidance_as_many_are_tried_and_it_is_said(tmp_path: Path) -> None:
    (tmp_path / "fresh").mkdir()
    engine._unguided(Order(plan.named("cbor"), 1, 500, [], tmp_path / "fresh", tmp_path / "result.json"))
    result = json.loads((tmp_path / "result.json").read_text())
    assert (result["ran"], result["how"], result["failures"]) == (500, "unguided", [])
