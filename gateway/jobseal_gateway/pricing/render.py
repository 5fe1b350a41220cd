"""Price lists as the CSV that the parser reads, in one canonical form, and the digest that a record cites.

``parse_price_lists(render_price_lists(lists))`` gives the same lists back.
"""

import csv
import hashlib
import io
from collections.abc import Iterable
from decimal import Decimal

from jobseal_gateway.pricing.decimals import EXACT, multiply, plain_text
from jobseal_gateway.pricing.price_list import PriceList
from jobseal_gateway.pricing.rule import FLAT, KINDS, VISIT, Rule
from jobseal_gateway.pricing.rule_fields import COLUMNS


def render_price_lists(lists: Iterable[PriceList]) -> bytes:
    """UTF-8 CSV with every column, rules in the order of the lists."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, COLUMNS)
    writer.writeheader()
    for each in lists:
        writer.writerows(_row(each, rule) for rule in each.rules)
    return out.getvalue().encode()


def canonical(price_list: PriceList) -> bytes:
    """The one byte form of a version: its rules sorted by id, numbers without needless zeros."""
    rules = tuple(sorted(price_list.rules, key=lambda rule: rule.id))
    ordered = PriceList(
        price_list.id,
        price_list.version,
        price_list.currency,
        price_list.valid_from,
        price_list.valid_until,
        rules,
    )
    return render_price_lists([ordered])


def digest(price_list: PriceList) -> bytes:
    """SHA-256 of ``canonical``: what a billing record cites beside id and version."""
    return hashlib.sha256(canonical(price_list)).digest()


def _row(price_list: PriceList, rule: Rule) -> dict[str, str]:
    expense = rule.kind == "expense"
    measured = KINDS[rule.kind].measured and rule.unit not in (FLAT, VISIT)
    return {
        "price_list": price_list.id,
        "version": price_list.version,
        "currency": price_list.currency,
        "valid_from": price_list.valid_from.isoformat(),
        "valid_until": price_list.valid_until.isoformat() if price_list.valid_until else "",
        "rule": rule.id,
        "kind": rule.kind,
        "code": rule.code,
        "description": rule.description,
        "unit": rule.unit,
        "rate": "" if expense else plain_text(rule.rate),
        "markup": plain_text(multiply(EXACT.subtract(rule.rate, Decimal(1)), Decimal(100))) if expense else "",
        "minimum": plain_text(rule.minimum) if measured else "",
        "increment": plain_text(rule.increment) if measured else "",
        "increment_rounding": rule.increment_rounding if measured else "",
        "per": rule.per,
        "when": rule.when,
        "rounding": rule.rounding,
        "places": str(rule.places),
    }
