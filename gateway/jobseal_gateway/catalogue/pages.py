"""A catalogue on its way to handhelds: documents of CBOR maps, each a catalogue by itself, to be laid together.

One document holds so many bytes; a catalogue that needs more is several, in the order of kinds and codes, and no entry
is in two. The form is the handheld's: tables of codes, with the questions of a task in its row.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from jobseal import cbor
from jobseal.errors import OPERATOR
from jobseal.limits import CATALOGUE_MAX, DOCUMENT_MAX_BYTES
from jobseal_gateway.catalogue.columns import CHECKLIST, EXPENSE, PART, READING, REASON, SAFETY, TASK
from jobseal_gateway.catalogue.entry import Entry
from jobseal_gateway.errors import GatewayError

_TABLES = {
    TASK: "tasks",
    SAFETY: "safety",
    READING: "readings",
    EXPENSE: "expenses",
    REASON: "reasons",
    PART: "parts",
}
_KINDS = {table: kind for kind, table in _TABLES.items()}
_ROOM_BYTES = DOCUMENT_MAX_BYTES - 16 * len(_TABLES)  # without the tables' own names and heads

Row = tuple[str, str, dict[str, Any]]


class TooLarge(GatewayError):
    """The catalogue is more than a handheld takes; nothing was stored."""

    def __init__(self, sentence: str) -> None:
        super().__init__("catalogue_too_large", sentence, OPERATOR)


def documents(found: Iterable[Entry]) -> list[bytes]:
    """The documents, one at least. Raises TooLarge for more than CATALOGUE_MAX, or for a single task or list
    of reasons that fills one."""
    pages: list[dict[str, dict[str, Any]]] = [{}]
    used = 0
    for table, code, row in _rows(list(found)):
        size = len(cbor.encode({code: row}))
        if size > _ROOM_BYTES:
            raise TooLarge(f"What belongs to {code} needs {size} bytes; at most {_ROOM_BYTES} fit. Shorten it.")
        if used + size > _ROOM_BYTES:
            pages.append({})
            used = 0
        pages[-1].setdefault(table, {})[code] = row
        used += size
    if len(pages) > CATALOGUE_MAX:
        sentence = (
            f"The catalogue needs {len(pages)} documents of {DOCUMENT_MAX_BYTES} bytes; a handheld takes at most "
            f"{CATALOGUE_MAX}. Leave out what nobody carries, or shorten names."
        )
        raise TooLarge(sentence)
    return [cbor.encode(page) for page in pages]


def entries(pages: Iterable[bytes]) -> list[Entry]:
    """What the documents say, in the order of kinds and codes. Trusts them: they come from our own storage."""
    found: list[Entry] = []
    for page in pages:
        for table, rows in cbor.decode(page, DOCUMENT_MAX_BYTES).items():
            for code, row in rows.items():
                found += _entries(_KINDS[table], code, row)
    return sorted(found, key=lambda entry: entry.key)


def _rows(found: list[Entry]) -> Iterator[Row]:
    """(table, code, row) by table and code: for handhelds a question is of its task, a reason of what it is for."""
    tables: dict[str, dict[str, dict[str, Any]]] = {table: {} for table in _TABLES.values()}
    for entry in found:
        said = dict(entry.said)
        if entry.kind == REASON:
            tables["reasons"].setdefault(entry.of, {})[entry.code] = said["name"]
        elif entry.kind != CHECKLIST:
            tables[_TABLES[entry.kind]][entry.code] = _plain(entry.kind, said)
    for entry in found:  # in file order: that is the order in which they are asked
        if entry.kind == CHECKLIST:
            said = _plain(CHECKLIST, dict(entry.said))
            tables["tasks"][entry.of].setdefault("checklist", []).append({"item": entry.code, **said})
    for table, rows in tables.items():
        for code in sorted(rows):
            yield table, code, rows[code]


def _plain(kind: str, said: dict[str, Any]) -> dict[str, Any]:
    row = {name: list(value) if isinstance(value, tuple) else value for name, value in said.items()}
    if kind in (SAFETY, CHECKLIST) and "name" in row:
        row["text"] = row.pop("name")
    return row


def _entries(kind: str, code: str, row: dict[str, Any]) -> Iterator[Entry]:
    if kind == REASON:
        for reason, text in row.items():
            yield Entry(REASON, reason, code, (("name", text),))
        return
    row = dict(row)
    for item in row.pop("checklist", []):
        said = {name: value for name, value in item.items() if name != "item"}
        yield Entry(CHECKLIST, item["item"], code, _said(said))
    yield Entry(kind, code, "", _said(row))


def _said(row: dict[str, Any]) -> tuple[tuple[str, Any], ...]:
    said = {"name" if name == "text" else name: value for name, value in row.items()}
    return tuple(sorted((name, tuple(value) if isinstance(value, list) else value) for name, value in said.items()))
