"""Starting the screen on a handheld's data folder."""

import os

from jobseal.host.clock import Clock, SystemClock
from jobseal_device import identity, settings
from jobseal_device.capture import Capture
from jobseal_device.home import Home
from jobseal_device.identity import Enrolled
from jobseal_device.ui.app import run
from jobseal_device.ui.desk import Desk
from jobseal_device.ui.door import Door, OpenDoor, PinDoor
from jobseal_device.ui.drafts import Drafts


def start(home: Home, built_ms: int) -> None:
    """Show the screen until it is closed. Raises what loading the enrolment, the settings and the journal raise."""
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
    return OpenDoor(Capture(home, enrolled.identity, identity.signer(home), clock, os.urandom))
