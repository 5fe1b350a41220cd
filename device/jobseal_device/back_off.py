"""Back-off: how long to leave a broker alone before the next try."""

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
