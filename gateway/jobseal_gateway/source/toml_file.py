"""A TOML document whose every key knows its line and column.

``tomllib`` parses and says what is not TOML; a scan over the same, then known to be valid, text finds the
places (TOML 1.0.0). The scan trusts that validity: it only has to tell keys, strings and brackets apart.
"""

import re
import tomllib
from dataclasses import dataclass

from jobseal_gateway.problem import Problem
from jobseal_gateway.source.place import START, Path, Place, place_at

_SYNTAX_PLACE = re.compile(r" \(at line (\d+), column (\d+)\)$")
_ENDLESS_NUMBER = re.compile(r"[0-9](?:_?[0-9]){1000,}")
_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_KEY_PART = re.compile(r"""[ \t]*("(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[A-Za-z0-9_-]+)[ \t]*""")
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"""(?:"{0,2})' r"|'''.*?'''(?:'{0,2})" r'|"(?:[^"\\\n]|\\.)*"' r"|'[^'\n]*'", re.DOTALL
)
_BARE = re.compile(r"[^,\]}\n#]+")


@dataclass(frozen=True, slots=True)
class TomlDocument:
    """``data`` as ``tomllib`` gives it, and the places of its keys, tables and array elements."""

    data: dict[str, object]
    places: dict[Path, Place]

    def place(self, path: Path) -> Place:
        """Where ``path`` is written; for a path that is not there, its nearest parent that is."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, START)


def read_toml(text: str, file: str) -> tuple[TomlDocument | None, list[Problem]]:
    """The document, or None and the one place from which it is not TOML."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = _SYNTAX_PLACE.search(str(error))
        place = Place(int(found[1]), int(found[2])) if found else place_at(text, len(text))
        reason = str(error).split(" (at ")[0]
        sentence = f"This is not TOML from here on: {reason}."
        return None, [Problem(file, *place, "toml_syntax", sentence)]
    except ValueError:  # the one that tomllib lets through: digits beyond what Python makes an integer of
        found = _ENDLESS_NUMBER.search(text)
        place = place_at(text, found.start()) if found else START
        return None, [Problem(file, *place, "toml_syntax", "A number has far too many digits.")]
    except RecursionError:
        return None, [Problem(file, 1, 1, "toml_syntax", "The values are nested too deeply.")]
    # tomllib reads CR LF as LF; so do we, and columns stay what an editor shows.
    return TomlDocument(data, _Scan(text.replace("\r\n", "\n")).run()), []


class _Scan:
    """One pass over a valid document. ``at`` is the offset of the next character to read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.places: dict[Path, Place] = {}
        self._elements: dict[Path, int] = {}

    def run(self) -> dict[Path, Place]:
        table: Path = ()
        self._skip_blank()
        while self.at < len(self.text):
            if self.text.startswith("[[", self.at):
                table = self._array_table()
            elif self.text.startswith("[", self.at):
                table = self._table()
            else:
                self._pair(table)
            self._skip_blank()
        return self.places

    def _table(self) -> Path:
        start, self.at = self.at, self.at + 1
        table = self._through_arrays(self._key())
        self._note(table, start)
        self.at += 1
        return table

    def _array_table(self) -> Path:
        start, self.at = self.at, self.at + 2
        key = self._key()
        array = (*self._through_arrays(key[:-1]), key[-1])
        number = self._elements.get(array, -1) + 1
        self._elements[array] = number
        self._note(array, start)
        self._note((*array, number), start)
        self.at += 2
        return (*array, number)

    def _through_arrays(self, key: Path) -> Path:
        """A header under an array of tables means that array's newest element (TOML 1.0.0, Array of Tables)."""
        path: Path = ()
        for part in key:
            path = (*path, part)
            if path in self._elements:
                path = (*path, self._elements[path])
        return path

    def _pair(self, table: Path) -> None:
        start = self.at
        path = (*table, *self._key())
        self._note(path, start)
        self.at += 1
        self._value(path)

    def _key(self) -> Path:
        parts: list[str | int] = []
        while True:
            match = _KEY_PART.match(self.text, self.at)
            if match is None:  # cannot happen in text that tomllib accepts
                raise ValueError(f"no key at offset {self.at}")
            self.at = match.end()
            parts.append(_key_name(match.group(1)))
            if not self.text.startswith(".", self.at):
                return tuple(parts)
            self.at += 1

    def _value(self, path: Path) -> None:
        self._skip_blank()
        opening = self.text[self.at]
        if opening == "[":
            self._array(path)
        elif opening == "{":
            self._inline_table(path)
        else:
            pattern = _STRING if opening in "\"'" else _BARE
            match = pattern.match(self.text, self.at)
            self.at = match.end() if match else self.at + 1

    def _array(self, path: Path) -> None:
        self.at += 1
        number = 0
        self._skip_blank()
        while self.text[self.at] != "]":
            self._note((*path, number), self.at)
            self._value((*path, number))
            number += 1
            self._skip_comma()
        self.at += 1

    def _inline_table(self, path: Path) -> None:
        self.at += 1
        self._skip_blank()
        while self.text[self.at] != "}":
            self._pair(path)
            self._skip_comma()
        self.at += 1

    def _skip_comma(self) -> None:
        self._skip_blank()
        if self.text[self.at] == ",":
            self.at += 1
        self._skip_blank()

    def _skip_blank(self) -> None:
        match = _BLANK.match(self.text, self.at)
        if match:
            self.at = match.end()

    def _note(self, path: Path, offset: int) -> None:
        """Also for the parents that a dotted key or header brings into being."""
        place = place_at(self.text, offset)
        for length in range(1, len(path) + 1):
            self.places.setdefault(path[:length], place)


def _key_name(written: str) -> str:
    if written[0] in "\"'":
        name = next(iter(tomllib.loads(f"{written} = 0")))
        return str(name)
    return written
