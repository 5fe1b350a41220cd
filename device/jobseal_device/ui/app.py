"""The application: Textual's events in, rows out. It knows the terminal, and nothing of jobs.

Every key is taken in :meth:`ScreenApp.on_event`, above focus and bindings, because stock inputs tear a scanner's bursts
apart. What is signed, is signed in this thread, between two keys; drafts are written by another one.
"""

import asyncio
import signal
import time

from rich.style import Style
from textual import events
from textual.app import App, ComposeResult

from jobseal.errors import JobsealError
from jobseal_device.screen_settings import ScreenSettings
from jobseal_device.ui import layout, pages, status, theme, words
from jobseal_device.ui.desk import Desk
from jobseal_device.ui.face import Face
from jobseal_device.ui.keyboard import HungUp, Keyboard
from jobseal_device.ui.layout import LEAST_COLUMNS, LEAST_ROWS, Row, Size
from jobseal_device.ui.navigator import Navigator
from jobseal_device.ui.page import GOOD_BELL, MESSAGE, QUIET, STROKES, TEXT, WRONG_BELL, Frame
from jobseal_device.ui.resume import without_signed
from jobseal_device.ui.scanner import Pressed, Scan, Scanner, Token
from jobseal_device.ui.strokes import begin, draw
from jobseal_device.ui.words import _

SECOND_S = 1.0
LOOK_AROUND_EVERY_S = 20
SAVE_AFTER_S = 0.02
SECOND_BELL_AFTER_S = 0.18
JOINED_WITHIN_S = 0.25  # a scan right behind typed characters is the rest of one that was held up on its way
BODY_TOP = 2  # rows above the body


class ScreenApp(App[None]):
    """``desk``: with capture open, or locked."""

    CSS = "Screen { background: ansi_default; overflow: hidden; }"
    ENABLE_COMMAND_PALETTE = False

    def __init__(self, desk: Desk, settings: ScreenSettings) -> None:
        super().__init__(Keyboard, ansi_color=True)
        self.animation_level = "none"
        self.desk = desk
        self._settings = settings
        self._keys = settings.keys
        self.scanner = Scanner(
            settings.scanner_gap_ms / 1000, settings.scanner_least, settings.scanner_prefix, settings.scanner_suffix
        )
        self._typed_at = 0.0
        self._loose = ""  # characters that did nothing on a menu: the beginning of a scan that was held up
        self._seconds = 0
        self._minute = -1
        self._saved = -1
        self._is_saving = self._is_waiting = self._is_stale = self._is_unkept = False
        self._theme_name = ""
        self.navigator = self._navigator(Size(80, 24))
        self.face = Face(self._styles())

    def _navigator(self, size: Size) -> Navigator:
        desk = self.desk
        desk.look()
        desk.look_around()
        frames = desk.drafts.frames
        if desk.drafts.since < desk.signed:
            behind = [signed.event for _seq, signed in desk.behind(desk.drafts.since)]
            frames = without_signed(frames, behind)
            kept = without_signed(list(desk.drafts.shelf.values()), behind)
            desk.drafts.shelf = {name: frame for name, frame in desk.drafts.shelf.items() if frame in kept}
        return Navigator(pages.screens(desk), frames, self._root, size)

    def _root(self) -> Frame:
        who = self.desk.technician
        return {"at": "login"} if who is None else {"at": "today", "by": who}

    def _styles(self) -> dict[str, Style]:
        if self.no_color:
            return theme.colourless()
        self._theme_name = self.desk.drafts.preferences.get("theme") or self._settings.theme or theme.DARK
        return theme.styles(self._theme_name)

    # Textual

    def compose(self) -> ComposeResult:
        yield self.face

    def on_mount(self) -> None:
        self.navigator.size = Size(*self.size)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._end)
        self.set_interval(SECOND_S, self._second)
        self._show()

    def on_resize(self, event: events.Resize) -> None:
        self.navigator.size = Size(*event.size)
        self._show()

    def on_hung_up(self, _message: HungUp) -> None:
        self._end()

    def _end(self) -> None:
        """Somebody outside wants it to end: with all that was typed."""
        self._take(self.scanner.rest())
        self.exit()

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Key) and not event.is_forwarded:
            self.scanned(Pressed(event.key, event.character, event.time))
        elif isinstance(event, events.Paste) and not event.is_forwarded:
            self._pasted(event.text)
        else:
            await super().on_event(event)

    # Keys

    def scanned(self, pressed: Pressed) -> None:
        """A key, from a finger or from a scanner."""
        self.desk.door.touch()
        self._take(self.scanner.press(pressed))
        self._wait_for_more()

    def _wait_for_more(self) -> None:
        """Look again at held keys when their time is over: behind all that has arrived by then."""
        if self.scanner.is_holding and not self._is_waiting:
            self._is_waiting = True
            self.set_timer(self.scanner.gap_s, lambda: self.call_later(self._idle))

    def _idle(self) -> None:
        self._is_waiting = False
        self._take(self.scanner.idle(self._line_s()))
        self._wait_for_more()

    def _line_s(self) -> float:
        """Now, by the clock of the keys' times."""
        driver = self._driver
        return driver.clock.now() if isinstance(driver, Keyboard) else time.monotonic()

    def _take(self, tokens: list[Token]) -> None:
        for token in tokens:
            if isinstance(token, Scan):
                self._scan(token)
            else:
                self._press(token)
            self._ring()
        self._show_soon()
        self._save_soon()
        if self.navigator.is_over:
            self.exit()

    def _scan(self, scan: Scan) -> None:
        navigator, typed = self.navigator, self._loose
        if navigator.page.entry is not None:
            typed = navigator.frame.get("text", "")
        if not typed or scan.began - self._typed_at > JOINED_WITHIN_S:
            navigator.scan(scan.code)
            return
        navigator.frame["text"] = ""
        navigator.scan(typed + scan.code)

    def _press(self, pressed: Pressed) -> None:
        action = self._keys.get(pressed.key)
        if action is not None:
            self.navigator.press(action)
        elif pressed.character is not None and pressed.character.isprintable():
            follows = pressed.at - self._typed_at <= JOINED_WITHIN_S
            self._typed_at = pressed.at
            is_loose = self.navigator.page.entry is None and not pressed.character.isdigit()
            self._loose = (self._loose if follows else "") + pressed.character if is_loose else ""
            self.navigator.type(pressed.character)

    def _pasted(self, text: str) -> None:
        lines = [line for line in text.splitlines() if line.strip()]
        if self.navigator.page.entry is not None and lines:
            self.navigator.type(" ".join(lines))
            self._show()
            self._save_soon()

    def _ring(self) -> None:
        bell = self.navigator.bell
        if bell:
            self.bell()
        if bell > 1:
            self.set_timer(SECOND_BELL_AFTER_S, self.bell)
        self.navigator.bell = 0

    # Touch

    def on_face_touched(self, touch: Face.Touched) -> None:
        """A finger or the mouse."""
        navigator, size = self.navigator, self.navigator.size
        entry = navigator.page.entry
        if entry is not None and entry.kind == STROKES and touch.y < size.rows - 2:
            drawn = navigator.frame.setdefault("strokes", [])
            if touch.what == "down":
                begin(drawn, touch.x, touch.y - BODY_TOP)
            elif touch.what == "move":
                draw(drawn, touch.x, touch.y - BODY_TOP)
            navigator.changes += 1
        elif touch.what == "up":
            self._touched(touch.x, touch.y)
        self._take([])

    def _touched(self, x: int, y: int) -> None:
        size = self.navigator.size
        made = self.navigator.screenful()
        if y == size.rows - 1 and not made.is_full:
            self.navigator.press(("do", "clear", "back", "next")[layout.key_at(self.navigator.page, size, x)])
        elif BODY_TOP <= y < size.rows - 2:
            place = made.body[y - BODY_TOP].place
            if place >= 0:
                self.navigator.choose(place)

    # Time

    def _hurry(self) -> None:
        if self.navigator.page.is_hurried and self.navigator.tick():
            self._ring()
            self._save_soon()
            self._show()

    def _second(self) -> None:
        self._seconds += 1
        if self.desk.door.lock_if_idle():
            self.navigator.lock()
            self.navigator.say(_("Locked: nobody used it for a while."))
        if self._seconds % LOOK_AROUND_EVERY_S == 0:
            self.desk.look_around()
        if self.desk.is_in_doubt and self.desk.settle():
            self.navigator.lock()  # it may have been a logout
            self.navigator.say(_("The disk has confirmed what was in doubt."), GOOD_BELL)
            self._ring()
            self._save()
        self._tell_of_drafts()
        before = set(self.desk.orders)
        news = self.desk.look()
        now = self.desk.now()
        minute = (now.at if now.at is not None else now.up) // 60_000
        if news or minute != self._minute:
            self._minute = minute
            self.navigator.refresh()
        if news and set(self.desk.orders) - before and not self.navigator.is_wrong:
            self.navigator.say(_("New work has arrived."), GOOD_BELL)
            self._ring()
        if self.navigator.tick():
            self._ring()
            self._save_soon()
        self._show()

    def _tell_of_drafts(self) -> None:
        """Say that what is typed cannot be kept, whenever nothing else is said, and once that it can again. It rings
        the first time only."""
        was_unkept, self._is_unkept = self._is_unkept, bool(self.desk.drafts.trouble)
        if self._is_unkept and not self.navigator.has_said:
            self.navigator.say(_("What you type cannot be kept: the disk is full or fails."), WRONG_BELL)
        elif was_unkept and not self._is_unkept:
            self.navigator.say(_("What you type is kept again."), GOOD_BELL)
        if was_unkept == self._is_unkept:
            self.navigator.bell = QUIET
        self._ring()

    # What is shown and kept

    def rows(self) -> list[Row]:
        """The whole screen."""
        navigator, size = self.navigator, self.navigator.size
        if size.columns < LEAST_COLUMNS or size.rows < LEAST_ROWS:
            return [Row([(row, MESSAGE)]) for row in layout.wrapped(_("The window is too small."), size.columns)]
        held = "".join(each.character or "" for each in self.scanner.held)
        made = self._with_held(held) if held else navigator.screenful()
        top = status.row(self.desk.standing(), size)
        if made.is_full:
            return [top, *made.body]
        page = navigator.page
        return [
            top,
            layout.title(page, size),
            *made.body,
            *navigator.said(),
            layout.keys(page, size),
        ]

    def _with_held(self, held: str) -> layout.Screenful:
        """Characters that may still turn out to be a scan's are shown as typed."""
        navigator = self.navigator
        entry = navigator.page.entry
        if entry is None or entry.kind != TEXT:
            return navigator.screenful()
        shown = {**navigator.frame, "text": navigator.frame.get("text", "") + held}
        return layout.compose(navigator.page, shown, navigator.size, navigator.said())

    def _show_soon(self) -> None:
        """Behind the keys that have arrived already: a thousand scans are not painted a thousand times."""
        if not self._is_stale:
            self._is_stale = True
            self.call_later(self._show)

    def _show(self) -> None:
        self._is_stale = False
        if self.navigator.page.is_hurried:
            self.set_timer(SAVE_AFTER_S, self._hurry)
        try:
            rows = self.rows()
        except JobsealError as error:
            rows = [Row([(row, MESSAGE)]) for row in layout.wrapped(error.sentence, self.navigator.size.columns)]
        chosen = self.desk.drafts.preferences.get("theme") or self._settings.theme or theme.DARK
        if chosen != self._theme_name and not self.no_color:
            self.face.wear(self._styles())
        self.face.show(rows)

    def _save_soon(self) -> None:
        if self._saved != self.navigator.changes and not self._is_saving:
            self._is_saving = True
            self.set_timer(SAVE_AFTER_S, self._save)

    def _save(self) -> None:
        self._is_saving = False
        self._saved = self.navigator.changes
        self.desk.keep_place(self.navigator.kept)


def run(desk: Desk, settings: ScreenSettings) -> None:
    """Show the screen until it is closed, then let go of everything."""
    words.use(desk.drafts.preferences.get("language") or settings.language or words.from_environment())
    try:
        app = ScreenApp(desk, settings)
        app.run()
        desk.keep_place(app.navigator.kept)
    finally:
        desk.drafts.close()
        desk.door.close()
