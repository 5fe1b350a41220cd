"""One slice, in a process of its own that ends when the driver does.

The child asks the kernel for SIGTERM when its parent dies, and turns SIGTERM into ``SystemExit`` so that brokers are
stopped and mounts undone on the way out. Its result is a file; whatever it prints is kept for the case that it crashes.
"""

import ctypes
import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from tests.torture.campaign import Finding, Tally
from tests.torture.plan import find

ROOT = Path(__file__).parents[2]
LIMIT_S = 1_800  # a slice is meant to take a minute; one that takes this long hangs
STOP_S = 30  # from the request to end until it is killed
SAID_BYTES = 4_000  # the end of what a crashed slice printed
PR_SET_PDEATHSIG = 1


class Slice:
    """A running slice. ``poll`` says when it has ended, ``stop`` ends it."""

    def __init__(self, module: str, name: str, first: int, count: int) -> None:
        self.module, self.name, self.first, self.count = module, name, first, count
        self.began = time.monotonic()
        self._folder = tempfile.TemporaryDirectory(prefix="jobseal-slice-")
        self._result = Path(self._folder.name, "result.json")
        self._said = Path(self._folder.name, "said")
        command = [sys.executable, "-m", "tests.torture.slices", module, name, str(first), str(count)]
        with self._said.open("wb") as said:
            self._child = subprocess.Popen(
                [*command, str(self._result), str(os.getpid())],
                cwd=ROOT, stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True,
            )  # fmt: skip

    def poll(self) -> Tally | None:
        """None while it runs; then what it found, its own crash included."""
        if self._child.poll() is None:
            if time.monotonic() - self.began < LIMIT_S:
                return None
            self._end()
            return self._failed("hung", f"had not ended after {LIMIT_S} s")
        self._end()  # what it may have left behind
        if self._child.returncode == 0 and self._result.exists():
            kept = json.loads(self._result.read_text())
            return Tally(kept["ran"], [Finding(**each) for each in kept["findings"]], kept["figures"])
        return self._failed("crashed", f"ended with status {self._child.returncode}: {self._tail()}")

    def stop(self) -> None:
        """End it without a result. May be called in any state, and again."""
        self._end()
        self._folder.cleanup()

    def _failed(self, check: str, words: str) -> Tally:
        unit = f"{self.first} to {self.first + self.count - 1}"
        replay = f".venv/bin/python -m tests.torture --only {shlex.quote(self.name)} --first {self.first}"
        return Tally(0, [Finding(unit, check, words, f"{replay} --count {self.count}")])

    def _tail(self) -> str:
        return self._said.read_bytes()[-SAID_BYTES:].decode(errors="replace").strip()

    def _end(self) -> None:
        """SIGTERM, then SIGKILL to whatever is left of its process group, which is of our making."""
        if self._child.poll() is None:
            self._child.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._child.wait(STOP_S)
        with suppress(ProcessLookupError):
            os.killpg(self._child.pid, signal.SIGKILL)
        self._child.wait()


def main(module: str, name: str, first: str, count: str, result: str, driver: str) -> int:
    """Run it and write the tally. 0 whatever was found; anything else is a crash."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != int(driver):
        return 1  # it died before we asked
    tally = find(module, name).run(int(first), int(count))
    beside = Path(result).with_suffix(".new")
    beside.write_text(json.dumps(asdict(tally)))
    beside.replace(result)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
