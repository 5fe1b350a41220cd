"""The play: everybody of a scenario on one stage, each on a thread of his own, from first login to last receipt."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Lock, Thread

from jobseal.errors import OURS, JobsealError
from jobseal_gateway import home
from jobseal_gateway.demo.billing import Billing
from jobseal_gateway.demo.day_clock import DayClock, date_played
from jobseal_gateway.demo.handheld import Handheld
from jobseal_gateway.demo.scenario import Scenario, Step
from jobseal_gateway.demo.scenario.verbs import BROKER, STRANGER
from jobseal_gateway.demo.station import Station
from jobseal_gateway.demo.stranger import Stranger
from jobseal_gateway.demo.technician import Technician
from jobseal_gateway.errors import GatewayError
from jobseal_gateway.home import Gateway
from jobseal_gateway.ledger import dirty
from jobseal_gateway.ledger.database import reading

LEAD_MINUTES = 45  # of the day, for everybody to get up
WORK_TIMEOUT_S = 30.0  # for the orders to reach a handheld
SETTLE_TIMEOUT_S = 60.0  # for the last receipt, and the last fold
QUIET_S = 1.0
STOP_TIMEOUT_S = 10.0
_LOOK_EVERY_S = 0.2

Say = Callable[[str], None]


class DayFailed(GatewayError):
    """The day could not be played to its end."""

    def __init__(self, sentence: str) -> None:
        super().__init__("day_failed", sentence, OURS)


class Play:
    """One day in ``folder``: set up, played, settled. Its ``station`` serves until ``close``."""

    def __init__(self, scenario: Scenario, orders: bytes, prices: bytes, folder: Path, say: Say) -> None:
        self._scenario = scenario
        self._orders = orders
        self._prices = prices
        self._folder = folder
        self._say = say
        self._lock = Lock()
        self._stopped = Event()
        self._failures: list[str] = []
        self._threads: list[Thread] = []
        self._copied = {clone: Event() for clone in scenario.clones}
        self.station = Station(folder, self._heard)
        lines = {name: Lock() for name in scenario.handhelds}
        originals = {**{name: name for name in scenario.handhelds}, **scenario.clones}
        self.handhelds = {name: Handheld(name, folder, lines[original]) for name, original in originals.items()}
        self._clock: DayClock | None = None
        self._billing: Billing | None = None

    @property
    def honest(self) -> list[Handheld]:
        """The handhelds that are what they say."""
        return [self.handhelds[name] for name in self._scenario.handhelds]

    # Acts

    def set_up(self) -> None:
        """Make the gateway, enrol the handhelds, take in prices and orders. Raises StationFailed, HandheldFailed."""
        (self._folder / "photos").mkdir()
        self.station.make()
        with ThreadPoolExecutor() as pool:
            todo = [pool.submit(self._enrol, handheld) for handheld in self.honest]
            todo.append(pool.submit(self._take_in))
            for each in todo:
                each.result()

    def play(self) -> None:
        """The day. Raises DayFailed with everything that went wrong."""
        first = min(step.minute for step in self._scenario.steps)
        self._clock = clock = DayClock(self._scenario.day, date_played(self._scenario.day.zone), first - LEAD_MINUTES)
        self.station.serve(clock)
        for handheld in self.honest:
            handheld.switch_on(clock)
            handheld.online()
        self.station.await_ready()
        self._billing = Billing(self.station.address, self.station.token, self._tell)
        self._billing.start()
        self._await_work()
        clock.begin(first)
        with home.open(self.station.home) as gateway:
            self._let_all_play(self._players(clock, gateway))

    def settle(self) -> None:
        """Until every honest handheld has a receipt for all that it signed, and every job is folded. Then switch the
        handhelds off. Raises DayFailed if that takes too long."""
        give_up_s = time.monotonic() + SETTLE_TIMEOUT_S
        for handheld in self.honest:
            handheld.online()
        waiting = list(self.honest)
        while waiting:
            waiting = [handheld for handheld in waiting if not handheld.is_settled()]
            self._give_up_after(give_up_s, f"{', '.join(each.name for each in waiting)} wait for receipts.")
        self._switch_off()
        with home.open(self.station.home) as gateway:
            while _waiting(gateway) or (self._billing is not None and self._billing.quiet_s() < QUIET_S):
                self._give_up_after(give_up_s, "Some jobs are not folded.")

    def close(self) -> None:
        """End everything that still runs. May be called at any time, and again."""
        self._stopped.set()
        if self._billing is not None:
            self._billing.stop()
        self._switch_off()
        for thread in self._threads:
            thread.join(STOP_TIMEOUT_S)
        self._switch_off()  # somebody may have been in the middle of switching one on
        self.station.stop()

    # Within them

    def _switch_off(self) -> None:
        for handheld in self.handhelds.values():
            handheld.switch_off()

    def _enrol(self, handheld: Handheld) -> None:
        request, welcome = (self._folder / f"{handheld.name}.{what}" for what in ("request", "welcome"))
        technician = self._scenario.handhelds[handheld.name]
        handheld.request_enrolment(request)
        self.station.enrol(handheld.name, technician, request, welcome)
        handheld.accept_enrolment(welcome, self.station.fingerprint)
        self._tell(handheld.name, f"is enrolled, and carried by {technician}")

    def _take_in(self) -> None:
        day = self._scenario.day
        prices, orders = self._folder / "prices.csv", self._folder / "orders.csv"
        prices.write_bytes(self._prices)
        # The file speaks of some day; the one that is played is after the real one.
        orders.write_bytes(self._orders.replace(str(day.date).encode(), str(date_played(day.zone)).encode()))
        self.station.take_in(prices, orders)

    def _await_work(self) -> None:
        give_up_s = time.monotonic() + WORK_TIMEOUT_S
        waiting = list(self.honest)
        while waiting:
            waiting = [handheld for handheld in waiting if not handheld.orders()]
            self._give_up_after(give_up_s, "The work orders do not reach the handhelds.")

    def _players(self, clock: DayClock, gateway: Gateway) -> dict[str, Callable[[Step], None]]:
        """Who plays each actor's steps."""
        people = {**self._scenario.handhelds}
        people |= {clone: people[original] for clone, original in self._scenario.clones.items()}
        photos = self._folder / "photos"
        players: dict[str, Callable[[Step], None]] = {}
        for name, person in people.items():
            copied = self._mark_copied
            players[name] = Technician(
                self.handhelds[name], person, clock, self.handhelds, photos, self._tell, copied
            ).play
        players[STRANGER] = Stranger(self.station.mqtt_port, self._folder, gateway.engine, self._tell).play
        players[BROKER] = self._kill_broker
        return players

    def _let_all_play(self, players: dict[str, Callable[[Step], None]]) -> None:
        self._threads = [
            Thread(target=self._follow, args=(actor, players[actor]), name=actor, daemon=True)
            for actor in self._scenario.actors()
        ]
        for thread in self._threads:
            thread.start()
        for thread in self._threads:
            thread.join()
        if self._failures:
            raise DayFailed("; ".join(self._failures))

    def _follow(self, actor: str, play: Callable[[Step], None]) -> None:
        """One actor's whole day."""
        clock = self._clock
        try:
            if actor in self._copied and not self._wait_for(self._copied[actor]):
                return
            for step in self._scenario.of(actor):
                if clock is None or not clock.wait(step.minute, self._stopped):
                    return
                play(step)
            if actor in self._scenario.clones.values():
                self.handhelds[actor].offline()  # so that its clone gets its turn, however late it is
        except (JobsealError, OSError, ValueError) as error:
            self._failures.append(error.sentence if isinstance(error, JobsealError) else f"{actor}: {error}")
            self._stopped.set()

    def _wait_for(self, event: Event) -> bool:
        while not event.wait(_LOOK_EVERY_S):
            if self._stopped.is_set():
                return False
        return True

    def _mark_copied(self, clone: str) -> None:
        self._copied[clone].set()

    def _kill_broker(self, _: Step) -> None:
        self._tell("broker", "is killed (-9); nothing that matters is in it")
        self.station.kill_broker()

    def _heard(self, line: str) -> None:
        if line.startswith("broker: started again"):
            self._tell("gateway", "has started another broker")

    def _tell(self, who: str, what: str) -> None:
        time_of_day = "     " if self._clock is None else self._clock.text()
        with self._lock:
            self._say(f"{time_of_day}  {who:<9}{what}")

    def _give_up_after(self, give_up_s: float, sentence: str) -> None:
        if time.monotonic() > give_up_s:
            raise DayFailed(sentence)
        time.sleep(_LOOK_EVERY_S)


@contextmanager
def playing(play: Play) -> Iterator[Play]:
    """``play``, which is closed whatever happens."""
    try:
        yield play
    finally:
        play.close()


def _waiting(gateway: Gateway) -> int:
    with reading(gateway.engine) as connection:
        return dirty.waiting(connection)
