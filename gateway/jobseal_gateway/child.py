"""One of the gateway's own processes: started, heard, started again when it dies, and never left behind.

The same bargain as with the broker: no thread, whoever supervises calls ``tend`` now and then and waits on the
descriptors. What the child prints on its standard output are its words to a person, passed on line by line; its
standard error goes where ours goes. setpriv (util-linux) asks the kernel to kill the child with its parent.
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence

from jobseal_gateway.broker import STEADY_AFTER_S, STOP_TIMEOUT_S, restart_delay_s

LINE_MAX_BYTES = 4096
_READ_BYTES = 65_536


class Child:
    """A Python process of ours. ``command`` is its whole command line; ``name`` is what people call it."""

    def __init__(self, name: str, command: Sequence[str], clock: Callable[[], float] = time.monotonic) -> None:
        self.name = name
        self.starts = 0
        self._command = ["setpriv", "--pdeathsig", "KILL", *command]
        self._clock = clock
        self._process: subprocess.Popen[bytes] | None = None
        self._pidfd = -1
        self._said = b""
        self._started_at_s = 0.0
        self._short_lives = 0
        self._due_at_s: float | None = None

    @property
    def running(self) -> bool:
        """Whether the process is alive."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """The process id, None while none runs."""
        return self._process.pid if self._process is not None and self.running else None

    @property
    def ending(self) -> str:
        """How the last life ended, in words; empty before any has."""
        status = None if self._process is None else self._process.poll()
        if status is None:
            return ""
        return f"was killed by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"

    def filenos(self) -> list[int]:
        """Descriptors that become readable when it says something or dies; others after each start."""
        if self._process is None or self._process.stdout is None:
            return []
        # A pipe at its end is always readable: once dead, and read empty by lines(), it is nothing to wait for.
        return [self._pidfd, self._process.stdout.fileno()] if self.running else []

    def start(self) -> None:
        """Start it now. Raises OSError when that cannot be."""
        self._let_go()
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            process_group=0,  # Ctrl-C in a terminal is for the gateway, which then stops us in its own order
        )
        assert self._process.stdout is not None
        os.set_blocking(self._process.stdout.fileno(), False)
        self._pidfd = os.pidfd_open(self._process.pid)
        self._started_at_s = self._clock()
        self._due_at_s = None
        self.starts += 1

    def tend(self) -> bool:
        """Start it again if it died and its back-off is over; True while it runs. Returns at once. Raises OSError."""
        if self.running:
            return True
        if self.due_in_s() > 0:
            return False
        self.start()
        return True

    def due_in_s(self) -> float:
        """Seconds until a dead child is started again: at once after a long life, else longer each time."""
        now_s = self._clock()
        if self._due_at_s is None:
            if now_s - self._started_at_s >= STEADY_AFTER_S:
                self._short_lives = 0
            self._due_at_s = now_s + restart_delay_s(self._short_lives)
            self._short_lives += 1
        return max(0.0, self._due_at_s - now_s)

    def lines(self) -> list[str]:
        """The lines that it printed since the last call, without waiting; unfinished ones when it has ended."""
        if self._process is None or self._process.stdout is None:
            return []
        ended = False
        try:
            while said := os.read(self._process.stdout.fileno(), _READ_BYTES):
                self._said += said
            ended = True
        except BlockingIOError:
            pass
        *whole, self._said = self._said.split(b"\n")
        if self._said and (ended or len(self._said) > LINE_MAX_BYTES):
            whole, self._said = [*whole, self._said], b""
        return [line.decode(errors="replace") for line in whole]

    def stop(self, timeout_s: float = STOP_TIMEOUT_S) -> None:
        """End it, kindly and then not, and wait for that."""
        if self._process is not None and self.running:
            self._process.terminate()
            try:
                self._process.wait(timeout_s)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._let_go()

    def _let_go(self) -> None:
        if self._process is not None and self._process.stdout is not None:
            self._process.stdout.close()
        if self._pidfd >= 0:
            os.close(self._pidfd)
        self._process, self._pidfd, self._said = None, -1, b""
