"""The keyboard: Textual's terminal driver, with an input thread that can live with scanners, noise and a lost line.

- What was read together arrived together: it carries one time, however long a busy machine takes to look at it, so
  that a scanner's burst is not torn.
- Bytes that are no UTF-8 (a scanner set to another character set) become the replacement character, not a crash.
- When the terminal is gone, the application ends as if it had been asked to.
"""

import os
import selectors
from codecs import getincrementaldecoder
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import Any, TextIO

from textual import constants
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

READ_BYTES = 65536
LOOK_EVERY_S = 0.1  # the parser waits that long for the rest of an escape sequence

# The protocol for keys that only some terminals know: consoles show what they do not understand of it.
constants.DISABLE_KITTY_KEY = True  # type: ignore[misc]


class HungUp(Message):
    """Nothing will ever be typed here again."""


class LineClock:
    """Seconds that the line was watched for: it stands still while what came is looked at, since nobody can tell then
    when the next character arrived."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._stood_s = 0.0
        self._since: float | None = None

    def now(self) -> float:
        since = self._since
        return (self._monotonic() if since is None else since) - self._stood_s

    def stand(self) -> None:
        """Something was read."""
        self._since = self._monotonic()

    def go(self) -> None:
        """It is all looked at."""
        if self._since is not None:
            self._stood_s += self._monotonic() - self._since
            self._since = None


class Paper:
    """What is painted on. Where the terminal is gone, nothing is, and nobody who paints waits for ever."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, text: str) -> None:
        with suppress(OSError, ValueError):
            self._file.write(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self._file.flush()


class Keyboard(LinuxDriver):
    """Give it to Textual as its driver. ``clock``: that of the times which keys carry."""

    def __init__(self, app: App[Any], **options: Any) -> None:
        super().__init__(app, **options)
        self.clock = LineClock(monotonic)
        self._file: Any = Paper(self._file)

    def run_input_thread(self) -> None:
        """Until the driver is told to stop, or the terminal is gone."""
        parser = XTermParser(self._debug)
        decode = getincrementaldecoder("utf-8")("replace").decode
        with selectors.DefaultSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                if selector.select(LOOK_EVERY_S):
                    data = self._read()
                    if not data:
                        self.send_message(HungUp())
                        return
                    self.pass_on(parser, decode(data))
                else:
                    self.pass_on(parser, "")

    def _read(self) -> bytes:
        try:
            return os.read(self.fileno, READ_BYTES)
        except OSError:
            return b""

    def pass_on(self, parser: XTermParser, text: str) -> None:
        """What was read, key by key; "" when nothing was, for what the parser has waited for long enough."""
        self.clock.stand()
        at = self.clock.now()
        for event in parser.feed(text) if text else parser.tick():
            event.time = at
            self.process_message(event)
        self.clock.go()
