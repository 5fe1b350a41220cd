"""A real terminal before the real command: a pty, with pyte as its screen; keys and scanner bursts are all it takes."""

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path

import pyte

COMMAND = Path(sys.executable).parent / "jobseal-device"
WITHIN_S = 30.0
KEYS = {
    "F1": "\x1bOP", "F2": "\x1bOQ", "F3": "\x1bOR", "F4": "\x1bOS", "F6": "\x1b[17~", "F7": "\x1b[18~",
    "Enter": "\r", "Backspace": "\x7f", "Quit": "\x11",
}  # fmt: skip


class Terminal:
    """One process of ``jobseal-device`` in a terminal of its own; ``with`` ends it by SIGKILL if it still runs."""

    def __init__(
        self,
        *words: str,
        columns: int = 40,
        rows: int = 13,
        term: str = "linux",
        command: Path | str = COMMAND,
        **environment: str,
    ) -> None:
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self.bells = 0
        self.raw = b""
        environment = {"TERM": term, "LANG": "C.UTF-8", "TZ": "UTC", **environment}
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME")}
        self.began = time.perf_counter()
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            os.execve(command, [str(command), *words], {**kept, **environment})
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.code: int | None = None

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def kill(self) -> None:
        """At once, as a battery that falls out."""
        if self.code is None:
            os.kill(self.pid, signal.SIGKILL)
            self._reap()

    def _reap(self) -> None:
        _pid, status = os.waitpid(self.pid, 0)
        self.code = os.waitstatus_to_exitcode(status)
        os.close(self._fd)

    def write(self, text: str) -> None:
        """Everything in one write, as far as the kernel takes it."""
        data = text.encode()
        while data:
            self.read(0)
            try:
                sent = os.write(self._fd, data[:4000])
            except BlockingIOError:
                sent = 0
            data = data[sent:]

    def press(self, *keys: str) -> None:
        """Keys by name, or text; one at a time, and characters no faster than a finger."""
        for key in keys:
            self.write(KEYS.get(key, key))
            self.read(0.0 if key in KEYS else 0.045)

    def type(self, text: str) -> None:
        """As fingers do: slower than any scanner."""
        for character in text:
            self.write(character)
            self.read(0.045)

    def scan(self, *codes: str) -> None:
        """Each code with CR behind it, all in one write."""
        self.write("".join(code + "\r" for code in codes))

    def read(self, wait_s: float) -> bool:
        """Take in what the process paints, for so long; whether it still runs."""
        give_up = time.monotonic() + wait_s
        while True:
            ready, _, _ = select.select([self._fd], [], [], max(0.0, give_up - time.monotonic()))
            if not ready:
                return True
            try:
                data = os.read(self._fd, 65536)
            except OSError:
                return False
            self.bells += data.count(b"\x07")
            self.raw += data
            self._stream.feed(data)

    def read_some(self) -> bool:
        """The next thing that the process paints, at once; False when it has ended."""
        select.select([self._fd], [], [], WITHIN_S)
        return self.read(0)

    def wait_now(self, text: str) -> None:
        """Until this is shown, looking at every single thing that is painted."""
        while text not in self.text():
            assert self.read_some(), self.text()

    def rows(self) -> list[str]:
        return [row.rstrip() for row in self.screen.display]

    def text(self) -> str:
        return "\n".join(self.rows())

    def wait(self, true: "Callable[[], object] | str") -> None:
        """Until this text is shown, or this holds; fails with the screen when it does not come true."""
        give_up = time.monotonic() + WITHIN_S
        holds = (lambda: true in self.text()) if isinstance(true, str) else true
        while not holds():
            assert time.monotonic() < give_up, f"still waiting for {true!r}:\n{self.text()}"
            assert self.read(0.02) or holds(), f"it ended:\n{self.text()}"

    def wait_until_over(self) -> int:
        """The exit code."""
        give_up = time.monotonic() + WITHIN_S
        while self.read(0.05):
            assert time.monotonic() < give_up, "it does not end"
        self._reap()
        assert self.code is not None
        return self.code
