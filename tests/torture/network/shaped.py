"""Days on a bad network: handhelds in network namespaces of their own, broker and gateway in another, and a router in
between that delays, loses, doubles, reorders, damages and cuts by seed. Then the weather clears, and all must converge.

One unit is one seed: its weather for each handheld and direction, and a day of visits with a photo each. The packets
follow the timing of real processes, so a replay has the same weather, and not the same packets.
"""

import random
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from jobseal_device.objects import ObjectStore
from jobseal_gateway.ledger.database import connect
from tests.torture.campaign import Finding, Tally
from tests.torture.network import namespaces, site
from tests.torture.network.hand import BIN, VISIT, Hand
from tests.torture.network.namespaces import Namespace, Router
from tests.torture.network.shaper import CLEAR, Shaper, Weather
from tests.torture.network.site import NotReady, Site
from tests.torture.network.verdict import LOST, Ledger, Witness, check

HANDS = 3
VISITS = 2
PHOTO_BYTES = 70_000  # three chunks
RESTS_WITHIN_S = 150.0  # a connection that damage left half open is found out by its keep-alive, of 60 s
EXPECTED = ("quarantined", "refused")  # what damage that no checksum finds may leave behind
GATEWAY = 1
REPLAY = ".venv/bin/python -m tests.torture --only 'network shaper runs' --first {unit} --count 1"

PNG = b"\x89PNG\r\n\x1a\n"


def weather(chance: random.Random) -> Weather:
    """One direction's, from mild to hopeless."""
    begin = chance.uniform(0, 6)
    return Weather(
        delay_s=chance.choice((0.0, 0.02, 0.15, 0.4)),
        jitter_s=chance.choice((0.0, 0.01, 0.1)),
        loss=chance.choice((0.0, 0.01, 0.05, 0.2)),
        duplicate=chance.choice((0.0, 0.02, 0.2)),
        reorder=chance.choice((0.0, 0.05, 0.3)),
        corrupt=chance.choice((0.0, 0.0, 0.02, 0.1)),
        forge=chance.choice((0.0, 0.0, 0.05, 0.2)),
        bytes_per_s=chance.choice((0.0, 0.0, 200_000.0, 20_000.0)),
        outages=((begin, begin + chance.choice((0.0, 1.0, 4.0))),),
    )


class Shaped:
    """The campaign."""

    name = "network shaper runs"
    quick = 2
    release: int | None = 200
    slice = 1
    alone = False

    def units(self) -> int | None:
        return None

    def missing(self) -> str | None:
        return namespaces.missing() or site.missing()

    def run(self, first: int, count: int) -> Tally:
        tally = Tally(0, [], {"events": 0, "records": 0, "lost": 0})
        for unit in range(first, first + count):
            with tempfile.TemporaryDirectory(prefix="jobseal-shaped-") as name, ExitStack() as undo:
                day = Day(Path(name), undo, unit)
                tally.findings += _findings(day, unit)
                tally.ran += 1
                day.count(tally)
        return tally


class Day:
    """One seed's places, people and weather."""

    def __init__(self, folder: Path, undo: ExitStack, seed: int) -> None:
        folder.chmod(0o755)  # the broker's own account has to get through
        self._folder = folder
        self._chance = random.Random(seed)
        places = [Namespace(number) for number in range(GATEWAY, GATEWAY + 1 + HANDS)]
        for place in places:
            undo.callback(place.close)
        office, *field = places
        self.router = Router(places, lambda _, __: Shaper(weather(self._chance), self._chance.randrange(1 << 30)))
        self.site = Site(
            folder,
            [f"mqtt.host={office.address}"],
            office.inside,
            lambda home: [BIN / "jobseal-gateway", "--home", home, "serve"],
            office.enter,
        )
        undo.callback(self.site.close)
        hands = [Hand(f"hh-{number}", f"t-{number}", folder, place.inside) for number, place in enumerate(field)]
        self.site.enrol(hands)
        self.site.import_orders(VISITS)
        self.witness = Witness(set())
        undo.callback(self.router.stop)

    def play(self) -> None:
        """Visits in bad weather, then a clear sky."""
        self.router.start()
        self.site.start()
        photo = self._folder / "photo.png"
        photo.write_bytes(PNG + self._chance.randbytes(PHOTO_BYTES))
        for _ in range(VISITS):
            self._visit(photo)
        for shaper in list(self.router.shapers.values()):
            shaper.weather = CLEAR

    def rest(self) -> bool:
        """Whether everything comes to rest."""
        return self.site.wait(self._is_at_rest, RESTS_WITHIN_S)

    def look(self) -> list[tuple[str, str]]:
        """What does not hold, but for what such weather explains."""
        engine = connect(f"sqlite:///{self.site.home}/data/gateway.db")
        try:
            ledger = Ledger(engine)
        finally:
            engine.dispose()
        found = list(check(ledger, self.site.hands, self.site.consumer, self.witness))
        return [each for each in found if each[0] not in EXPECTED]

    def count(self, tally: Tally) -> None:
        """Add what this day was."""
        tally.figures["events"] += sum(len(hand.signed) for hand in self.site.hands)
        tally.figures["records"] += len(self.site.consumer.books)
        tally.figures["lost"] += sum(each.check in LOST for each in tally.findings)
        for shaper in self.router.shapers.values():
            for what, number in shaper.counts.items():
                tally.figures[f"packets {what}"] = tally.figures.get(f"packets {what}", 0) + number

    def _visit(self, photo: Path) -> None:
        jobs = {hand.name: self.site.job(hand) for hand in self.site.hands}
        for kind, fields in (*VISIT[:5], ("photo.attached", {"photo": f"@{photo}"}), *VISIT[5:]):
            for hand in self.site.hands:
                hand.sign(kind, jobs[hand.name], fields)
                time.sleep(self._chance.uniform(0, 0.2))
                self._see()
        for hand in self.site.hands:
            hand.jobs.append(jobs[hand.name])

    def _is_at_rest(self) -> bool:
        self._see()
        if any(hand.acknowledged < len(hand.signed) or ObjectStore(hand.home).pending() for hand in self.site.hands):
            return False
        return {f"{job}~1" for hand in self.site.hands for job in hand.jobs} <= self.site.consumer.acknowledged

    def _see(self) -> None:
        for hand in self.site.hands:
            if (seen := hand.checkpoint) is not None:
                self.witness.checkpoints.add(seen)


def _findings(day: Day, unit: int) -> list[Finding]:
    try:
        day.play()
        seen = [] if day.rest() else [("converges", _state(day))]
        seen += day.look()
    except (NotReady, RuntimeError) as error:
        seen = [("broken", repr(error))]
    return [Finding(f"seed {unit}", check, words, REPLAY.format(unit=unit)) for check, words in seen]


def _state(day: Day) -> str:
    hands = []
    for hand in day.site.hands:
        waiting = len(ObjectStore(hand.home).pending())
        hands.append(f"{hand.name} {hand.acknowledged}/{len(hand.signed)} events, {waiting} objects waiting")
    return f"no rest: {'; '.join(hands)}; billed {sorted(day.site.consumer.acknowledged)}"
