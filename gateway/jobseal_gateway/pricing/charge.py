"""From a group of quantities to a price: a short pipeline of steps, each of which says in words what it did.

A charge goes through ``PIPELINE`` and is then priced. A step gets a charge and returns the next one; it changes the
billed quantity or the rate, and adds to ``steps``. A new rule (tiers, surcharges, allowances) is a new step here and
a new column in the rule. All arithmetic is exact; the amount alone is rounded, at the very end.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

from jobseal_gateway.pricing.decimals import (
    TEXT_MAX_PLACES,
    ZERO,
    divide,
    divisible,
    multiply,
    plain_text,
    to_step,
    without_needless_zeros,
)
from jobseal_gateway.pricing.rule import FLAT, MINUTE_MS, TIME_UNIT_MS, VISIT, Rule

MS = "ms"


@dataclass(frozen=True, slots=True)
class Charge:
    """A group of quantities under one rule, on its way to a line.

    ``billed`` is in ``raw_unit`` while it is measured, so a time stays in exact ms; ``per_unit`` of it make one of the
    rule's units. ``visits`` is how often somebody came to the job.
    """

    rule: Rule
    entries: int
    raw: Decimal
    raw_unit: str
    free_because: str
    visits: int
    billed: Decimal
    per_unit: Decimal
    rate: Decimal
    steps: tuple[str, ...] = ()

    def after(self, step: str) -> "Charge":
        """The same charge with one more step told."""
        return replace(self, steps=(*self.steps, step))

    def shown(self, quantity: Decimal) -> str:
        """A quantity of this charge in words: ``75 min``, ``3723 s``, ``1.5 m``."""
        if self.raw_unit != MS or self.rule.unit in (FLAT, VISIT):
            return f"{plain_text(quantity)} {self.raw_unit}"
        for unit, size_ms in (("min", MINUTE_MS), ("s", 1000)):
            if divisible(quantity, size_ms):
                return f"{plain_text(divide(quantity, Decimal(size_ms), 0, 'down'))} {unit}"
        return f"{plain_text(quantity)} ms"


def measure(charge: Charge) -> Charge:
    """Say what came in, and count instead of measuring where the rule is flat."""
    several = f" in {charge.entries} entries" if charge.entries > 1 else ""
    charge = charge.after(f"raw {plain_text(charge.raw)} {charge.raw_unit}{several}")
    unit = charge.rule.unit
    if charge.raw_unit != MS:
        return charge
    if unit == FLAT:
        return replace(charge, billed=Decimal(1), per_unit=Decimal(1)).after("flat: 1")
    if unit == VISIT:
        # Somebody drove, even if the job was cancelled before anybody arrived.
        count = max(charge.visits, 1)
        counted = replace(charge, billed=Decimal(count), per_unit=Decimal(1))
        return counted.after(f"visits {charge.visits} -> {count}")
    return replace(charge, per_unit=Decimal(TIME_UNIT_MS[unit]))


def raise_to_minimum(charge: Charge) -> Charge:
    """Charge at least the minimum for anything above nothing. A return (below nothing) has no minimum."""
    minimum = _in_raw_unit(charge, charge.rule.minimum)
    if not minimum or not 0 < charge.billed < minimum:
        return charge
    raised = replace(charge, billed=minimum)
    return raised.after(f"minimum {charge.shown(minimum)}")


def fill_increment(charge: Charge) -> Charge:
    """Go to a whole number of increments by the rule's mode; a return goes as far the other way."""
    increment = _in_raw_unit(charge, charge.rule.increment)
    if not increment:
        return charge
    filled = replace(charge, billed=to_step(charge.billed, increment, charge.rule.increment_rounding))
    mode = charge.rule.increment_rounding
    return filled.after(f"increment {charge.shown(increment)} {mode} -> {charge.shown(filled.billed)}")


def waive(charge: Charge) -> Charge:
    """Warranty and what is not billable stay visible, at a rate of zero."""
    if not charge.free_because:
        return charge
    freed = replace(charge, rate=ZERO)
    return freed.after(f"{charge.free_because}: rate {plain_text(charge.rate)} -> 0")


Step = Callable[[Charge], Charge]
PIPELINE: tuple[Step, ...] = (measure, raise_to_minimum, fill_increment, waive)


def price(charge: Charge) -> tuple[Charge, Decimal, Decimal]:
    """The charge after every step, its billed quantity in the rule's unit (shown to 9 places) and its amount."""
    for step in PIPELINE:
        charge = step(charge)
    billed = divide(charge.billed, charge.per_unit, TEXT_MAX_PLACES, "half_even")
    if multiply(billed, charge.per_unit) != charge.billed:
        shown = f"{charge.shown(charge.billed)} shown as {plain_text(billed)} {charge.rule.unit}; amount is exact"
        charge = charge.after(shown)
    rule = charge.rule
    amount = divide(multiply(charge.billed, charge.rate), charge.per_unit, rule.places, rule.rounding)
    return charge.after(f"rounded {rule.rounding} {rule.places}"), without_needless_zeros(billed), amount


def _in_raw_unit(charge: Charge, stated: Decimal) -> Decimal:
    """Minimum and increment of a time are stated in minutes and measured in ms."""
    return multiply(stated, Decimal(MINUTE_MS)) if charge.raw_unit == MS else stated
