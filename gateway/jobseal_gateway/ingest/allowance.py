"""Bounds on what one link identity may cost: frames a second, and one unsigned refusal a minute.

A link identity is who the broker says brought a frame. Pure: the time comes in, in ms of one monotonic clock.
"""

FRAMES_PER_S = 100
FRAMES_AT_ONCE = 400  # far beyond what one handheld sends, which has one frame in flight
REFUSAL_EVERY_MS = 60_000
LINKS_KEPT = 10_000


class Refusals:
    """Who may be answered with an unsigned refusal now."""

    def __init__(self, every_ms: int = REFUSAL_EVERY_MS) -> None:
        self._every_ms = every_ms
        self._next_ms: dict[str, int] = {}

    def allow(self, link: str, up_ms: int) -> bool:
        """Whether this link may have one; it then has to wait for the next."""
        if up_ms < self._next_ms.get(link, up_ms):
            return False
        self._next_ms.pop(link, None)
        self._next_ms[link] = up_ms + self._every_ms
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
