"""The tally: which refusals are written down one by one, and which are only counted. Pure: the time comes in.

Whoever is refused chooses how often, and what his words are. So the first of a kind from somebody is written at once;
what he repeats within the minute becomes lines with a number, of ten, of a hundred more, and of the rest when the
minute is over; and beyond so many kinds a minute only the number of all others is written. However hard somebody tries,
he is in the book, and the book grows by so much a minute and no more.
"""

from typing import NamedTuple

MINUTE_MS = 60_000
KINDS_PER_MINUTE = 30
FIRST_STEP = 10  # so many repetitions make a line, then ten times as many
TEXT_MAX_CHARACTERS = 200
OTHERS = "others"  # who: everybody for whom there was no line any more


class Refused(NamedTuple):
    """``who`` was refused: a device, a token's name, an address; ``code``: stable; ``what`` was tried, in words."""

    who: str
    code: str
    what: str


class Line(NamedTuple):
    """What is written down: a refusal, how often since the line before (``times``), and when the last was (Unix ms
    UTC)."""

    at_ms: int
    who: str
    code: str
    what: str
    times: int


class _Kind:
    """What somebody was refused this minute for one reason: the repetitions that are not written yet, of which ``step``
    make a line."""

    __slots__ = ("line", "step")

    def __init__(self, line: Line) -> None:
        self.line = line
        self.step = FIRST_STEP


class Tally:
    """One minute at a time. ``note``, ``due`` and ``rest`` give the lines that are to be written now."""

    def __init__(self, kinds_per_minute: int = KINDS_PER_MINUTE) -> None:
        self._most = kinds_per_minute
        self._since_ms: int | None = None
        self._kinds: dict[tuple[str, str], _Kind] = {}
        self._others = 0

    def note(self, refused: Refused, now_ms: int) -> list[Line]:
        """Somebody was refused."""
        lines = self.due(now_ms)
        who, code, what = (_short(text) for text in refused)
        known = self._kinds.get((who, code))
        if known is not None:
            known.line = Line(now_ms, who, code, what, known.line.times + 1)
            if known.line.times == known.step:
                lines.append(known.line)
                known.line, known.step = known.line._replace(times=0), known.step * 10
        elif len(self._kinds) < self._most:
            self._kinds[who, code] = _Kind(Line(now_ms, who, code, what, 0))
            lines.append(Line(now_ms, who, code, what, 1))
        else:
            self._others += 1
        return lines

    def due(self, now_ms: int) -> list[Line]:
        """What a minute that is over leaves: its repetitions, and how many had no line."""
        if self._since_ms is not None and 0 <= now_ms - self._since_ms < MINUTE_MS:
            return []
        return self.rest(now_ms)

    def rest(self, now_ms: int) -> list[Line]:
        """All that is not written yet, though the minute is not over: nobody will count on. Another one begins."""
        lines = [kind.line for kind in self._kinds.values() if kind.line.times]
        if self._others:
            end_ms = now_ms if self._since_ms is None else min(now_ms, self._since_ms + MINUTE_MS)
            lines.append(Line(end_ms, OTHERS, "refused", "more than were written down one by one", self._others))
        self._since_ms, self._others = now_ms, 0
        self._kinds.clear()
        return lines


def _short(text: str) -> str:
    """One line that a terminal can show."""
    shown = "".join(character if character.isprintable() else "?" for character in text[:TEXT_MAX_CHARACTERS])
    return shown + ("..." if len(text) > TEXT_MAX_CHARACTERS else "")
