"""One execution under watch: what it raises, how long it takes and how much memory it wants, judged and remembered.

Of inputs that fail in the same place only the shortest is kept. Time is this thread's processor time, so that a busy
machine makes no findings.
"""

import resource
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass

MEMORY_MOST_KIB = 256 * 1024  # by which one execution may raise what the process has ever held
MINIMISE_RUNS = 3_000
MINIMISE_S = 20.0

Run = Callable[[bytes], None]


@dataclass(frozen=True)
class Failure:
    """``place``: what tells one failure from another; ``words``: for a person; ``data``: the input."""

    place: str
    words: str
    data: bytes


class Watch:
    """Runs inputs and counts them in ``ran``; ``failures`` by their place."""

    def __init__(self, run: Run, limit_s: float) -> None:
        self._run = run
        self._limit_s = limit_s
        self.ran = 0
        self.failures: dict[str, Failure] = {}

    def __call__(self, data: bytes) -> None:
        """One execution."""
        self.ran += 1
        failure = self.judge(data)
        if failure is not None:
            known = self.failures.get(failure.place)
            if known is None or len(data) < len(known.data):
                self.failures[failure.place] = failure

    def judge(self, data: bytes) -> Failure | None:
        """Run one input; None if everything held."""
        held_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        began_s = time.thread_time()
        try:
            self._run(data)
        except Exception as error:  # whatever it is, it is what is looked for
            return Failure(_place(error), _words(error), data)
        took_s = time.thread_time() - began_s
        if took_s > self._limit_s:
            return Failure("slow", f"took {took_s:.1f} s of processor time for {len(data)} bytes", data)
        grew_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - held_kib
        if grew_kib > MEMORY_MOST_KIB:
            return Failure("memory", f"took {grew_kib} KiB of memory for {len(data)} bytes", data)
        return None

    def minimised(self) -> list[Failure]:
        """The failures, each with an input as short as could be found in short time."""
        return [self._minimised(failure) for failure in self.failures.values()]

    def _minimised(self, failure: Failure) -> Failure:
        best, runs, end_s = failure, 0, time.monotonic() + MINIMISE_S
        size = max(1, len(best.data) // 2)
        while size and failure.place != "memory":
            at = 0
            while at < len(best.data):
                if runs == MINIMISE_RUNS or time.monotonic() > end_s:
                    return best
                runs += 1
                found = self.judge(best.data[:at] + best.data[at + size :])
                if found is not None and found.place == failure.place:
                    best = found
                else:
                    at += size
            size //= 2
        return best


def _place(error: Exception) -> str:
    check = getattr(error, "check", None)
    if check is not None:
        return str(check)
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {frame.filename.rpartition('/')[2]}:{frame.name}:{frame.lineno}"


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:500]
