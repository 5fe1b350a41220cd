"""The world: virtual time, one seeded source of chance, and a trace of all that happens, in one thread.

Whatever is to happen is put on the agenda for a time; ``run`` does it in order of time, and of being put there. Two
runs of one seed do the same, which their traces prove.
"""

import heapq
import random
from collections.abc import Callable
from hashlib import sha256

START_MS = 1_790_000_000_000  # Unix ms UTC, somewhere in 2026


class World:
    """``now_ms`` counts from 0; ``wall_ms`` is the true time."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.now_ms = 0
        self._agenda: list[tuple[int, int, Callable[[], None]]] = []
        self._put = 0
        self.trace: list[str] = []

    @property
    def wall_ms(self) -> int:
        return START_MS + self.now_ms

    def after(self, ms: int, action: Callable[[], None]) -> None:
        """Do this so many ms from now."""
        self._put += 1
        heapq.heappush(self._agenda, (self.now_ms + ms, self._put, action))

    def run(self, until_ms: int, is_over: Callable[[], bool] = lambda: False) -> bool:
        """Do what is on the agenda up to that time, or until ``is_over()``; whether it was over."""
        while self._agenda and self._agenda[0][0] <= until_ms:
            at_ms, _, action = heapq.heappop(self._agenda)
            self.now_ms = max(self.now_ms, at_ms)
            action()
            if is_over():
                return True
        self.now_ms = max(self.now_ms, until_ms)
        return is_over()

    def say(self, *words: object) -> None:
        """Add a line to the trace."""
        self.trace.append(f"{self.now_ms} " + " ".join(str(word) for word in words))

    def bytes(self, count: int) -> bytes:
        """Random bytes."""
        return self.chance.randbytes(count)

    @property
    def hash(self) -> str:
        """What two runs of a seed must agree on."""
        return sha256("\n".join(self.trace).encode()).hexdigest()
