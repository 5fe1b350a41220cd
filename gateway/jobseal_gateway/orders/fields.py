"""How the text of one cell becomes a value: one reader for each kind of column.

A reader gets the column and the cell, appends what is wrong to ``flaws`` and returns the value, which is
meaningless when it appended anything. Readers know nothing of other cells of the row; times need the row's
zone and are read by ``window``.
"""

import re
from collections.abc import Callable

from jobseal.requirement import EVIDENCE_KINDS
from jobseal_gateway import time_zone
from jobseal_gateway.orders import columns
from jobseal_gateway.orders.cell import Cell, Flaw
from jobseal_gateway.orders.columns import Column
from jobseal_gateway.orders.junk import LINE_BREAKS, junk
from jobseal_gateway.pricing.currency import PLACES
from jobseal_gateway.pricing.decimals import parse_decimal

ORDER_ID = re.compile(r"[A-Za-z0-9._/-]{1,64}")
_WHOLE_NUMBER = re.compile(r"[0-9]{1,9}")

Value = str | int | bool | tuple[str, ...] | tuple[tuple[str, str], ...] | None
Reader = Callable[[Column, Cell, list[Flaw]], Value]


def read(column: Column, cell: Cell, flaws: list[Flaw]) -> Value:
    """The value of ``cell`` by its column's kind; what is wrong with it goes to ``flaws``."""
    allowed = LINE_BREAKS if column.kind == columns.TEXT else ""
    for text in cell.items or (cell.text,):
        spoiled = junk(text, allowed)
        if spoiled:
            flaws.append(spoiled)
    if flaws:
        return None
    return _READERS[column.kind](column, cell, flaws)


def _id(column: Column, cell: Cell, flaws: list[Flaw]) -> str:
    if len(cell.text) > columns.CODE_MAX_CHARACTERS:
        return _line(column, cell, flaws)
    if not ORDER_ID.fullmatch(cell.text):
        allowed = "1 to 64 of the letters A-Z and a-z, digits, dot, underscore, slash and hyphen"
        flaws.append(Flaw("bad_id", f'"{cell.text}" is not an id; an id is {allowed}.'))
    return cell.text


def _line(column: Column, cell: Cell, flaws: list[Flaw]) -> str:
    length = len(cell.text)
    if length > column.max_characters:
        sentence = f"The text has {length} characters; at most {column.max_characters} are allowed."
        flaws.append(Flaw("too_long", sentence))
    return cell.text


def _revision(_column: Column, cell: Cell, flaws: list[Flaw]) -> int:
    number = int(cell.text) if _WHOLE_NUMBER.fullmatch(cell.text) else 0
    if not 1 <= number <= columns.REVISION_MAX:
        sentence = f'"{cell.text}" is not a revision; it is a whole number from 1 to {columns.REVISION_MAX}.'
        flaws.append(Flaw("bad_number", sentence))
    return number


def _currency(_column: Column, cell: Cell, flaws: list[Flaw]) -> str:
    if cell.text not in PLACES:
        sentence = f'"{cell.text}" is not a currency; write its ISO 4217 code, such as EUR, CHF or USD.'
        flaws.append(Flaw("unknown_currency", sentence))
    return cell.text


def _zone(_column: Column, cell: Cell, flaws: list[Flaw]) -> str:
    if not time_zone.known(cell.text):
        flaws.append(Flaw("unknown_time_zone", time_zone.unknown_sentence(cell.text)))
    return cell.text


def _amount(_column: Column, cell: Cell, flaws: list[Flaw]) -> str:
    value = parse_decimal(cell.text)
    if value is None or value < 0:
        sentence = f'"{cell.text}" is not an amount; write digits with a point, such as 1250.00.'
        flaws.append(Flaw("bad_decimal", sentence))
    return cell.text


def _flag(_column: Column, cell: Cell, flaws: list[Flaw]) -> bool:
    if cell.text not in (columns.YES, columns.NO):
        sentence = f'"{cell.text}" is neither {columns.YES} nor {columns.NO}; write one of them.'
        flaws.append(Flaw("bad_flag", sentence))
    return cell.text == columns.YES


def _codes(_column: Column, cell: Cell, flaws: list[Flaw]) -> tuple[str, ...]:
    _check_list(cell.items, flaws)
    for item in cell.items:
        if len(item) > columns.CODE_MAX_CHARACTERS:
            sentence = f'"{item[:20]}..." has {len(item)} characters; a code has at most 64. '
            flaws.append(Flaw("too_long", sentence + "Perhaps the list separator is another one."))
    return cell.items


def _evidence(_column: Column, cell: Cell, flaws: list[Flaw]) -> tuple[str, ...]:
    _check_list(cell.items, flaws)
    known = ", ".join(EVIDENCE_KINDS)
    for item in cell.items:
        if item not in EVIDENCE_KINDS:
            flaws.append(Flaw("unknown_evidence", f'"{item}" is not a kind of evidence; these are: {known}.'))
    return cell.items


def _references(_column: Column, cell: Cell, flaws: list[Flaw]) -> tuple[tuple[str, str], ...]:
    pairs: dict[str, str] = {}
    for item in cell.items:
        system, equals, reference = (part.strip() for part in item.partition("="))
        if not (system and equals and reference) or max(len(system), len(reference)) > 64:
            sentence = f'"{item[:80]}" is not a reference; write system=id, each of 1 to 64 characters.'
            flaws.append(Flaw("bad_reference", sentence))
        elif system in pairs:
            flaws.append(Flaw("duplicate_item", f'The system "{system}" is named twice.'))
        pairs[system] = reference
    _check_count(cell.items, flaws)
    return tuple(sorted(pairs.items()))


def _check_list(items: tuple[str, ...], flaws: list[Flaw]) -> None:
    _check_count(items, flaws)
    for item in sorted({item for item in items if items.count(item) > 1}):
        flaws.append(Flaw("duplicate_item", f'"{item}" is in the list twice.'))


def _check_count(items: tuple[str, ...], flaws: list[Flaw]) -> None:
    if len(items) > columns.LIST_MAX_ITEMS:
        sentence = f"The list has {len(items)} items; at most {columns.LIST_MAX_ITEMS} are allowed."
        flaws.append(Flaw("too_long", sentence))


_READERS: dict[str, Reader] = {
    columns.ID: _id,
    columns.CODE: _line,
    columns.LINE: _line,
    columns.TEXT: _line,
    columns.REVISION: _revision,
    columns.CURRENCY: _currency,
    columns.ZONE: _zone,
    columns.AMOUNT: _amount,
    columns.CODES: _codes,
    columns.EVIDENCE: _evidence,
    columns.REFERENCES: _references,
    columns.FLAG: _flag,
}
