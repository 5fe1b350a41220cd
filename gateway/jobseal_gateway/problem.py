"""One mistake in a file that a person wrote, and how a list of them is shown.

Import, price list, configuration and scenario all answer with values or with a list of these: every mistake
at once, each at its place, so that a file is corrected in one go. Nothing here reads a file or knows what the
file is about.

``code`` is stable and may be matched by programs; ``sentence`` says what is wrong and what to do, and may change.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from jobseal.host.readable import printable


@dataclass(frozen=True, slots=True)
class Problem:
    """A mistake at a place.

    ``line`` counts the file's lines from 1, or is None when the mistake belongs to the file as a whole.
    ``column`` counts from 1: the cell's number in a CSV row, the character in a JSON or TOML line.
    ``name`` is what stands at that place: a column heading, a JSON path, a TOML key; empty if there is none.
    """

    file: str
    line: int | None
    column: int | None
    code: str
    sentence: str
    name: str = ""

    def __str__(self) -> str:
        """``orders.csv:7:3: currency: <sentence> [unknown_currency]``, as compilers write it."""
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        subject = f"{self.name}: " if self.name else ""
        # What stands in the file must not move the cursor of whoever reads about it.
        return printable(f"{place}: {subject}{self.sentence} [{self.code}]")


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """The problems by file, then from the top of the file to its end; those of the whole file come first."""
    return sorted(problems, key=lambda each: (each.file, each.line or 0, each.column or 0, each.code))


def render(problems: Iterable[Problem]) -> str:
    """One line for each problem, in file order, and a last line that counts them. Empty text for none."""
    ordered = in_order(problems)
    if not ordered:
        return ""
    count = "1 problem" if len(ordered) == 1 else f"{len(ordered)} problems"
    return "\n".join([*(str(each) for each in ordered), f"{count}."])
