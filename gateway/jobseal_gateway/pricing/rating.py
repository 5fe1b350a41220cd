"""Rating: the quantities of one job under the terms of its contract, to lines and exceptions.

Every quantity ends in exactly one line or in exactly one exception; nothing is dropped. Under a rule ``per`` entry
each quantity is a line of its own; ``per`` job, all quantities of one code, unit, warranty and billable flag are one
line, so parts that went back cancel parts that were used. The order of what comes in does not matter.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache, reduce

from jobseal.quantity import Quantity
from jobseal_gateway.pricing.charge import MS, Charge, price
from jobseal_gateway.pricing.decimals import TEXT_LIMIT, ZERO, add, magnitude, parse_decimal
from jobseal_gateway.pricing.line import Line, Rating, Unrated
from jobseal_gateway.pricing.price_list import PriceList
from jobseal_gateway.pricing.rule import PER_ENTRY, Rule

# Lines come in this order, as an invoice tells a visit.
_KIND_ORDER = {kind: number for number, kind in enumerate(("visit", "travel", "labour", "waiting", "part", "expense"))}
_TIMES = frozenset({"travel", "labour", "waiting"})
PRICED_KEPT = 4_096  # a job that is rated again is mostly made of the same lines
_COUNTED = _TIMES | {"visit"}  # whole numbers, not negative
_WHOLE_NUMBER = re.compile(r"0|[1-9][0-9]{0,14}")


@dataclass(frozen=True, slots=True)
class Terms:
    """What a job is priced by. ``outcome``: ``completed``, or ``cancelled`` for a job that was called off."""

    price_list: PriceList
    outcome: str = "completed"


@dataclass(frozen=True, slots=True)
class _Group:
    """Quantities that become one line under one rule."""

    rule: Rule
    quantities: tuple[Quantity, ...]


def rate(quantities: Iterable[Quantity], terms: Terms) -> Rating:
    """Lines and exceptions for every quantity of one job. Raises nothing that input could cause."""
    ordered = sorted(quantities, key=_order)
    visits = sum(1 for each in ordered if each.kind == "visit" and not _malformed(each))
    groups: dict[tuple[object, ...], _Group] = {}
    refused: dict[tuple[str, str, str], Unrated] = {}
    for number, quantity in enumerate(ordered):
        rule = _rule_for(quantity, terms)
        if isinstance(rule, Unrated):
            _refuse(refused, rule)
            continue
        key = _group_key(rule, quantity, number)
        earlier = groups[key].quantities if key in groups else ()
        groups[key] = _Group(rule, (*earlier, quantity))
    lines: list[Line] = []
    for group in groups.values():
        line = _line(group, visits, len(lines) + 1, terms)
        if isinstance(line, Line):
            lines.append(line)
        else:
            _refuse(refused, line)
    return Rating(terms.price_list.currency, tuple(lines), tuple(refused.values()))


def _order(quantity: Quantity) -> tuple[object, ...]:
    """A total order by content, so that only equal quantities can change places."""
    return (
        _KIND_ORDER.get(quantity.kind, len(_KIND_ORDER)),
        quantity.kind,
        quantity.code,
        quantity.at is not None,
        quantity.at or 0,
        quantity.by or "",
        quantity.unit,
        quantity.amount,
        quantity.warranty,
        quantity.billable,
        quantity.events,
    )


def _group_key(rule: Rule, quantity: Quantity, number: int) -> tuple[object, ...]:
    if rule.per == PER_ENTRY:
        return (number,)
    return (rule.id, quantity.code, quantity.unit, quantity.warranty, quantity.billable)


def _rule_for(quantity: Quantity, terms: Terms) -> Rule | Unrated:
    """The rule, or the exception that stands for the quantity instead."""
    wrong = _malformed(quantity)
    if wrong:
        return _unrated(wrong[0], quantity, wrong[1])
    prices = terms.price_list
    rule = prices.find(quantity.kind, quantity.code, quantity.unit, terms.outcome)
    if rule is not None:
        return rule
    measured_in = "" if quantity.kind in _COUNTED else f" in {quantity.unit}"
    sentence = (
        f'Price list {prices.id} version {prices.version} has no rule for {quantity.kind} "{quantity.code}"'
        f"{measured_in}. Add one (with rate 0 if it costs nothing), or correct the code."
    )
    return _unrated("unknown_code", quantity, sentence)


def _malformed(quantity: Quantity) -> tuple[str, str] | None:
    """Exception code and sentence for a quantity that no rule could price, or None."""
    if quantity.kind not in _KIND_ORDER:
        return "unknown_kind", f'Nothing is known about quantities of kind "{quantity.kind}".'
    counted = quantity.kind in _COUNTED
    fits = bool(_WHOLE_NUMBER.fullmatch(quantity.amount)) if counted else parse_decimal(quantity.amount) is not None
    if not fits or (quantity.kind in _TIMES) != (quantity.unit == MS):
        sentence = f'"{quantity.amount}" {quantity.unit} is no amount of {quantity.kind} "{quantity.code}".'
        return "malformed_body", sentence
    return None


def _unrated(code: str, quantity: Quantity, sentence: str) -> Unrated:
    return Unrated(code, quantity.kind, quantity.code, sentence, tuple(quantity.events))


def _refuse(refused: dict[tuple[str, str, str], Unrated], unrated: Unrated) -> None:
    """One exception for all quantities that a person would correct in the same place."""
    key = (unrated.code, unrated.kind, unrated.sentence)
    earlier = refused[key].events if key in refused else ()
    events = tuple(dict.fromkeys((*earlier, *unrated.events)))
    refused[key] = Unrated(unrated.code, unrated.kind, unrated.subject, unrated.sentence, events)


def _line(group: _Group, visits: int, number: int, terms: Terms) -> Line | Unrated:
    first, rule, prices = group.quantities[0], group.rule, terms.price_list
    raw = reduce(add, (Decimal(each.amount) for each in group.quantities), ZERO)
    charge, billed, amount = _priced(
        rule, str(rule.rate), len(group.quantities), str(raw), first.unit, _free_because(first), visits
    )
    events = tuple(dict.fromkeys(event for each in group.quantities for event in each.events))
    if max(magnitude(each) for each in (raw, billed, amount)) >= TEXT_LIMIT:
        sentence = f'The {first.kind} "{first.code}" comes to more than 15 digits; one of its amounts must be wrong.'
        return Unrated("malformed_body", first.kind, first.code, sentence, events)
    return Line(
        number=number,
        kind=first.kind,
        code=first.code,
        description=rule.description,
        raw=raw,
        raw_unit=first.unit,
        billed=billed,
        unit=first.unit if rule.unit == "*" else rule.unit,
        rate=charge.rate,
        amount=amount,
        rule=rule.id,
        price_list=prices.id,
        price_list_version=prices.version,
        steps=charge.steps,
        events=events,
    )


@lru_cache(PRICED_KEPT)
def _priced(
    rule: Rule, rate: str, entries: int, raw: str, raw_unit: str, free_because: str, visits: int
) -> tuple[Charge, Decimal, Decimal]:
    """As :func:`price`. Rate and raw quantity come as text: equal decimals may be written differently, and a line
    says them as they were written."""
    amount = Decimal(raw)
    return price(
        Charge(
            rule=rule,
            entries=entries,
            raw=amount,
            raw_unit=raw_unit,
            free_because=free_because,
            visits=visits,
            billed=amount,
            per_unit=Decimal(1),
            rate=Decimal(rate),
        )
    )


def _free_because(quantity: Quantity) -> str:
    if quantity.warranty:
        return "warranty"
    return "" if quantity.billable else "not billable"
