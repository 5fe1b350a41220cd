"""Words of one line: separated by blanks, a text in double quotes counts as one, ``#`` begins a remark."""

import re
from collections.abc import Callable
from typing import NamedTuple

_BLANKS = re.compile(r"\s*")
_WORD = re.compile(r'(?:"[^"]*"|[^\s"])+')


class Word(NamedTuple):
    """``column`` counts from 1; ``quoted``: it began with a quote, so it is no ``name=value``."""

    text: str
    line: int
    column: int
    quoted: bool = False


# Takes down a mistake: at which word, its stable code, and a sentence.
Wrong = Callable[[Word, str, str], None]


def words(line: str, number: int) -> tuple[list[Word], Word | None]:
    """The words of a line, and the quote in it that is never closed, or None."""
    found: list[Word] = []
    at = 0
    while True:
        at = _BLANKS.match(line, at).end()  # type: ignore[union-attr]  # it matches everywhere
        if at == len(line) or line[at] == "#":
            return found, None
        match = _WORD.match(line, at)
        end = at if match is None else match.end()
        if match is None or line[end : end + 1] == '"':
            return found, Word('"', number, end + 1)
        found.append(Word(match[0].replace('"', ""), number, at + 1, line[at] == '"'))
        at = end
