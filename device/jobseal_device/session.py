"""A session: from the PIN to the lock. The one way for a screen to come to a signing key, and to let go of it.

While somebody is logged in there is a :class:`Capture`; while nobody is, there is none, and the signing key is not in
this process's hands. A session begins with ``session.opened`` and ends with ``session.closed`` and its reason: logged
out, idle for too long, or shut down. One that ended with the power is closed, as ``shutdown``, by the next login,
before that one's own opening; so every session in the journal has both ends, or is the one that runs.

Locking always works: where the closing event cannot be signed, the next login signs it.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from jobseal import bodies
from jobseal.errors import JobsealError
from jobseal.host.clock import Clock
from jobseal_device.capture import Capture
from jobseal_device.durable import REAL, Files
from jobseal_device.home import Home
from jobseal_device.identity import Enrolled
from jobseal_device.unlock import Gate, Unlocked, Voucher

LOGOUT = "logout"
IDLE = "idle"
SHUTDOWN = "shutdown"

IDLE_S = 300


class Session:
    """``gate``: who may log in, waits, supervisors; ``capture``, ``technician``, ``name``: None while locked."""

    def __init__(
        self,
        home: Home,
        enrolled: Enrolled,
        clock: Clock,
        random: Callable[[int], bytes],
        idle_s: float = IDLE_S,
        software: str | None = None,
        files: Files = REAL,
    ) -> None:
        """Locked at first. ``idle_s``: how long nobody may touch it, in seconds, 0 for ever; ``software``: name and
        version, for ``session.opened``."""
        self.gate = Gate(home, enrolled, clock, random, files)
        self.capture: Capture | None = None
        self.technician: str | None = None
        self.name: str | None = None
        self._home = home
        self._identity = enrolled.identity
        self._clock = clock
        self._random = random
        self._idle_ms = int(idle_s * 1000)
        self._software = software
        self._files = files
        self._touched_ms = 0

    @property
    def is_locked(self) -> bool:
        return self.capture is None

    def unlock(self, technician: str, pin: str = "", voucher: Voucher | None = None) -> Capture:
        """Log in; whoever is logged in already is logged out first. ``session.opened`` is signed when it returns.

        Raises as :meth:`Gate.unlock` does, then as opening :class:`Capture` and :meth:`Capture.sign` do; it is locked
        afterwards in every case.
        """
        self.lock(LOGOUT)
        unlocked = self.gate.unlock(technician, pin, voucher)
        from jobseal_device import renewing  # with certificates and HTTP, which a screen does without until here

        renewing.prepare(self._home, unlocked.signer, self._files)
        capture = Capture(self._home, self._identity, unlocked.signer, self._clock, self._random, files=self._files)
        try:
            self._begin(capture, unlocked)
        except BaseException:
            capture.close()
            raise
        self.capture, self.technician, self.name = capture, unlocked.technician, unlocked.name
        self.touch()
        return capture

    def touch(self) -> None:
        """Somebody uses it: the time until it locks by itself begins anew."""
        self._touched_ms = self._clock.up_ms()

    def idle_left_s(self) -> float | None:
        """Seconds until :meth:`lock_if_idle` locks; None while locked, or if it never does."""
        if self.is_locked or not self._idle_ms:
            return None
        return max(0.0, (self._touched_ms + self._idle_ms - self._clock.up_ms()) / 1000)

    def lock_if_idle(self) -> bool:
        """Lock if nobody has touched it for long; whether it did. Time asleep counts. Call it every few seconds."""
        if self.idle_left_s() != 0.0:
            return False
        self.lock(IDLE)
        return True

    def lock(self, reason: str) -> None:
        """Close the session and let go of the key; does nothing while locked. ``reason``: logout, idle or shutdown.

        Raises nothing: a closing event that could not be signed is signed by the next login.
        """
        if self.capture is None:
            return
        capture, technician = self.capture, self.technician
        self.capture = self.technician = self.name = None
        try:
            with suppress(JobsealError):
                capture.sign("session.closed", _closed(reason), by=technician)
        finally:
            capture.close()

    def _begin(self, capture: Capture, unlocked: Unlocked) -> None:
        left_open = capture.technician
        if left_open is not None:
            capture.sign("session.closed", _closed(SHUTDOWN), by=left_open)
        body = bodies.SHAPES["session.opened"].keyed({"software": self._software})
        capture.sign("session.opened", body, by=unlocked.technician)


def _closed(reason: str) -> dict[Any, Any]:
    return bodies.SHAPES["session.closed"].keyed({"reason": reason})
