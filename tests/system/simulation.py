"""One run of one seed: handhelds, broker, gateway and billing system, first with faults, then healing, then judged.

``run`` is all there is to call. The same seed, size and left-out faults give the same run, down to its trace.
"""

import random
from dataclasses import dataclass
from typing import NamedTuple

from jobseal_gateway.ledger import dirty, feed
from jobseal_gateway.ledger.database import reading
from tests.device.simulated_disk import SimulatedDisk
from tests.system import checker, stranger
from tests.system.consumer import Consumer
from tests.system.enrolling import Enrolling
from tests.system.faults import DIVERGES, UNBILLABLE, Faults
from tests.system.gateway import Gateway
from tests.system.ground import Ground
from tests.system.handheld import Handheld
from tests.system.history import History
from tests.system.office import Office
from tests.system.sync_process import DELAYS
from tests.system.wire import Wire
from tests.system.world import World

READ_EVERY_MS = 5_000
SPEAK_EVERY_MS = 4_000
OFFICE_EVERY_MS = 9_000
LOOK_EVERY_MS = 500
AFTERWARDS_MS = 300_000  # for what comes late
TRIES = 12
NO_LIMIT = 1_000
HEALED_WITHIN_MS = 180_000  # a day of resends; the longest wait between two is 8 s here


class Size(NamedTuple):
    """How much happens: ``steps`` of technicians in all, before they bring their jobs to an end; and how it goes, one
    of each for a seed: ``paces_ms``, the mean time between two steps of a technician, and ``patience_ms``, the longest
    before changed jobs are folded."""

    handhelds: int
    steps: int
    paces_ms: tuple[int, ...]
    patience_ms: tuple[int, ...]


# About 50 events. Some gateways fold at once, others have too much to do.
SMALL = Size(3, 30, (1_000, 3_000, 20_000), (1_500, 15_000, 60_000))
# About 500 events: long chains and batches, backlogs, big jobs. Frames of one event and folds of one frame are for the
# small ones, of which there are more.
LARGE = Size(5, 400, (1_000, 1_000, 3_000), (15_000, 60_000, 60_000))


@dataclass(frozen=True)
class Result:
    """``violations``: (check, what is wrong); ``trace``: every line, and ``hash`` over them."""

    seed: int
    hash: str
    violations: list[tuple[str, str]]
    happened: dict[str, int]
    trace: list[str]
    events: int
    records: int


def run(
    ground: Ground,
    seed: int,
    size: Size = SMALL,
    left_out: frozenset[str] = frozenset(),
    wanted: frozenset[str] = frozenset(),
) -> Result:
    """One run on this ground, which must be made for this many handhelds; ``wanted`` faults happen whatever it drew."""
    ground.reset()
    simulation = Simulation(ground, seed, size, left_out, wanted)
    try:
        return simulation.run()
    finally:
        simulation.close()


class Simulation:
    """The parties of one run and what they do of their own accord."""

    def __init__(self, ground: Ground, seed: int, size: Size, left_out: frozenset[str], wanted: frozenset[str]) -> None:
        self._ground = ground
        self._seed = seed
        self._size = size
        self._world = World(seed)
        self._faults = Faults(random.Random(seed ^ 0x5EED), left_out, wanted)
        self._history = History()
        self._wire = Wire(self._world, self._faults)
        self._gateway = Gateway(self._world, self._faults, self._wire, ground, self._history, size.patience_ms)
        self._office = Office(self._world, self._faults, ground, self._gateway, self._history)
        self._gateway.under_way = self._office.interfere
        self._wire.overtaken = stranger.overtake
        self._wire.arrived = self._gateway.expect_frames
        self._enrolling = Enrolling(self._world, self._faults, ground, self._gateway, self._history)
        self._consumer = Consumer(self._world, self._faults, ground)
        self._handhelds = [self._handheld(place) for place in range(size.handhelds)]
        self._cards: dict[str, SimulatedDisk] = {}
        self._steps_left = size.steps
        self._pace_ms = self._world.chance.choice(size.paces_ms)

    def close(self) -> None:
        for each in self._handhelds:
            each.close()

    def run(self) -> Result:
        for each in self._handhelds:
            self._expect_step(each)
        self._world.after(READ_EVERY_MS, self._read)
        self._world.after(SPEAK_EVERY_MS, self._speak)
        self._world.after(OFFICE_EVERY_MS, self._in_the_office)
        self._gateway.expect_folding()
        self._enrolling.begin()
        self._world.run(1 << 40, lambda: self._steps_left <= 0)
        self._finish(TRIES)  # the faults go on: records are released and booked under them, and corrected
        self._steps_left = self._size.steps // 5
        for each in self._handhelds:
            self._expect_step(each)
        self._world.run(self._world.now_ms + AFTERWARDS_MS, lambda: self._steps_left <= 0)
        self._steps_left = 0  # who was slower than that goes home now: jobs are about to be brought to their end
        self._heal()
        self._testify()
        found = checker.check(self._history, self._ground, self._consumer)
        with reading(self._ground.engine) as connection:
            events, records = checker.counted(connection)
        return Result(self._seed, self._world.hash, found, self._faults.happened, self._world.trace, events, records)

    def _handheld(self, place: int) -> Handheld:
        issued = self._ground.issued[place]
        return Handheld(self._world, self._faults, self._wire, self._ground, issued, self._history, issued.device)

    # While it lasts

    def _expect_step(self, handheld: Handheld) -> None:
        self._world.after(self._world.chance.randrange(200, 2 * self._pace_ms), lambda: self._step(handheld))

    def _step(self, handheld: Handheld) -> None:
        if self._steps_left <= 0:
            return
        self._steps_left -= 1
        self._diverge_perhaps(handheld)
        handheld.step()
        self._expect_step(handheld)

    def _diverge_perhaps(self, handheld: Handheld) -> None:
        if handheld.has_rotted:
            return
        if self._faults.strikes("clone"):
            self._world.say(handheld.holder, "cloned")
            self._history.diverged.add(handheld.kid)
            name = f"{handheld.holder}+{len(self._handhelds)}"
            clone = Handheld(
                self._world, self._faults, self._wire, self._ground, handheld.issued, self._history, name,
                handheld.card(),
            )  # fmt: skip
            self._handhelds.append(clone)
            self._expect_step(clone)
        earlier = self._cards.get(handheld.holder)
        is_first = handheld.kid not in self._history.diverged
        if earlier is not None and is_first and self._faults.strikes("restore"):
            later = handheld.kids
            handheld.set_back(self._cards.pop(handheld.holder))
            self._history.diverged.update(later[len(handheld.kids) - 1 :])  # the card may be that of an earlier key
            # Without a new event there is no fork to give it away: then it must hear that it was set back.
            handheld.is_shelved = self._world.chance.random() < 0.5
        elif earlier is None and is_first and "restore" in self._faults.kinds and self._world.chance.random() < 0.3:
            self._cards[handheld.holder] = handheld.card()

    def _read(self) -> None:
        if self._gateway.has_news or not self._consumer.is_done:
            self._gateway.has_news = False
            self._consumer.read()
        with reading(self._ground.engine) as connection:
            waits = dirty.waiting(connection)  # what the billing system said changes jobs, and so does a restart
        if waits:
            self._gateway.expect_folding()
        self._world.after(READ_EVERY_MS, self._read)

    def _in_the_office(self) -> None:
        self._office.act()
        if self._faults.active:
            self._world.after(OFFICE_EVERY_MS, self._in_the_office)

    def _speak(self) -> None:
        if self._faults.strikes("stranger"):
            stranger.speak(self._world, self._wire)
            self._gateway.expect_frames()
        if self._faults.active:
            self._world.after(SPEAK_EVERY_MS, self._speak)

    # Afterwards

    def _heal(self) -> None:
        """No more faults; the jobs are brought to an end, and everything must come to rest."""
        self._world.say("healing")
        self._history.unbillable = bool(set(self._faults.happened) & set(UNBILLABLE))
        self._history.reviewed = bool(set(self._faults.happened) & set(UNBILLABLE) - {"revocation"})
        assert self._history.unbillable or not set(self._faults.happened) & set(DIVERGES)
        self._faults.active = False
        self._wire.heal()
        self._gateway.heal()
        for each in self._handhelds:
            each.look()
        self._gateway.expect_folding()
        self._finish(NO_LIMIT)
        history = self._history
        if history.rewritten or history.restored or history.diverged:  # who has nothing to send hears it after a HELLO
            self._world.run(self._world.now_ms + 2 * DELAYS.hello)
        end = self._world.now_ms + HEALED_WITHIN_MS
        while self._world.now_ms < end and not self._history.healed:
            self._world.run(self._world.now_ms + LOOK_EVERY_MS)
            for each in self._handhelds:
                if each.is_asked_about_losses:
                    each.look()
            self._history.restless = self._restless()
            self._history.healed = not self._history.restless

    def _finish(self, tries: int) -> None:
        """Every handheld brings its jobs to an end, with at most so many steps."""
        for handheld in self._handhelds:
            left = tries
            while left > 0 and handheld.finish():
                left -= 1
                self._world.run(self._world.now_ms + self._world.chance.randrange(1_000, 5_000))

    def _restless(self) -> str:
        """Who has not come to rest, or nothing."""
        waiting = [each.holder for each in self._handhelds if not each.is_at_rest]
        if waiting or self._wire.inbox:
            return ", ".join(waiting) or "frames wait for the gateway"
        if not self._enrolling.is_at_rest:
            return "a handheld that asks to be enrolled"
        with reading(self._ground.engine) as connection:
            if dirty.waiting(connection):
                return "jobs wait to be folded"
            if feed.last(connection) > self._consumer.cursor:  # less: it is a restored gateway
                return "the billing system has not read all"
        return ""

    def _testify(self) -> None:
        self._history.holders = [shown for each in self._handhelds for shown in each.testimony()]
