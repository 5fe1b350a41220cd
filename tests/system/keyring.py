"""The signing keys of one simulated handheld, as its disk says: which one signs, and which one sync sends for.

The production turns, on the simulated disk. A key that follows has its seed there, like everything else of it, so what
a power cut takes of that is gone.
"""

from pathlib import Path
from typing import NamedTuple

from jobseal_device import durable, turns
from jobseal_device.home import Home
from jobseal_device.identity import Enrolled
from tests.device.simulated_disk import SimulatedDisk
from tests.system.ground import Issued
from tests.system.stand_in import Signer


class Turn(NamedTuple):
    """One key's: where its files lie, and who the handheld is under it."""

    home: Home
    enrolled: Enrolled

    @property
    def kid(self) -> bytes:
        return self.enrolled.key.kid


class Keyring:
    """Of one card; asked anew after whatever may have changed that."""

    def __init__(self, issued: Issued) -> None:
        self._issued = issued
        self.device = issued.device
        self._home = Home(Path("/" + issued.device))

    def every(self, disk: SimulatedDisk) -> list[Turn]:
        """All that have begun, the oldest first."""
        found = [Turn(self._home, self._issued.enrolled)]
        for home in turns.every(self._home, disk)[1:]:
            found.append(Turn(home, found[-1].enrolled.ended_by(turns.ending(home, disk))))
        return found

    def to_send(self, disk: SimulatedDisk) -> Turn:
        """The one that sync sends for."""
        return self.every(disk)[turns.to_send(self._home, disk).turn]

    def signer(self, turn: Turn, disk: SimulatedDisk) -> Signer:
        """What signs in this turn."""
        return self._issued.follow(durable.read(disk, turn.home.seed)) if turn.home.turn else self._issued.signer
