"""The catalogue as this screen reads it: names for codes, checklists, safety rules. It helps and never forbids.

A document of CBOR maps, every part of it optional; what does not fit is passed over. A code that is not in it is
accepted and flagged, since the part is in the technician's hand.

    {"parts":      {code: {"name": text, "unit": text, "serial": bool}},
     "tasks":      {code: {"name": text, "checklist": [item ...], "safety": [code ...]}},
     "safety":     {code: {"text": text, "version": integer}},
     "readings":   {code: {"name": text, "unit": text, "low": decimal, "high": decimal}},
     "expenses":   {code: {"name": text}},
     "reasons":    {"waiver" | "reopen" | "cancel" | "missing": {code: text}}}

A checklist's item is {"item": code, "text": text, "answer": "yes_no" | "number" | "text", "low", "high": decimal,
"mandatory": bool}.
"""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from jobseal import cbor
from jobseal.errors import JobsealError
from jobseal.limits import DOCUMENT_MAX_BYTES
from jobseal_device.ui.words import N_

NONE, AWAITED, HERE, UNREADABLE = "none", "awaited", "here", "unreadable"  # what has become of the catalogue
YES_NO, NUMBER, ANY_TEXT = "yes_no", "number", "text"

# What is offered where the catalogue gives no reasons of its own.
REASONS = {
    "waiver": {
        "customer-absent": N_("customer absent"),
        "refused": N_("customer refuses to sign"),
        "by-phone": N_("agreed by telephone"),
        "other": N_("other"),
    },
    "reopen": {
        "not-finished": N_("not finished after all"),
        "wrong-entry": N_("something was entered wrongly"),
        "customer-asks": N_("the customer asks for more"),
        "other": N_("other"),
    },
    "cancel": {
        "customer-cancelled": N_("cancelled by the customer"),
        "no-access": N_("no access"),
        "not-needed": N_("not needed any more"),
        "other": N_("other"),
    },
    "missing": {
        "not-possible": N_("not possible here"),
        "customer-refuses": N_("the customer refuses"),
        "equipment": N_("equipment missing or broken"),
        "other": N_("other"),
    },
}


class Item(NamedTuple):
    """One question of a checklist. ``low``, ``high``: limits of a number, or None."""

    code: str
    text: str
    answer: str = YES_NO
    low: Decimal | None = None
    high: Decimal | None = None
    is_mandatory: bool = False

    def is_outside(self, value: str) -> bool:
        """Whether a number is outside the limits."""
        number = _decimal(value)
        if number is None:
            return False
        return (self.low is not None and number < self.low) or (self.high is not None and number > self.high)


class Catalogue:
    """``is_here``: there is one at all; without one every code is as good as any other."""

    def __init__(self, document: Any = None) -> None:
        self.is_here = isinstance(document, dict)
        self._document: dict[Any, Any] = document if isinstance(document, dict) else {}

    def name(self, table: str, code: str) -> str:
        """What a code means, "" if nobody says so."""
        row = self._row(table, code)
        return _text(row.get("name")) or _text(row.get("text"))

    def knows(self, table: str, code: str) -> bool:
        """Whether the code may be used without a flag."""
        return not self.is_here or code in self._table(table)

    def unit(self, table: str, code: str) -> str:
        return _text(self._row(table, code).get("unit"))

    def wants_serial(self, code: str) -> bool:
        return self._row("parts", code).get("serial") is True

    def codes(self, table: str) -> list[str]:
        """Known codes, in order."""
        return sorted(code for code in self._table(table) if isinstance(code, str) and 1 <= len(code) <= 64)

    def checklist(self, tasks: list[str]) -> list[Item]:
        """The questions of these tasks, each once."""
        found: dict[str, Item] = {}
        for task in tasks:
            rows = self._row("tasks", task).get("checklist")
            for row in rows if isinstance(rows, list) else []:
                item = _item(row)
                if item is not None:
                    found.setdefault(item.code, item)
        return list(found.values())

    def safety(self, tasks: list[str]) -> list[tuple[str, str, int | None]]:
        """(code, text, version) of what has to be acknowledged before these tasks."""
        found: dict[str, tuple[str, str, int | None]] = {}
        for task in tasks:
            codes = self._row("tasks", task).get("safety")
            for code in codes if isinstance(codes, list) else []:
                if isinstance(code, str) and 1 <= len(code) <= 64:
                    version = self._row("safety", code).get("version")
                    found[code] = (code, self.name("safety", code) or code, version if type(version) is int else None)
        return list(found.values())

    def limits(self, code: str) -> Item:
        """A reading's limits, as of a checklist's item."""
        row = self._row("readings", code)
        return Item(code, self.name("readings", code), NUMBER, _decimal(row.get("low")), _decimal(row.get("high")))

    def reasons(self, of: str) -> dict[str, str]:
        """Code and text (to be translated) of each reason that is offered."""
        own = self._table("reasons").get(of)
        found = (
            {code: _text(text) or code for code, text in own.items() if _is_code(code)} if isinstance(own, dict) else {}
        )
        return found or REASONS[of]

    def _table(self, name: str) -> dict[Any, Any]:
        table = self._document.get(name)
        return table if isinstance(table, dict) else {}

    def _row(self, table: str, code: str) -> dict[Any, Any]:
        row = self._table(table).get(code)
        return row if isinstance(row, dict) else {}


def read(pages: Sequence[bytes | None]) -> tuple[Catalogue, str]:
    """The catalogue that these documents are together, and its state; an empty one while not all have come (None), and
    where one cannot be read. Without any there is no catalogue."""
    come = [page for page in pages if page is not None]
    if len(come) < len(pages) or not pages:
        return Catalogue(), AWAITED if pages else NONE
    together: dict[Any, dict[Any, Any]] = {}
    for page in come:
        try:
            document = cbor.decode(page, DOCUMENT_MAX_BYTES)
        except JobsealError:
            return Catalogue(), UNREADABLE
        if not isinstance(document, dict):
            return Catalogue(), UNREADABLE
        for name, table in document.items():
            if isinstance(table, dict):
                together.setdefault(name, {}).update(table)
    return Catalogue(together), HERE


def _item(row: Any) -> Item | None:
    if not isinstance(row, dict) or not _is_code(row.get("item")):
        return None
    asked = row.get("answer")
    answer = asked if isinstance(asked, str) and asked in (NUMBER, ANY_TEXT) else YES_NO
    low, high = _decimal(row.get("low")), _decimal(row.get("high"))
    return Item(row["item"], _text(row.get("text")) or row["item"], answer, low, high, row.get("mandatory") is True)


def _is_code(value: Any) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= 64 and value.isprintable()


def _text(value: Any) -> str:
    return value[:1000] if isinstance(value, str) else ""


def _decimal(value: Any) -> Decimal | None:
    try:
        return Decimal(value) if isinstance(value, str) else None
    except InvalidOperation:
        return None
