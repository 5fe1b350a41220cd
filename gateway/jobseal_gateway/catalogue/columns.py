"""The columns of a catalogue file and what each kind of entry says, as data. docs/catalogue.md shows the same tables.

CSV and JSON use the same names. What a handheld makes of an entry follows from its kind: it helps the technician, and
never forbids a code.
"""

from dataclasses import dataclass

CODE = "code"  # 1-64 characters on one line
NAME = "name"  # text on one line
WORD = "word"  # one of the column's words
FLAG = "flag"  # yes or no; in JSON also true or false
DECIMAL = "decimal"  # decimal text
COUNT = "count"  # whole number from 0
CODES = "codes"  # list of codes

YES, NO = "yes", "no"

PART, TASK, CHECKLIST, SAFETY = "part", "task", "checklist", "safety"
READING, EXPENSE, REASON = "reading", "expense", "reason"

CODE_MAX_CHARACTERS = 64
NAME_MAX_CHARACTERS = 160
UNIT_MAX_CHARACTERS = 16
LIST_MAX_ITEMS = 64
COUNT_MAX = 1_000_000
ITEMS_MAX = 200  # of one task's checklist: more is no list that anybody works through


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, how its cells are read, its longest text, and its words if it has some."""

    name: str
    form: str
    max_characters: int = CODE_MAX_CHARACTERS
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of entry: the columns that it must have and those that it may have; ``kind`` and ``code`` go without
    saying."""

    must: tuple[str, ...]
    may: tuple[str, ...] = ()


KINDS = {
    PART: Kind((), ("name", "unit", "serial")),
    TASK: Kind((), ("name", "safety")),
    CHECKLIST: Kind(("task", "name"), ("answer", "low", "high", "mandatory")),
    SAFETY: Kind(("name",), ("version",)),
    READING: Kind((), ("name", "unit", "low", "high")),
    EXPENSE: Kind((), ("name",)),
    REASON: Kind(("of", "name")),
}

_ALL = (
    Column("kind", WORD, words=tuple(KINDS)),
    Column("code", CODE),
    Column("name", NAME, NAME_MAX_CHARACTERS),
    Column("unit", CODE, UNIT_MAX_CHARACTERS),
    Column("serial", FLAG),
    Column("safety", CODES),
    Column("task", CODE),
    Column("answer", WORD, words=("yes_no", "number", "text")),
    Column("low", DECIMAL),
    Column("high", DECIMAL),
    Column("mandatory", FLAG),
    Column("version", COUNT),
    Column("of", WORD, words=("waiver", "reopen", "cancel", "missing")),
)
COLUMNS = {column.name: column for column in _ALL}
REQUIRED = ("code",)
