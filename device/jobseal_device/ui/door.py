"""The door: who may sign now. One for a key without a PIN, which is always open, and one for a key behind PINs.

With either, a session is opened and closed by events. Behind PINs there is no capture, and no signing key in this
process, while nobody is logged in.
"""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from jobseal_device.capture import Capture

if TYPE_CHECKING:  # loaded where PINs are, and nowhere else
    from jobseal_device.session import Session
    from jobseal_device.unlock import Voucher

DAY_S = 86_400.0


class Door(Protocol):
    """``needs_pin``; ``capture``: None while locked; ``technician``: None while nobody is logged in."""

    @property
    def needs_pin(self) -> bool: ...

    @property
    def capture(self) -> Capture | None: ...

    @property
    def technician(self) -> str | None: ...

    def identify(self, scanned: str) -> str:
        """The technician's id behind a badge or an id."""

    def unlock(self, technician: str, pin: str, voucher: "Voucher | None") -> None:
        """Log in. Raises :class:`LoginRefused` and what signing raises."""

    def lift(self, technician: str, supervisor: str, pin: str) -> None:
        """A supervisor ends a lock. Raises :class:`LoginRefused`."""

    def lock(self, reason: str) -> None:
        """Log out."""

    def touch(self) -> None:
        """Somebody uses it."""

    def lock_if_idle(self) -> bool:
        """Whether it was locked because nobody used it."""

    def close(self) -> None:
        """The application ends."""


class OpenDoor:
    """Assurance ``none``: capture is open as long as the application runs, and so is a session over restarts.

    ``daily`` is what the signing key has to do beside signing events: it is called soon, and every day.
    """

    needs_pin = False

    def __init__(
        self,
        capture: Capture,
        software: str | None = None,
        daily: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._capture = capture
        self._daily = daily
        self._clock = clock
        self._due_s = 0.0
        self._body: dict[int, str] = {} if software is None else {1: software}

    @property
    def capture(self) -> Capture:
        return self._capture

    @property
    def technician(self) -> str | None:
        return self._capture.technician

    def identify(self, scanned: str) -> str:
        return scanned

    def unlock(self, technician: str, pin: str, voucher: "Voucher | None") -> None:
        del pin, voucher
        self._capture.sign("session.opened", dict(self._body), by=technician)

    def lift(self, technician: str, supervisor: str, pin: str) -> None:
        del technician, supervisor, pin

    def lock(self, reason: str) -> None:
        self._capture.sign("session.closed", {1: reason})

    def touch(self) -> None:
        pass

    def lock_if_idle(self) -> bool:
        if self._clock() >= self._due_s:
            self._due_s = self._clock() + DAY_S
            self._daily()
        return False

    def close(self) -> None:
        self._capture.close()


class PinDoor:
    """Assurance ``pin``: what :class:`Session` does."""

    needs_pin = True

    def __init__(self, session: "Session") -> None:
        self._session = session

    @property
    def capture(self) -> Capture | None:
        return self._session.capture

    @property
    def technician(self) -> str | None:
        return self._session.technician

    def identify(self, scanned: str) -> str:
        person = self._session.gate.identify(scanned)
        return scanned if person is None else person.id

    def unlock(self, technician: str, pin: str, voucher: "Voucher | None") -> None:
        self._session.unlock(technician, pin, voucher)

    def lift(self, technician: str, supervisor: str, pin: str) -> None:
        self._session.gate.lift(technician, supervisor, pin)

    def lock(self, reason: str) -> None:
        self._session.lock(reason)

    def touch(self) -> None:
        self._session.touch()

    def lock_if_idle(self) -> bool:
        return self._session.lock_if_idle()

    def close(self) -> None:
        self._session.lock("shutdown")
