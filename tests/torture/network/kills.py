"""Kill cycles: broker, database and gateway killed at each step between an event received and its receipt sent.

A cycle is one unit: a kill is armed, every handheld signs a visit while syncing, what died is started again (in every
third cycle ingest then dies once more, on its first messages), and everything must come to rest: all events
acknowledged and logged once, the log append-only, each visit billed once.

Cycles come in blocks on one gateway, so that what one leaves behind is the next one's ground; a block is on SQLite or
on PostgreSQL, in turn. The timing of real processes is not repeatable: a replay does the same kill on a new gateway.
"""

import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import chain, zip_longest
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Engine

from jobseal_gateway.errors import GatewayError
from jobseal_gateway.ledger.database import connect
from tests.torture.campaign import Finding, Tally
from tests.torture.network import cluster, doomed, site
from tests.torture.network.cluster import Cluster
from tests.torture.network.doomed import Plan
from tests.torture.network.hand import VISIT, Hand
from tests.torture.network.site import NotReady, Site
from tests.torture.network.verdict import LOST, Ledger, Witness, check

BLOCK = 10
VISITS_MOST = 3  # of a cycle
SECOND_EVERY = 3  # cycles: ingest dies once more while what died first comes back
HANDS = 2
STRIKES_WITHIN_S = 40.0
RESTS_WITHIN_S = 120.0
REPLAY = ".venv/bin/python -m tests.torture --only 'kill cycles' --first {unit} --count 1"

INGEST, WEB, SERVE, BROKER = "ingest", "web", "serve", "broker"
DATABASE, BACKENDS, FAIL_OVER = "database", "backends", "fail-over"


class Kill(NamedTuple):
    """Who is killed when which step is reached."""

    victim: str
    step: str


_ROUND = ("received", "round.locked", "round.written", "round.before-commit", "round.after-commit", "signing", "signed",
          "published", "acking", "acked")  # fmt: skip
_FOLD = ("fold.locked", "released", "fold.before-commit", "fold.after-commit")
_WEB = ("web.before-commit", "web.after-commit", "web.read")
_OFTEN = (*_ROUND, "round.in-commit")  # several times in a cycle: any of the first few is hit
_COMMITS = ("round.in-commit", "fold.in-commit", "web.in-commit")

_OURS = (
    [Kill(INGEST, step) for step in (*_ROUND, *_FOLD, "round.in-commit")],
    [Kill(WEB, step) for step in (*_WEB, "web.in-commit")],
    [Kill(SERVE, step) for step in ("round.before-commit", "published", "round.after-commit", "released", "received")],
    [Kill(BROKER, step) for step in ("received", "round.after-commit", "published", "acking", "round.before-commit")],
)
_SERVERS = (
    [Kill(FAIL_OVER, step) for step in ("round.in-commit", "round.after-commit", "fold.in-commit", "web.in-commit")],
    [Kill(DATABASE, step) for step in (*_COMMITS, "round.locked", "round.written", "signing", "fold.after-commit")],
    [Kill(BACKENDS, step) for step in ("round.before-commit", "round.in-commit", "fold.written", "web.before-commit")],
)


def _turn_about(*kinds: list[Kill]) -> list[Kill]:
    """One of each kind, then the next of each, so that any few in a row are of many kinds."""
    return [each for each in chain.from_iterable(zip_longest(*kinds)) if each is not None]


ON_SQLITE = _turn_about(*_OURS)
ON_POSTGRES = _turn_about(*_SERVERS, *_OURS)


def on_postgres(unit: int) -> bool:
    """Which database this cycle's block is on."""
    return unit // BLOCK % 2 == 1


def kill_of(unit: int) -> Kill:
    """What this cycle does. Blocks of one database go through its kills in order, and round."""
    kinds = ON_POSTGRES if on_postgres(unit) else ON_SQLITE
    return kinds[(unit // BLOCK // 2 * BLOCK + unit % BLOCK) % len(kinds)]


class Trouble(Exception):
    """A cycle that did not come to its end: the check that says so, and why."""

    def __init__(self, check: str, words: str) -> None:
        super().__init__(words)
        self.check = check


class Ground:
    """One block's gateway, handhelds, database and consumer."""

    def __init__(self, folder: Path, undo: ExitStack, postgres: bool, cycles: int) -> None:
        folder.chmod(0o755)  # the database's own account has to get through
        self.cluster: Cluster | None = None
        if postgres:
            self.cluster = Cluster(folder / "postgres")
            undo.callback(self.cluster.stop)
        self.url = f"sqlite:///{folder}/gateway/data/gateway.db" if self.cluster is None else self.cluster.url
        self.site = Site(folder, [f"database={self.url}"])
        undo.callback(self.site.close)
        self.site.enrol([Hand(f"hh-{number}", f"t-{number}", folder) for number in range(HANDS)])
        self.site.import_orders(cycles * VISITS_MOST)
        self.site.start()
        self.engine: Engine = connect(self.url)
        undo.callback(self.engine.dispose)
        self.witness = Witness(set())

    def cycle(self, unit: int) -> None:
        """One kill. Raises Trouble."""
        kill, chance = kill_of(unit), random.Random(unit)
        if kill.victim == FAIL_OVER:
            assert self.cluster is not None
            self.cluster.add_standby()
        skip = chance.randrange(3) if kill.step in _OFTEN else 0
        try:
            self._strike(kill, skip, chance)
        finally:
            doomed.disarm(self.site.home)
        if unit % SECOND_EVERY == 0:
            doomed.arm(
                self.site.home, Plan(chance.choice(_ROUND), 0, ())
            )  # of whoever comes back; it may not be needed
        try:
            self._restore(kill)
            self._rest()
        finally:
            doomed.disarm(self.site.home)

    def _strike(self, kill: Kill, skip: int, chance: random.Random) -> None:
        """Visits until the step was reached and somebody died. Raises Trouble."""
        for _ in range(VISITS_MOST):
            doomed.arm(self.site.home, Plan(kill.step, skip, self._pids(kill)))
            self._work(chance)
            struck = self.site.wait(lambda: doomed.has_struck(self.site.home) or self._is_at_rest(), STRIKES_WITHIN_S)
            if struck and doomed.has_struck(self.site.home):
                return
            skip = 0  # it all went in fewer rounds than thought
        raise Trouble("not_killed", f"{kill.step} was not reached, so nobody was killed")

    def look(self) -> Iterator[tuple[str, str]]:
        """Everything that does not hold now."""
        self._see()
        return check(Ledger(self.engine), self.site.hands, self.site.consumer, self.witness)

    def _pids(self, kill: Kill) -> tuple[int, ...]:
        if kill.victim == SERVE:
            return (self.site.serving.pid,)
        if kill.victim == BROKER:
            return (self.site.serving.pids["broker"],)
        if kill.victim in (DATABASE, FAIL_OVER):
            assert self.cluster is not None
            return (self.cluster.primary.pid,)
        if kill.victim == BACKENDS:
            return self._backends()
        return ()

    def _backends(self) -> tuple[int, ...]:
        assert self.cluster is not None
        rows = self.cluster.primary.statement("SELECT pid FROM pg_stat_activity WHERE datname = 'jobseal'")
        return tuple(int(str(pid)) for (pid,) in rows)

    def _work(self, chance: random.Random) -> None:
        """Each handheld signs a visit, while whatever happens happens."""
        jobs = {hand.name: self.site.job(hand) for hand in self.site.hands}
        for kind, fields in VISIT:
            for hand in self.site.hands:
                hand.sign(kind, jobs[hand.name], fields)
                time.sleep(chance.uniform(0, 0.02))
                self._see()
        for hand in self.site.hands:
            hand.jobs.append(jobs[hand.name])

    def _restore(self, kill: Kill) -> None:
        """What a person or a cluster manager would do; the rest comes back by itself."""
        if kill.victim == SERVE:
            if not _until(lambda: not self.site.serving.runs):
                raise Trouble("not_killed", "the supervisor lives")
            self.site.serve()
        elif kill.victim == DATABASE:
            assert self.cluster is not None
            self.cluster.primary.kill()  # its children, should one have been born meanwhile
            self.cluster.primary.start()
        elif kill.victim == FAIL_OVER:
            assert self.cluster is not None
            self.cluster.fail_over()

    def _rest(self) -> None:
        """Until nothing is left to do. Raises Trouble when that takes too long."""
        if not self.site.wait(self._is_at_rest, RESTS_WITHIN_S):
            hands = ", ".join(f"{hand.name} {hand.acknowledged}/{len(hand.signed)}" for hand in self.site.hands)
            billed = f"{len(self.site.consumer.acknowledged)}/{sum(len(hand.jobs) for hand in self.site.hands)}"
            said = " | ".join(self.site.serving.lines[-4:])
            raise Trouble("converges", f"no rest: acknowledged {hands}; billed {billed}; the gateway says: {said}")

    def _is_at_rest(self) -> bool:
        self._see()
        if any(hand.acknowledged < len(hand.signed) for hand in self.site.hands):
            return False
        jobs = {f"{job}~1" for hand in self.site.hands for job in hand.jobs}
        return jobs <= self.site.consumer.acknowledged and self.site.is_ready()

    def _see(self) -> None:
        for hand in self.site.hands:
            if (seen := hand.checkpoint) is not None:
                self.witness.checkpoints.add(seen)


class Kills:
    """The campaign."""

    name = "kill cycles"
    quick: int = 2 * BLOCK
    release: int | None = 1_000
    slice = BLOCK
    alone = False

    def units(self) -> int | None:
        return None

    def missing(self) -> str | None:
        return cluster.missing() or site.missing()

    def run(self, first: int, count: int) -> Tally:
        tally = Tally(0, [], {"events": 0, "records": 0, "lost": 0, "checkpoints seen": 0})
        units = range(first, first + count)
        for block in sorted({unit // BLOCK for unit in units}):
            _run_block([unit for unit in units if unit // BLOCK == block], tally)
        return tally


def _run_block(units: list[int], tally: Tally) -> None:
    """These cycles on one gateway. After a cycle with a finding the next one gets another."""
    left = list(units)
    while left:
        with tempfile.TemporaryDirectory(prefix="jobseal-kills-") as name, ExitStack() as undo:
            ground = Ground(Path(name), undo, on_postgres(left[0]), len(left))
            found: list[Finding] = []
            while left and not found:
                found = _cycle(ground, left.pop(0))
                tally.ran += 1
            tally.findings += found
            _count(ground, tally)


def _cycle(ground: Ground, unit: int) -> list[Finding]:
    kill = kill_of(unit)
    named = f"{unit} ({kill.victim} at {kill.step}, {'PostgreSQL' if on_postgres(unit) else 'SQLite'})"
    try:
        ground.cycle(unit)
        seen = list(ground.look())
    except Trouble as trouble:
        seen = [(trouble.check, str(trouble))]
    except (NotReady, GatewayError, RuntimeError) as error:
        seen = [("broken", repr(error))]
    return [Finding(named, check, words, REPLAY.format(unit=unit)) for check, words in seen]


def _count(ground: Ground, tally: Tally) -> None:
    tally.figures["events"] += sum(len(hand.signed) for hand in ground.site.hands)
    tally.figures["records"] += len(ground.site.consumer.books)
    tally.figures["checkpoints seen"] += len(ground.witness.checkpoints)
    tally.figures["lost"] += sum(each.check in LOST for each in tally.findings)


def _until(true: Callable[[], object], within_s: float = STRIKES_WITHIN_S) -> bool:
    give_up = time.monotonic() + within_s
    while not true():
        if time.monotonic() > give_up:
            return False
        time.sleep(0.01)
    return True
