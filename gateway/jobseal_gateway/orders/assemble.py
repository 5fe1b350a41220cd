"""Raw orders, from whatever format, to work orders: every value read, every row and the file as a whole checked.

An order with a mistake is left out and its mistakes are named; its neighbours are read as if it were not there.
Checks across orders are duplicate ids and parents that lead back to their own child.
"""

import dataclasses
from collections.abc import Iterable

from jobseal_gateway.orders import columns
from jobseal_gateway.orders.cell import Cell, Flaw, RawOrder
from jobseal_gateway.orders.columns import COLUMNS, REQUIRED, TARGETS
from jobseal_gateway.orders.fields import Value, read
from jobseal_gateway.orders.mapping import Mapping
from jobseal_gateway.orders.window import read_time
from jobseal_gateway.orders.work_order import WorkOrder
from jobseal_gateway.problem import Problem, in_order


def assemble(raws: Iterable[RawOrder], mapping: Mapping, file: str) -> tuple[list[WorkOrder], list[Problem]]:
    """The orders without a mistake, in file order, and every mistake of the others, in file order."""
    problems: list[Problem] = []
    orders: list[WorkOrder] = []
    kept: list[RawOrder] = []
    first_seen: dict[str, RawOrder] = {}
    for raw in raws:
        before = len(problems)
        problems += raw.problems
        values = _values(_completed(raw, mapping), mapping, file, problems)
        _check_twice(raw, first_seen, file, problems)
        if len(problems) == before and not raw.reported:
            orders.append(WorkOrder(**values))  # type: ignore[arg-type]
            kept.append(raw)
    circular = _circular(orders)
    for raw, order in zip(kept, orders, strict=True):
        if order.id in circular:
            sentence = f'Following the parents of "{order.id}" leads back to it. Correct one of them.'
            problems.append(_problem(file, raw.cells["parent"], Flaw("circular_parent", sentence)))
    return [order for order in orders if order.id not in circular], in_order(problems)


def _completed(raw: RawOrder, mapping: Mapping) -> RawOrder:
    """With the mapping's defaults in place of what is missing, and without cells that stay empty."""
    cells = {name: cell for name, cell in raw.cells.items() if not cell.empty()}
    for name, text in mapping.defaults.items():
        if name not in cells:
            cells[name] = mapping.cell(name, text, raw.line, raw.column, f"{name} (default)")
    return dataclasses.replace(raw, cells=cells)


def _values(raw: RawOrder, mapping: Mapping, file: str, problems: list[Problem]) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for name in REQUIRED:
        if name not in raw.cells and name not in raw.reported:
            sentence = f'The order has no "{name}", which every order needs.'
            problems.append(Problem(file, raw.line, raw.column, "missing_value", sentence, raw.name))
    # The zone comes first, because times are read in it.
    for name in sorted(raw.cells, key=lambda each: COLUMNS[each].kind == columns.TIME):
        cell = mapping.translated(name, raw.cells[name])
        flaws: list[Flaw] = []
        if COLUMNS[name].kind != columns.TIME:
            values[name] = read(COLUMNS[name], cell, flaws)
        elif "time_zone" in values:
            values[name] = read_time(cell.text, str(values["time_zone"]), mapping.time_formats, flaws)
        problems += [_problem(file, cell, flaw) for flaw in flaws]
        if flaws:
            values.pop(name)
    _check_row(raw, values, file, problems)
    return values


def _check_row(raw: RawOrder, values: dict[str, Value], file: str, problems: list[Problem]) -> None:
    _check_targets(raw, values, file, problems)
    start, end = values.get("window_start"), values.get("window_end")
    if "window_end" in raw.cells and "window_start" not in raw.cells:
        sentence = "The window has an end and no start. Give both, or only the start."
        problems.append(_problem(file, raw.cells["window_end"], Flaw("bad_window", sentence)))
    elif isinstance(start, int) and isinstance(end, int) and end <= start:
        sentence = "The window ends before it starts, or at once."
        problems.append(_problem(file, raw.cells["window_end"], Flaw("bad_window", sentence)))


def _check_targets(raw: RawOrder, values: dict[str, Value], file: str, problems: list[Problem]) -> None:
    """A target of the service agreement cannot come before one that has to be met on the way to it."""
    earlier = None
    for name in TARGETS:
        limit = values.get(name)
        if not isinstance(limit, int):
            continue
        if earlier is not None and limit < values[earlier]:  # type: ignore[operator]
            sentence = f'This is before "{earlier}", which has to be met first. Correct one of the two.'
            problems.append(_problem(file, raw.cells[name], Flaw("bad_target", sentence)))
        earlier = name


def _check_twice(raw: RawOrder, seen: dict[str, RawOrder], file: str, problems: list[Problem]) -> None:
    cell = raw.cells.get("id")
    if cell is None or cell.empty():
        return
    if cell.text in seen:
        sentence = f'The order "{cell.text}" is already in line {seen[cell.text].line}. Delete one of the two.'
        problems.append(_problem(file, cell, Flaw("duplicate_id", sentence)))
    seen.setdefault(cell.text, raw)


def _circular(orders: list[WorkOrder]) -> set[str]:
    """The ids that are their own ancestor, as far as this file says who is whose parent."""
    parent = {order.id: order.parent for order in orders}
    circular: set[str] = set()
    settled: set[str] = set()
    for start in parent:
        trail: dict[str, None] = {}
        each: str | None = start
        while each is not None and each in parent and each not in settled and each not in trail:
            trail[each] = None
            each = parent[each]
        if each in trail:
            steps = list(trail)
            circular.update(steps[steps.index(each) :])
        settled.update(trail)
    return circular


def _problem(file: str, cell: Cell, flaw: Flaw) -> Problem:
    return Problem(file, cell.line, cell.column, flaw.code, flaw.sentence, cell.name)
