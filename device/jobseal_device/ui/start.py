"""Starting the screen on a handheld's data folder."""

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from jobseal.errors import JobsealError
from jobseal.host.clock import Clock, SystemClock
from jobseal_device import identity, settings, turns
from jobseal_device.capture import Capture
from jobseal_device.home import Home
from jobseal_device.identity import Enrolled
from jobseal_device.turns import KeyEnded
from jobseal_device.ui.app import run
from jobseal_device.ui.desk import Desk
from jobseal_device.ui.door import Door, OpenDoor, PinDoor
from jobseal_device.ui.drafts import Drafts

if TYPE_CHECKING:
    from jobseal.cose import Signer


def start(home: Home, built_ms: int) -> None:
    """Show the screen until it is closed, and anew where the key has given way to another meanwhile. Raises what
    loading the enrolment, the settings and the journal raise."""
    while True:
        ended: KeyEnded | None = None
        try:
            _show(home, built_ms)
        except KeyEnded as error:
            ended = error
        following = turns.current(home)
        if following.turn == home.turn:
            if ended is not None:
                raise ended
            return
        home = following


def _show(home: Home, built_ms: int) -> None:
    chosen = settings.load(home.config).screen
    enrolled = identity.load(home)
    clock = SystemClock(built_ms)
    home.make()
    key = enrolled.identity.thumbprint[:8].hex()
    door = _door(home, enrolled, clock, chosen.lock_after_s)
    run(Desk(home, clock, chosen, Drafts(home), enrolled.identity.device, key, door), chosen)


def _door(home: Home, enrolled: Enrolled, clock: Clock, idle_s: float) -> Door:
    if home.vault.exists():
        from jobseal_device.session import Session  # not loaded where there are no PINs

        return PinDoor(Session(home, enrolled, clock, os.urandom, idle_s))
    signer = identity.signer(home)
    capture = Capture(home, enrolled.identity, signer, clock, os.urandom)
    return OpenDoor(capture, daily=lambda: _prepare(home, signer))


def _prepare(home: Home, signer: "Signer") -> None:
    """Behind PINs this is done at every login; without them nobody else would ever do it."""
    from jobseal_device import renewing  # with certificates, which the screen does not wait for

    with suppress(JobsealError):  # tried again tomorrow; sync says what is wrong with a certificate
        renewing.prepare(home, signer)
