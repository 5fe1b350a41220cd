"""A few seeds of the simulation in every test run; campaigns are ``make simulate``."""

from collections.abc import Iterator

import pytest

from tests.system.ground import Ground
from tests.system.regressions import REGRESSIONS, Regression
from tests.system.seeds import twice
from tests.system.simulation import SMALL, run


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    made = Ground(SMALL.handhelds)
    yield made
    made.close()


@pytest.mark.parametrize("regression", REGRESSIONS, ids=lambda regression: regression.what)
def test_what_was_found_once_holds(ground: Ground, regression: Regression) -> None:
    assert run(ground, regression.seed, SMALL, frozenset(), regression.wanted).violations == []


@pytest.mark.parametrize("seed", [0, 2])
def test_a_seed_with_faults_holds_every_promise_and_runs_the_same_twice(ground: Ground, seed: int) -> None:
    result = twice(ground, seed)
    assert result.violations == []
    assert result.events > 0
    assert result.happened


def test_the_promises_hold_under_real_crypto_too() -> None:
    real = Ground(SMALL.handhelds, is_real=True)
    try:
        assert run(real, 99).violations == []
    finally:
        real.close()
