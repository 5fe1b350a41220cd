"""One value of an order as the file holds it, before anybody judged it, with its place."""

from dataclasses import dataclass

from jobseal_gateway.problem import Problem


@dataclass(frozen=True, slots=True)
class Cell:
    """``text`` of a scalar column, or ``items`` of a list column (a reference is ``system=id``); never both.

    ``line`` and ``column`` count from 1 (a CSV column is the cell's number); ``name`` is the file's own name for the
    place: the column heading or the JSON path.
    """

    line: int
    column: int | None
    name: str
    text: str = ""
    items: tuple[str, ...] = ()

    def empty(self) -> bool:
        """Whether nothing stands here; an empty cell counts as a column that is not there."""
        return not self.text and not self.items


@dataclass(frozen=True, slots=True)
class RawOrder:
    """The cells of one order by our column names, and where the order begins.

    ``problems`` is what the format's reader already found wrong with it; ``reported`` are columns whose
    absence from ``cells`` somebody has explained already.
    """

    line: int
    column: int | None
    name: str
    cells: dict[str, Cell]
    reported: frozenset[str] = frozenset()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with a value: a stable code and a sentence. Its place is the cell's."""

    code: str
    sentence: str
