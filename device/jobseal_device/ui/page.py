"""A page: what a screen shows and what its keys do, as data. Nothing here knows a terminal, a size or a colour.

A page has choices *or* one entry. What a key does is a function without side effects on the screen that returns a
:class:`Move`; the navigator carries it out.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

Frame = dict[str, Any]  # plain JSON: "at" names the screen, the rest is its own

# Tones: what a text means. A theme says how that looks; each differs by more than its colour.
PLAIN, DIM, STRONG, GOOD, BAD, STRUCK, HEAD = "plain", "dim", "strong", "good", "bad", "struck", "head"
DRAFT, SIGNED, SENT, ACKED = "draft", "signed", "sent", "acked"  # the four states of an event
STATUS, TITLE, CHOSEN, MESSAGE, WARNING, KEYS, TYPED, BLOCKS = (
    "status", "title", "chosen", "message", "warning", "keys", "typed", "blocks",
)  # fmt: skip
TONES = (
    PLAIN, DIM, STRONG, GOOD, BAD, STRUCK, HEAD, DRAFT, SIGNED, SENT, ACKED,
    STATUS, TITLE, CHOSEN, MESSAGE, WARNING, KEYS, TYPED, BLOCKS,
)  # fmt: skip

STAY, OPEN, SWAP, BACK, ROOT, QUIT = "stay", "open", "swap", "back", "root", "quit"
QUIET, GOOD_BELL, WRONG_BELL = 0, 1, 2  # how often the bell rings

TEXT, STROKES, SECRET = "text", "strokes", "secret"


class Line(NamedTuple):
    """A paragraph: wrapped to the width. ``mark``: what stands at the right edge of its last row."""

    text: str
    tone: str = PLAIN
    mark: str = ""
    mark_tone: str = DIM


class Move(NamedTuple):
    """What happens next. ``frame``: the one to open; ``say``: what the message row says; ``bell``: how often."""

    kind: str = STAY
    frame: Frame | None = None
    say: str = ""
    bell: int = QUIET


def stay(say: str = "", bell: int = QUIET) -> Move:
    """Look again at the same screen."""
    return Move(STAY, None, say, bell)


def wrong(say: str) -> Move:
    """It did not work; nothing changed."""
    return Move(STAY, None, say, WRONG_BELL)


def go(at: str, **own: Any) -> Move:
    """Open a screen on top of this one."""
    return Move(OPEN, {"at": at, **own})


def swap(at: str, say: str = "", bell: int = QUIET, **own: Any) -> Move:
    """Open a screen in place of this one."""
    return Move(SWAP, {"at": at, **own}, say, bell)


def back(say: str = "", bell: int = QUIET) -> Move:
    """Return to where this screen was opened."""
    return Move(BACK, None, say, bell)


@dataclass(frozen=True, slots=True)
class Choice:
    """One row of a menu. ``mark`` stands at the right edge; ``aside``: the detail, where there is room for it."""

    label: str
    go: Callable[[], Move]
    mark: str = ""
    tone: str = PLAIN
    mark_tone: str = DIM
    aside: Callable[[], Sequence[Line]] | None = None


class Choices(Sequence[Choice]):
    """Many choices, each made only when somebody looks at it."""

    def __init__(self, count: int, make: Callable[[int], Choice]) -> None:
        self._count = count
        self._make = make
        self._made: dict[int, Choice] = {}

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            return [self[each] for each in range(*place.indices(self._count))]
        if not 0 <= place < self._count:
            raise IndexError(place)
        if place not in self._made:
            self._made[place] = self._make(place)
        return self._made[place]

    def __iter__(self) -> Iterator[Choice]:
        return (self[place] for place in range(self._count))


@dataclass(frozen=True, slots=True)
class Entry:
    """The one input of a screen. ``take``: what Enter (or a scan) does with the text; a SECRET is shown as stars."""

    prompt: str
    take: Callable[[str], Move]
    kind: str = TEXT
    hint: str = ""
    most: int = 200  # characters


@dataclass(slots=True)
class Page:
    """``say``: what to do next. Keys without a function do what they do everywhere (see :mod:`.navigator`).

    ``poster(columns, rows)``: rows of blocks that want the whole screen, as a QR code does; None if they do not fit.
    """

    title: str
    say: str = ""
    mark: str = ""
    lines: Sequence[Line] = ()
    choices: Sequence[Choice] = ()
    entry: Entry | None = None
    do: Callable[[], Move] | None = None
    do_word: str = ""
    clear: Callable[[], Move] | None = None
    clear_word: str = ""
    back: Callable[[], Move] | None = None
    next: Callable[[], Move] | None = None
    next_word: str = ""
    scan: Callable[[str], Move] | None = None
    aside: Sequence[Line] = ()
    poster: Callable[[int, int], Sequence[str] | None] | None = None
    tick: Callable[[], Move | None] | None = None  # asked about once a second, while the page is on top
    is_hurried: bool = False  # asked as soon as the page is painted
