"""A CSV file as a heading and rows, each row with the line on which it starts.

RFC 4180 with what spreadsheets really write: a byte order mark, commas, semicolons, tabs or bars, quoted
cells that hold separators and line breaks, any line ending, blank lines. Cells lose the white space
around them, nothing else. The separator is the one that makes the heading line show the most expected names.
"""

import csv
import io
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from jobseal_gateway.problem import Problem

SEPARATORS = (",", ";", "\t", "|")


@dataclass(frozen=True, slots=True)
class Row:
    """One record: the file line on which it starts (from 1) and its cells, as many as the heading has."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """The heading (its line and its names) and the rows below it that have the right number of cells."""

    heading_line: int
    heading: tuple[str, ...]
    rows: tuple[Row, ...]


def read_table(
    text: str, file: str, separator: str | None, expected: Collection[str]
) -> tuple[Table | None, list[Problem]]:
    """Split ``text`` into a table. ``separator`` None means: find out. Rows with problems are left out.

    ``None`` comes back only when there is no usable heading; then there is at least one problem.
    """
    problems: list[Problem] = []
    chosen = separator or find_separator(text, expected)
    records = list(_records(text, file, chosen, problems))
    if not records:
        if not problems:
            sentence = "The file is empty. The first line must hold the column names."
            problems.append(Problem(file, 1, None, "empty_file", sentence))
        return None, problems
    first = records[0]
    problems += _heading_problems(file, first)
    width = len(first.cells)
    rows = tuple(row for row in records[1:] if len(row.cells) == width)
    problems += [_ragged(file, row, width, chosen) for row in records[1:] if len(row.cells) != width]
    return Table(first.line, first.cells, rows), problems


def find_separator(text: str, expected: Collection[str]) -> str:
    """The separator that splits the first line into the most expected names; then into the most cells."""

    def score(separator: str) -> tuple[int, int]:
        try:
            cells = next(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True), [])
        except csv.Error:
            return (0, 0)
        return (sum(cell.strip() in expected for cell in cells), len(cells))

    return max(SEPARATORS, key=score)


def _records(text: str, file: str, separator: str, problems: list[Problem]) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = tuple(cell.strip() for cell in next(reader))
        except StopIteration:
            return
        except csv.Error as error:
            problems.append(_broken(file, line, str(error)))
            return
        if any(cells):
            yield Row(line, cells)


def _broken(file: str, line: int, reason: str) -> Problem:
    if "unexpected end" in reason:
        sentence = 'A quoted cell begins in this row and never ends. Close it with "; the rest was not read.'
    elif "field larger" in reason:
        sentence = "A cell of this row is too long; perhaps a quote is missing. The rest was not read."
    else:
        sentence = 'A quoted cell is followed by other text. Write a quote inside a cell as "". The rest was not read.'
    return Problem(file, line, None, "csv_syntax", sentence)


def _ragged(file: str, row: Row, width: int, separator: str) -> Problem:
    shown = "tab" if separator == "\t" else separator
    sentence = (
        f"This row has {len(row.cells)} cells, the heading has {width}. "
        f"A cell that holds the separator ({shown}) must stand in double quotes."
    )
    return Problem(file, row.line, min(len(row.cells), width) + 1, "row_length", sentence)


def _heading_problems(file: str, heading: Row) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for number, name in enumerate(heading.cells, start=1):
        if not name:
            sentence = "This column has no name. Name it or delete it."
            yield Problem(file, heading.line, number, "unnamed_column", sentence)
        elif name in seen:
            sentence = f"The column is there twice (also as column {seen[name]}). Delete or rename one."
            yield Problem(file, heading.line, number, "duplicate_column", sentence, name)
        seen.setdefault(name, number)
