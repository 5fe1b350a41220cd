"""What the broker says, from its process to whom it concerns: its own log, the refusals, or nobody.

It comes through a pipe that never makes the broker wait: what nobody has read is lost when the pipe is full. With what
``broker_lines`` needs, mosquitto says a few lines for each message, so most of it is forgotten at once. The log has
a bounded size, and what cannot be written there is lost too: the broker goes on.
"""

import fcntl
import os
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from jobseal_gateway import broker_lines
from jobseal_gateway.broker_lines import BrokerLines
from jobseal_gateway.tally import Refused

LOG_MAX_BYTES = 1024 * 1024  # beyond it the log is set aside, in place of the one before
PIPE_BYTES = 1024 * 1024  # what may wait to be read; the kernel's own limit for a plain user

_READ_BYTES = 65_536
_KEPT_CHARACTERS = 8_192  # of what it said at its start, for when that fails
_RUNNING = re.compile(r"mosquitto version \S+ running$")


class Voice:
    """One broker's, over all its lives; ``log`` is its file. ``refused`` is told whom the broker turned away."""

    def __init__(self, log: Path, refused: Callable[[Refused], None]) -> None:
        self.said = ""  # in this life, about itself, from its beginning
        self.serves = False  # whether it has said in this life that it does
        self._log = log
        self._refused = refused
        self._pipe = -1
        self._unfinished = b""
        self._lines = BrokerLines()

    def begin(self) -> int:
        """A new life: the descriptor for it to speak into, which the caller closes once it is handed on."""
        self.end()
        self._pipe, speaking = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        with suppress(OSError):  # somebody has made the limit lower: then less may wait
            fcntl.fcntl(speaking, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        self._unfinished, self.said, self.serves, self._lines = b"", "", False, BrokerLines()
        return speaking

    def end(self) -> None:
        """The life is over; its last words are heard."""
        self.listen()
        if self._pipe >= 0:
            os.close(self._pipe)
            self._pipe = -1

    def listen(self, now_ms: int = 0) -> None:
        """Take what was said since the last time, without waiting. ``now_ms``: of any clock."""
        data = b""
        with suppress(BlockingIOError):
            while self._pipe >= 0 and len(data) < PIPE_BYTES and (piece := os.read(self._pipe, _READ_BYTES)):
                data += piece
        *whole, self._unfinished = (self._unfinished + data).split(b"\n")
        kept = [line for each in whole if (line := self._heard(each.decode(errors="replace"), now_ms))]
        if kept:
            self._keep("".join(kept))

    def _heard(self, line: str, now_ms: int) -> str:
        """What of it belongs into the log."""
        said = broker_lines.unstamped(line)
        for refused in self._lines.hear(said, now_ms):
            self._refused(refused)
        if broker_lines.is_noise(said):
            return ""
        self.serves = self.serves or _RUNNING.match(said) is not None
        return line + "\n"

    def _keep(self, text: str) -> None:
        self.said = (self.said + text)[:_KEPT_CHARACTERS]
        with suppress(OSError):
            if self._log.exists() and self._log.stat().st_size > LOG_MAX_BYTES:
                self._log.replace(self._log.with_suffix(".log.1"))
            with self._log.open("ab") as log:
                log.write(text.encode())
