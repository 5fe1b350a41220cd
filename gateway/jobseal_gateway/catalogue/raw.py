"""One entry as the file holds it, before anybody judged it, with its place: whatever the format."""

from dataclasses import dataclass

from jobseal_gateway.orders.cell import Cell
from jobseal_gateway.problem import Problem


@dataclass(frozen=True, slots=True)
class RawEntry:
    """The ``cells`` by column, without empty ones, and where the entry begins. ``problems``: what the format's reader
    found wrong with it; it has no value then."""

    file: str
    line: int
    column: int | None
    name: str
    cells: dict[str, Cell]
    problems: tuple[Problem, ...] = ()
