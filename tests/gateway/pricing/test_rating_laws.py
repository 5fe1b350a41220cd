"""Laws of rating over generated jobs, and the same jobs rated a second time by other, slower arithmetic."""

import hashlib
from collections import Counter
from decimal import Decimal
from fractions import Fraction
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from jobseal.quantity import Quantity
from jobseal_gateway.pricing import PriceList, Terms, rate
from jobseal_gateway.pricing.decimals import ROUNDING_MODES

from .price_files import CALLOUT, EXPENSE, LABOUR, PART, TRAVEL, WAITING, price_list

CODES = ("A", "B", "MISSING")
MODE = st.sampled_from(ROUNDING_MODES)
RATE = st.decimals(0, 500, places=2).map(str)


@st.composite
def measured(draw: st.DrawFn, base: dict[str, str]) -> dict[str, str]:
    return {
        **base,
        "rate": draw(RATE),
        "minimum": draw(st.sampled_from(["", "0.5", "30", "60"])),
        "increment": draw(st.sampled_from(["", "0.1", "1", "7", "15"])),
        "increment_rounding": draw(MODE),
        "per": draw(st.sampled_from(["entry", "job"])),
        "rounding": draw(MODE),
        "places": draw(st.sampled_from(["0", "2", "3"])),
    }


@st.composite
def lists(draw: st.DrawFn) -> PriceList:
    travel = draw(st.sampled_from(["hour", "minute", "flat", "visit"]))
    return price_list(
        {**draw(measured(LABOUR)), "code": "A"},
        {**draw(measured(LABOUR)), "code": "B", "unit": "minute"},
        {**TRAVEL, "unit": travel, "rate": draw(RATE)},
        draw(measured(WAITING)),
        {**draw(measured(PART)), "code": "A"},
        {**draw(measured(PART)), "code": "B", "unit": "m"},
        {**EXPENSE, "markup": draw(st.decimals(0, 30, places=2).map(str)), "rounding": draw(MODE)},
        {**CALLOUT, "rate": draw(RATE), "per": draw(st.sampled_from(["entry", "job"]))},
        {**CALLOUT, "rate": draw(RATE), "when": "cancelled"},
    )


@st.composite
def quantities(draw: st.DrawFn) -> list[Quantity]:
    found: list[Quantity] = []
    for number in range(draw(st.integers(0, 8))):
        kind = draw(st.sampled_from(["labour", "travel", "waiting", "part", "expense", "visit"]))
        code = draw(st.sampled_from(CODES))
        unit, amount = "ms", str(draw(st.integers(0, 36_000_000)))
        if kind == "visit":
            unit, amount = "visit", "1"
        elif kind == "part":
            unit, amount = draw(st.sampled_from(["each", "m"])), text(draw(st.decimals(-20, 20, places=3)))
        elif kind == "expense":
            unit, amount = "EUR", text(draw(st.decimals(-20, 200, places=2)))
        at = draw(st.none() | st.integers(0, 5))
        event = hashlib.sha256(str(number).encode()).digest()
        warranty = draw(st.booleans()) if kind == "part" else False
        billable = draw(st.booleans()) if kind == "expense" else True
        found.append(Quantity(kind, code, unit, amount, draw(st.sampled_from(["t1", None])), at, [event]))
        found[-1].warranty, found[-1].billable = warranty, billable
    return found


def text(value: Decimal) -> str:
    written = format(value, "f")
    return written.lstrip("-") if not value else written


@given(lists(), quantities(), st.randoms(use_true_random=False))
def test_the_order_of_what_comes_in_does_not_matter(prices: PriceList, job: list[Quantity], random: Random) -> None:
    shuffled = list(job)
    random.shuffle(shuffled)
    assert rate(shuffled, Terms(prices)) == rate(job, Terms(prices))


@given(lists())
def test_entries_that_differ_only_in_their_events_come_in_the_same_order_too(prices: PriceList) -> None:
    twins = [Quantity("labour", "A", "ms", "60000", "t", 0, [event]) for event in (b"2", b"1")]
    assert rate(twins, Terms(prices)) == rate(twins[::-1], Terms(prices))


@given(lists(), quantities())
def test_every_quantity_ends_in_exactly_one_line_or_exception(prices: PriceList, job: list[Quantity]) -> None:
    rating = rate(job, Terms(prices))
    cited = Counter(event for line in rating.lines for event in line.events)
    cited.update(event for exception in rating.exceptions for event in exception.events)
    assert cited == Counter(event for quantity in job for event in quantity.events)
    by_event = {quantity.events[0]: quantity for quantity in job}
    for line in rating.lines:
        assert line.raw == sum(Decimal(by_event[event].amount) for event in line.events)


@given(lists(), st.lists(st.integers(0, 10_000_000), min_size=1, max_size=5))
def test_per_job_it_does_not_matter_into_how_many_entries_the_work_was_split(
    prices: PriceList, pieces_ms: list[int]
) -> None:
    rule = prices.find("labour", "A", "ms", "completed")
    assert rule is not None
    pieces = [Quantity("labour", "A", "ms", str(ms), "t", at, [bytes([at])]) for at, ms in enumerate(pieces_ms)]
    whole = [Quantity("labour", "A", "ms", str(sum(pieces_ms)), "t", 0, [b"w"])]
    split, joined = rate(pieces, Terms(prices)), rate(whole, Terms(prices))
    if rule.per == "job":
        assert split.total == joined.total
    else:
        assert len(split.lines) == len(pieces_ms)


@given(lists(), st.integers(0, 10_000_000), st.integers(0, 10_000_000))
def test_more_work_never_costs_less(prices: PriceList, first_ms: int, second_ms: int) -> None:
    less, more = sorted((first_ms, second_ms))
    costs = [rate([Quantity("labour", "A", "ms", str(ms), "t", 0, [b"e"])], Terms(prices)).total for ms in (less, more)]
    assert costs[0] <= costs[1]


@given(lists(), st.decimals(0, 20, places=3))
def test_a_part_that_goes_back_alone_is_credited_what_its_use_costs_but_for_the_minimum(
    prices: PriceList, amount: Decimal
) -> None:
    rule = prices.find("part", "A", "each", "completed")
    assert rule is not None
    used, returned = (
        rate([Quantity("part", "A", "each", text(each), "t", 0, [b"e"])], Terms(prices)).total
        for each in (amount, -amount)
    )
    assert used == -returned or (0 < amount < rule.minimum and used >= -returned)


@given(lists(), quantities(), st.sampled_from(["completed", "cancelled"]))
def test_slow_rating_by_fractions_gives_the_same_amounts(prices: PriceList, job: list[Quantity], outcome: str) -> None:
    fast = rate(job, Terms(prices, outcome))
    found = Counter((line.kind, line.code, Fraction(line.amount)) for line in fast.lines)
    assert found == Counter(slowly(prices, job, outcome))
    assert Fraction(fast.total) == sum(amount * count for (_, _, amount), count in found.items())


def slowly(prices: PriceList, job: list[Quantity], outcome: str) -> list[tuple[str, str, Fraction]]:
    """Kind, code and amount of each line, from docs/pricing.md alone: fractions, groups by search, no pipeline."""
    visits = len([each for each in job if each.kind == "visit"])
    done: list[Quantity] = []
    lines: list[tuple[str, str, Fraction]] = []
    for each in job:
        rules = [rule for rule in prices.rules if rule.kind == ("callout" if each.kind == "visit" else each.kind)]
        rules = [rule for rule in rules if rule.code in (each.code, "*") and rule.when in ("always", outcome)]
        if each.kind in ("part", "expense"):
            rules = [rule for rule in rules if rule.unit == each.unit]
        if not rules or any(each is other for other in done):
            continue
        rule = next((rule for rule in rules if rule.when == outcome), rules[0])
        group = [each]
        if rule.per == "job":
            same = (each.kind, each.code, each.unit, each.warranty, each.billable)
            group = [q for q in job if (q.kind, q.code, q.unit, q.warranty, q.billable) == same]
        done += group
        free = each.warranty or not each.billable
        units = sum((Fraction(q.amount) for q in group), Fraction(0)) / (60_000 if each.unit == "ms" else 1)
        if rule.unit == "flat":
            units = Fraction(1)
        elif rule.unit == "visit" and each.kind == "travel":
            units = Fraction(visits or 1)
        else:
            units = max(units, Fraction(rule.minimum)) if units > 0 else units
            if rule.increment:
                units = rounded(units / Fraction(rule.increment), rule.increment_rounding) * Fraction(rule.increment)
            units /= 60 if rule.unit == "hour" else 1
        scale = 10**rule.places
        amount = Fraction(0) if free else units * Fraction(rule.rate)
        lines.append((each.kind, each.code, Fraction(rounded(amount * scale, rule.rounding), scale)))
    return lines


def rounded(value: Fraction, mode: str) -> int:
    sign = -1 if value < 0 else 1
    whole, rest = divmod(abs(value), 1)
    if mode == "up":
        next_one = rest > 0
    elif mode == "down":
        next_one = False
    elif rest == Fraction(1, 2):
        next_one = mode == "half_up" or whole % 2 == 1
    else:
        next_one = rest > Fraction(1, 2)
    return sign * (int(whole) + next_one)
