"""The campaign over damaged journals, in small: a sample of its states, and that its laws see what they are for."""

import pytest

from jobseal_device import journal, journal_recovery
from jobseal_device.journal_recovery import Recovered
from tests.torture.storage.damage import CUT, FLIP, state
from tests.torture.storage.journal_states import JournalStates
from tests.torture.storage.made import homes

SAMPLE = 400


def checks(first: int = 0, count: int = SAMPLE) -> set[str]:
    return {finding.check for finding in JournalStates().run(first, count).findings}


def test_a_sample_of_damaged_journals_opens_without_a_loss_or_is_refused_with_a_reason() -> None:
    tally = JournalStates().run(0, SAMPLE)
    assert tally.findings == []
    assert tally.figures["singles"] == SAMPLE // 2
    assert tally.figures["opened"] + tally.figures["refused"] == SAMPLE


def test_a_number_names_the_same_damage_every_time_and_no_single_damage_comes_twice() -> None:
    seen = [(made.name, tuple(damages)) for made, damages in map(state, range(0, 20_000, 2))]
    assert len(set(seen)) == len(seen)
    assert [(made.name, tuple(damages)) for made, damages in map(state, range(0, 20_000, 2))] == seen
    assert {made.name for made in homes()} == {name for name, _ in seen}
    assert {damages[0].kind for _, damages in seen} == {CUT, FLIP}


def test_cutting_what_is_only_unreadable_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_recovery, "resume", lambda *_: None)
    assert checks() & {"intact_lost", "committed_lost", "honest_fork"}


def test_going_on_behind_a_receipt_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "check_acknowledged", lambda *_: None)
    assert "committed_lost" in checks(0, 3 * SAMPLE)


def test_an_opening_that_takes_the_head_for_the_end_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def careless(*found: object) -> Recovered:
        return journal_recovery.recover(*found)._replace(unconfirmed=[])  # type: ignore[arg-type]

    monkeypatch.setattr(journal, "recover", careless)
    assert checks() & {"intact_lost", "committed_lost", "honest_fork"}
