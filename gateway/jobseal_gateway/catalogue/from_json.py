"""Catalogue entries from JSON: a list of objects, or an object whose ``catalogue`` is that list; names as in CSV.

Lists are arrays of text, flags true or false, ``version`` a number, all else text; null counts as absent.
"""

from jobseal_gateway.catalogue.columns import CODES, COLUMNS, COUNT, FLAG, NO, YES
from jobseal_gateway.catalogue.raw import RawEntry
from jobseal_gateway.orders.cell import Cell
from jobseal_gateway.problem import Problem
from jobseal_gateway.source.json_file import JsonDocument, read_json
from jobseal_gateway.source.place import Path, path_text


def rows(text: str, file: str) -> tuple[list[RawEntry], list[Problem]]:
    """The entries, and what is wrong with the document as a whole."""
    document, problems = read_json(text, file)
    if document is None or problems:
        return [], problems
    reader = _Reader(document, file)
    raws = reader.raws()
    problems += reader.problems
    if not problems and not raws:
        problems.append(Problem(file, 1, 1, "empty_file", "The file holds no entry."))
    return raws, problems


class _Reader:
    """From JSON values to raw entries; collects values of a wrong type."""

    def __init__(self, document: JsonDocument, file: str) -> None:
        self._document = document
        self._file = file
        self.problems: list[Problem] = []

    def raws(self) -> list[RawEntry]:
        data, path = self._document.data, Path()
        if isinstance(data, dict) and "catalogue" in data:
            data, path = data["catalogue"], ("catalogue",)
        if not isinstance(data, list):
            sentence = 'A list of entries must stand here: [...] or {"catalogue": [...]}.'
            self.problems.append(self._wrong(path, "bad_type", sentence))
            return []
        return [self._raw((*path, number), item) for number, item in enumerate(data)]

    def _wrong(self, path: Path, code: str, sentence: str) -> Problem:
        return Problem(self._file, *self._document.place(path), code, sentence, path_text(path))

    def _raw(self, path: Path, item: object) -> RawEntry:
        place = self._document.place(path)
        cells: dict[str, Cell] = {}
        wrong: list[Problem] = []
        if not isinstance(item, dict):
            wrong.append(self._wrong(path, "bad_type", "An entry must be an object, {...}."))
            item = {}
        for name, value in item.items():
            if name not in COLUMNS:
                sentence = f"A catalogue has no such name; these are: {', '.join(COLUMNS)}."
                wrong.append(self._wrong((*path, name), "unknown_column", sentence))
            elif value is not None:
                cell = self._cell((*path, name), COLUMNS[name].form, value, wrong)
                if not cell.empty():
                    cells[name] = cell
        return RawEntry(self._file, place.line, place.column, path_text(path), cells, tuple(wrong))

    def _cell(self, path: Path, form: str, value: object, wrong: list[Problem]) -> Cell:
        place = self._document.place(path)
        text, items = "", tuple[str, ...]()
        if form == CODES:
            if isinstance(value, list) and all(isinstance(item, str) for item in value):
                items = tuple(item.strip() for item in value if item.strip())
            else:
                wrong.append(self._wrong(path, "bad_type", 'A list of texts must stand here, such as ["a", "b"].'))
        elif form == FLAG and isinstance(value, bool):
            text = YES if value else NO
        elif form == COUNT and isinstance(value, int) and not isinstance(value, bool):
            text = str(value)
        elif isinstance(value, str):
            text = value.strip()
        else:
            wrong.append(self._wrong(path, "bad_type", "A text in quotes must stand here."))
        return Cell(place.line, place.column, path_text(path), text, items)
