"""Work orders from JSON: a list of objects, or an object whose ``orders`` is that list; the names are the columns'.

Lists are arrays of text, external references an object from system to id, ``revision`` a number,
flags true or false, all else text.
null counts as absent. A problem names line, column and path of the value.
"""

from jobseal_gateway.orders import columns
from jobseal_gateway.orders.assemble import assemble
from jobseal_gateway.orders.cell import Cell, RawOrder
from jobseal_gateway.orders.columns import COLUMNS, LIST_KINDS
from jobseal_gateway.orders.mapping import PLAIN, Mapping
from jobseal_gateway.orders.work_order import WorkOrder
from jobseal_gateway.problem import Problem, in_order
from jobseal_gateway.source.json_file import JsonDocument, read_json
from jobseal_gateway.source.place import Path, path_text
from jobseal_gateway.source.text import decode


def parse_json(
    data: bytes, mapping: Mapping = PLAIN, file: str = "orders.json"
) -> tuple[list[WorkOrder], list[Problem]]:
    """Every order without a mistake, and every mistake. ``file`` is only the name that the problems show."""
    text, unreadable = decode(data, file, mapping.encoding)
    if not text:
        return [], unreadable or [Problem(file, 1, None, "empty_file", "The file is empty.")]
    document, twice = read_json(text, file)
    if document is None:
        return [], in_order(unreadable + twice)
    reader = _Reader(document, mapping, file)
    orders, problems = assemble(reader.raws(), mapping, file)
    problems += unreadable + twice + reader.problems
    if not problems and not orders:
        problems = [Problem(file, 1, 1, "empty_file", "The file holds no order.")]
    return ([] if unreadable or twice else orders), in_order(problems)


class _Reader:
    """From JSON values to raw orders; collects values of a wrong type."""

    def __init__(self, document: JsonDocument, mapping: Mapping, file: str) -> None:
        self._document = document
        self._mapping = mapping
        self._file = file
        self.problems: list[Problem] = []

    def raws(self) -> list[RawOrder]:
        data = self._document.data
        path: Path = ()
        if isinstance(data, dict) and "orders" in data:
            data, path = data["orders"], ("orders",)
        if not isinstance(data, list):
            self._wrong(path, "bad_type", 'A list of orders must stand here: [...] or {"orders": [...]}.')
            return []
        raws: list[RawOrder] = []
        for number, item in enumerate(data):
            if isinstance(item, dict):
                raws.append(self._raw((*path, number), item))
            else:
                self._wrong((*path, number), "bad_type", "An order must be an object, {...}.")
        return raws

    def _wrong(self, path: Path, code: str, sentence: str) -> None:
        place = self._document.place(path)
        self.problems.append(Problem(self._file, *place, code, sentence, path_text(path)))

    def _raw(self, path: Path, item: dict[str, object]) -> RawOrder:
        cells: dict[str, Cell] = {}
        spoiled: set[str] = set()
        before = len(self.problems)
        for theirs, value in item.items():
            ours = self._mapping.ours(theirs)
            if ours is None:
                if not self._mapping.ignores(theirs):
                    sentence = "We do not know this name. Map it to one of ours, or list it under ignore."
                    self._wrong((*path, theirs), "unknown_column", sentence)
            elif ours in cells:
                self._wrong((*path, theirs), "duplicate_column", f'Another name is already our "{ours}".')
            elif value is not None:
                known = len(self.problems)
                cells[ours] = self._cell((*path, theirs), ours, value)
                if len(self.problems) > known:
                    spoiled.add(ours)
        place = self._document.place(path)
        found, self.problems[before:] = tuple(self.problems[before:]), []
        return RawOrder(place.line, place.column, path_text(path), cells, frozenset(spoiled), found)

    def _cell(self, path: Path, ours: str, value: object) -> Cell:
        place = self._document.place(path)
        text, items = "", tuple[str, ...]()
        kind = COLUMNS[ours].kind
        if kind == columns.REFERENCES:
            items = self._references(path, value)
        elif kind in LIST_KINDS:
            items = self._items(path, value)
        elif kind == columns.REVISION and isinstance(value, int) and not isinstance(value, bool):
            text = str(value)
        elif kind == columns.FLAG and isinstance(value, bool):
            text = columns.YES if value else columns.NO
        elif isinstance(value, str):
            text = value.strip()
        else:
            self._wrong(path, "bad_type", "A text in quotes must stand here.")
        return Cell(place.line, place.column, path_text(path), text, items)

    def _items(self, path: Path, value: object) -> tuple[str, ...]:
        if not isinstance(value, list):
            self._wrong(path, "bad_type", 'A list of texts must stand here, such as ["a", "b"].')
            return ()
        for number, item in enumerate(value):
            if not isinstance(item, str):
                self._wrong((*path, number), "bad_type", "A text in quotes must stand here.")
        return tuple(item.strip() for item in value if isinstance(item, str) and item.strip())

    def _references(self, path: Path, value: object) -> tuple[str, ...]:
        if not isinstance(value, dict):
            self._wrong(path, "bad_type", 'An object must stand here, such as {"sap": "4500012"}.')
            return ()
        for system, reference in value.items():
            if not isinstance(reference, str) or "=" in system:
                self._wrong((*path, system), "bad_type", "A system's name (without =) and its id as a text.")
        return tuple(f"{system}={reference}" for system, reference in value.items() if isinstance(reference, str))
