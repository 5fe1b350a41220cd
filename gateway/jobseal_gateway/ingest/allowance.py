"""Bounds on what one link identity may cost: frames a second, room in quarantine, and unsigned refusals a minute.

A link identity is who the broker says brought a frame. Pure: the time comes in, in ms of one monotonic clock.
"""

from typing import NamedTuple

from jobseal_gateway.ledger.quarantine import BYTES_PER_DAY, ITEMS_PER_DAY

FRAMES_PER_S = 100
FRAMES_AT_ONCE = 400  # far beyond what one handheld sends, which has one frame in flight
LINKS_KEPT = 10_000
MINUTE_MS = 60_000


class Bounds(NamedTuple):
    """What an operator may set, for each link identity."""

    quarantine_items_per_day: int = ITEMS_PER_DAY
    quarantine_bytes_per_day: int = BYTES_PER_DAY
    refusals_per_minute: int = 1
    retry_after_s: int = 30  # what is asked of whom we cannot serve now

    @property
    def quarantine(self) -> tuple[int, int]:
        """(items, bytes) a day."""
        return self.quarantine_items_per_day, self.quarantine_bytes_per_day


AS_DESIGNED = Bounds()


class Refusals:
    """Who may be answered with an unsigned refusal now."""

    def __init__(self, per_minute: int) -> None:
        """``per_minute`` 0: nobody, ever."""
        self._per_minute = per_minute
        self._next_ms: dict[str, int] = {}

    def allow(self, link: str, up_ms: int) -> bool:
        """Whether this link may have one; it then has to wait for the next."""
        if self._per_minute == 0 or up_ms < self._next_ms.get(link, up_ms):
            return False
        self._next_ms.pop(link, None)
        self._next_ms[link] = up_ms + MINUTE_MS // self._per_minute
        if len(self._next_ms) > LINKS_KEPT:
            del self._next_ms[next(iter(self._next_ms))]
        return True


class Frames:
    """Who may have a frame looked at now: a bucket for each link, filled at a steady rate."""

    def __init__(self, per_s: int = FRAMES_PER_S, at_once: int = FRAMES_AT_ONCE) -> None:
        self._per_s = per_s
        self._full = at_once * 1000
        self._buckets: dict[str, tuple[int, int]] = {}  # thousandths of a frame, and when that was so

    def allow(self, link: str, up_ms: int) -> bool:
        """Whether this link has a frame left; it then has one less."""
        left, since_ms = self._buckets.pop(link, (self._full, up_ms))
        left = min(self._full, left + max(0, up_ms - since_ms) * self._per_s)
        allowed = left >= 1000
        self._buckets[link] = (left - 1000 if allowed else left, up_ms)
        if len(self._buckets) > LINKS_KEPT:
            del self._buckets[next(iter(self._buckets))]
        return allowed
