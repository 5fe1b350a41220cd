"""The gateway in virtual time: the production ingest, projector and log on a real database, killed at their commits.

A kill is an exception that nobody may catch; what was in memory is dropped with it and a new process begins on the
same database, which is then as SQLite left it. The moments are those that differ: before the COMMIT, after it and
before anything in memory knows, and between the replies. Several ingest workers share the ledger, and one may have its
whole round between another's reading and writing.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from jobseal.errors import JobsealError
from jobseal_gateway import restarts
from jobseal_gateway.ingest import Ingest, Moment
from jobseal_gateway.log import Appending, LogWriter
from jobseal_gateway.projector import JOBS_AT_ONCE, Projector
from tests.system import tampering
from tests.system.database import Killed
from tests.system.faults import Faults
from tests.system.ground import TERMS, Ground
from tests.system.history import History
from tests.system.wire import Wire
from tests.system.world import World

ROUND_MAX = 8
WIDE_AFTER_MS = 7 * 86_400_000
UNSYNCHRONISED_MS = 20_000
RETRY_MS = 1_000
PATIENCE_MS = 1_500  # before changed jobs are folded, once healing


WORKERS_MOST = 3


class _Shared(LogWriter):
    """A worker's writer: before its turn comes another worker may have had one."""

    def __init__(self, ground: Ground, before: Callable[[], None]) -> None:
        super().__init__(ground.engine, ground.keys.log_id, ground.keys.log)
        self._before = before

    @contextmanager
    def appending(self, now_ms: int | None) -> Iterator[Appending]:
        self._before()
        with super().appending(now_ms) as end:
            yield end


class Gateway:
    """Its workers; the first also folds."""

    def __init__(
        self, world: World, faults: Faults, wire: Wire, ground: Ground, history: History, patience_ms: tuple[int, ...]
    ) -> None:
        """``patience_ms``: what its own is chosen from."""
        self._world = world
        self._faults = faults
        self._wire = wire
        self._ground = ground
        self._history = history
        self._commits = ground.commits
        self._began_ms = 0
        self._unsynchronised_until = self._held_until = 0
        self._is_round_due = self._is_folding_due = False
        self._patience_ms = world.chance.choice(patience_ms)
        self.has_news = True
        self._backup: bytes | None = None
        self._to_restart: bytes | None = None
        self._is_interleaving = False
        self.under_way: Callable[[str], None] = lambda _when: None  # what an office does in the middle of a round
        count = world.chance.randrange(1, WORKERS_MOST + 1)
        self._workers = [self._worker(place) for place in range(count)]

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

    def _worker(self, place: int) -> Ingest:
        """One that has just started."""
        ground = self._ground
        if place == 0:
            self._began_ms = self._world.now_ms
        log = _Shared(ground, lambda: self._interleave_perhaps(place))
        if place == 0:
            self.projector = Projector(
                ground.engine, log, ground.keys, self, TERMS, WIDE_AFTER_MS, lambda: setattr(self, "has_news", True)
            )
        return Ingest(ground.engine, ground.keys, log, ground.crypto.verifier)

    def _die(self, place: int, when: str) -> None:
        self._world.say("gateway worker", place, "killed", when)
        self._commits.plan = None
        self._workers[place] = self._worker(place)

    def _interleave_perhaps(self, place: int) -> None:
        if len(self._workers) < 2 or self._is_interleaving or not self._wire.inbox:
            return
        if self._faults.strikes("interleaved"):
            self._is_interleaving = True
            plan, self._commits.plan = self._commits.plan, None
            self._take(self._from_inbox(), (place + 1) % len(self._workers), None)
            self._commits.plan = plan
            self._is_interleaving = False

    # What should never happen to its log

    def _lose_perhaps(self) -> None:
        """Somebody puts an old backup in the place of the ledger, or changes what is in it."""
        if self._history.rewritten or not self._faults.active:
            return
        if "gateway_restarted" in self._faults.kinds:
            self._restart_perhaps()
        elif self._backup is None and "gateway_restored" in self._faults.kinds and self._world.chance.random() < 0.05:
            self._backup = self._ground.backup()
        elif self._backup is not None and self._faults.strikes("gateway_restored"):
            self._ground.restore(self._backup)
            self._begin_on_another_log("restored")
        elif self._faults.strikes("log_altered") and tampering.swap_leaves(self._ground.engine, self._world.chance):
            self._begin_on_another_log("altered")

    def _restart_perhaps(self) -> None:
        """The operator restores a backup as he should, with the root key's word for it; also the same one again."""
        if self._to_restart is None or self._world.chance.random() < 0.02:
            if self._world.chance.random() < 0.1:
                self._to_restart = self._ground.backup()
            return
        if not self._faults.strikes("gateway_restarted"):
            return
        self._ground.restore(self._to_restart)
        lost, new_log = self._ground.keys.log_id, self._world.bytes(16)
        made = restarts.restart(
            self._ground.engine, self._ground.keys, self._ground.root, new_log, "office", "test", self._world.wall_ms
        )
        self._ground.keys.log_id = new_log
        left = {log: min(size, made.leaf) for log, size in self._history.restored.items()}
        self._history.restored = {**left, lost: made.leaf}
        self._world.say("log restarted at", made.leaf)
        self.has_news = True
        self._wire.inbox.clear()
        self._workers = [self._worker(place) for place in range(len(self._workers))]

    def _begin_on_another_log(self, how: str) -> None:
        self._world.say("log", how)
        self._history.rewritten = self.has_news = True
        self._wire.inbox.clear()
        self._workers = [self._worker(place) for place in range(len(self._workers))]

    def heal(self) -> None:
        self._unsynchronised_until, self._patience_ms = 0, PATIENCE_MS

    def expect_frames(self) -> None:
        """Something may have arrived."""
        if not self._is_round_due and self._wire.inbox:
            self._is_round_due = True
            held_ms = max(0, self._held_until - self._world.now_ms)
            self._world.after(held_ms + self._world.chance.randrange(5, 60), self._round)

    def _round(self) -> None:
        self._is_round_due = False
        if self._faults.strikes("gateway_clock"):
            self._unsynchronised_until = self._world.now_ms + self._world.chance.randrange(UNSYNCHRONISED_MS)
        self._lose_perhaps()
        taken = self._from_inbox()
        if taken:
            self.under_way("frames")
            self._take(taken, self._world.chance.randrange(len(self._workers)), self._planned())
        self.expect_frames()

    def _from_inbox(self) -> list[tuple[str, bytes]]:
        count = self._world.chance.randrange(1, ROUND_MAX + 1)
        taken, self._wire.inbox[:count] = self._wire.inbox[:count], []
        return taken

    def _take(self, taken: list[tuple[str, bytes]], place: int, plan: str | None) -> None:
        self._commits.plan = plan
        try:
            outcome = self._workers[place].handle(taken, Moment(self.wall_ms(), self.up_ms()))
        except Killed:
            return self._redeliver_perhaps(taken, place, "in a round")
        finally:
            self._commits.plan = None
        self._world.say("round", place, len(taken), len(outcome.replies), outcome.problem and outcome.problem.code)
        self.under_way("receipts")
        for topic, payload in outcome.replies:
            if self._faults.strikes("ingest_kill_before_reply"):
                return self._redeliver_perhaps(taken, place, "before a reply")
            self._wire.down(topic, payload)
        if outcome.problem is not None:
            self._wire.inbox[:0] = taken
            self._held_until = self._world.now_ms + RETRY_MS
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

    def _redeliver_perhaps(self, taken: list[tuple[str, bytes]], place: int, when: str) -> None:
        self._die(place, when)
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
            self._die(0, "in the projector")
            self.has_news = True  # who waits for news is not told, and asks again after a while
            self.expect_folding()
        except JobsealError as problem:
            self._world.say("projector waits", problem.code)
            self.has_news = True
            self.expect_folding()
        finally:
            self._commits.plan = None
        for topic, payload in self._workers[0].new_work():
            self._wire.down(topic, payload)
