"""The navigator: a stack of frames, the page of the top one, and what keys do to them. Pure but for what pages do.

The rules that hold on every screen live here:

- F1 does it (signs, saves, goes on); on a menu it opens what is highlighted. Nothing else ever signs.
- F2 clears what was typed; F3 leads back, always; F4 is next: the next row, or what the page calls next.
- Digits choose on menus, ``0`` shows more; where there is an entry they are typed. Enter takes the entry or the row.
- The message row says what to do next, or what just happened, until the next key.
"""

from collections.abc import Callable, Mapping

from jobseal.errors import JobsealError
from jobseal_device.ui import layout
from jobseal_device.ui.layout import Row, Screenful, Size
from jobseal_device.ui.page import (
    BACK,
    OPEN,
    QUIET,
    QUIT,
    ROOT,
    STROKES,
    SWAP,
    WRONG_BELL,
    Choice,
    Frame,
    Move,
    Page,
    stay,
    wrong,
)
from jobseal_device.ui.typed import clean
from jobseal_device.ui.words import _

STACK_MOST = 32
Screens = Mapping[str, Callable[[Frame], Page]]


class Navigator:
    """``frames``: the stack, the top one last; ``bell``: how often to ring for the last key; ``is_over``: it was asked
    to end; ``changes``: counts up with every change of the frames; ``trouble``: the last frame of which no page could
    be made, and why."""

    def __init__(self, screens: Screens, frames: list[Frame], root: Callable[[], Frame], size: Size) -> None:
        """``root()``: the frame at the bottom, whatever is in ``frames``; it may change with who is logged in."""
        self._screens = screens
        self._root = root
        self.size = size
        self.frames = [frame for frame in frames if frame.get("at") in screens]
        self.bell = QUIET
        self.is_over = False
        self.changes = 0
        self.trouble: tuple[Frame, Exception] | None = None
        self._said = ""
        self._is_wrong = False
        self._page: Page | None = None
        self._left: list[Frame] = []  # of whoever was logged in before
        self._settle_root()

    # What is shown

    @property
    def frame(self) -> Frame:
        return self.frames[-1]

    @property
    def page(self) -> Page:
        if self._page is None:
            self._page = self._made()
        return self._page

    @property
    def kept(self) -> list[Frame]:
        """The stack that is worth keeping: while nobody is logged in, the one that was left."""
        return self.frames if "by" in self.frames[0] or not self._left else self._left

    @property
    def message(self) -> str:
        return self._said or self.page.say

    @property
    def is_wrong(self) -> bool:
        """Whether the message is about something that did not work."""
        return self._is_wrong

    @property
    def has_said(self) -> bool:
        """Whether the message is about something that happened, and no key was pressed since."""
        return bool(self._said)

    def said(self) -> list[Row]:
        """The message's rows."""
        return layout.message(self.message, self.is_wrong, self.size)

    def screenful(self) -> Screenful:
        """The page as it fits the size now."""
        made = layout.compose(self.page, self.frame, self.size, self.said())
        self.frame["row"], self.frame["top"] = made.row, made.top
        return made

    def refresh(self) -> None:
        """Something outside has changed: build the page anew, with the place and the typed text as they are."""
        self._page = None

    def tick(self) -> bool:
        """Let the page look at the time; whether it moved on."""
        tick = self.page.tick
        move = None if tick is None else self._attempted(tick)
        if move is None:
            return False
        self._carry_out(move)
        return True

    # What a person does

    def press(self, key: str) -> None:
        """An action by name: do, clear, back, next, page_up, page_down, up, down, enter, erase, quit."""
        self._hear()
        handler: Callable[[], Move] | None = getattr(self, "_" + key, None)
        if handler is not None:
            self._run(handler)

    def type(self, text: str) -> None:
        """Characters; on a menu, digits choose."""
        self._hear()
        entry = self.page.entry
        if entry is None or entry.kind == STROKES:
            self._run(lambda: self._digit(text))
            return
        typed = self.frame.get("text", "") + clean(text)
        if len(typed) > entry.most:
            self._carry_out(wrong(_("No more than {count} characters fit here.").format(count=entry.most)))
            return
        self.frame["text"] = typed
        self._changed()

    def scan(self, code: str) -> None:
        """A scanner sent this."""
        self._hear()
        code = clean(code)
        page = self.page
        if page.scan is not None:
            taken = page.scan
            self._run(lambda: taken(code))
        elif page.entry is not None and page.entry.kind != STROKES:
            take = page.entry.take
            self._run(lambda: take(code))
        else:
            shown = code if len(code) <= 24 else code[:24] + "..."
            self._carry_out(wrong(_("Scanned {code}: no scan is expected here.").format(code=shown)))

    def choose(self, place: int) -> None:
        """The choice with this number, as a finger does."""
        self._hear()
        if 0 <= place < len(self.page.choices):
            self.frame["row"] = place
            self._run(self.page.choices[place].go)

    def lock(self) -> None:
        """Somebody was logged out from outside."""
        self._settle_root()
        self.refresh()

    def say(self, sentence: str, bell: int = QUIET) -> None:
        """Something happened that is no answer to a key."""
        self._said, self._is_wrong, self.bell = sentence, bell == WRONG_BELL, bell

    # Keys

    def _do(self) -> Move:
        page = self.page
        if page.do is not None:
            return page.do()
        if page.entry is not None:
            return page.entry.take(self.frame.get("text", ""))
        return self._chosen()

    def _enter(self) -> Move:
        page = self.page
        if page.entry is not None and page.entry.kind != STROKES:
            return page.entry.take(self.frame.get("text", ""))
        if page.choices:
            return self._chosen()
        return stay() if page.do is None else stay(_("F1 does it."))

    def _chosen(self) -> Move:
        choices = self.page.choices
        if not choices:
            return wrong(_("There is nothing to do here. F3 leads back."))
        choice: Choice = choices[min(self.frame.get("row", 0), len(choices) - 1)]
        return choice.go()

    def _clear(self) -> Move:
        page = self.page
        if page.clear is not None:
            return page.clear()
        if self.frame.get("text"):
            self.frame["text"] = ""
            self._changed()
        return stay()

    def _back(self) -> Move:
        if self.page.back is not None:
            return self.page.back()
        if len(self.frames) == 1:
            return stay(_("This is the first screen."))
        return Move(BACK)

    def _next(self) -> Move:
        page = self.page
        if page.next is not None:
            return page.next()
        if page.choices:
            self.frame["row"] = (self.frame.get("row", 0) + 1) % len(page.choices)
            self.frame["top"] = None
            return stay()
        return self._page_down()

    def _down(self) -> Move:
        return self._step(1)

    def _up(self) -> Move:
        return self._step(-1)

    def _step(self, by: int) -> Move:
        if self.page.choices:
            self.frame["row"] = (self.frame.get("row", 0) + by) % len(self.page.choices)
            self.frame["top"] = None
            return stay()
        return self._turn(by)

    def _page_down(self) -> Move:
        return self._turn(1)

    def _page_up(self) -> Move:
        return self._turn(-1)

    def _turn(self, by: int) -> Move:
        self.frame["row"], self.frame["top"] = layout.turned(self.page, self.frame, self.size, by)
        return stay()

    def _erase(self) -> Move:
        if self.frame.get("text"):
            self.frame["text"] = self.frame["text"][:-1]
            self._changed()
        return stay()

    def _quit(self) -> Move:
        return Move(QUIT)

    def _digit(self, text: str) -> Move:
        if text == "0":
            return self._turn(1)
        made = self.screenful()
        if len(text) == 1 and text.isascii() and text.isdigit() and int(text) <= len(made.visible):
            self.frame["row"] = made.visible[int(text) - 1]
            return self._chosen()
        return wrong(_("Digits choose a row. F3 leads back."))

    # Moves

    def _hear(self) -> None:
        self._said, self._is_wrong, self.bell = "", False, QUIET

    def _run(self, act: Callable[[], Move]) -> None:
        self._carry_out(self._attempted(act) or stay())

    def _attempted(self, act: Callable[[], Move | None]) -> Move | None:
        """What ``act`` wants next; a sentence where it failed."""
        try:
            return act()
        except JobsealError as error:
            from jobseal_device.ui.verdicts import error_sentence

            return wrong(error_sentence(error))
        except Exception as error:  # a mistake of ours: what was signed is signed, and the person goes on working
            self.trouble = (self.frame, error)
            return wrong(_("That did not work ({name}). What was signed is safe.").format(name=type(error).__name__))

    def _carry_out(self, move: Move) -> None:
        if move.kind == OPEN and move.frame is not None:
            self.frames.append(move.frame)
            del self.frames[1 : len(self.frames) - STACK_MOST]
        elif move.kind == SWAP and move.frame is not None:
            self.frames[-1] = move.frame
        elif move.kind == BACK and len(self.frames) > 1:
            self.frames.pop()
        elif move.kind == ROOT:
            del self.frames[1:]
        elif move.kind == QUIT:
            self.is_over = True
        self._said, self._is_wrong, self.bell = move.say, move.bell == WRONG_BELL, move.bell
        self._changed()
        self._settle_root()

    def _settle_root(self) -> None:
        """Whoever logs in again finds everything as it was; somebody else begins anew."""
        root = self._root()
        if self.frames and [self.frames[0].get(part) for part in ("at", "by")] == [root["at"], root.get("by")]:
            return
        left = self._left
        if self.frames and "by" in self.frames[0]:
            self._left = self.frames
        self.frames = left if left and left[0].get("by") == root.get("by") and "by" in root else [root]
        self._changed()

    def _changed(self) -> None:
        self.changes += 1
        self._page = None

    def _made(self) -> Page:
        while True:
            try:
                return self._screens[self.frame["at"]](self.frame)
            except (JobsealError, KeyError, IndexError, TypeError, ValueError) as error:
                # A frame of an older version, or of a job that is gone: nothing signed hangs on it.
                self.trouble = (self.frame, error)
                if len(self.frames) == 1:
                    if not isinstance(error, JobsealError):
                        raise
                    return Page(title=_("Out of order"), say=error.sentence)
                self.frames.pop()
                self._said, self._is_wrong = _("That screen is gone; this is the one before."), True
