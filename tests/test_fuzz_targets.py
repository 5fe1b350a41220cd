"""What the fuzzing campaigns feed, in small: every target takes its seeds and some hundred changes of them, and all
that it checks holds. The campaigns themselves, guided by coverage, are in tests/torture/fuzz.
"""

from functools import cache
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.torture.fuzz import plan
from tests.torture.fuzz.targets.contract import Target

CHANGES_MOST = 4
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
