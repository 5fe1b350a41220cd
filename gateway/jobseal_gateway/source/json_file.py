"""A JSON document whose every value knows its line and column.

The standard library parses (strictly: no NaN, no duplicate keys); a scan over the same, then known to
be valid, text finds the places. The scan keeps its own stack, so depth costs no recursion.
"""

import json
import re
from dataclasses import dataclass

from jobseal_gateway.problem import Problem
from jobseal_gateway.source.place import START, Path, Place, path_text, place_at

INTEGER_MAX_DIGITS = 15

# A string, a structural character, or a number or literal name (RFC 8259 section 2).
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+', re.DOTALL)


class _Refused(ValueError):
    """A value that JSON parsers accept and we do not; the arguments are the sentence and the token."""


@dataclass(frozen=True, slots=True)
class JsonDocument:
    """``data`` as ``json.loads`` gives it (a number with a point is its text), and the places in it."""

    data: object
    places: dict[Path, Place]

    def place(self, path: Path) -> Place:
        """Where the value at ``path`` starts; for a path that is not there, its nearest parent that is."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, START)


def read_json(text: str, file: str) -> tuple[JsonDocument | None, list[Problem]]:
    """The document, or None and why. Duplicate keys are problems too, each at its second place."""
    try:
        data = json.loads(text, parse_int=_integer, parse_float=str, parse_constant=_constant)
    except json.JSONDecodeError as error:
        sentence = f"This is not JSON from here on: {error.msg}."
        return None, [Problem(file, error.lineno, error.colno, "json_syntax", sentence)]
    except _Refused as error:
        # What follows was not looked at yet: it may be no JSON, and stick to the value.
        offset = next(each.start() for each in _TOKEN.finditer(text) if each.group().startswith(error.args[1]))
        return None, [Problem(file, *place_at(text, offset), "json_syntax", error.args[0])]
    except RecursionError:
        sentence = "The values are nested too deeply to be work orders."
        return None, [Problem(file, 1, 1, "json_syntax", sentence)]
    places, twice = _locate(text)
    sentence = "This name is there twice in one object. Delete one."
    problems = [Problem(file, *place, "duplicate_key", sentence, path_text(path)) for path, place in twice]
    return JsonDocument(data, places), problems


def _integer(digits: str) -> int:
    if len(digits.lstrip("-")) > INTEGER_MAX_DIGITS:
        raise _Refused(f"A number may have at most {INTEGER_MAX_DIGITS} digits; write an id as text.", digits)
    return int(digits)


def _constant(name: str) -> object:
    raise _Refused(f"{name} is not a JSON value.", name)


def _locate(text: str) -> tuple[dict[Path, Place], list[tuple[Path, Place]]]:
    """Places of all values by path, and the places of keys that repeat within their object."""
    finder = _Finder()
    line, line_start, scanned = 1, 0, 0
    for match in _TOKEN.finditer(text):
        newlines = text.count("\n", scanned, match.start())
        if newlines:
            line += newlines
            line_start = text.rfind("\n", scanned, match.start()) + 1
        scanned = match.start()
        finder.take(match.group(), Place(line, match.start() - line_start + 1))
    return finder.places, finder.twice


class _Finder:
    """Follows the tokens of a valid document and notes where each value starts."""

    def __init__(self) -> None:
        self.places: dict[Path, Place] = {}
        self.twice: list[tuple[Path, Place]] = []
        self._open: list[str] = []
        self._path: list[str | int] = []
        self._key_next = False

    def take(self, token: str, place: Place) -> None:
        if token in "]}":
            self._open.pop()
            self._path.pop()
            self._key_next = False
        elif token == ",":
            self._key_next = self._open[-1] == "{"
            last = self._path[-1]
            if isinstance(last, int):
                self._path[-1] = last + 1
        elif token == ":":
            self._key_next = False
        elif self._key_next:
            self._key(json.loads(token), place)
        else:
            self._value(token, place)

    def _key(self, key: str, place: Place) -> None:
        self._path[-1] = key
        if tuple(self._path) in self.places:
            self.twice.append((tuple(self._path), place))

    def _value(self, token: str, place: Place) -> None:
        self.places.setdefault(tuple(self._path), place)
        if token in "[{":
            self._open.append(token)
            self._path.append(0 if token == "[" else "")
            self._key_next = token == "{"
