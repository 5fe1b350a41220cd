"""What a shop expects of a price list, case by case: what is billed, what it costs, and what was done to get there."""

import dataclasses
import hashlib
from decimal import Decimal

import pytest

from jobseal import record
from jobseal.quantity import Quantity
from jobseal_gateway.pricing import Line, PriceList, Rating, Terms, rate

from .price_files import CALLOUT, EXPENSE, LABOUR, PART, TRAVEL, WAITING, price_list

MINUTE_MS = 60_000


def event(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()


def minutes(count: float, kind: str = "labour", code: str = "INSPECT", at: int = 0, by: str = "t-1") -> Quantity:
    name = f"{kind}{code}{at}{by}"
    amount = str(round(count * MINUTE_MS))
    return Quantity(kind, code, "ms", amount, by, at, [event(name + "start"), event(name + "stop")])


def part(amount: str, code: str = "P-1", unit: str = "each", at: int = 0) -> Quantity:
    return Quantity("part", code, unit, amount, "t-1", at, [event(f"part{code}{amount}{at}")])


def expense(amount: str, currency: str = "EUR") -> Quantity:
    return Quantity("expense", "PARKING", currency, amount, "t-1", 0, [event("expense" + amount)])


def visit(by: str = "t-1", at: int = 0) -> Quantity:
    return Quantity("visit", "visit", "visit", "1", by, at, [event(f"visit{by}{at}")])


def only(rating: Rating) -> Line:
    assert rating.exceptions == ()
    [line] = rating.lines
    return line


def charged(prices: PriceList, *quantities: Quantity, outcome: str = "completed") -> list[tuple[str, str]]:
    """Billed quantity and amount of each line, as text."""
    rating = rate(quantities, Terms(prices, outcome))
    assert rating.exceptions == ()
    return [(str(line.billed), str(line.amount)) for line in rating.lines]


@pytest.mark.parametrize(
    ("rule", "worked_min", "billed", "amount"),
    [
        ({}, 90, "1.5", "127.50"),
        ({"minimum": "60"}, 5, "1", "85.00"),
        ({"minimum": "60"}, 60, "1", "85.00"),
        ({"minimum": "60"}, 0, "0", "0.00"),
        ({"increment": "15"}, 60.001, "1.25", "106.25"),
        ({"increment": "15"}, 60, "1", "85.00"),
        ({"increment": "15", "increment_rounding": "down"}, 74.9, "1", "85.00"),
        ({"increment": "15", "increment_rounding": "half_up"}, 67.5, "1.25", "106.25"),
        ({"increment": "15", "increment_rounding": "half_even"}, 67.5, "1", "85.00"),
        ({"minimum": "50", "increment": "15"}, 5, "1", "85.00"),
        ({"unit": "minute", "rate": "1.50"}, 62, "62", "93.00"),
        ({"unit": "flat", "rate": "99"}, 62, "1", "99.00"),
        ({"rate": "60"}, 20, "0.333333333", "20.00"),
        ({"rate": "60", "rounding": "down"}, 20, "0.333333333", "20.00"),
        ({"rate": "60", "rounding": "up"}, 40, "0.666666667", "40.00"),
        ({"rate": "66.06"}, 5, "0.083333333", "5.51"),
        ({"rate": "66.06", "rounding": "half_even"}, 5, "0.083333333", "5.50"),
        ({"currency": "JPY", "rate": "8500"}, 5, "0.083333333", "708"),
    ],
)
def test_labour_is_billed_by_its_rule(rule: dict[str, str], worked_min: float, billed: str, amount: str) -> None:
    assert charged(price_list({**LABOUR, **rule}), minutes(worked_min)) == [(billed, amount)]


def test_every_step_is_told_in_words() -> None:
    prices = price_list({**LABOUR, "minimum": "60", "increment": "15"})
    assert only(rate([minutes(62.05)], Terms(prices))).steps == (
        "raw 3723000 ms",
        "increment 15 min up -> 75 min",
        "rounded half_up 2",
    )
    assert only(rate([minutes(20)], Terms(prices))).steps == (
        "raw 1200000 ms",
        "minimum 60 min",
        "increment 15 min up -> 60 min",
        "rounded half_up 2",
    )
    assert only(rate([minutes(20)], Terms(price_list(LABOUR)))).steps == (
        "raw 1200000 ms",
        "20 min shown as 0.333333333 hour; amount is exact",
        "rounded half_up 2",
    )


def test_per_entry_minimum_and_increment_apply_to_each_entry_and_per_job_to_their_sum() -> None:
    entries = [minutes(20, at=1), minutes(25, at=2, by="t-2"), minutes(40, code="REPAIR", at=3)]
    rule = {**LABOUR, "minimum": "30", "increment": "15"}
    assert charged(price_list(rule), *entries) == [("0.5", "42.50"), ("0.5", "42.50"), ("0.75", "63.75")]
    assert charged(price_list({**rule, "per": "job"}), *entries) == [("0.75", "63.75"), ("0.75", "63.75")]


def test_a_line_says_where_it_comes_from() -> None:
    prices = price_list({**LABOUR, "rule": "L-7", "code": "INSPECT", "description": "Inspection", "per": "job"})
    first, second = minutes(20, at=1), minutes(25, at=2)
    line = only(rate([second, first], Terms(prices)))
    assert line == Line(
        number=1,
        kind="labour",
        code="INSPECT",
        description="Inspection",
        raw=Decimal(45 * MINUTE_MS),
        raw_unit="ms",
        billed=Decimal("0.75"),
        unit="hour",
        rate=Decimal(85),
        amount=Decimal("63.75"),
        rule="L-7",
        price_list="STD",
        price_list_version="2026-1",
        steps=("raw 2700000 ms in 2 entries", "rounded half_up 2"),
        events=(*first.events, *second.events),
    )


def test_a_line_fits_the_protocols_billing_record() -> None:
    prices = price_list(LABOUR, PART, EXPENSE)
    for line in rate([minutes(20), part("-2.50"), expense("-3.05")], Terms(prices)).lines:
        assert record.Line(**line.record()).to_map()


def test_parts_are_billed_net_of_what_went_back() -> None:
    prices = price_list(PART)
    assert charged(prices, part("3"), part("-1")) == [("2", "25.00")]
    assert charged(prices, part("2"), part("-2")) == [("0", "0.00")]
    assert charged(prices, part("-1")) == [("-1", "-12.50")]
    assert charged(prices, part("1"), part("1", code="P-2")) == [("1", "12.50"), ("1", "12.50")]


def test_parts_have_minimum_and_increment_in_their_own_unit_and_returns_have_no_minimum() -> None:
    prices = price_list({**PART, "unit": "m", "rate": "2", "minimum": "5", "increment": "0.5", "per": "entry"})
    assert charged(prices, part("1.2", unit="m")) == [("5", "10.00")]
    assert charged(prices, part("7.1", unit="m")) == [("7.5", "15.00")]
    assert charged(prices, part("-7.1", unit="m")) == [("-7.5", "-15.00")]
    assert charged(prices, part("-1.2", unit="m")) == [("-1.5", "-3.00")]


@pytest.mark.parametrize(
    ("warranty", "billable", "step"),
    [(True, True, "warranty: rate 12.5 -> 0"), (False, False, "not billable: rate 12.5 -> 0")],
)
def test_warranty_and_what_is_not_billable_stay_visible_at_zero(warranty: bool, billable: bool, step: str) -> None:
    used = part("2")
    used.warranty, used.billable = warranty, billable
    prices = price_list(PART)
    rating = rate([used, part("1")], Terms(prices))
    assert sorted((str(line.billed), str(line.rate), str(line.amount)) for line in rating.lines) == [
        ("1", "12.5", "12.50"),
        ("2", "0", "0.00"),
    ]
    assert any(step in line.steps for line in rating.lines)


def test_an_expense_is_passed_through_with_its_markup() -> None:
    assert charged(price_list(EXPENSE), expense("12.55")) == [("12.55", "13.81")]
    assert charged(price_list({**EXPENSE, "markup": ""}), expense("12.55")) == [("12.55", "12.55")]
    assert charged(price_list(EXPENSE), expense("-12.55")) == [("-12.55", "-13.81")]


def test_a_rate_and_an_amount_are_told_as_they_were_written_however_equal_ones_were_written_before() -> None:
    prices = price_list(PART)
    for written, raw in (("12.5", "2"), ("12.50", "2"), ("12.5", "2.0"), ("12.50", "2")):
        rules = tuple(dataclasses.replace(rule, rate=Decimal(written)) for rule in prices.rules)
        line = only(rate([part(raw)], Terms(dataclasses.replace(prices, rules=rules))))
        assert (str(line.rate), str(line.raw)) == (written, raw)


def test_an_expense_in_another_currency_is_an_exception() -> None:
    [exception] = rate([expense("5", "USD")], Terms(price_list(EXPENSE))).exceptions
    assert exception.code == "unknown_code"
    assert "USD" in exception.sentence


def test_a_callout_is_charged_for_each_visit_or_once_for_the_job() -> None:
    visits = [visit(at=1), visit(at=2), visit("t-2", 3)]
    assert charged(price_list(CALLOUT), *visits) == [("1", "30.00")] * 3
    assert charged(price_list({**CALLOUT, "per": "job"}), *visits) == [("3", "90.00")]


def test_a_cancelled_job_has_its_own_callout_where_the_price_list_has_one() -> None:
    usual = price_list(CALLOUT)
    special = price_list(CALLOUT, {**CALLOUT, "when": "cancelled", "rate": "75"})
    assert charged(usual, visit(), outcome="cancelled") == [("1", "30.00")]
    assert charged(special, visit(), outcome="cancelled") == [("1", "75.00")]
    assert charged(special, visit()) == [("1", "30.00")]


def test_travel_is_charged_by_time_or_flat_for_each_entry_or_flat_for_each_visit() -> None:
    there, back = minutes(30, "travel", "travel", 1), minutes(45, "travel", "travel", 2)
    free = {**CALLOUT, "rate": "0"}
    by_time = price_list(TRAVEL, free)
    assert charged(by_time, there, back) == [("0.5", "30.00"), ("0.75", "45.00")]
    flat = price_list({**TRAVEL, "unit": "flat", "rate": "35"}, free)
    assert charged(flat, there, back) == [("1", "35.00"), ("1", "35.00")]
    by_visit = price_list({**TRAVEL, "unit": "visit", "rate": "50"}, free)
    assert charged(by_visit, there, back, visit()) == [("1", "0.00"), ("1", "50.00")]
    assert charged(by_visit, there, back, visit(at=1), visit(at=2)) == [("1", "0.00"), ("1", "0.00"), ("2", "100.00")]
    assert charged(by_visit, there, outcome="cancelled") == [("1", "50.00")], "somebody drove, nobody arrived"


def test_waiting_is_charged_by_its_reason() -> None:
    prices = price_list(WAITING, {**WAITING, "code": "parts", "rate": "0"})
    waits = [minutes(30, "waiting", "access"), minutes(30, "waiting", "parts")]
    assert charged(prices, *waits) == [("0.5", "20.00"), ("0.5", "0.00")]


def test_lines_come_in_the_order_in_which_an_invoice_tells_a_visit() -> None:
    prices = price_list(LABOUR, TRAVEL, WAITING, PART, EXPENSE, CALLOUT)
    quantities = [expense("1"), part("1"), minutes(1, "waiting", "access"), minutes(1), minutes(1, "travel", "travel")]
    rating = rate([*quantities, visit()], Terms(prices))
    assert [line.kind for line in rating.lines] == ["visit", "travel", "labour", "waiting", "part", "expense"]
    assert [line.number for line in rating.lines] == [1, 2, 3, 4, 5, 6]


def test_a_code_without_a_rule_is_one_exception_that_names_it_and_all_its_events() -> None:
    prices = price_list({**LABOUR, "code": "INSPECT"})
    first, second = minutes(10, code="POLISH", at=1), minutes(10, code="POLISH", at=2)
    rating = rate([minutes(60), first, second], Terms(prices))
    assert [line.code for line in rating.lines] == ["INSPECT"]
    [exception] = rating.exceptions
    assert (exception.code, exception.kind, exception.subject) == ("unknown_code", "labour", "POLISH")
    assert exception.events == (*first.events, *second.events)
    assert '"POLISH"' in exception.sentence
    assert "STD version 2026-1" in exception.sentence


def test_a_part_in_a_unit_that_has_no_price_is_an_exception_unless_the_rule_takes_any_unit() -> None:
    [exception] = rate([part("1", unit="box")], Terms(price_list(PART))).exceptions
    assert exception.code == "unknown_code"
    assert "in box" in exception.sentence
    any_unit = price_list({**PART, "unit": "*"})
    assert only(rate([part("1", unit="box")], Terms(any_unit))).unit == "box"


@pytest.mark.parametrize(
    ("quantity", "code"),
    [
        (Quantity("mileage", "km", "km", "5", None, None, [b"e"]), "unknown_kind"),
        (Quantity("labour", "A", "ms", "1.5", None, None, [b"e"]), "malformed_body"),
        (Quantity("labour", "A", "ms", "-1", None, None, [b"e"]), "malformed_body"),
        (Quantity("labour", "A", "hour", "1", None, None, [b"e"]), "malformed_body"),
        (Quantity("part", "A", "ms", "1", None, None, [b"e"]), "malformed_body"),
        (Quantity("part", "A", "each", "1e3", None, None, [b"e"]), "malformed_body"),
        (Quantity("visit", "visit", "visit", "-1", None, None, [b"e"]), "malformed_body"),
        (Quantity("part", "A", "each", "999999999999999", None, None, [b"e"]), "malformed_body"),
    ],
)
def test_what_cannot_be_a_quantity_is_an_exception_and_its_neighbours_are_rated(quantity: Quantity, code: str) -> None:
    prices = price_list(LABOUR, PART, CALLOUT)
    rating = rate([quantity, minutes(60)], Terms(prices))
    assert [str(line.amount) for line in rating.lines] == ["85.00"]
    [exception] = rating.exceptions
    assert (exception.code, exception.events) == (code, (b"e",))


def test_the_total_is_the_sum_of_the_rounded_lines() -> None:
    prices = price_list({**LABOUR, "rate": "0.30"})
    rating = rate([minutes(1, at=at) for at in range(3)], Terms(prices))
    assert [str(line.amount) for line in rating.lines] == ["0.01"] * 3, "0.005 each, rounded half up"
    assert rating.total == Decimal("0.03")


def test_nothing_to_rate_is_nothing_to_pay() -> None:
    rating = rate([], Terms(price_list(LABOUR)))
    assert (rating.lines, rating.exceptions, rating.total) == ((), (), Decimal(0))
