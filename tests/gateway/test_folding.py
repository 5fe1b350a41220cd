"""A job that only grew takes its new events alone, and whatever else happened to it, comes out as if folded anew."""

import dataclasses
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from jobseal_gateway import documents
from jobseal_gateway.dossier import Dossier, Logged
from jobseal_gateway.folding import Folds, fold
from jobseal_gateway.projection import Rules, project
from tests.handheld import Handheld

RULES = Rules((), "STANDARD", 1)


def _chains() -> list[list[Logged]]:
    """What two handhelds signed of one job, one of them with corrections, one in two visits; not yet in log order."""
    first, second = Handheld("first"), Handheld("second")
    first.work()
    used = first.chain[4]
    first.correct(used, {"code": "filter", "quantity": "3", "unit": "pc", "source": "van"})
    first.correct(used, None)
    second.work(task="inspect")
    second.work()
    return [
        [Logged(0, each.hash, hand.thumbprint, number, each.event.seq, each, ()) for each in hand.chain]
        for number, hand in enumerate((first, second))
    ]


CHAINS = _chains()
EVENTS = [each for chain in CHAINS for each in chain]
CHANGES = ("grows", "is erased", "gets a verdict", "takes another line", "loses its log")


def _dossier(events: list[Logged]) -> Dossier:
    return Dossier(
        id="J-1", order=None, events=tuple(events), acts=(), assigned={}, unequipped={}, forked={}, trust={},
        stored=frozenset(), erased=frozenset(), checkpoints=(), enrolled={}, released=(), rejected=frozenset(),
    )  # fmt: skip


def _changed(events: list[Logged], how: str, chance: random.Random) -> list[Logged]:
    place = chance.randrange(len(events))
    if how == "is erased":
        return [dataclasses.replace(each, signed=None) if n == place else each for n, each in enumerate(events)]
    if how == "gets a verdict":
        return [dataclasses.replace(each, verdicts=("late_event",)) if n == place else each
                for n, each in enumerate(events)]  # fmt: skip
    if how == "takes another line":
        left = events[place]
        return [each for each in events if each.key != left.key or each.seq < left.seq]
    return events[:place]


@settings(max_examples=60, deadline=None)
@given(st.randoms(use_true_random=False), st.lists(st.sampled_from(CHANGES), min_size=1, max_size=6))
def test_a_fold_that_goes_on_from_the_last_one_is_the_fold_from_scratch(
    chance: random.Random, changes: list[str]
) -> None:
    coming = list(EVENTS)
    if chance.random() < 0.5:  # else as each handheld signed them, so that nothing comes late
        chance.shuffle(coming)
    coming = [dataclasses.replace(each, index=index) for index, each in enumerate(coming)]
    folds, logged = Folds(), list[Logged]()
    for how in changes:
        if how == "grows" or not logged:
            count = chance.randrange(1, len(EVENTS))
            logged, coming = logged + coming[:count], coming[count:]
        else:
            logged = _changed(logged, how, chance) or logged
        dossier = _dossier(logged)
        grown, anew = folds.fold(dossier), fold(dossier)
        assert grown.to_value() == anew.to_value()
        seen = project(dossier, grown, RULES)
        assert documents.card_bytes(seen) == documents.to_bytes(documents.card(project(dossier, anew, RULES)))


def test_a_job_that_grew_keeps_what_it_has_and_one_that_was_not_seen_for_long_is_forgotten() -> None:
    folds = Folds(most=1)
    half, whole = _dossier(CHAINS[0][:4]), _dossier(CHAINS[0])
    job = folds.fold(half)
    known = list(job.facts)
    assert folds.fold(whole) is job
    assert [one is other for one, other in zip(job.facts, known, strict=False)] == [True] * 4
    folds.fold(dataclasses.replace(half, id="J-2", events=()))
    assert folds.fold(whole) is not job
