"""One reading of the clock: claimed time, uptime and boot, taken together, and what it says of the clock before."""

from typing import NamedTuple

from jobseal.event import Event
from jobseal.host.clock import Clock

JUMP_MS = 5000  # a wall clock that moves more than this against the uptime was set by somebody
READING_MS = 1000  # the two clocks are read together if no more than this passes in between


class Moment(NamedTuple):
    """``at``: Unix ms UTC as the machine claims, None if its clock was never set; ``up``: ms since ``boot``."""

    at: int | None
    up: int
    boot: bytes

    def shift_since(self, last: Event | None) -> int:
        """By how many ms the wall clock was set since that event; 0 for less than a jump, or where nobody can say:
        across boots, and to or from a clock that was never set."""
        if last is None or last.boot != self.boot or last.at is None or self.at is None:
            return 0
        shift = (self.at - self.up) - (last.at - last.up)
        return shift if abs(shift) > JUMP_MS else 0


def read(clock: Clock) -> Moment:
    """Now, even if this process is held up between one clock and the other."""
    while True:
        up, at, again = clock.up_ms(), clock.wall_ms(), clock.up_ms()
        if again - up <= READING_MS:
            return Moment(at, up, clock.boot())
