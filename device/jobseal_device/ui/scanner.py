"""Telling a scanner from fingers: a burst of keys is one scan, above whatever has the focus. Pure: keys and times in.

A scanner types a whole code with a few milliseconds between characters and ends it with CR, LF, CRLF or a tab. Keys are
held for as long as they can still belong to a burst; what turns out to be typing is given back in order. Times are
those at which the keys arrived, so that a handler that was busy for a while changes nothing. A busy machine can hold
up the terminal itself in the middle of a code: once no finger can have been that quick, a longer pause is forgiven.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from jobseal_device.ui.typed import GROUP_SEPARATOR

MOST_CHARACTERS = 4096  # of one scan; a longer one is cut, and said to be too long by whoever takes codes
ENDS = {"enter": "\r", "ctrl+j": "\n", "tab": "\t"}
STALL_S = 0.25
_SEPARATOR_KEYS = ("ctrl+right_square_bracket", "ctrl+group_separator")


class Pressed(NamedTuple):
    """A key as a person pressed it: its name, the character that it types or None, and when (seconds)."""

    key: str
    character: str | None
    at: float


class Scan(NamedTuple):
    """A code that a scanner sent, without prefix and suffix; ``began``: when its first character came."""

    code: str
    began: float = 0.0


Token = Pressed | Scan


@dataclass(slots=True)
class Scanner:
    """``gap_s``: characters that come closer belong together; ``least``: so many of them make a scan; ``prefix``: what
    the scanner sends before each code; ``suffix``: one of ``any``, ``enter``, ``tab``, ``none``."""

    gap_s: float = 0.030
    least: int = 4
    prefix: str = ""
    suffix: str = "any"
    _held: list[Pressed] = field(default_factory=list)
    _ended: tuple[str, float] | None = None
    _scanned_at: float = -STALL_S  # when the newest scan ended
    _follows_scan: bool = False  # what is held began right behind it

    @property
    def is_holding(self) -> bool:
        """Whether keys wait for what comes next; then :meth:`idle` has to be called after ``gap_s``."""
        return bool(self._held)

    @property
    def held(self) -> list[Pressed]:
        """The keys that wait."""
        return self._held

    def press(self, pressed: Pressed) -> list[Token]:
        """The next key; what is certain by now, in order."""
        out: list[Token] = []
        if self._swallows(pressed):
            return out
        if self._held and pressed.at - self._held[-1].at > self._patience_s:
            out += self._settle()
        if pressed.key in _SEPARATOR_KEYS:
            pressed = pressed._replace(character=GROUP_SEPARATOR)
        if pressed.key in ENDS:
            return out + self._end(pressed)
        if pressed.character is not None and (pressed.character.isprintable() or pressed.character == GROUP_SEPARATOR):
            if not self._held:
                self._follows_scan = pressed.at - self._scanned_at <= self.gap_s
            self._held.append(pressed)
            return out
        return [*out, *self._settle(), pressed]

    def idle(self, now: float) -> list[Token]:
        """Nothing came until ``now``; what was held, if its time is over."""
        if self._held and now - self._held[-1].at >= self._patience_s:
            return self._settle()
        return []

    def rest(self) -> list[Token]:
        """Nothing will come any more: what was held."""
        return self._settle()

    @property
    def _patience_s(self) -> float:
        """How much later a character may come and still belong to those that are held."""
        is_burst = self._follows_scan or len(self._held) >= self.least
        return max(STALL_S, self.gap_s) if is_burst and self.suffix != "none" else self.gap_s

    def _swallows(self, pressed: Pressed) -> bool:
        """Whether it is the second half of a scan's CRLF."""
        ended, self._ended = self._ended, None
        return (
            ended is not None
            and pressed.key in ENDS
            and pressed.key != ended[0]
            and pressed.at - ended[1] <= self.gap_s
        )

    def _end(self, pressed: Pressed) -> list[Token]:
        fits = self.suffix == "any" or (self.suffix == "tab") == (pressed.key == "tab")
        if len(self._held) >= self.least and fits and self.suffix != "none":
            self._ended = (pressed.key, pressed.at)
            self._scanned_at = pressed.at
            return [self._scan()]
        return [*self._settle(), pressed]

    def _settle(self) -> list[Token]:
        """What is held, without a suffix behind it: a scan only where none is expected, or a separator ended it."""
        if not self._held:
            return []
        ends = self.suffix == "none" or (self.suffix == "any" and self._held[-1].character == GROUP_SEPARATOR)
        if len(self._held) >= self.least and ends:
            return [self._scan()]
        held, self._held = self._held, []
        return [each for each in held if each.character != GROUP_SEPARATOR]

    def _scan(self) -> Scan:
        code = "".join(each.character or "" for each in self._held[: MOST_CHARACTERS + len(self.prefix)])
        began = self._held[0].at
        self._held = []
        return Scan(code.removeprefix(self.prefix).rstrip(GROUP_SEPARATOR), began)
