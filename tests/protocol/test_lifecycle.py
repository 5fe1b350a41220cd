"""The lifecycle tables hold together, and the steps on offer are the legal ones."""

import random

import pytest

from jobseal import bodies, lifecycle
from jobseal.lifecycle import BY_WAY_OF, HANDED_OVER, OF_THE_DEVICE, STATES, STEPS, TRANSITIONS, legal_steps, overall
from tests.handheld import Handheld


def steps_on_offer(handheld: Handheld, by: str | None = "ada") -> list[str]:
    fold = handheld.jobs.get("J-1")
    return legal_steps(None if fold is None else fold.lane(handheld.thumbprint), by)


def test_every_state_has_its_transitions_and_they_lead_to_states() -> None:
    assert set(TRANSITIONS) == set(STATES)
    assert {target for targets in TRANSITIONS.values() for target in targets} <= set(STATES)


@pytest.mark.parametrize("kind", sorted(STEPS))
def test_every_step_follows_the_transition_table(kind: str) -> None:
    states, target = STEPS[kind]
    for state in states:
        if target is not None and target != state:
            via = BY_WAY_OF.get((state, target))
            if via is None:
                assert target in TRANSITIONS[state]
            else:
                assert via in TRANSITIONS[state]
                assert target in TRANSITIONS[via]


def test_every_transition_can_be_taken_by_some_step_but_for_leaving_the_site_which_travel_does() -> None:
    taken = {(state, target) for states, target in STEPS.values() for state in states if target is not None}
    missing = {(state, to) for state in STATES for to in TRANSITIONS[state]} - taken
    assert missing == {("on_site", "dispatched"), ("waiting", "dispatched")}


def test_every_kind_of_event_is_either_a_step_of_a_job_or_about_the_device() -> None:
    assert set(STEPS) | set(OF_THE_DEVICE) | {HANDED_OVER} == set(bodies.SHAPES)
    assert not set(STEPS) & set(OF_THE_DEVICE)


def test_a_new_job_offers_acceptance_and_refusal_only() -> None:
    assert legal_steps(None, "ada") == ["job.accepted", "job.cancelled"]


def test_labour_can_be_stopped_only_by_whoever_is_being_timed() -> None:
    handheld = Handheld("a")
    handheld.sign("job.accepted", order=None, revision=None)
    handheld.sign("job.arrived")
    assert "labour.stopped" not in steps_on_offer(handheld)
    handheld.sign("labour.started", task="repair")
    assert "labour.stopped" in steps_on_offer(handheld)
    assert "labour.started" not in steps_on_offer(handheld)
    assert "labour.stopped" not in steps_on_offer(handheld, "bob")
    assert "labour.started" in steps_on_offer(handheld, "bob")


def test_a_job_cannot_be_completed_or_left_while_labour_is_open() -> None:
    handheld = Handheld("a")
    handheld.sign("job.accepted", order=None, revision=None)
    handheld.sign("job.arrived")
    handheld.sign("labour.started", task="repair")
    leaving = {"job.completed", "job.waiting", "travel.started", "job.cancelled"}
    assert not leaving & set(steps_on_offer(handheld))
    handheld.sign("labour.stopped", task="repair")
    assert leaving <= set(steps_on_offer(handheld))


def test_whatever_is_on_offer_raises_no_exception_when_it_is_taken() -> None:
    handheld = Handheld("a")
    seen = set()
    bodies_of = {
        "job.accepted": {"order": None, "revision": None},
        "labour.started": {"task": "repair"},
        "labour.stopped": {"task": "repair"},
        "job.waiting": {"reason": "parts"},
        "job.completed": {"totals": []},
        "signoff.waived": {"reason": "absent"},
        "job.reopened": {"reason": "again"},
    }
    plain = {"travel.started", "travel.stopped", "job.arrived", "job.resumed"} | set(bodies_of)
    chance = random.Random(1)
    for _ in range(200):
        offered = [kind for kind in steps_on_offer(handheld) if kind in plain]
        kind = chance.choice(offered)
        seen.add(kind)
        handheld.sign(kind, **bodies_of.get(kind, {}))
    lane = handheld.jobs["J-1"].lane(handheld.thumbprint)
    assert lane is not None
    assert lane.problems == []
    assert len(seen) >= 10


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ([], "created"),
        (["complete", "on_site"], "on_site"),
        (["signed_off", "created"], "created"),
        (["signed_off", "complete"], "signed_off"),
        (["waived", "complete"], "waived"),
        (["waived", "signed_off"], "signed_off"),
        (["cancelled", "complete"], "complete"),
        (["cancelled", "cancelled"], "cancelled"),
        (["waiting", "en_route"], "en_route"),
    ],
)
def test_the_least_advanced_lane_decides_and_one_signature_is_enough(states: list[str], expected: str) -> None:
    assert overall(states) == expected


def test_a_close_is_needed_from_completion_on() -> None:
    handheld = Handheld("a")
    events = handheld.work()
    assert [signed.event.close is not None for signed in events] == [False] * 5 + [True] * 2
    assert lifecycle.needs_close(None, "job.cancelled")
