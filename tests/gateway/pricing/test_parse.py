"""A price list is read whole or not at all, and every mistake is named at its line and cell."""

import datetime
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobseal_gateway.pricing import PriceList, Rule, canonical, choose, digest, parse_price_lists, render_price_lists
from jobseal_gateway.pricing.decimals import ROUNDING_MODES, without_needless_zeros
from jobseal_gateway.pricing.rule import KINDS, PERS, WHENS
from jobseal_gateway.pricing.rule_fields import COLUMNS

from .price_files import CALLOUT, EXPENSE, LABOUR, PART, TRAVEL, price_file, price_list

DAY = datetime.date.fromisoformat


def test_a_row_becomes_a_rule_with_every_column() -> None:
    found = price_list(
        {
            **LABOUR,
            "rule": "L-INSPECT",
            "code": "INSPECT",
            "description": "Inspection",
            "rate": "85.50",
            "minimum": "60",
            "increment": "15",
            "increment_rounding": "half_up",
            "per": "job",
            "when": "completed",
            "rounding": "half_even",
            "places": "3",
            "valid_until": "2026-12-31",
        }
    )
    rule = Rule(
        id="L-INSPECT",
        kind="labour",
        code="INSPECT",
        unit="hour",
        rate=Decimal("85.5"),
        description="Inspection",
        minimum=Decimal(60),
        increment=Decimal(15),
        increment_rounding="half_up",
        per="job",
        when="completed",
        rounding="half_even",
        places=3,
    )
    assert found == PriceList("STD", "2026-1", "EUR", DAY("2026-01-01"), DAY("2026-12-31"), (rule,))


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (LABOUR, {"per": "entry", "when": "always", "rounding": "half_up", "places": 2, "increment_rounding": "up"}),
        (PART, {"per": "job"}),
        ({**TRAVEL, "unit": "visit"}, {"per": "job"}),
        (EXPENSE, {"rate": Decimal("1.1"), "per": "entry"}),
        ({**EXPENSE, "markup": ""}, {"rate": Decimal(1)}),
        ({**LABOUR, "currency": "JPY"}, {"places": 0}),
        ({**LABOUR, "currency": "KWD"}, {"places": 3}),
    ],
)
def test_empty_cells_get_what_a_shop_expects(row: dict[str, str], expected: dict[str, object]) -> None:
    [rule] = price_list(row).rules
    assert {name: getattr(rule, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("row", "column", "code"),
    [
        ({**LABOUR, "rate": "85,00"}, "rate", "bad_decimal"),
        ({**LABOUR, "rate": "-1"}, "rate", "bad_decimal"),
        ({**LABOUR, "rate": "1000000000"}, "rate", "bad_decimal"),
        ({**LABOUR, "rate": ""}, "rate", "missing_value"),
        ({**LABOUR, "rule": ""}, "rule", "missing_value"),
        ({**LABOUR, "code": "C" * 65}, "code", "too_long"),
        ({**LABOUR, "code": "a\nb"}, "code", "control_character"),
        ({**LABOUR, "kind": "labor"}, "kind", "bad_value"),
        ({**LABOUR, "unit": "day"}, "unit", "bad_value"),
        ({**LABOUR, "markup": "5"}, "markup", "not_applicable"),
        ({**LABOUR, "unit": "flat", "minimum": "60"}, "minimum", "not_applicable"),
        ({**LABOUR, "minimum": "x"}, "minimum", "bad_decimal"),
        ({**LABOUR, "rounding": "nearest"}, "rounding", "bad_value"),
        ({**LABOUR, "places": "10"}, "places", "bad_value"),
        ({**LABOUR, "per": "visit"}, "per", "bad_value"),
        ({**LABOUR, "when": "late"}, "when", "bad_value"),
        ({**TRAVEL, "unit": "visit", "per": "entry"}, "per", "bad_value"),
        ({**CALLOUT, "increment": "1"}, "increment", "not_applicable"),
        ({**CALLOUT, "unit": "hour"}, "unit", "bad_value"),
        ({**PART, "unit": ""}, "unit", "missing_value"),
        ({**PART, "unit": "u" * 17}, "unit", "too_long"),
        ({**EXPENSE, "rate": "1"}, "rate", "not_applicable"),
        ({**EXPENSE, "unit": "USD"}, "unit", "bad_value"),
        ({**EXPENSE, "markup": "0.00000001"}, "markup", "bad_decimal"),
        ({**LABOUR, "currency": "EURO"}, "currency", "unknown_currency"),
        ({**LABOUR, "valid_from": "1.1.2026"}, "valid_from", "bad_day"),
        ({**LABOUR, "valid_from": "2026-02-30"}, "valid_from", "bad_day"),
        ({**LABOUR, "valid_from": ""}, "valid_from", "missing_value"),
        ({**LABOUR, "valid_until": "2025-12-31"}, "valid_until", "bad_validity"),
    ],
)
def test_a_bad_cell_is_named_with_its_line_number_and_column(row: dict[str, str], column: str, code: str) -> None:
    lists, [problem] = parse_price_lists(price_file(PART, row), "p.csv")
    assert lists == []
    assert (problem.file, problem.line, problem.name, problem.code) == ("p.csv", 3, column, code)
    assert problem.column == COLUMNS.index(column) + 1


def test_every_mistake_of_a_file_is_named_at_once() -> None:
    rows = [{**LABOUR, "rate": "x", "unit": "day"}, {**PART, "rate": ""}, {**EXPENSE, "markup": "-5"}]
    lists, problems = parse_price_lists(price_file(*rows))
    assert lists == []
    assert [(each.line, each.name) for each in problems] == [(2, "unit"), (2, "rate"), (3, "rate"), (4, "markup")]


@pytest.mark.parametrize(
    ("second", "code", "column"),
    [
        ({**LABOUR, "rule": "R1", "code": "OTHER"}, "duplicate_rule", "rule"),
        (LABOUR, "ambiguous_rule", "code"),
        ({**LABOUR, "code": "X", "valid_until": "2026-12-31"}, "inconsistent_version", ""),
        ({**LABOUR, "code": "X", "currency": "CHF"}, "inconsistent_version", ""),
        ({**LABOUR, "version": "2026-2"}, "same_start", "valid_from"),
    ],
)
def test_rows_that_contradict_each_other_are_named(second: dict[str, str], code: str, column: str) -> None:
    lists, [problem] = parse_price_lists(price_file(LABOUR, second))
    assert lists == []
    assert (problem.line, problem.code, problem.name) == (3, code, column)
    assert "line 2" in problem.sentence


def test_a_contradiction_of_a_whole_version_is_named_once_and_not_with_every_row() -> None:
    second = {**LABOUR, "version": "2026-2"}
    _, problems = parse_price_lists(price_file(LABOUR, second, {**second, "code": "X"}))
    assert [(each.line, each.code) for each in problems] == [(3, "same_start")]


def test_the_same_part_may_have_a_price_for_each_unit() -> None:
    found = price_list({**PART, "code": "CABLE", "unit": "m"}, {**PART, "code": "CABLE", "unit": "roll"})
    assert len(found.rules) == 2


def test_unknown_and_missing_columns_are_named() -> None:
    lists, problems = parse_price_lists(b"price_list;version;currency;valid_from;rule;kind;code;unit;price\n")
    assert lists == []
    assert [(each.line, each.column, each.code) for each in problems] == [
        (1, None, "missing_column"),
        (1, 9, "unknown_column"),
    ]


@pytest.mark.parametrize("data", [b"", b"\n", (",".join(COLUMNS) + "\n").encode()])
def test_a_file_without_a_rule_says_so(data: bytes) -> None:
    lists, [problem] = parse_price_lists(data)
    assert (lists, problem.code) == ([], "empty_file")


def test_one_file_can_hold_several_versions_and_the_newest_valid_one_is_chosen() -> None:
    later = {**LABOUR, "version": "2026-2", "valid_from": "2026-07-01", "rule": "R1"}
    ending = {**LABOUR, "price_list": "OLD", "valid_until": "2026-03-31"}
    lists, problems = parse_price_lists(price_file(LABOUR, later, ending))
    assert problems == []

    def version(list_id: str, day: str, currency: str = "EUR") -> str | None:
        found = choose(lists, list_id, currency, DAY(day))
        return found.version if found else None

    assert version("STD", "2025-12-31") is None
    assert version("STD", "2026-01-01") == "2026-1"
    assert version("STD", "2026-06-30") == "2026-1"
    assert version("STD", "2026-07-01") == "2026-2"
    assert version("STD", "2026-07-01", "CHF") is None
    assert version("OLD", "2026-03-31") == "2026-1"
    assert version("OLD", "2026-04-01") is None


@pytest.mark.parametrize(
    ("code", "unit", "outcome", "rule"),
    [
        ("CABLE", "m", "completed", "R1"),
        ("CABLE", "m", "cancelled", "R2"),
        ("CABLE", "roll", "completed", "R3"),
        ("CABLE", "kg", "completed", None),
        ("PIPE", "m", "completed", "R5"),
        ("PIPE", "m", "cancelled", "R5"),
        ("PIPE", "kg", "completed", "R6"),
        ("PIPE", "kg", "cancelled", "R7"),
        ("BOLT", "each", "completed", "R4"),
        ("*", "each", "completed", "R4"),
    ],
)
def test_the_most_specific_rule_is_found(code: str, unit: str, outcome: str, rule: str | None) -> None:
    cable = {**PART, "code": "CABLE", "unit": "m"}
    pipe = {**PART, "code": "PIPE", "unit": "m"}
    any_unit = {**pipe, "unit": "*"}
    prices = price_list(
        cable,
        {**cable, "when": "cancelled"},
        {**cable, "unit": "roll"},
        PART,
        pipe,
        any_unit,
        {**any_unit, "when": "cancelled"},
    )
    found = prices.find("part", code, unit, outcome)
    assert (found.id if found else None) == rule


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_whatever_the_bytes_there_are_lists_or_problems(data: bytes) -> None:
    for each in (data, price_file(LABOUR) + data):
        lists, problems = parse_price_lists(each)
        assert bool(lists) != bool(problems)


NUMBER = st.decimals(0, 999_999_999, places=4).map(without_needless_zeros)
WORD = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=12).map(str.strip).filter(bool)


@st.composite
def rules(draw: st.DrawFn, number: int) -> Rule:
    kind = draw(st.sampled_from(sorted(KINDS)))
    unit = draw(st.sampled_from(KINDS[kind].units)) if KINDS[kind].units else "EUR" if kind == "expense" else "each"
    measured = KINDS[kind].measured and unit not in ("flat", "visit")
    markup = Decimal(draw(st.integers(0, 10**6))).scaleb(-4)
    return Rule(
        id=f"R{number}",
        kind=kind,
        code=f"{number}{draw(WORD)}",
        unit=unit,
        rate=without_needless_zeros(1 + markup) if kind == "expense" else draw(NUMBER),
        description=draw(st.just("") | WORD),
        minimum=draw(NUMBER) if measured else Decimal(0),
        increment=draw(NUMBER) if measured else Decimal(0),
        increment_rounding=draw(st.sampled_from(ROUNDING_MODES)) if measured else "up",
        per="job" if kind == "travel" and unit == "visit" else draw(st.sampled_from(PERS)),
        when=draw(st.sampled_from(WHENS)),
        rounding=draw(st.sampled_from(ROUNDING_MODES)),
        places=draw(st.integers(0, 9)),
    )


@st.composite
def price_lists(draw: st.DrawFn) -> PriceList:
    of_list = tuple(draw(rules(number)) for number in range(draw(st.integers(1, 6))))
    start = draw(st.dates(DAY("2000-01-01"), DAY("2099-12-31")))
    until = draw(st.none() | st.dates(start, DAY("2100-01-01")))
    return PriceList(draw(WORD), draw(WORD), "EUR", start, until, of_list)


@given(price_lists())
def test_rendering_and_parsing_gives_the_same_list(prices: PriceList) -> None:
    assert parse_price_lists(render_price_lists([prices])) == ([prices], [])


@given(price_lists(), st.randoms(use_true_random=False))
def test_the_digest_knows_what_rules_say_and_not_how_they_were_written(prices: PriceList, random: Random) -> None:
    shuffled = list(prices.rules)
    random.shuffle(shuffled)
    again = PriceList(
        prices.id, prices.version, prices.currency, prices.valid_from, prices.valid_until, tuple(shuffled)
    )
    assert digest(again) == digest(prices)
    assert canonical(parse_price_lists(canonical(prices))[0][0]) == canonical(prices)
    dearer = price_list(LABOUR), price_list({**LABOUR, "rate": "85.01"}), price_list({**LABOUR, "rate": "85.00"})
    assert digest(dearer[0]) == digest(dearer[2]) != digest(dearer[1])
