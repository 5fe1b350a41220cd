"""People at a handheld: a wrong PIN counts from before it is judged, whatever happens to the power, and for ever until
somebody who may says otherwise.
"""

import copy
from pathlib import Path

from jobseal_device.attempts import Attempts, Subject
from jobseal_device.home import Home
from jobseal_device.lockout import LOCKED_AFTER
from tests.device.simulated_disk import DROP, KEEP, SimulatedDisk
from tests.device.workbench import HandClock
from tests.system.sentinels import Found

ANNA: Subject = ("t-1", b"\x01" * 32)


def _after_power_cut(disk: SimulatedDisk) -> SimulatedDisk:
    """What a power cut leaves that takes all that may be taken."""
    return disk.power_cut(lambda count: DROP if count == KEEP + 1 else 0)


def tries(folder: Path) -> Found:
    """``try_uncounted``: a PIN was tried, and after a power cut nobody knows; ``never_locked``: wrong PINs without end
    lead to nothing; ``damage_forgives``: a damaged count lets somebody begin anew."""
    home, clock, disk = Home(folder / "HH-1"), HandClock(), SimulatedDisk()
    home.make(disk)
    disk = disk.power_cut(lambda count: KEEP if count == KEEP + 1 else count - 1)
    for number in range(LOCKED_AFTER):
        standing = Attempts(home, clock, disk).standing(ANNA)
        if standing.is_locked:
            yield "never_locked", f"locked after {number} wrong PINs, which is too soon"
        Attempts(home, clock, disk).begin(ANNA)
        disk = _after_power_cut(disk)
        clock.restart()
    if not Attempts(home, clock, disk).standing(ANNA).is_locked:
        yield "never_locked", f"{LOCKED_AFTER} PINs were wrong, each followed by a power cut, and one more may be tried"
    for at in range(len(disk.contents(home.attempts))):
        damaged = copy.deepcopy(disk)
        damaged.contents(home.attempts)[at] ^= 0x01
        Attempts(home, clock, damaged).begin(ANNA)
        if not Attempts(home, clock, damaged).standing(ANNA).is_locked:
            yield "damage_forgives", f"with byte {at} of the count flipped, whoever was locked out may go on trying"
            return


SENTINELS = {tries.__name__: tries}
