"""The negative controls: a planted mistake is seen, and without it nothing speaks. All mutants are ``make mutants``."""

from pathlib import Path

import pytest

from tests.system import sentinels
from tests.system.mutant import Mutant, plant
from tests.system.mutant_run import ROOT, Hunt
from tests.system.mutants import MUTANTS


@pytest.mark.parametrize("name", sentinels.every())
def test_a_sentinel_is_silent_as_long_as_all_is_well(name: str, tmp_path: Path) -> None:
    assert list(sentinels.find(name)(tmp_path)) == []


@pytest.mark.parametrize("mutant", MUTANTS, ids=[mutant.name for mutant in MUTANTS])
def test_the_place_where_a_mistake_is_planted_is_there_exactly_once(mutant: Mutant, tmp_path: Path) -> None:
    for name, _, _ in mutant.edits:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    plant(mutant, tmp_path)


def test_each_mutant_has_a_name_of_its_own_and_there_are_at_least_forty() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 40


def test_a_mutant_counts_as_caught_only_by_a_check_that_is_named_for_it() -> None:
    mutant = next(each for each in MUTANTS if each.name == "trailing_bytes_accepted")
    before = (ROOT / mutant.edits[0][0]).read_bytes()
    with Hunt() as hunt:
        assert hunt.hunt(mutant).check == "vector"
        assert hunt.hunt(mutant._replace(caught_by=("money_wrong",))).check == ""
        assert hunt.hunt(mutant._replace(shown_by="contract.chain")).check == ""
    assert (ROOT / mutant.edits[0][0]).read_bytes() == before


def test_a_check_that_speaks_without_the_mistake_too_proves_nothing() -> None:
    mutant = next(each for each in MUTANTS if each.name == "trailing_bytes_accepted")
    with Hunt() as hunt:
        plant(mutant, hunt._sound)
        other = next(each for each in MUTANTS if each.name == "duplicate_keys_accepted")
        caught = hunt.hunt(other)
    assert caught.check == ""
    assert "without the mutant too" in caught.words
