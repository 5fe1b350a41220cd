"""Raw quantities: what a job used, as it follows from its events and before any price list looks at it.

Corrections are applied; what is struck out is gone; what cannot be measured is an exception of the card and no
quantity. Each quantity names the events that it rests on, the corrections among them.
"""

from jobseal import decimal_text
from jobseal.card import Card

MYPY = False
if MYPY:
    from typing import Any

    from jobseal.card import Item, Span
    from jobseal.job import Job


class Quantity:
    """One time entry, part usage, expense or visit, never rounded.

    ``kind``: labour, travel, waiting, part, expense, visit; ``code``: the task, the part, the expense, the reason for
    waiting, or the kind itself; ``amount``: decimal text in ``unit`` ("ms" for times, as integer text; returns are
    negative); ``by``: technician id or None; ``at``: claimed start, Unix ms UTC or None; ``events``: hashes of the
    events it rests on; ``flags``: how a time was measured (:mod:`jobseal.measure`).
    """

    __slots__ = ("amount", "at", "billable", "by", "code", "events", "flags", "kind", "unit", "warranty")

    def __init__(
        self,
        kind: str,
        code: str,
        unit: str,
        amount: str,
        by: str | None,
        at: int | None,
        events: list[bytes],
        warranty: bool = False,
        billable: bool = True,
        flags: "list[str] | None" = None,
    ) -> None:
        self.kind = kind
        self.code = code
        self.unit = unit
        self.amount = amount
        self.by = by
        self.at = at
        self.events = events
        self.warranty = warranty
        self.billable = billable
        self.flags = flags or []


def quantities(job: "Job") -> "list[Quantity]":
    """The raw quantities of a job: labour, travel, waiting, visits, parts, expenses; each in order of its first
    event.
    """
    return of_card(Card(job))


def of_card(card: Card) -> "list[Quantity]":
    """The raw quantities of a job whose card is at hand."""
    timed = [_time(span) for span in card.spans if span.charged and span.duration_ms is not None]
    found = [quantity for kind in ("labour", "travel", "waiting") for quantity in timed if quantity.kind == kind]
    found += [_visit(span) for span in card.spans if span.kind == "visit"]
    found += [_part(item) for item in card.of("part.used", "part.returned")]
    found += [_expense(item) for item in card.of("expense.added")]
    return found


def _time(span: "Span") -> Quantity:
    amount = str(span.duration_ms)
    return Quantity(span.kind, span.code, "ms", amount, span.by, span.at, span.hashes(), flags=span.flags)


def _visit(span: "Span") -> Quantity:
    return Quantity("visit", "visit", "visit", "1", span.by, span.at, span.hashes())


def _part(item: "Item") -> Quantity:
    part = item.body
    amount = part["quantity"] if item.fact.kind == "part.used" else decimal_text.negate(part["quantity"])
    return Quantity(
        "part", part["code"], part["unit"], amount, item.fact.by, item.at, item.hashes(),
        part.get("warranty", False), part.get("billable", True),
    )  # fmt: skip


def _expense(item: "Item") -> Quantity:
    spent = item.body
    return Quantity(
        "expense", spent["code"], spent["currency"], spent["amount"], item.fact.by, item.at, item.hashes(),
        False, spent.get("billable", True),
    )  # fmt: skip


def totals(of: "list[Quantity]") -> "list[list[Any]]":
    """[kind, code, unit, amount] summed over quantities of one kind, code and unit, in order: as ``job.completed``
    says it.
    """
    rows: list[list[Any]] = []
    for quantity in of:
        same = [quantity.kind, quantity.code, quantity.unit]
        found = [row for row in rows if row[:3] == same]
        if found:
            found[0][3] = decimal_text.add(found[0][3], quantity.amount)
        else:
            rows.append(same + [quantity.amount])
    return rows
