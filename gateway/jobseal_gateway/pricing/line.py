"""What rating gives back: lines, and the quantities that could not become one."""

from dataclasses import dataclass
from decimal import Decimal
from functools import reduce

from jobseal_gateway.pricing.decimals import ZERO, add, decimal_text


@dataclass(frozen=True, slots=True)
class Line:
    """One charge, with what it takes to follow it.

    ``raw`` in ``raw_unit`` is the exact sum of the quantities; ``billed`` in ``unit`` is what is charged for, shown to
    at most 9 decimal places. ``amount`` is the exactly billed quantity times ``rate``, rounded once by the rule's
    mode and places. ``steps`` tell the way from one to the other in words. ``events`` are 32-byte hashes.
    """

    number: int
    kind: str
    code: str
    description: str
    raw: Decimal
    raw_unit: str
    billed: Decimal
    unit: str
    rate: Decimal
    amount: Decimal
    rule: str
    price_list: str
    price_list_version: str
    steps: tuple[str, ...]
    events: tuple[bytes, ...]

    def record(self) -> dict[str, int | str | list[str] | list[bytes]]:
        """The line as the protocol's billing record names its fields; decimals are text, the price list is left out
        (the record says it once)."""
        return {
            "number": self.number,
            "kind": self.kind,
            "code": self.code,
            "description": self.description,
            "raw": decimal_text(self.raw),
            "raw_unit": self.raw_unit,
            "billed": decimal_text(self.billed),
            "unit": self.unit,
            "rate": decimal_text(self.rate),
            "amount": decimal_text(self.amount),
            "rule": self.rule,
            "steps": list(self.steps),
            "events": list(self.events),
        }


@dataclass(frozen=True, slots=True)
class Unrated:
    """Quantities without a line, and why: an exception of the domain that blocks release until somebody acts.

    ``code`` is the exception's stable code, ``subject`` the code of the quantities, ``events`` their hashes.
    """

    code: str
    kind: str
    subject: str
    sentence: str
    events: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Rating:
    """Every quantity of a job, either in one of ``lines`` or in one of ``exceptions``."""

    currency: str
    lines: tuple[Line, ...]
    exceptions: tuple[Unrated, ...]

    @property
    def total(self) -> Decimal:
        """The sum of the rounded lines."""
        return reduce(add, (line.amount for line in self.lines), ZERO)
