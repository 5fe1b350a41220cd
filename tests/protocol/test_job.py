"""The fold of a job's events: state, closes, exceptions, corrections; never a rejection."""

import random
from typing import Any

import pytest

from jobseal import cbor, completeness
from jobseal.card import Card
from jobseal.errors import JobsealError
from jobseal.event import SignedEvent
from jobseal.job import Job, close_over, job_from_value
from tests.handheld import Handheld, fold_of


def by(handheld: Handheld, events: list[SignedEvent]) -> list[tuple[SignedEvent, Handheld]]:
    return [(signed, handheld) for signed in events]


def codes(fold: Job) -> list[str]:
    return [raised.code for raised in Card(fold).exceptions()]


def accepted(name: str = "a") -> Handheld:
    handheld = Handheld(name)
    handheld.sign("job.accepted", order=None, revision=None)
    return handheld


def on_site(name: str = "a") -> Handheld:
    handheld = accepted(name)
    handheld.sign("job.arrived")
    return handheld


def the_job(handheld: Handheld) -> Job:
    return fold_of(by(handheld, [signed for signed in handheld.chain if signed.event.job == "J-1"]))


def test_a_plain_visit_ends_signed_off_proven_complete_and_without_exceptions() -> None:
    handheld = Handheld("a")
    handheld.work()
    fold = the_job(handheld)
    assert fold.state() == "signed_off"
    assert completeness.missing(fold) == []
    assert codes(fold) == []
    signoff = Card(fold).signoff()
    assert signoff is not None
    assert signoff.fact.kind == "job.signed_off"


def test_a_job_stored_and_taken_up_again_after_every_event_is_the_same_to_the_byte() -> None:
    handheld = on_site()
    handheld.sign("labour.started", task="repair")
    handheld.sign("note.added", raw={7: "misfit"})
    handheld.correct(handheld.chain[2], {"task": "other"})
    handheld.sign("job.completed", totals=[])
    whole = the_job(handheld)
    stepwise = Job("J-1")
    for index, signed in enumerate(handheld.chain):
        stepwise.add(signed, handheld.thumbprint, index)
        stepwise = job_from_value(cbor.decode(cbor.encode(stepwise.to_value()), 100_000))
    assert cbor.encode(stepwise.to_value()) == cbor.encode(whole.to_value())


def test_a_stored_job_of_another_version_is_refused() -> None:
    with pytest.raises(JobsealError, match="stale"):
        job_from_value([0, "J-1", [], []])


def test_an_event_of_another_job_is_not_folded_in() -> None:
    handheld = accepted()
    with pytest.raises(JobsealError, match="foreign"):
        Job("J-2").add(handheld.chain[0], handheld.thumbprint)


def test_two_technicians_are_two_lanes_and_the_later_one_holds_the_job() -> None:
    first, second = Handheld("a"), on_site("b")
    first.work()
    fold = fold_of(by(first, first.chain) + by(second, second.chain))
    assert fold.state() == "on_site"
    assert completeness.missing(fold) == [second.thumbprint]
    second.sign("job.completed", totals=[])
    fold = fold_of(by(first, first.chain) + by(second, second.chain))
    assert fold.state() == "signed_off"
    assert completeness.missing(fold) == []


def test_an_assigned_handheld_that_never_synced_holds_the_job_until_an_operator_closes_it() -> None:
    handheld = Handheld("a")
    handheld.work()
    fold = the_job(handheld)
    absent = Handheld("b").thumbprint
    assert fold.state(assigned=[handheld.thumbprint, absent]) == "created"
    assert completeness.missing(fold, [handheld.thumbprint, absent]) == [absent]
    assert fold.state(assigned=[absent], closed=[absent]) == "signed_off"
    assert completeness.missing(fold, [absent], [absent]) == []


@pytest.mark.parametrize("lost", range(6))
def test_a_close_names_any_event_that_is_missing_before_it(lost: int) -> None:
    handheld = Handheld("a")
    events = handheld.work()
    rest = [signed for signed in events if signed is not events[lost]]
    assert completeness.missing(fold_of(by(handheld, rest))) == [handheld.thumbprint]


def test_an_event_after_completion_without_a_close_leaves_the_job_unproven() -> None:
    handheld = on_site()
    handheld.sign("job.completed", totals=[])
    handheld.jobs.clear()  # so that it forgets to close
    handheld.sign("note.added", note=[bytes(32), 1, "text/plain"])
    assert completeness.missing(the_job(handheld)) == [handheld.thumbprint]


def test_a_close_that_claims_too_much_does_not_match() -> None:
    handheld = on_site()
    fold = the_job(handheld)
    assert fold.close(handheld.thumbprint) == close_over([signed.hash for signed in handheld.chain])
    handheld.jobs["J-1"].add_erased(bytes(32), 99, handheld.thumbprint)
    handheld.sign("job.completed", totals=[])
    assert completeness.missing(the_job(handheld)) == [handheld.thumbprint]


def test_events_that_come_late_take_their_place_in_the_chain() -> None:
    handheld = Handheld("a")
    events = handheld.work()
    late = fold_of(by(handheld, events[:2] + events[4:] + events[2:4]))
    assert late.state() == "signed_off"
    assert completeness.missing(late) == []
    assert codes(late) == []
    assert [span.kind for span in Card(late).spans] == ["visit", "labour"]


def test_events_in_any_order_lead_each_lane_to_the_same_end() -> None:
    handheld = Handheld("a")
    events = handheld.work()
    expected = the_job(handheld).lanes[0].state
    for seed in range(20):
        shuffled = random.Random(seed).sample(events, len(events))
        fold = fold_of(by(handheld, shuffled))
        assert fold.lanes[0].state == expected
        assert codes(fold) == []


def test_the_same_event_twice_counts_once() -> None:
    handheld = Handheld("a")
    events = handheld.work()
    assert len(fold_of(by(handheld, events + events)).facts) == len(events)


def test_an_erased_event_says_nothing_but_closes_still_cover_it() -> None:
    handheld = Handheld("a")
    events = handheld.work()
    fold = Job("J-1")
    for signed in events:
        if signed.event.kind == "part.used":
            fold.add_erased(signed.hash, signed.event.seq, handheld.thumbprint)
        else:
            fold.add(signed, handheld.thumbprint)
    assert completeness.missing(fold) == []
    assert Card(fold).of("part.used") == []


STEPS_OUT_OF_TURN: list[tuple[list[tuple[str, dict[str, Any]]], str]] = [
    ([("job.completed", {"totals": []})], "complete"),
    ([("job.signed_off", {"method": "typed", "name": [bytes(32), 1, "text/plain"]})], "dispatched"),
    ([("travel.stopped", {})], "dispatched"),
    ([("labour.started", {"task": "repair"})], "dispatched"),
    ([("job.arrived", {}), ("labour.stopped", {"task": "repair"})], "on_site"),
    ([("job.arrived", {}), ("job.arrived", {})], "on_site"),
    ([("job.arrived", {}), ("job.resumed", {})], "on_site"),
    ([("job.cancelled", {"reason": "storm"}), ("job.arrived", {})], "on_site"),
]


@pytest.mark.parametrize(("steps", "state"), STEPS_OUT_OF_TURN)
def test_an_illegal_step_is_kept_and_raised(steps: list[tuple[str, dict[str, Any]]], state: str) -> None:
    handheld = accepted()
    for kind, body in steps:
        handheld.sign(kind, **body)
    fold = the_job(handheld)
    assert "illegal_transition" in codes(fold)
    assert fold.state() == state
    assert len(fold.facts) == 1 + len(steps)


def test_an_unknown_kind_is_kept_and_raised() -> None:
    handheld = accepted()
    handheld.sign("drone.launched", raw={1: {2: [3, {4: [5]}]}})
    fold = the_job(handheld)
    assert codes(fold) == ["unknown_kind"]
    assert cbor.encode(fold.to_value())


def test_a_body_that_does_not_fit_is_raised_until_a_correction_makes_it_fit() -> None:
    handheld = on_site()
    wrong = handheld.sign("part.used", raw={1: "filter", 2: "two"})
    assert codes(the_job(handheld)) == ["malformed_body"]
    handheld.correct(wrong, {"code": "filter", "quantity": "2", "unit": "pc", "source": "van"})
    fold = the_job(handheld)
    assert codes(fold) == []
    assert Card(fold).of("part.used")[0].body["quantity"] == "2"


def test_a_body_nested_as_deep_as_a_message_allows_can_still_be_stored() -> None:
    handheld = accepted()
    nested: Any = 1
    for _ in range(5):
        nested = [nested]
    handheld.sign("event.corrected", amends=handheld.chain[0], raw={1: 9, 2: {1: nested}})
    fold = the_job(handheld)
    assert codes(fold) == ["malformed_body"]
    assert cbor.encode(fold.to_value())


def test_a_start_that_is_never_stopped_is_raised_once_the_job_is_completed() -> None:
    handheld = on_site()
    handheld.sign("labour.started", task="repair")
    assert codes(the_job(handheld)) == []
    handheld.sign("job.completed", totals=[])
    assert codes(the_job(handheld)) == ["missing_stop"]


def test_a_start_pressed_twice_is_raised_until_either_is_struck_out() -> None:
    for struck in (0, 1):
        handheld = on_site()
        starts = [handheld.sign("labour.started", task="repair") for _ in range(2)]
        handheld.sign("labour.stopped", task="repair")
        assert codes(the_job(handheld)) == ["missing_stop"]
        handheld.correct(starts[struck], None)
        fold = the_job(handheld)
        assert codes(fold) == []
        (labour,) = [span for span in Card(fold).spans if span.kind == "labour"]
        assert labour.start.fact.hash == starts[1 - struck].hash


def test_one_person_on_two_tasks_at_once_is_raised_until_the_times_are_corrected() -> None:
    handheld = on_site()
    handheld.sign("labour.started", task="repair")
    handheld.sign("labour.started", by="bob", task="test")
    handheld.sign("labour.stopped", by="bob", task="test")
    assert codes(the_job(handheld)) == []
    handheld.sign("labour.started", task="clean")
    stop = handheld.sign("labour.stopped", task="repair")
    handheld.sign("labour.stopped", task="clean")
    assert codes(the_job(handheld)) == ["overlapping_entries"]
    handheld.correct(stop, {"task": "repair"}, at=handheld.chain[3].event.at)
    assert codes(the_job(handheld)) == []


def test_one_person_on_two_handhelds_at_once_is_raised() -> None:
    first, second = on_site("a"), on_site("b")
    for handheld in (first, second):
        handheld.sign("labour.started", task="repair")
        handheld.skip(10)
        handheld.sign("labour.stopped", task="repair")
    assert codes(fold_of(by(first, first.chain) + by(second, second.chain))) == ["overlapping_entries"]


def test_a_serial_number_used_twice_is_raised_unless_the_part_was_returned_between() -> None:
    part = {"code": "pump", "quantity": "1", "unit": "pc", "source": "van", "serial": "S-1"}
    handheld = on_site()
    handheld.sign("part.used", **part)
    handheld.sign("part.returned", **part)
    handheld.sign("part.used", **part)
    assert codes(the_job(handheld)) == []
    handheld.sign("part.used", **part)
    assert codes(the_job(handheld)) == ["duplicate_part_serial"]


def test_a_reopened_job_has_lost_its_signature() -> None:
    handheld = Handheld("a")
    handheld.work()
    handheld.sign("job.reopened", reason="leak")
    fold = the_job(handheld)
    assert fold.state() == "on_site"
    assert Card(fold).signoff() is None
    assert completeness.missing(fold) == [handheld.thumbprint]


def test_a_correction_of_a_correction_bears_on_the_original_which_stays_visible() -> None:
    handheld = on_site()
    part = {"code": "filter", "quantity": "20", "unit": "pc", "source": "van"}
    original = handheld.sign("part.used", **part)
    first = handheld.correct(original, part | {"quantity": "3"})
    second = handheld.sign("event.corrected", amends=first, raw={1: 2, 2: {1: "filter", 2: "2", 3: "pc", 4: "van"}})
    card = Card(the_job(handheld))
    (item,) = card.of("part.used")
    assert item.body["quantity"] == "2"
    assert item.fact.body is not None
    assert item.fact.body[2] == "20"
    assert item.hashes() == [original.hash, first.hash, second.hash]


def test_a_correction_of_nothing_we_know_is_raised() -> None:
    handheld, other = on_site(), accepted("b")
    handheld.correct(other.chain[0], None)
    assert codes(the_job(handheld)) == ["malformed_body"]


def test_a_correction_that_does_not_fit_what_it_corrects_is_raised_and_not_applied() -> None:
    handheld = on_site()
    original = handheld.sign("labour.started", task="repair")
    handheld.sign("event.corrected", amends=original, raw={1: 1, 2: {9: "x"}})
    fold = the_job(handheld)
    assert codes(fold) == ["malformed_body"]
    assert Card(fold).of("labour.started")[0].body == {"task": "repair"}


def test_striking_out_an_illegal_step_resolves_it() -> None:
    handheld = on_site()
    twice = handheld.sign("job.arrived")
    assert codes(the_job(handheld)) == ["illegal_transition"]
    handheld.correct(twice, None)
    assert codes(the_job(handheld)) == []


def test_the_objects_of_a_job_are_named_once_each() -> None:
    handheld = on_site()
    photo = [bytes([1]) * 32, 1000, "image/jpeg"]
    handheld.sign("photo.attached", photo=photo)
    handheld.sign("photo.attached", photo=photo)
    handheld.sign("note.added", note=[bytes([2]) * 32, 10, "text/plain"])
    assert the_job(handheld).objects() == [photo, [bytes([2]) * 32, 10, "text/plain"]]


def test_a_job_that_everybody_cancelled_is_cancelled_and_can_be_proven_complete() -> None:
    handheld = accepted()
    handheld.sign("travel.started")
    handheld.skip(20)
    handheld.sign("job.cancelled", reason="customer")
    fold = the_job(handheld)
    assert fold.state() == "cancelled"
    assert completeness.missing(fold) == []
    (travel,) = Card(fold).spans
    assert travel.duration_ms == 21 * 60_000
