"""How one shop's file differs from our columns: their names, values, separators and date formats, as TOML.

    encoding = "cp1252"
    separator = ";"
    list_separator = ","
    time_formats = ["%d.%m.%Y %H:%M"]
    ignore = ["Internal note"]          # ["*"] ignores every column that is not named

    [columns]                           # their name = our name
    "Auftrag" = "id"
    [values.required_evidence]          # their value = our value
    "Foto" = "photo"
    [defaults]                          # for a column that is missing or a cell that is empty
    currency = "EUR"

Every mistake is named at its line and column. The mapping knows columns, not orders.
"""

import datetime
import re
from dataclasses import dataclass, field

from jobseal_gateway.orders.cell import Cell, Flaw
from jobseal_gateway.orders.columns import COLUMNS, LIST_KINDS, TIME
from jobseal_gateway.orders.fields import read
from jobseal_gateway.problem import Problem
from jobseal_gateway.source.csv_file import SEPARATORS
from jobseal_gateway.source.place import Path, path_text
from jobseal_gateway.source.text import ENCODINGS, decode
from jobseal_gateway.source.toml_file import TomlDocument, read_toml

IGNORE_ALL = "*"


@dataclass(frozen=True, slots=True)
class Mapping:
    """``separator`` None: found out from the heading. Dicts go from the shop's words to ours."""

    encoding: str = "utf-8"
    separator: str | None = None
    list_separator: str = "|"
    time_formats: tuple[str, ...] = ()
    ignore: frozenset[str] = frozenset()
    columns: dict[str, str] = field(default_factory=dict)
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    defaults: dict[str, str] = field(default_factory=dict)

    def ours(self, theirs: str) -> str | None:
        """Our name for their column, or None when we have none for it."""
        return self.columns.get(theirs, theirs if theirs in COLUMNS else None)

    def ignores(self, theirs: str) -> bool:
        """Whether a column that is none of ours may be passed over in silence."""
        return theirs in self.ignore or IGNORE_ALL in self.ignore

    def cell(self, ours: str, text: str, line: int, column: int | None, name: str) -> Cell:
        """The cell that ``text`` is in one of our columns; a list column's is split into its items."""
        if COLUMNS[ours].kind not in LIST_KINDS:
            return Cell(line, column, name, text)
        parts = (part.strip() for part in text.split(self.list_separator))
        return Cell(line, column, name, items=tuple(part for part in parts if part))

    def translated(self, ours: str, cell: Cell) -> Cell:
        """The cell with our words for their values; a value that is not mapped stays as it is."""
        words = self.values.get(ours, {})
        items = tuple(words.get(item, item) for item in cell.items)
        return Cell(cell.line, cell.column, cell.name, words.get(cell.text, cell.text), items)


PLAIN = Mapping()


def parse_mapping(data: bytes, file: str) -> tuple[Mapping | None, list[Problem]]:
    """The mapping, or None and every mistake in it."""
    text, problems = decode(data, file)
    document, more = read_toml(text, file)
    problems += more
    if document is None:
        return None, problems
    reader = _Reader(document, file)
    mapping = reader.mapping()
    reader.check_defaults(mapping)
    problems += reader.problems
    return (None if problems else mapping), problems


class _Reader:
    """Takes the document apart and collects what is wrong; values are meaningless once there is a problem."""

    def __init__(self, document: TomlDocument, file: str) -> None:
        self._document = document
        self._file = file
        self.problems: list[Problem] = []

    def mapping(self) -> Mapping:
        known = ("encoding", "separator", "list_separator", "time_formats", "ignore", "columns", "values", "defaults")
        for key in self._document.data:
            if key not in known:
                self._wrong((key,), "unknown_key", f"This is no setting; these are: {', '.join(known)}.")
        return Mapping(
            encoding=self._one_of("encoding", ENCODINGS, "utf-8") or "utf-8",
            separator=self._one_of("separator", SEPARATORS, None),
            list_separator=self._list_separator(),
            time_formats=self._time_formats(),
            ignore=frozenset(self._texts(("ignore",))),
            columns=self._columns(),
            values=self._values(),
            defaults=self._defaults(),
        )

    def _wrong(self, path: Path, code: str, sentence: str) -> None:
        place = self._document.place(path)
        self.problems.append(Problem(self._file, *place, code, sentence, path_text(path)))

    def _one_of(self, key: str, allowed: tuple[str, ...], default: str | None) -> str | None:
        value = self._document.data.get(key, default)
        if value is None or value in allowed:
            return default if value is None else str(value)
        shown = ", ".join(repr(each) for each in allowed)
        self._wrong((key,), "bad_value", f"{value!r} is not possible here; these are: {shown}.")
        return default

    def _list_separator(self) -> str:
        value = self._document.data.get("list_separator", PLAIN.list_separator)
        if isinstance(value, str) and len(value) == 1 and not value.isalnum() and value not in '="':
            return value
        self._wrong(("list_separator",), "bad_value", 'Give one sign that no value holds, such as "|".')
        return PLAIN.list_separator

    def _time_formats(self) -> tuple[str, ...]:
        formats = self._texts(("time_formats",))
        probe = datetime.datetime(2026, 11, 23, 14, 45)
        for number, each in enumerate(formats):
            try:
                complete = datetime.datetime.strptime(probe.strftime(each), each) == probe
            except (ValueError, re.error):  # strptime makes a pattern of it, in which nothing may stand twice
                complete = False
            if not complete:
                sentence = f'"{each}" does not say year, month, day, hour and minute; write it like "%d.%m.%Y %H:%M".'
                self._wrong(("time_formats", number), "bad_time_format", sentence)
        return formats

    def _texts(self, path: Path) -> tuple[str, ...]:
        value = self._document.data.get(str(path[0]), [])
        if not isinstance(value, list):
            self._wrong(path, "bad_type", 'Give a list of texts, such as ["a", "b"].')
            return ()
        for number, item in enumerate(value):
            if not isinstance(item, str):
                self._wrong((*path, number), "bad_type", "Every item must be a text in quotes.")
        return tuple(item for item in value if isinstance(item, str))

    def _columns(self) -> dict[str, str]:
        columns = self._text_table(("columns",), self._document.data.get("columns", {}))
        taken: dict[str, str] = {}
        for theirs, ours in columns.items():
            if ours not in COLUMNS:
                self._wrong(("columns", theirs), "unknown_column", f'We have no column "{ours}"; see docs/import.md.')
            elif ours in taken:
                sentence = f'"{taken[ours]}" is already our "{ours}". Two columns cannot be one.'
                self._wrong(("columns", theirs), "duplicate_column", sentence)
            taken.setdefault(ours, theirs)
        return columns

    def _values(self) -> dict[str, dict[str, str]]:
        tables = self._document.data.get("values", {})
        if not isinstance(tables, dict):
            self._wrong(("values",), "bad_type", "Give tables such as [values.currency].")
            return {}
        for ours in tables:
            self._known(("values", ours), ours)
        return {ours: self._text_table(("values", ours), table) for ours, table in tables.items()}

    def _defaults(self) -> dict[str, str]:
        defaults = self._text_table(("defaults",), self._document.data.get("defaults", {}))
        for ours in defaults:
            self._known(("defaults", ours), ours)
        return defaults

    def check_defaults(self, mapping: Mapping) -> None:
        """Once for the mapping, so that a bad default is not reported with every order."""
        for ours, text in mapping.defaults.items():
            if ours not in COLUMNS:
                continue
            flaws: list[Flaw] = []
            if ours == "id" or COLUMNS[ours].kind == TIME:
                flaws.append(Flaw("bad_value", "This has no default; every order says its own."))
            else:
                cell = mapping.translated(ours, mapping.cell(ours, text, 0, None, ""))
                read(COLUMNS[ours], cell, flaws)
            for flaw in flaws:
                self._wrong(("defaults", ours), flaw.code, flaw.sentence)

    def _known(self, path: Path, ours: str) -> None:
        if ours not in COLUMNS:
            self._wrong(path, "unknown_column", f'We have no column "{ours}"; see docs/import.md.')

    def _text_table(self, path: Path, table: object) -> dict[str, str]:
        if not isinstance(table, dict):
            self._wrong(path, "bad_type", f"Give a table, [{path_text(path)}], with texts in it.")
            return {}
        for key, value in table.items():
            if not isinstance(value, str):
                self._wrong((*path, key), "bad_type", "The value must be a text in quotes.")
        return {key: value for key, value in table.items() if isinstance(value, str)}
