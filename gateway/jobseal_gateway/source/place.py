"""Where something stands in a text, and how the way to it through nested values is written."""

from typing import NamedTuple

Path = tuple[str | int, ...]


class Place(NamedTuple):
    """Line and column, both from 1, in characters."""

    line: int
    column: int


START = Place(1, 1)


def place_at(text: str, offset: int) -> Place:
    """The place of the character at ``offset``. Lines end at line feeds."""
    return Place(text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset))


def path_text(path: Path) -> str:
    """``("orders", 3, "id")`` as ``orders[3].id``; positions count from 0, as in JSON path."""
    out = ""
    for step in path:
        if isinstance(step, int):
            out += f"[{step}]"
        else:
            out += f".{step}" if out else step
    return out
