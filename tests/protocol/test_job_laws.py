"""Laws of the fold: whatever handhelds sign, in whatever order it arrives, the job follows and nothing is made up."""

import random
from typing import Any

import pytest

from jobseal import bodies, cbor, completeness
from jobseal.card import Card
from jobseal.event import SignedEvent
from jobseal.exceptions import RULES
from jobseal.job import Job, job_from_value
from jobseal.quantity import quantities, totals
from tests.handheld import Handheld, fold_of

PHOTO = [bytes(32), 5, "image/jpeg"]
PART = {"code": "pump", "quantity": "1.5", "unit": "pc", "source": "van", "serial": "S-1"}
BODIES: list[tuple[str, dict[str, Any]]] = [
    ("job.accepted", {"order": None, "revision": None}),
    ("travel.started", {}),
    ("travel.stopped", {"distance_m": 1200}),
    ("job.arrived", {}),
    ("labour.started", {"task": "repair"}),
    ("labour.stopped", {"task": "repair"}),
    ("labour.started", {"task": "clean"}),
    ("labour.stopped", {"task": "clean"}),
    ("part.used", PART),
    ("part.returned", PART),
    ("expense.added", {"code": "parking", "amount": "4.20", "currency": "EUR"}),
    ("photo.attached", {"photo": PHOTO}),
    ("job.waiting", {"reason": "parts"}),
    ("job.resumed", {}),
    ("job.completed", {"totals": []}),
    ("job.signed_off", {"method": "typed", "name": PHOTO}),
    ("signoff.waived", {"reason": "absent"}),
    ("job.reopened", {"reason": "leak"}),
    ("job.cancelled", {"reason": "storm"}),
]


def anything(chance: random.Random, handheld: Handheld) -> None:
    """Sign any event at all: in or out of turn, fitting or not, a correction of anything."""
    handheld.skip(chance.randrange(20))
    dice = chance.random()
    if dice < 0.05:
        handheld.restart()
    handheld.wall = chance.choice([0, 0, 0, -(10**8), None])
    kind, body = chance.choice(BODIES)
    by = chance.choice(["ada", "bob"])
    if dice < 0.1:
        handheld.sign(kind, by=by, raw={chance.randrange(4): chance.choice(["x", 1, None, [], {}])})
    elif dice < 0.15:
        handheld.sign("drone.launched", by=by, raw={1: 1})
    elif dice < 0.4 and handheld.chain:
        wrong = chance.choice(handheld.chain)
        if wrong.event.kind not in bodies.SHAPES or chance.random() < 0.5:
            handheld.correct(wrong, None)
        else:
            handheld.sign("event.corrected", amends=wrong, raw={1: 9, 2: wrong.event.body, 3: handheld.now})
    else:
        handheld.sign(kind, by=by, **body)


def busy(seed: int) -> list[tuple[SignedEvent, Handheld]]:
    """Two handhelds at work on one job, their events in an order that keeps each chain's own."""
    chance = random.Random(seed)
    handhelds = [Handheld("a"), Handheld("b")]
    for _ in range(60):
        anything(chance, chance.choice(handhelds))
    waiting = [[(signed, handheld) for signed in handheld.chain] for handheld in handhelds]
    arrived = []
    while any(waiting):
        arrived.append(chance.choice([chain for chain in waiting if chain]).pop(0))
    return arrived


def amounts(fold: Job) -> list[list[str]]:
    return sorted([of.kind, of.code, of.amount, *sorted(hash.hex() for hash in of.events)] for of in quantities(fold))


SEEDS = range(25)


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_that_a_handheld_signs_is_rejected_or_lost(seed: int) -> None:
    events = busy(seed)
    fold = fold_of(events)
    assert [fact.hash for fact in fold.facts] == [signed.hash for signed, _ in events]
    assert sum(lane.count for lane in fold.lanes) == len(events)
    assert {raised.code for raised in Card(fold).exceptions()} <= set(RULES)
    assert len(completeness.closings(fold)) == len(fold.lanes)


@pytest.mark.parametrize("seed", SEEDS)
def test_storing_after_every_event_changes_no_byte(seed: int) -> None:
    events = busy(seed)
    stepwise = Job("J-1")
    for index, (signed, handheld) in enumerate(events):
        stepwise.add(signed, handheld.thumbprint, index)
        stepwise = job_from_value(cbor.decode(cbor.encode(stepwise.to_value()), 1_000_000))
    assert cbor.encode(stepwise.to_value()) == cbor.encode(fold_of(events).to_value())


@pytest.mark.parametrize("seed", SEEDS)
def test_events_that_arrive_late_change_no_quantity_and_no_state(seed: int) -> None:
    events = busy(seed)
    shuffled = random.Random(seed).sample(events, len(events))
    straight, late = fold_of(events), fold_of(shuffled)
    assert straight.state() == late.state()
    assert {lane.key: lane.state for lane in straight.lanes} == {lane.key: lane.state for lane in late.lanes}
    assert completeness.missing(straight) == sorted(
        completeness.missing(late), key=completeness.missing(straight).index
    )
    assert amounts(straight) == amounts(late)


@pytest.mark.parametrize("seed", SEEDS)
def test_each_quantity_rests_on_events_that_stand_and_none_is_measured_twice(seed: int) -> None:
    fold = fold_of(busy(seed))
    card = Card(fold)
    struck = {item.fact.hash for item in card.items if item.struck}
    starts = []
    for of in quantities(fold):
        assert of.events
        assert not struck & set(of.events)
        assert len(set(of.events)) == len(of.events)
        starts.append((of.kind, of.events[0]))
        assert of.kind in ("part", "expense") or int(of.amount) >= 0
    assert len(set(starts)) == len(starts)
    assert len(totals(quantities(fold))) <= len(starts)
