"""Catalogue entries from CSV: one row, one entry; columns by name in any order, lists separated by ``|``."""

from jobseal_gateway.catalogue.columns import CODES, COLUMNS, REQUIRED
from jobseal_gateway.catalogue.raw import RawEntry
from jobseal_gateway.orders.cell import Cell
from jobseal_gateway.problem import Problem
from jobseal_gateway.source.csv_file import Row, Table, read_table

LIST_SEPARATOR = "|"


def rows(text: str, file: str) -> tuple[list[RawEntry], list[Problem]]:
    """The entries of the rows that can be read, and what is wrong with the others and with the heading."""
    table, problems = read_table(text, file, None, COLUMNS)
    if table is None:
        return [], problems
    wrong = _heading_problems(table, file)
    problems += wrong
    if wrong:
        return [], problems
    if not problems and not table.rows:
        sentence = "The file has column names and no entry below them."
        problems.append(Problem(file, table.heading_line, None, "empty_file", sentence))
    return [_raw(row, table, file) for row in table.rows], problems


def _heading_problems(table: Table, file: str) -> list[Problem]:
    found = []
    for number, name in enumerate(table.heading, start=1):
        if name and name not in COLUMNS:
            sentence = f"A catalogue has no such column; these are: {', '.join(COLUMNS)}."
            found.append(Problem(file, table.heading_line, number, "unknown_column", sentence, name))
    for name in REQUIRED:
        if name not in table.heading:
            sentence = f'There is no column "{name}", which every catalogue needs.'
            found.append(Problem(file, table.heading_line, None, "missing_column", sentence))
    return found


def _raw(row: Row, table: Table, file: str) -> RawEntry:
    cells: dict[str, Cell] = {}
    for number, (name, text) in enumerate(zip(table.heading, row.cells, strict=True), start=1):
        cell = Cell(row.line, number, name, text)
        if name and COLUMNS[name].form == CODES:
            parts = (part.strip() for part in text.split(LIST_SEPARATOR))
            cell = Cell(row.line, number, name, items=tuple(part for part in parts if part))
        if name and not cell.empty():
            cells.setdefault(name, cell)
    return RawEntry(file, row.line, None, "", cells)
