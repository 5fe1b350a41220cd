"""Price lists as files for the tests: rows with what is required filled in."""

from jobseal_gateway.pricing import PriceList, parse_price_lists
from jobseal_gateway.pricing.rule_fields import COLUMNS

HEAD = {"price_list": "STD", "version": "2026-1", "currency": "EUR", "valid_from": "2026-01-01"}


def price_file(*rows: dict[str, str]) -> bytes:
    """A CSV file of rows, each on top of ``HEAD`` and of a rule id that counts."""
    lines = [",".join(COLUMNS)]
    for number, row in enumerate(rows, start=1):
        cells = {**HEAD, "rule": f"R{number}", "code": "*", **row}
        lines.append(",".join(f'"{cells.get(name, "")}"' for name in COLUMNS))
    return ("\n".join(lines) + "\n").encode()


def price_list(*rows: dict[str, str]) -> PriceList:
    """The one list that such a file holds."""
    lists, problems = parse_price_lists(price_file(*rows))
    assert problems == []
    [only] = lists
    return only


LABOUR = {"kind": "labour", "unit": "hour", "rate": "85"}
TRAVEL = {"kind": "travel", "unit": "hour", "rate": "60"}
WAITING = {"kind": "waiting", "unit": "hour", "rate": "40"}
PART = {"kind": "part", "unit": "each", "rate": "12.50"}
EXPENSE = {"kind": "expense", "unit": "EUR", "markup": "10"}
CALLOUT = {"kind": "callout", "unit": "visit", "rate": "30"}
