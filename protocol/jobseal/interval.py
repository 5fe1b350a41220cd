"""When an event happened, as far as the log proves it: after the checkpoint that it anchors to, before it was logged.

Both ends are asserted by the gateway's clock, and hold whatever the handheld claims. A chain's order is proven by its
hashes, so an event is never before an earlier one nor after a later one. Within one boot the handheld's uptime narrows
further; that is marked as derived, and dropped where it contradicts the proven ends (two clocks never run alike).
"""

MYPY = False
if MYPY:
    from jobseal.event import Event

OUTSIDE, WIDE = "clock_outside_interval", "interval_wide"


class Interval:
    """``not_before``, ``not_after``: Unix ms UTC, None where nothing proves it; ``derived``: uptime narrowed one."""

    __slots__ = ("derived", "not_after", "not_before")

    def __init__(self, not_before: int | None, not_after: int | None, derived: bool) -> None:
        self.not_before = not_before
        self.not_after = not_after
        self.derived = derived

    def outside(self, claim: int | None, tolerance_ms: int) -> bool:
        """Whether a claimed time is more than ``tolerance_ms`` beyond an end; a missing claim never is."""
        if claim is None:
            return False
        early = self.not_before is not None and claim < self.not_before - tolerance_ms
        return early or (self.not_after is not None and claim > self.not_after + tolerance_ms)

    def width_ms(self) -> int | None:
        """The distance of its ends, None where one is missing."""
        if self.not_before is None or self.not_after is None:
            return None
        return self.not_after - self.not_before

    def codes(self, claim: int | None, tolerance_ms: int, width_max_ms: int) -> "list[str]":
        """The exceptions that a claim within this interval raises."""
        found = [OUTSIDE] if self.outside(claim, tolerance_ms) else []
        width = self.width_ms()
        return found + [WIDE] if width is None or width > width_max_ms else found


class Timeline:
    """The checkpoints that are known of one log, as (hash, size, time in Unix ms UTC)."""

    __slots__ = ("_at", "_by_size")

    def __init__(self, checkpoints: "list[tuple[bytes, int, int]]") -> None:
        self._at = {hash: at for hash, _, at in checkpoints}
        self._by_size = sorted([(size, at) for _, size, at in checkpoints])

    def anchored(self, hash: bytes) -> int | None:
        """The time of a checkpoint, None for an unknown one."""
        return self._at.get(hash)

    def logged(self, index: int) -> int | None:
        """The time of the smallest checkpoint that covers leaf ``index``, None if none does."""
        low, high = 0, len(self._by_size)
        while low < high:
            middle = (low + high) // 2
            if self._by_size[middle][0] > index:
                high = middle
            else:
                low = middle + 1
        return self._by_size[low][1] if low < len(self._by_size) else None


def intervals(
    chain: "list[Event]", indices: "list[int | None]", timeline: Timeline, since: int | None = None
) -> "list[Interval]":
    """The interval of each event of one key.

    ``chain``: events by seq, gaps allowed; ``indices``: their places in the log, None where not logged; ``since``:
    when the key was enrolled, by the gateway's clock. Linear in the events, but for a search per event among the
    checkpoints.
    """
    lows = _not_before(chain, timeline, since)
    highs = _not_after(chain, indices, timeline)
    found = []
    for i in range(len(chain)):
        proven_low, low = lows[i]
        proven_high, high = highs[i]
        if low is not None and high is not None and low > high:
            low, high = proven_low, proven_high
        found.append(Interval(low, high, low != proven_low or high != proven_high))
    return found


def _not_before(chain: "list[Event]", timeline: Timeline, since: int | None) -> "list[tuple[int | None, int | None]]":
    """(proven, narrowed by uptime) lower end of each event, carried forwards along the chain."""
    found: list[tuple[int | None, int | None]] = []
    proven = narrowed = since
    for i in range(len(chain)):
        anchor = chain[i].anchor
        own = timeline.anchored(anchor) if anchor is not None else None
        if narrowed is not None and i > 0:
            narrowed += _elapsed(chain[i - 1], chain[i])
        if own is not None:
            proven = own if proven is None else max(proven, own)
            narrowed = own if narrowed is None else max(narrowed, own)
        found.append((proven, narrowed))
    return found


def _not_after(
    chain: "list[Event]", indices: "list[int | None]", timeline: Timeline
) -> "list[tuple[int | None, int | None]]":
    """(proven, narrowed by uptime) upper end of each event, carried backwards along the chain."""
    found: list[tuple[int | None, int | None]] = []
    proven: int | None = None
    narrowed: int | None = None
    for i in range(len(chain) - 1, -1, -1):
        index = indices[i]
        own = timeline.logged(index) if index is not None else None
        if narrowed is not None:
            narrowed -= _elapsed(chain[i], chain[i + 1])
        if own is not None:
            proven = own if proven is None else min(proven, own)
            narrowed = own if narrowed is None else min(narrowed, own)
        found.append((proven, narrowed))
    found.reverse()
    return found


def _elapsed(first: "Event", second: "Event") -> int:
    """The ms between two events that uptime tells: 0 across boots."""
    return max(0, second.up - first.up) if first.boot == second.boot else 0
