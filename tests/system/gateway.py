"""The gateway in virtual time: the production ingest, projector and log on a real database, killed at their commits.

A kill is an exception that nobody may catch; what was in memory is dropped with it and a new process begins on the
same database, which is then as SQLite left it. The moments are those that differ: before the COMMIT, after it and
before anything in memory knows, and between the replies.
"""

from jobseal.errors import JobsealError
from jobseal_gateway.ingest import Ingest, Moment
from jobseal_gateway.log import LogWriter
from jobseal_gateway.projector import JOBS_AT_ONCE, Projector
from tests.system.database import Killed
from tests.system.faults import Faults
from tests.system.ground import TERMS, Ground
from tests.system.wire import Wire
from tests.system.world import World

ROUND_MAX = 8
WIDE_AFTER_MS = 7 * 86_400_000
UNSYNCHRONISED_MS = 20_000
RETRY_MS = 1_000
PATIENCE_MS = (300, 5_000, 60_000)  # before changed jobs are folded


class Gateway:
    """``restarts`` counts processes; ``problems`` are the codes for which rounds were put off."""

    def __init__(self, world: World, faults: Faults, wire: Wire, ground: Ground) -> None:
        self._world = world
        self._faults = faults
        self._wire = wire
        self._ground = ground
        self._commits = ground.commits
        self._began_ms = 0
        self._unsynchronised_until = 0
        self._is_round_due = self._is_folding_due = False
        # Some gateways fold at once, others have too much to do.
        self._patience_ms = world.chance.choice(PATIENCE_MS)
        self.has_news = True
        self.restarts = 0
        self._start()

    # Clock of the gateway

    def wall_ms(self) -> int | None:
        return None if self._world.now_ms < self._unsynchronised_until else self._world.wall_ms

    def up_ms(self) -> int:
        return self._world.now_ms - self._began_ms

    def boot(self) -> bytes:
        return b"gateway!"

    def sleep(self, seconds: float) -> None:
        del seconds
        raise AssertionError("nobody sleeps in virtual time")

    # Its process

    def _start(self) -> None:
        ground = self._ground
        self._began_ms = self._world.now_ms
        log = LogWriter(ground.engine, ground.keys.log_id, ground.keys.log)
        self.ingest = Ingest(ground.engine, ground.keys, log, ground.crypto.verifier)
        self.projector = Projector(
            ground.engine, log, ground.keys, self, TERMS, WIDE_AFTER_MS, lambda: setattr(self, "has_news", True)
        )

    def _die(self, when: str) -> None:
        self._world.say("gateway killed", when)
        self.restarts += 1
        self._commits.plan = None
        self._start()

    def heal(self) -> None:
        self._unsynchronised_until, self._patience_ms = 0, PATIENCE_MS[0]

    def expect_frames(self) -> None:
        """Something may have arrived."""
        if not self._is_round_due and self._wire.inbox:
            self._is_round_due = True
            self._world.after(self._world.chance.randrange(5, 60), self._round)

    def _round(self) -> None:
        self._is_round_due = False
        if self._faults.strikes("gateway_clock"):
            self._unsynchronised_until = self._world.now_ms + self._world.chance.randrange(UNSYNCHRONISED_MS)
        count = self._world.chance.randrange(1, ROUND_MAX + 1)
        taken, self._wire.inbox[:count] = self._wire.inbox[:count], []
        if taken:
            self._take(taken)
        self.expect_frames()

    def _take(self, taken: list[tuple[str, bytes]]) -> None:
        self._commits.plan = self._planned()
        try:
            outcome = self.ingest.handle(taken, Moment(self.wall_ms(), self.up_ms()))
        except Killed:
            return self._redeliver_perhaps(taken, "in a round")
        finally:
            self._commits.plan = None
        self._world.say("round", len(taken), len(outcome.replies), outcome.problem and outcome.problem.code)
        for topic, payload in outcome.replies:
            if self._faults.strikes("ingest_kill_before_reply"):
                return self._redeliver_perhaps(taken, "before a reply")
            self._wire.down(topic, payload)
        if outcome.problem is not None:
            self._wire.inbox[:0] = taken
            self._world.after(RETRY_MS, self.expect_frames)
        elif self._faults.strikes("redelivery"):
            self._wire.inbox[:0] = taken  # the acknowledgement to the broker was lost
        if outcome.dirty:
            self.expect_folding()
        return None

    def _planned(self) -> str | None:
        if self._faults.strikes("ingest_kill_before_commit"):
            return "before"
        if self._faults.strikes("ingest_kill_after_commit"):
            return "after"
        return "unknown" if self._faults.strikes("commit_unknown") else None

    def _redeliver_perhaps(self, taken: list[tuple[str, bytes]], when: str) -> None:
        self._die(when)
        if self._faults.strikes("redelivery"):
            self._wire.inbox[:0] = taken
            self._world.after(RETRY_MS, self.expect_frames)

    def expect_folding(self) -> None:
        """Something is marked as changed, or will be."""
        if not self._is_folding_due:
            self._is_folding_due = True
            self._world.after(self._world.chance.randrange(100, self._patience_ms), self._project)

    def _project(self) -> None:
        """Fold what changed, as far as this process lives."""
        self._is_folding_due = False
        if self._faults.strikes("projector_kill"):
            self._commits.plan = self._world.chance.choice(("before", "after"))
        try:
            if self.projector.run() >= JOBS_AT_ONCE:
                self.expect_folding()
        except Killed:
            self._die("in the projector")
            self.expect_folding()
        except JobsealError as problem:
            self._world.say("projector waits", problem.code)
            self.expect_folding()
        finally:
            self._commits.plan = None
        for topic, payload in self.ingest.new_work():
            self._wire.down(topic, payload)
