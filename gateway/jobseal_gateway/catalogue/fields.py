"""How the text of one cell becomes a value: one reader for each form of column.

A reader appends what is wrong to ``flaws``; its value is meaningless then. It knows nothing of other cells.
"""

import re
from collections.abc import Callable

from jobseal.shape import DECIMAL as DECIMAL_SHAPE
from jobseal_gateway.catalogue import columns
from jobseal_gateway.catalogue.columns import COUNT_MAX, LIST_MAX_ITEMS, NO, YES, Column
from jobseal_gateway.catalogue.entry import Value
from jobseal_gateway.orders.cell import Cell, Flaw
from jobseal_gateway.orders.junk import junk

_WHOLE_NUMBER = re.compile(r"[0-9]{1,9}")


def read(column: Column, cell: Cell, flaws: list[Flaw]) -> Value:
    """The value of ``cell`` by its column's form."""
    spoiled = [flaw for text in cell.items or (cell.text,) if (flaw := junk(text, ""))]
    flaws += spoiled
    return "" if spoiled else _READERS[column.form](column, cell, flaws)


def _line(column: Column, cell: Cell, flaws: list[Flaw]) -> str:
    length = len(cell.text)
    if length > column.max_characters:
        sentence = f"The text has {length} characters; at most {column.max_characters} are allowed."
        flaws.append(Flaw("too_long", sentence))
    return cell.text


def _word(column: Column, cell: Cell, flaws: list[Flaw]) -> str:
    if cell.text not in column.words:
        flaws.append(Flaw("unknown_word", f'"{cell.text}" is not possible here; these are: {", ".join(column.words)}.'))
    return cell.text


def _flag(_column: Column, cell: Cell, flaws: list[Flaw]) -> bool:
    if cell.text not in (YES, NO):
        flaws.append(Flaw("bad_flag", f'"{cell.text}" is neither {YES} nor {NO}; write one of them.'))
    return cell.text == YES


def _decimal(_column: Column, cell: Cell, flaws: list[Flaw]) -> str:
    if DECIMAL_SHAPE.problem(cell.text):
        flaws.append(Flaw("bad_decimal", f'"{cell.text}" is not a number; write digits with a point, such as -1.5.'))
    return cell.text


def _count(_column: Column, cell: Cell, flaws: list[Flaw]) -> int:
    number = int(cell.text) if _WHOLE_NUMBER.fullmatch(cell.text) else -1
    if not 0 <= number <= COUNT_MAX:
        flaws.append(Flaw("bad_number", f'"{cell.text}" is not a whole number from 0 to {COUNT_MAX}.'))
    return number


def _codes(column: Column, cell: Cell, flaws: list[Flaw]) -> tuple[str, ...]:
    if len(cell.items) > LIST_MAX_ITEMS:
        flaws.append(Flaw("too_long", f"The list has {len(cell.items)} items; at most {LIST_MAX_ITEMS} are allowed."))
    for item in sorted({item for item in cell.items if cell.items.count(item) > 1}):
        flaws.append(Flaw("duplicate_item", f'"{item}" is in the list twice.'))
    for item in cell.items:
        if len(item) > column.max_characters:
            flaws.append(Flaw("too_long", f'"{item[:20]}..." has {len(item)} characters; a code has at most 64.'))
    return cell.items


_READERS: dict[str, Callable[[Column, Cell, list[Flaw]], Value]] = {
    columns.CODE: _line,
    columns.NAME: _line,
    columns.WORD: _word,
    columns.FLAG: _flag,
    columns.DECIMAL: _decimal,
    columns.COUNT: _count,
    columns.CODES: _codes,
}
