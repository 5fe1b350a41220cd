"""A serving gateway as a process: its lines, the process ids of its parts, and its end."""

import re
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.torture.network.hand import LIKE_US, ROOT

STOP_TIMEOUT_S = 15.0
_STARTED = re.compile(r"(\w+): started(?: again)?, process (\d+)")


class Serving:
    """``lines``: what it has said so far; ``pids``: of each part as it was started last. It ends with our process."""

    def __init__(self, line: Sequence[Any], log: Path) -> None:
        """Belongs to a thread that lives as long as it does."""
        self.lines: list[str] = []
        self.pids: dict[str, int] = {}
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                [*LIKE_US, *line], cwd=ROOT, stdout=subprocess.PIPE, stderr=errors, text=True
            )
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def pid(self) -> int:
        """Of the supervisor."""
        return self._process.pid

    @property
    def runs(self) -> bool:
        """Whether the supervisor lives."""
        return self._process.poll() is None

    def close(self) -> None:
        """End it in its own order, and wait for that. May be called again."""
        if self.runs:
            self._process.terminate()
            try:
                self._process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as said:
            for line in said:
                self.lines.append(line.rstrip())
                if started := _STARTED.match(line):
                    self.pids[started[1]] = int(started[2])
