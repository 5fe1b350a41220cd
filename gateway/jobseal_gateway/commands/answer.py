"""What a command answers: one value for programs, one text for people. Both say the same."""

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

GAP = "  "
CELL_MAX_CHARACTERS = 60


@dataclass(frozen=True, slots=True)
class Answer:
    """``data`` goes out as JSON, ``text`` as it is; ``status`` is the process's exit status."""

    data: dict[str, Any]
    text: str
    status: int = 0


def table(heading: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Columns under their names; numbers to the right, and no line longer than its cells make it."""
    cells = [[_cell(value) for value in row] for row in rows]
    wide = [max(len(row[place]) for row in [list(heading), *cells]) for place in range(len(heading))]
    right = [bool(cells) and all(_is_number(row[place]) for row in cells) for place in range(len(heading))]

    def line(row: Sequence[str]) -> str:
        each = zip(row, wide, right, strict=True)
        return GAP.join(text.rjust(width) if is_right else text.ljust(width) for text, width, is_right in each).rstrip()

    return "\n".join([line(heading), *(line(row) for row in cells)])


def moment(unix_ms: int | None) -> str:
    """Unix ms as people read it, UTC to the second; ``-`` for none."""
    if unix_ms is None:
        return "-"
    return datetime.datetime.fromtimestamp(unix_ms // 1000, datetime.UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def count(number: int, one: str, several: str = "") -> str:
    """``1 order``, ``2 orders``."""
    return f"{number} {one if number == 1 else several or one + 's'}"


def _cell(value: object) -> str:
    text = "-" if value is None or value == "" else str(value)
    # What comes from files and handhelds must not move the cursor of whoever reads it.
    text = "".join(character if character.isprintable() else "?" for character in text)
    return text if len(text) <= CELL_MAX_CHARACTERS else text[: CELL_MAX_CHARACTERS - 3] + "..."


def _is_number(text: str) -> bool:
    return text == "-" or text.replace(".", "", 1).lstrip("-").isdigit()
