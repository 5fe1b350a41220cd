"""Raw quantities follow from the events: uptime within a boot, claims across boots, corrections applied."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobseal import decimal_text
from jobseal.card import Card
from jobseal.quantity import Quantity, quantities, totals
from tests.handheld import MINUTE_MS, Handheld, fold_of


def quantities_of(handheld: Handheld) -> list[Quantity]:
    return quantities(fold_of([(signed, handheld) for signed in handheld.chain]))


def codes(handheld: Handheld) -> list[str]:
    return [r.code for r in Card(fold_of([(signed, handheld) for signed in handheld.chain])).exceptions()]


def rows(handheld: Handheld) -> list[list[str]]:
    return [[q.kind, q.code, q.unit, q.amount] for q in quantities_of(handheld)]


def on_site() -> Handheld:
    handheld = Handheld("a")
    handheld.sign("job.accepted", order=None, revision=None)
    handheld.sign("job.arrived")
    return handheld


def test_a_plain_visit_gives_labour_a_visit_and_parts_each_citing_its_events() -> None:
    handheld = Handheld("a")
    events = handheld.work(minutes=30)
    found = quantities_of(handheld)
    assert [[q.kind, q.code, q.unit, q.amount, q.events] for q in found] == [
        ["labour", "repair", "ms", str(30 * MINUTE_MS), [events[2].hash, events[3].hash]],
        ["visit", "visit", "visit", "1", [events[1].hash]],
        ["part", "filter", "pc", "2", [events[4].hash]],
    ]
    assert found[0].at == events[2].event.at
    assert found[0].flags == []


def test_a_clock_set_back_during_the_work_does_not_change_its_duration() -> None:
    handheld = on_site()
    handheld.sign("labour.started", task="repair")
    handheld.wall = -3 * 3600 * 1000
    handheld.skip(9)
    handheld.sign("labour.stopped", task="repair")
    assert quantities_of(handheld)[0].amount == str(10 * MINUTE_MS)


def test_a_restart_during_the_work_leaves_the_claims_and_is_flagged() -> None:
    handheld = on_site()
    handheld.sign("labour.started", task="repair")
    handheld.skip(5)
    handheld.restart()
    handheld.skip(4)
    handheld.sign("labour.stopped", task="repair")
    labour = quantities_of(handheld)[0]
    assert labour.amount == str(10 * MINUTE_MS)
    assert labour.flags == ["claimed"]


def test_a_restart_with_an_unset_clock_gives_no_quantity_but_an_exception() -> None:
    handheld = on_site()
    handheld.sign("labour.started", task="repair")
    handheld.wall = None
    handheld.restart()
    stop = handheld.sign("labour.stopped", task="repair")
    assert [q.kind for q in quantities_of(handheld)] == ["visit"]
    assert codes(handheld) == ["clock_unset"]
    handheld.correct(stop, {"task": "repair"}, at=(handheld.chain[2].event.at or 0) + MINUTE_MS)
    assert quantities_of(handheld)[0].amount == str(MINUTE_MS)
    assert codes(handheld) == []


def test_a_restart_with_the_clock_set_back_gives_no_quantity_but_an_exception() -> None:
    handheld = on_site()
    handheld.sign("labour.started", task="repair")
    handheld.wall = -3 * 3600 * 1000
    handheld.restart()
    handheld.sign("labour.stopped", task="repair")
    assert [q.kind for q in quantities_of(handheld)] == ["visit"]
    assert codes(handheld) == ["clock_outside_interval"]


def test_a_start_before_the_clock_was_set_is_claimed_from_the_stop() -> None:
    handheld = on_site()
    handheld.wall = None
    handheld.sign("labour.started", task="repair")
    handheld.wall = 0
    stop = handheld.sign("labour.stopped", task="repair")
    labour = quantities_of(handheld)[0]
    assert labour.at == (stop.event.at or 0) - MINUTE_MS
    assert labour.flags == ["derived"]


def test_a_corrected_time_replaces_the_uptime_and_is_flagged_and_cited() -> None:
    handheld = on_site()
    start = handheld.sign("labour.started", task="repair")
    handheld.skip(200)
    stop = handheld.sign("labour.stopped", task="repair")
    correction = handheld.correct(stop, {"task": "repair"}, at=(start.event.at or 0) + 15 * MINUTE_MS)
    labour = quantities_of(handheld)[0]
    assert labour.amount == str(15 * MINUTE_MS)
    assert labour.flags == ["corrected"]
    assert labour.events == [start.hash, stop.hash, correction.hash]


def test_a_start_without_a_stop_gives_no_quantity() -> None:
    handheld = on_site()
    handheld.sign("labour.started", task="repair")
    handheld.sign("job.completed", totals=[])
    assert rows(handheld) == [["visit", "visit", "visit", "1"]]
    assert codes(handheld) == ["missing_stop"]


def test_a_journey_ends_with_its_stop_or_with_the_arrival() -> None:
    for ends in (["travel.stopped", "job.arrived"], ["job.arrived"]):
        handheld = Handheld("a")
        handheld.sign("job.accepted", order=None, revision=None)
        handheld.sign("travel.started")
        for kind in ends:
            handheld.sign(kind)
        assert rows(handheld) == [["travel", "travel", "ms", str(MINUTE_MS)], ["visit", "visit", "visit", "1"]]


def test_a_return_visit_is_two_visits_and_two_journeys() -> None:
    handheld = Handheld("a")
    handheld.sign("job.accepted", order=None, revision=None)
    for _ in range(2):
        handheld.sign("travel.started")
        handheld.sign("travel.stopped")
        handheld.sign("job.arrived")
    assert [row[0] for row in rows(handheld)] == ["travel", "travel", "visit", "visit"]
    assert codes(handheld) == []


@pytest.mark.parametrize(("end", "charged"), [("job.resumed", 1), ("travel.started", 1), ("job.arrived", 0)])
def test_a_wait_is_charged_by_its_reason_unless_the_technician_left_and_came_back(end: str, charged: int) -> None:
    handheld = on_site()
    handheld.sign("job.waiting", reason="customer")
    handheld.skip(4)
    handheld.sign(end)
    waits = [row for row in rows(handheld) if row[0] == "waiting"]
    assert waits == [["waiting", "customer", "ms", str(5 * MINUTE_MS)]] * charged
    assert codes(handheld) == []


def test_an_arrival_pressed_twice_is_one_visit() -> None:
    handheld = on_site()
    handheld.sign("job.arrived")
    assert rows(handheld) == [["visit", "visit", "visit", "1"]]


def test_returned_parts_are_negative_and_struck_out_ones_gone() -> None:
    part = {"code": "hose", "quantity": "2.50", "unit": "m", "source": "van"}
    handheld = on_site()
    handheld.sign("part.used", **part)
    handheld.sign("part.returned", **part | {"quantity": "0.75", "warranty": True, "billable": False})
    wrong = handheld.sign("part.used", **part)
    handheld.correct(wrong, None)
    parts = [q for q in quantities_of(handheld) if q.kind == "part"]
    assert [(q.amount, q.warranty, q.billable) for q in parts] == [("2.50", False, True), ("-0.75", True, False)]


def test_expenses_are_in_their_currency() -> None:
    handheld = on_site()
    handheld.sign("expense.added", code="parking", amount="4.20", currency="EUR")
    assert ["expense", "parking", "EUR", "4.20"] in rows(handheld)


def test_two_people_on_one_handheld_are_timed_apart() -> None:
    handheld = on_site()
    handheld.sign("labour.started", task="repair")
    handheld.sign("labour.started", by="bob", task="repair")
    handheld.sign("labour.stopped", task="repair")
    handheld.sign("labour.stopped", by="bob", task="repair")
    labour = [q for q in quantities_of(handheld) if q.kind == "labour"]
    assert [(q.by, q.amount) for q in labour] == [("ada", str(2 * MINUTE_MS)), ("bob", str(2 * MINUTE_MS))]
    assert totals(labour) == [["labour", "repair", "ms", str(4 * MINUTE_MS)]]


DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**9), max_value=10**9).map(
    lambda d: str(abs(d)) if d == 0 else str(d)
)


@given(DECIMALS, DECIMALS)
def test_sums_of_decimal_text_are_exact(first: str, second: str) -> None:
    assert Decimal(decimal_text.add(first, second)) == Decimal(first) + Decimal(second)
    assert not decimal_text.add(first, decimal_text.negate(first)).startswith("-")
    assert decimal_text.same(first, second) == (Decimal(first) == Decimal(second))


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ([], "0"),
        (["1.50", "0.5"], "2.00"),
        (["-0.05", "0.04"], "-0.01"),
        (["-1", "1"], "0"),
        (["9.99", "0.01"], "10.00"),
    ],
)
def test_totals_of_decimal_text_keep_the_longer_fraction(texts: list[str], expected: str) -> None:
    assert decimal_text.total(texts) == expected
