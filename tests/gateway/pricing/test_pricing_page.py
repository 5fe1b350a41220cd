"""docs/pricing.md says what the code does: its columns, its kinds, its example and its arithmetic."""

import re
from pathlib import Path

import pytest

from jobseal.quantity import Quantity
from jobseal_gateway.pricing import Terms, parse_price_lists, rate
from jobseal_gateway.pricing.rule import KINDS
from jobseal_gateway.pricing.rule_fields import COLUMNS

from .price_files import EXPENSE, LABOUR, PART, price_list

PAGE = (Path(__file__).parents[3] / "docs" / "pricing.md").read_text()


def test_every_column_and_kind_is_explained() -> None:
    columns, kinds = PAGE.split("## Which rule")[0].split("| kind | prices |")
    named = re.findall(r"^\| (`\w+`(?: `\w+`)?) \|", columns, re.MULTILINE)
    assert [name for cell in named for name in re.findall(r"\w+", cell)] == list(COLUMNS)
    assert re.findall(r"^\| `(\w+)` \|", kinds, re.MULTILINE) == list(KINDS)


def test_the_example_is_accepted() -> None:
    found = re.search(r"```csv\n(.*?)```", PAGE, re.DOTALL)
    assert found
    [prices], problems = parse_price_lists(found[1].encode())
    assert problems == []
    assert {rule.kind for rule in prices.rules} == set(KINDS)


@pytest.mark.parametrize(
    ("worked", "rule", "kind", "unit", "amounts"),
    [
        ("62 min 3 s", {**LABOUR, "increment": "15"}, "labour", "ms", ["3723000"]),
        ("5 min", {**LABOUR, "minimum": "60"}, "labour", "ms", ["300000"]),
        ("20 min", {**LABOUR, "rate": "60"}, "labour", "ms", ["1200000"]),
        ("7.1 m, 1 m back", {**PART, "unit": "m", "rate": "2", "increment": "0.5"}, "part", "m", ["7.1", "-1"]),
        ("expense of 12.55", EXPENSE, "expense", "EUR", ["12.55"]),
    ],
)
def test_the_table_of_amounts_is_what_rating_gives(
    worked: str, rule: dict[str, str], kind: str, unit: str, amounts: list[str]
) -> None:
    used = [Quantity(kind, "A", unit, amount, "t", at, [bytes([at])]) for at, amount in enumerate(amounts)]
    [line] = rate(used, Terms(price_list(rule))).lines
    row = re.search(rf"^\| {re.escape(worked)} \| [^|]* \| ([0-9.]+) ?\w* \| ([0-9.]+) \|$", PAGE, re.MULTILINE)
    assert row
    assert (str(line.billed), str(line.amount)) == row.groups()
