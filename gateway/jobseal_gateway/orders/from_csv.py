"""Work orders from CSV: one row, one order; columns by name in any order.

A problem names the line on which its row starts, the cell's number in the row and the column's heading.
"""

from jobseal_gateway.orders.assemble import assemble
from jobseal_gateway.orders.cell import Cell, RawOrder
from jobseal_gateway.orders.columns import COLUMNS, REQUIRED
from jobseal_gateway.orders.mapping import PLAIN, Mapping
from jobseal_gateway.orders.work_order import WorkOrder
from jobseal_gateway.problem import Problem, in_order
from jobseal_gateway.source.csv_file import Row, Table, read_table
from jobseal_gateway.source.text import decode

# After these no value of the file can be trusted, whatever its row looks like.
_SPOIL_FILE = frozenset({"wrong_encoding"})

_Placed = list[tuple[int, str, str]]  # (position in the row, our name, the heading)


def parse_csv(data: bytes, mapping: Mapping = PLAIN, file: str = "orders.csv") -> tuple[list[WorkOrder], list[Problem]]:
    """Every order without a mistake, and every mistake. No orders at all when the file as a whole is unusable.

    ``file`` is only the name that the problems show.
    """
    text, problems = decode(data, file, mapping.encoding)
    if not text:
        return [], problems or [Problem(file, 1, None, "empty_file", "The file is empty.")]
    table, more = read_table(text, file, mapping.separator, {*COLUMNS, *mapping.columns, *mapping.ignore})
    if table is None:
        return [], in_order(problems + more)
    placed, unknown = _place_columns(table, mapping, file)
    problems += more + unknown
    raws = [_raw(row, placed, mapping) for row in table.rows]
    orders, of_rows = assemble(raws, mapping, file) if placed else ([], [])
    if any(each.code in _SPOIL_FILE or (each.line or 0) <= table.heading_line for each in problems):
        orders = []
    problems += of_rows
    if not problems and not orders:
        sentence = "The file has column names and no order below them."
        problems.append(Problem(file, table.heading_line, None, "empty_file", sentence))
    return orders, in_order(problems)


def _place_columns(table: Table, mapping: Mapping, file: str) -> tuple[_Placed, list[Problem]]:
    """Which cell is which of our columns, and what is wrong with the heading."""
    placed: _Placed = []
    problems: list[Problem] = []
    for number, theirs in enumerate(table.heading, start=1):
        ours = mapping.ours(theirs)
        wrong = _heading_flaw(theirs, ours, placed, mapping)
        if wrong:
            problems.append(Problem(file, table.heading_line, number, *wrong, theirs))
        elif ours is not None:
            placed.append((number - 1, ours, theirs))
    there = {ours for _, ours, _ in placed}
    for name in REQUIRED:
        if name not in there and name not in mapping.defaults:
            sentence = f'There is no column "{name}", which every order needs. Add it, or map one of yours to it.'
            problems.append(Problem(file, table.heading_line, None, "missing_column", sentence))
    return placed, problems


def _heading_flaw(theirs: str, ours: str | None, placed: _Placed, mapping: Mapping) -> tuple[str, str] | None:
    if ours is None:
        if not theirs or mapping.ignores(theirs):
            return None
        sentence = "We do not know this column. Map it to one of ours, or list it under ignore, in the mapping file."
        return "unknown_column", sentence
    if any(ours == other and theirs != heading for _, other, heading in placed):
        return "duplicate_column", f'Another column is already our "{ours}".'
    return None


def _raw(row: Row, placed: _Placed, mapping: Mapping) -> RawOrder:
    cells: dict[str, Cell] = {}
    for position, ours, heading in placed:
        cells[ours] = mapping.cell(ours, row.cells[position], row.line, position + 1, heading)
    # The heading's problem has said it; not with every row again.
    missing = frozenset(REQUIRED) - frozenset(cells) - frozenset(mapping.defaults)
    return RawOrder(row.line, None, "", cells, reported=missing)
