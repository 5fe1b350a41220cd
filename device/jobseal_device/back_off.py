"""Back-off: how long to leave a broker alone before the next try, and how soon to do again what came to nothing."""

from collections.abc import Callable

STEADY_AFTER_S = 5.0  # a connection that ends sooner counts as one that did not come about
_EXPONENT_MOST = 20


class BackOff:
    """``draw()`` gives a random number from 0 to 1.

    The n-th failure in a row waits U(0, min(most, 2**n)) seconds; after a steady connection was lost the first wait is
    U(0, ``after_outage_s``), so that a fleet does not come back in one moment. Connections that never become steady
    are failures: two holders of one name throw each other out, and must not do it ever faster.
    """

    def __init__(self, draw: Callable[[], float], after_outage_s: float, most_s: float) -> None:
        self._draw = draw
        self._after_outage_s = after_outage_s
        self._most_s = most_s
        self._failures = 0

    def failed(self) -> float:
        """Seconds to wait after a connection that did not come about."""
        self._failures += 1
        return self._draw() * min(self._most_s, 2.0 ** min(self._failures, _EXPONENT_MOST))

    def lost(self, lived_s: float) -> float:
        """Seconds to wait after a connection that was up for ``lived_s`` seconds."""
        if lived_s < STEADY_AFTER_S:
            return self.failed()
        self._failures = 0
        return self._draw() * self._after_outage_s

    def left(self, lived_s: float) -> None:
        """A connection that was up for ``lived_s`` seconds was ended here: nothing to wait for, and no failure."""
        if lived_s >= STEADY_AFTER_S:
            self._failures = 0


class Repeat:
    """When to do again what may have come to nothing: ``first_s`` later, then after twice that, at most ``most_s``.

    At once as long as it was never done. Times are seconds of one monotonic clock.
    """

    def __init__(self, first_s: float, most_s: float) -> None:
        self._first_s = first_s
        self._most_s = most_s
        self.begin_anew()

    def begin_anew(self) -> None:
        """As if it had never been done: the reason for it has passed, or is another one now."""
        self._in_vain = 0
        self._due_s = float("-inf")

    def is_due(self, now_s: float) -> bool:
        """Whether it is time to do it."""
        return now_s >= self._due_s

    def in_vain(self, now_s: float) -> None:
        """It was done, and changed nothing."""
        self._due_s = now_s + min(self._most_s, self._first_s * 2.0 ** min(self._in_vain, _EXPONENT_MOST))
        self._in_vain += 1

    def put_off(self, now_s: float) -> None:
        """It could not be done, which says nothing of what it is worth: the same again after ``first_s``."""
        self._due_s = now_s + self._first_s
