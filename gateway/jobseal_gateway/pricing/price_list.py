"""A version of a price list: its rules, its currency and the days on which it is valid; and which rule applies.

Versions are facts: one that has been used never changes, a correction is another version with its own name.
"""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass

from jobseal_gateway.pricing.rule import ALWAYS, ANY, KINDS, Rule


@dataclass(frozen=True, slots=True)
class PriceList:
    """``valid_from`` and ``valid_until`` are days, both included; no ``valid_until`` means until replaced."""

    id: str
    version: str
    currency: str
    valid_from: datetime.date
    valid_until: datetime.date | None
    rules: tuple[Rule, ...]

    def valid_on(self, day: datetime.date) -> bool:
        """Whether work done on ``day`` can be priced by this version."""
        return self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)

    def find(self, quantity_kind: str, code: str, unit: str, outcome: str) -> Rule | None:
        """The most specific rule for a quantity: its own code before ``*``, its own unit before ``*``, its own
        outcome before ``always``. The parser sees to it that no two rules are equally specific."""
        fitting = [rule for rule in self.rules if _fits(rule, quantity_kind, code, unit, outcome)]
        return max(fitting, key=_specificity, default=None)


def choose(lists: Iterable[PriceList], list_id: str, currency: str, day: datetime.date) -> PriceList | None:
    """The version of list ``list_id`` for work done on ``day``, in ``currency``; None if there is none.

    Of several versions that are valid on the day the one that became valid last wins.
    """
    fitting = [each for each in lists if each.id == list_id and each.currency == currency and each.valid_on(day)]
    return max(fitting, key=lambda each: (each.valid_from, each.version), default=None)


def _fits(rule: Rule, quantity_kind: str, code: str, unit: str, outcome: str) -> bool:
    kind = KINDS[rule.kind]
    return (
        kind.quantity == quantity_kind
        and rule.code in (code, ANY)
        and rule.when in (outcome, ALWAYS)
        # A kind with units of its own converts into them; the others must be measured as they are priced.
        and (bool(kind.units) or rule.unit in (unit, ANY))
    )


def _specificity(rule: Rule) -> tuple[bool, bool, bool]:
    return (rule.code != ANY, rule.unit != ANY, rule.when != ALWAYS)
