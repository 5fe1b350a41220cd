"""A handheld in virtual time: the production capture, journal, pump and uplink on a disk that can be cut off.

Two processes share a data folder as they do for real: capture, which a technician works with, and sync. Either may end
in the middle of a system call, both do at a power cut. What people did and were told goes into the history.
"""

import copy
import errno
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from typing import Any, cast

from jobseal.errors import JobsealError
from jobseal.event import SignedEvent
from jobseal_device import rotating, turns
from jobseal_device.capture import Capture
from jobseal_device.errors import DeviceRolledBack, JournalDamaged
from jobseal_device.journal_reader import JournalReader
from jobseal_device.turns import KeyEnded
from jobseal_device.uplink_file import is_there, read_uplink
from jobseal_device.work_file import WorkFile
from tests.device.simulated_disk import KEEP, SimulatedDisk, Stopped
from tests.system import form
from tests.system.faults import Faults
from tests.system.ground import Ground, Issued
from tests.system.history import History, Holder, Intent
from tests.system.keyring import Keyring, Turn
from tests.system.sync_process import NEVER, SyncProcess
from tests.system.wire import Wire
from tests.system.world import World

JUMP_MOST_MS = 3_600_000
MILLION = 1_000_000
DRIFT_MOST = 500  # millionths
CALLS_MOST = 12  # a step makes about so many changing system calls
ROTATION_CALLS_MOST = 60  # and a rotation so many, with some jobs to hand over

# What a technician does when several steps are legal: kind and weight. Others are not captured here.
WEIGHTS = {
    "job.accepted": 2, "travel.started": 3, "travel.stopped": 1, "job.arrived": 6, "labour.started": 5,
    "labour.stopped": 6, "part.used": 4, "part.returned": 1, "note.added": 1, "job.waiting": 1, "job.resumed": 4,
    "job.completed": 3, "job.signed_off": 3, "signoff.waived": 3, "job.reopened": 1,
}  # fmt: skip
# What brings a job to its end, most urgent first.
TO_THE_END = ("labour.stopped", "job.completed", "signoff.waived", "job.arrived", "job.accepted")


class Handheld:
    """``holder`` is one physical card; a clone has the same device, key and technician, and another holder."""

    def __init__(
        self,
        world: World,
        faults: Faults,
        wire: Wire,
        ground: Ground,
        issued: Issued,
        history: History,
        holder: str,
        disk: SimulatedDisk | None = None,
    ) -> None:
        self._world = world
        self._faults = faults
        self._ground = ground
        self.issued = issued
        self._history = history
        self.holder = holder
        self.jobs = [job for job, technicians in ground.work.items() if issued.technician in technicians]
        self.disk = disk or SimulatedDisk()
        self._keyring = Keyring(issued)
        self._sync = SyncProcess(world, faults, wire, ground, history, holder, self._keyring)
        self._take_up(self._keyring.every(self.disk)[-1])
        self._shift_ms: int | None = 0
        self._drift = world.chance.randrange(-DRIFT_MOST, DRIFT_MOST) if faults.strikes("clock_drift") else 0
        self.capture: Capture | None = None
        self._parts: dict[str, list[SignedEvent]] = {}
        self.has_rotted = False
        self.is_shelved = False  # nobody works with it any more; it only syncs
        self._boot()

    # Its clock

    def wall_ms(self) -> int | None:
        if self._shift_ms is None:
            return None
        return self._world.wall_ms + self._world.now_ms * self._drift // MILLION + self._shift_ms

    def up_ms(self) -> int:
        passed = self._world.now_ms - self._booted_ms
        return passed + passed * self._drift // MILLION

    def boot(self) -> bytes:
        return self._boot_id

    def sleep(self, seconds: float) -> None:
        del seconds
        raise AssertionError("nobody sleeps in virtual time")

    # Its processes

    def _boot(self) -> None:
        self._booted_ms = self._world.now_ms
        self._boot_id = self._world.bytes(8)
        self._open_capture()
        self._sync.start(self.disk)

    def _take_up(self, turn: Turn) -> None:
        """From here on the technician works with this key."""
        self._turn_of_capture, self.home, self.kid = turn, turn.home, turn.kid
        self._sync.newest = turn.home

    def _open_capture(self) -> None:
        try:
            with suppress(KeyEnded):
                return self._open_newest()
            return self._open_newest()  # it has just found out that its key has ended, and starts again
        except DeviceRolledBack:
            self.capture = None
            self._world.say(self.holder, "is rolled back")
        except JournalDamaged:
            if not self.has_rotted:
                raise
            self.capture = None
            self._history.broken.add(self.kid)
            self._world.say(self.holder, "cannot go on with what is on its disk")

    def _open_newest(self) -> None:
        turn = self._keyring.every(self.disk)[-1]
        self._take_up(turn)
        signer = cast(Any, self._keyring.signer(turn, self.disk))
        self.capture = Capture(turn.home, turn.enrolled.identity, signer, self, self._world.bytes, self.disk)

    def power_cut(self) -> None:
        """The battery is out, and in again: what was not synced is there, gone or torn."""
        self._world.say(self.holder, "power cut")
        self._leave()
        self.disk = self.disk.power_cut(self._world.chance.randrange)
        self._boot()

    def kill(self) -> None:
        """Both processes end as by kill -9, and start again within the same boot."""
        self._world.say(self.holder, "killed")
        self._leave()
        self.disk = self.disk.killed()
        self._open_capture()
        self._sync.start(self.disk)

    def _leave(self) -> None:
        if self.capture is not None:
            self.disk.stop(NEVER)
            self.disk.heal()
            self.capture.kill()
            self.capture = None
        self._sync.end()

    def card(self) -> SimulatedDisk:
        """A copy of what is on the card now, as another reader would find it."""
        return copy.deepcopy(self.disk.power_cut(lambda count: KEEP if count == KEEP + 1 else count - 1))

    def set_back(self, disk: SimulatedDisk) -> None:
        """Somebody restores an earlier copy."""
        self._world.say(self.holder, "restored")
        self._leave()
        self.disk = disk
        self._boot()

    # The technician

    def step(self) -> None:
        """Something happens on the job, or the handheld is maltreated."""
        if self.capture is None:
            return None
        if self._faults.strikes("clock_jump"):
            self._shift_ms = self._world.chance.randrange(-JUMP_MOST_MS, JUMP_MOST_MS)
        if self._faults.strikes("clock_unset"):
            self._shift_ms = None
        if self._faults.strikes("unreadable"):
            self._rot()
        if self.kid not in self._history.diverged and self._faults.strikes("rotation"):
            # One key of two holders that names two to follow it is left out: see APART in the table of faults.
            return self._rotate()
        job = self._world.chance.choice(self.jobs)
        used = self._parts.get(job)
        if used and self._faults.strikes("correction"):
            return self._correct(job, self._world.chance.choice(used))
        steps = self.capture.steps(job, self.issued.technician)
        if "job.cancelled" in steps and self._faults.strikes("cancelled"):
            return self._sign("job.cancelled", job)
        legal = [kind for kind in steps if kind in WEIGHTS]
        if legal:
            kind = self._world.chance.choices(legal, [WEIGHTS[each] for each in legal])[0]
            self._sign(kind, job)
        return None

    def finish(self) -> bool:
        """Bring the next of its jobs one step nearer to its end; whether there was anything left to do."""
        for job in () if self.capture is None or self.is_shelved else self.jobs:
            assert self.capture is not None
            if self.capture.state(job) in ("signed_off", "waived", "cancelled"):
                continue
            legal = self.capture.steps(job, self.issued.technician)
            self._sign(next(kind for kind in TO_THE_END if kind in legal), job)
            return True
        return False

    def _correct(self, job: str, used: SignedEvent) -> None:
        part = dict(used.event.body)
        part[2] = str(self._world.chance.randrange(1, 9))
        body = {1: 2, 2: part if self._world.chance.random() < 0.7 else None}
        self._sign("event.corrected", job, body, used.hash)

    def _sign(self, kind: str, job: str, body: dict[int, Any] | None = None, amends: bytes | None = None) -> None:
        assert self.capture is not None
        attachments = []
        if body is None:
            by, order = self.issued.technician, self._ground.orders[job]
            body, attachments = form.fill(self._world, self._faults, self.capture, kind, job, by, order)
        cut = self._arm(CALLS_MOST, self.disk.stop)
        signed: SignedEvent | None = None
        try:
            signed = self.capture.sign(kind, body, job, self.issued.technician, amends, attachments)
        except Stopped:
            self._note(kind, job, None)
            return self.power_cut() if cut else self.kill()
        except DeviceRolledBack:
            self._world.say(self.holder, "signs no more")
            self._leave_capture()
            return None
        except JobsealError as problem:
            self._world.say(self.holder, "not signed", kind, problem.code)
        finally:
            self.disk.stop(NEVER)
            self.disk.heal()
        self._note(kind, job, signed)
        if signed is not None and kind == "part.used":
            self._parts.setdefault(job, []).append(signed)
        if cut is not None and signed is not None:  # the step made fewer calls than that
            return self.power_cut() if cut else self.kill()
        self._sync.turn_in(self._world.chance.randrange(1, 20))
        return None

    def _rotate(self) -> None:
        """The key is ended and another one goes on; the screen is closed meanwhile."""
        self._leave_capture()
        turn, disk = self._turn_of_capture, self.disk
        signer = cast(Any, self._keyring.signer(turn, disk))
        by, made_of = self.issued.technician, cast(Any, self.issued.follow)
        cut = self._arm(ROTATION_CALLS_MOST, disk.end)
        try:
            rotating.rotate(turn.home, turn.enrolled, signer, self, self._world.bytes, by, disk, made_of)
        except Stopped:
            self._world.say(self.holder, "rotation cut off")
            return self.power_cut() if cut else self.kill()
        except JobsealError as problem:  # among them: it was set back
            self._world.say(self.holder, "not rotated", problem.code)
        else:
            self._note(rotating.rotating.KIND, "", turns.ending(turn.home.next_turn(), disk))
        finally:
            disk.stop(NEVER)
            disk.heal()
        self._open_capture()
        if cut is not None:  # it made fewer calls than that
            return self.power_cut() if cut else self.kill()
        return self._sync.turn_in(self._world.chance.randrange(1, 20))

    def _arm(self, calls_most: int, stop: Callable[[int], None]) -> bool | None:
        """Have something happen to the disk in the next step: True for a power cut, False for a kill, else None."""
        nth = self._world.chance.randrange(calls_most)
        if self._faults.strikes("disk_full"):
            self.disk.fail(nth, errno.ENOSPC)
        if self._faults.strikes("disk_error"):
            self.disk.fail(nth, errno.EIO)
        if self._faults.strikes("power_cut"):
            stop(nth)
            return True
        if self._faults.strikes("device_kill"):
            stop(nth)
            return False
        return None

    def _note(self, kind: str, job: str, signed: SignedEvent | None) -> None:
        seq, hashed = (None, None) if signed is None else (signed.event.seq, signed.hash)
        self._history.intents.append(Intent(self.holder, self.kid, kind, job, seq, hashed))
        self._world.say(self.holder, kind, job, seq, hashed and hashed.hex()[:8])

    def _rot(self) -> None:
        """One of the events behind the newest cannot be read from now on."""
        head = JournalReader(self.home.journal, self.disk).head()
        if head is None or head.seq == 0 or self.kid in self._history.diverged:
            return  # a copy that cannot be read where it differs waits for a person, and nothing here is one
        reader = JournalReader(self.home.journal, self.disk)
        with suppress(JournalDamaged):
            data = reader.event(self._world.chance.randrange(head.seq))
            if data is not None and self.disk.rot(data):
                self.has_rotted = True
                self._history.unreadable.add(sha256(data).digest())
                self._world.say(self.holder, "cannot read", sha256(data).hexdigest()[:8])

    def look(self) -> None:
        """Somebody opens the handheld: what capture has to say of its own it says now."""
        if self.capture is not None:
            self.capture.kill()
            self._open_capture()
            self._sync.turn_in(1)

    @property
    def is_asked_about_losses(self) -> bool:
        """Whether sync wants capture to say what cannot be read."""
        return is_there(self.home.damaged, self.disk)

    def _leave_capture(self) -> None:
        assert self.capture is not None
        self.capture.kill()
        self.capture = None

    # At the end

    @property
    def is_at_rest(self) -> bool:
        """Connected, and everything that it committed is acknowledged; or it will never be, and it knows that."""
        if self.is_rolled_back or self.kid in self._history.broken or (self._history.rewritten and self.distrusts_log):
            return True
        return self._is_disowned or self._sync.is_at_rest

    @property
    def _is_disowned(self) -> bool:
        """Whether the gateway has said that it does not know this key, and the one before it is not trusted."""
        if self.home.turn == 0 or self._history.distrusted.isdisjoint(self.kids[:-1]):
            return False
        return any(row["code"] == "unknown_kid" for row in WorkFile(self.home, self.disk).alarms())

    @property
    def is_rolled_back(self) -> bool:
        """Whether it was told never to sign again."""
        return is_there(self.home.rolled_back, self.disk) or self.capture is None

    @property
    def distrusts_log(self) -> bool:
        """Whether it has raised the alarm about it."""
        alarms = {row["code"] for row in WorkFile(self.home, self.disk).alarms()}
        return not alarms.isdisjoint(("log_inconsistent", "log_restarted"))

    @property
    def kids(self) -> list[bytes]:
        """Its keys, the oldest first."""
        return [turn.kid for turn in self._keyring.every(self.disk)]

    def testimony(self) -> list[Holder]:
        """What it can show of each of its keys."""
        alarms = tuple(str(row["code"]) for row in WorkFile(self.home, self.disk).alarms())
        return [self._shown(turn, alarms) for turn in self._keyring.every(self.disk)]

    def _shown(self, turn: Turn, alarms: tuple[str, ...]) -> Holder:
        reader, sent = JournalReader(turn.home.journal, self.disk), read_uplink(turn.home, self.disk)
        head = reader.head()
        is_newest = turn.home.turn == self.home.turn
        is_stopped = is_there(turn.home.rolled_back, self.disk) or (is_newest and self.is_rolled_back)
        is_stopped = is_stopped or turn.kid in self._history.broken
        return Holder(
            self.holder, turn.kid, tuple(data for _, data in reader.readable()), sent.next, is_stopped, alarms,
            0 if head is None else head.seq + 1, sent.checkpoint,
        )  # fmt: skip

    def close(self) -> None:
        """Let go."""
        self._leave()
