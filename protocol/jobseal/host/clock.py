"""The clock: wall time, time since boot, and which boot it is. Adapters; the cores take times as arguments.

Wall time may be wrong, set by hand, or missing, and says so; time since boot only ever grows while the machine runs,
and counts sleep. Device and gateway use the same interface, so that one scaled clock can drive all of a demo.
"""

import time
from pathlib import Path
from typing import Protocol
from uuid import UUID

from jobseal.errors import OURS, JobsealError

BOOT_BYTES = 8
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_NS_PER_MS = 1_000_000


class Clock(Protocol):
    """Any thread may call any method; none raises or blocks, but for :meth:`sleep`."""

    def wall_ms(self) -> int | None:
        """Unix milliseconds, UTC, as the machine claims; None when its clock was never set (never a guess)."""

    def up_ms(self) -> int:
        """Milliseconds since boot, sleep included. Never decreases within one :meth:`boot`."""

    def boot(self) -> bytes:
        """8 bytes, random per boot: times since boot compare only where these are equal."""

    def sleep(self, seconds: float) -> None:
        """Blocks for that long on this clock; returns at once for zero or less."""


class SystemClock:
    """The machine's own clock (Linux)."""

    def __init__(self, built_ms: int) -> None:
        """``built_ms``: when this software was built, in Unix ms. A clock that shows less was never set.

        Raises :class:`JobsealError` ``clock_unavailable`` when the machine has no boot id.
        """
        self._built_ms = built_ms
        self._boot = _boot_of(_BOOT_ID)

    def wall_ms(self) -> int | None:
        now = time.time_ns() // _NS_PER_MS
        return None if now < self._built_ms else now

    def up_ms(self) -> int:
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // _NS_PER_MS

    def boot(self) -> bytes:
        return self._boot

    def sleep(self, seconds: float) -> None:
        time.sleep(max(0.0, seconds))


class ScaledClock:
    """A day in a minute: the demo's clock. Processes that make it with the same arguments agree on the time."""

    def __init__(
        self, start_wall_ms: int, factor: float, real_start_monotonic: float, wall_offset_ms: int, boot: bytes
    ) -> None:
        """The scaled day starts with ``up_ms`` 0 and ``start_wall_ms`` (Unix ms) when ``time.monotonic()`` is
        ``real_start_monotonic`` (seconds; one for all processes of a machine), and runs ``factor`` times as fast.

        ``wall_offset_ms``: what somebody set the wall clock wrong by, negative for back; ``boot``: 8 bytes.
        """
        if factor <= 0 or len(boot) != BOOT_BYTES:
            raise JobsealError("clock_invalid", "A scaled clock needs a factor above 0 and a boot of 8 bytes.", OURS)
        self._start_wall_ms = start_wall_ms + wall_offset_ms
        self._factor = factor
        self._real_start = real_start_monotonic
        self._boot = boot

    def wall_ms(self) -> int | None:
        return self._start_wall_ms + self.up_ms()

    def up_ms(self) -> int:
        return max(0, int((time.monotonic() - self._real_start) * 1000 * self._factor))

    def boot(self) -> bytes:
        return self._boot

    def sleep(self, seconds: float) -> None:
        time.sleep(max(0.0, seconds) / self._factor)


def _boot_of(path: Path) -> bytes:
    """The last 8 bytes of the kernel's boot id, a random UUID: two bits of these are fixed, 62 are random."""
    try:
        return UUID(path.read_text("ascii").strip()).bytes[-BOOT_BYTES:]
    except (OSError, ValueError) as error:
        raise JobsealError("clock_unavailable", f"This machine gives no boot id: {error}.", OURS) from error
