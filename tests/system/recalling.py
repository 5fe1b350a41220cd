"""Sync's recall of earlier turns in virtual time: which one is asked now, and when there is something to ask again.

Whom to ask, and what it was worth, are the production decisions; the loop around them is another, because the
production one waits.
"""

from jobseal_device import recall
from jobseal_device.back_off import Repeat
from jobseal_device.home import Home
from tests.device.simulated_disk import SimulatedDisk
from tests.system.world import World

# Shorter than for real, as all waits are here; but a gateway refuses once a minute.
LOOK_AGAIN_MS = 5_000
AGAIN_S, AGAIN_MOST_S = 5.0, 40.0
ASKED_MOST_MS = 70_000


class Recalling:
    """Of one sync process; ``turn`` is the one that is being asked."""

    def __init__(self, world: World, disk: SimulatedDisk) -> None:
        self._world = world
        self._disk = disk
        self._repeat = Repeat(AGAIN_S, AGAIN_MOST_S)
        self._look_at = world.now_ms
        self._wanted: list[Home] = []
        self._asked = 0
        self._give_up_at = 0
        self._is_heard = False
        self._before: list[tuple[bytes, int] | None] = []

    @property
    def turn(self) -> Home | None:
        """The turn that is asked now, if one is."""
        return self._wanted[self._asked] if self._asked < len(self._wanted) else None

    @property
    def has_given_up(self) -> bool:
        """Whether the turn that is asked now has had its time."""
        return self._world.now_ms >= self._give_up_at

    def is_due(self, home: Home) -> bool:
        """Whether there is somebody to ask, and it is time."""
        if self.turn is not None:
            return True
        if not recall.to_recall(home, self._disk):
            self._repeat.begin_anew()
            return False
        return self._repeat.is_due(self._world.now_ms / 1000)

    def begins(self, home: Home) -> bool:
        """Whether earlier turns are asked from now on. Looked at now and then."""
        if self._world.now_ms < self._look_at:
            return False
        self._look_at = self._world.now_ms + LOOK_AGAIN_MS
        if not self.is_due(home):
            return False
        self._wanted, self._asked, self._is_heard = recall.to_recall(home, self._disk), 0, False
        self._before = self._proven()
        self._give_up_later()
        return True

    def ends(self, is_heard: bool) -> None:
        """The turn that was asked has said what it had, or was answered by an alarm, or by nobody."""
        self._is_heard = self._is_heard or is_heard
        self._asked += 1
        self._give_up_later()
        if self.turn is not None:
            return
        now_s = self._world.now_ms / 1000
        if self._proven() != self._before:
            self._repeat.begin_anew()
            self._repeat.put_off(now_s)
        elif self._is_heard:
            self._repeat.in_vain(now_s)
        else:
            self._repeat.put_off(now_s)
        self._wanted = []

    def _proven(self) -> list[tuple[bytes, int] | None]:
        return [recall.proven(turn, self._disk) for turn in self._wanted]

    def _give_up_later(self) -> None:
        self._give_up_at = self._world.now_ms + ASKED_MOST_MS
