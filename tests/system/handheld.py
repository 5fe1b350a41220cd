"""A handheld in virtual time: the production capture, journal, pump and uplink on a disk that can be cut off.

Two processes share a data folder as they do for real: capture, which a technician works with, and sync. Either may end
in the middle of a system call, both do at a power cut. What people did and were told goes into the history.
"""

import copy
import errno
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

from jobseal import bodies, frame
from jobseal.errors import JobsealError
from jobseal.event import SignedEvent
from jobseal.quantity import quantities, totals
from jobseal.uplink import Uplink
from jobseal.uplink_state import Delays, Identity
from jobseal_device.capture import Capture
from jobseal_device.errors import DeviceRolledBack, JournalDamaged
from jobseal_device.home import Home
from jobseal_device.journal_reader import JournalReader
from jobseal_device.objects import ObjectStore
from jobseal_device.pump import Pump
from jobseal_device.source import DeviceSource
from jobseal_device.uplink_file import read_uplink
from jobseal_device.wake import Sleeper
from jobseal_device.work_file import WorkFile
from tests.device.simulated_disk import KEEP, SimulatedDisk, Stopped
from tests.system.faults import Faults
from tests.system.ground import LOG_ID, Ground, Issued
from tests.system.history import Believed, History, Holder, Intent
from tests.system.wire import Wire
from tests.system.world import World

DELAYS = Delays(resend_first=1_000, resend_most=8_000, hello=60_000)
RECONNECT_MOST_MS = 4_000
JUMP_MOST_MS = 3_600_000
NEVER = 1 << 40
MILLION = 1_000_000
DRIFT_MOST = 500  # millionths
OBJECT_MOST_BYTES = 80_000  # three chunks
CALLS_MOST = 12  # a step makes about so many changing system calls

# What a technician does when several steps are legal: kind and weight. Others are not captured here.
WEIGHTS = {
    "job.accepted": 2, "travel.started": 3, "travel.stopped": 1, "job.arrived": 6, "labour.started": 5,
    "labour.stopped": 6, "part.used": 4, "part.returned": 1, "note.added": 1, "job.waiting": 1, "job.resumed": 4,
    "job.completed": 3, "job.signed_off": 3, "signoff.waived": 3, "job.reopened": 1,
}  # fmt: skip
# What brings a job to its end, most urgent first.
TO_THE_END = ("labour.stopped", "job.completed", "signoff.waived", "job.arrived", "job.accepted")


class _Quiet:
    """Stands where the pump's bell would be: in virtual time nobody waits."""

    def drain(self) -> None:
        """Nothing rings."""


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
        self._wire = wire
        self._ground = ground
        self.issued = issued
        self._history = history
        self.holder = holder
        self.kid = issued.signer.key.kid
        self.jobs = [job for job, technicians in ground.work.items() if issued.technician in technicians]
        self.home = Home(Path("/" + issued.device))
        self.disk = disk or SimulatedDisk()
        self.identity = Identity(
            issued.device, issued.signer.key.thumbprint, issued.genesis, ground.keys.authority, LOG_ID
        )
        self._link = wire.link(holder, frame.down_topic(issued.device), self._heard)
        self._shift_ms: int | None = 0
        self._drift = world.chance.randrange(-DRIFT_MOST, DRIFT_MOST) if faults.strikes("clock_drift") else 0
        self.capture: Capture | None = None
        self._pump: Pump | None = None
        self._uplink: Uplink | None = None
        self._is_connected = False
        self._turn_at = NEVER
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
        self._start_sync()

    def _open_capture(self) -> None:
        signer = cast(Any, self.issued.signer)
        try:
            self.capture = Capture(self.home, self.identity, signer, self, self._world.bytes, self.disk)
        except DeviceRolledBack:
            self.capture = None
            self._world.say(self.holder, "is rolled back")
        except JournalDamaged:
            if not self.has_rotted:
                raise
            self.capture = None
            self._history.broken.add(self.kid)
            self._world.say(self.holder, "cannot go on with what is on its disk")

    def _start_sync(self) -> None:
        work, objects = WorkFile(self.home, self.disk), ObjectStore(self.home, self.disk)
        source = DeviceSource(self.home, objects, work, self.disk)
        session = self._world.bytes(8)

        def begin() -> Uplink:
            state, verifier = read_uplink(self.home, self.disk), self._ground.crypto.verifier
            self._uplink = Uplink(self.identity, session, state, source, verifier, self._world.chance.random, DELAYS)
            return self._uplink

        sleeper = cast(Sleeper, _Quiet())
        now_ms: Callable[[], int] = lambda: self._world.now_ms  # noqa: E731
        self._pump = Pump(self.home, begin, [self._link], sleeper, work, objects, now_ms, self.disk)
        self._is_connected = False
        self._turn_in(self._world.chance.randrange(1, 500))

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
        self._start_sync()

    def _leave(self) -> None:
        if self.capture is not None:
            self.disk.stop(NEVER)
            self.disk.heal()
            self.capture.kill()
            self.capture = None
        self._link.close()
        self._pump = None

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
            body, attachments = self._body(kind, job)
        cut = self._arm()
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
        self._turn_in(self._world.chance.randrange(1, 20))
        return None

    def _arm(self) -> bool | None:
        """Have something happen to the disk in the next step: True for a power cut, False for a kill, else None."""
        nth = self._world.chance.randrange(CALLS_MOST)
        if self._faults.strikes("disk_full"):
            self.disk.fail(nth, errno.ENOSPC)
        if self._faults.strikes("disk_error"):
            self.disk.fail(nth, errno.EIO)
        if self._faults.strikes("power_cut"):
            self.disk.stop(nth)
            return True
        if self._faults.strikes("device_kill"):
            self.disk.stop(nth)
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
            self._turn_in(1)

    @property
    def is_asked_about_losses(self) -> bool:
        """Whether sync wants capture to say what cannot be read."""
        try:
            self.disk.stamp(self.home.damaged)
        except OSError:
            return False
        return True

    def _leave_capture(self) -> None:
        assert self.capture is not None
        self.capture.kill()
        self.capture = None

    def _body(self, kind: str, job: str) -> tuple[dict[int, Any], list[Any]]:
        assert self.capture is not None
        lane = self.capture.fold.lane(job)
        if kind in ("note.added", "job.signed_off"):
            words = b"words of %d bytes" % self._world.now_ms
            if self._faults.strikes("large_object"):
                words += self._world.bytes(self._world.chance.randrange(OBJECT_MOST_BYTES))
            attached = self.capture.attachment(words, "text/plain")
            named = {"note": attached.named} if kind == "note.added" else {"method": "typed", "name": attached.named}
            return bodies.SHAPES[kind].keyed(named), [attached]
        quantity = str(self._world.chance.randrange(1, 9))
        running = lane.open_tasks(self.issued.technician) if lane is not None else []
        by_kind: dict[str, dict[str, Any]] = {
            "job.accepted": {"order": self._ground.orders[job], "revision": 1},
            "labour.started": {"task": "FIT"},
            "labour.stopped": {"task": running[0] if running else "FIT"},
            "part.used": {"code": "P-1", "quantity": quantity, "unit": "pc", "source": "van"},
            "part.returned": {"code": "P-1", "quantity": "1", "unit": "pc", "source": "van"},
            "job.waiting": {"reason": "parts"},
            "signoff.waived": {"reason": "absent"},
            "job.reopened": {"reason": "again"},
            "job.cancelled": {"reason": "called off"},
        }
        named = by_kind.get(kind, {})
        if kind in ("job.completed", "job.cancelled") and "totals" in bodies.SHAPES[kind].by_name:
            named = {**named, "totals": totals(quantities(self.capture.fold.job(job)))}
        return bodies.SHAPES[kind].keyed(named), []

    # Sync

    def _heard(self) -> None:
        self._turn_in(1)

    def _turn_in(self, ms: int) -> None:
        at = self._world.now_ms + ms
        if at < self._turn_at:
            self._turn_at = at
            self._world.after(ms, lambda: self._turn(at))

    def _turn(self, at: int) -> None:
        if at != self._turn_at:
            return None  # one came before it
        self._turn_at = NEVER
        if self._pump is None or self._uplink is None:
            return None
        is_doomed = self._faults.strikes("sync_kill")
        if is_doomed:
            self.disk.stop(self._world.chance.randrange(6))
        try:
            self._pump_once(self._pump)
        except Stopped:
            self._world.say(self.holder, "sync killed")
            self._link.close()
            return self._start_sync()
        except JobsealError as error:
            self._world.say(self.holder, "sync", error.code)
            self._pump._end(error)  # as its own loop does; that loop would wait in real time
            self._is_connected = False
            return self._turn_in(self._world.chance.randrange(1, RECONNECT_MOST_MS))
        finally:
            self.disk.stop(NEVER)
        self._remember()
        due = self._uplink.wake_at(self._world.now_ms)
        return self._turn_in(RECONNECT_MOST_MS if due is None else max(1, due - self._world.now_ms))

    def _pump_once(self, pump: Pump) -> None:
        if not self._is_connected:
            pump.connect()
            self._is_connected = True
        while pump.turn(0):
            pass

    def _remember(self) -> None:
        assert self._uplink is not None
        state = self._uplink.state
        if state.head is not None and state.checkpoint is not None:
            said = Believed(self.holder, self.kid, state.next, state.head, state.checkpoint)
            if not self._history.believed or self._history.believed[-1] != said:
                self._history.believed.append(said)

    # At the end

    @property
    def is_at_rest(self) -> bool:
        """Connected, and everything that it committed is acknowledged; or it will never be, and it knows that."""
        if self.is_rolled_back or self.kid in self._history.broken or (self._history.rewritten and self.distrusts_log):
            return True
        if self._uplink is None or not self._is_connected or not self._uplink.is_idle(self._world.now_ms):
            return False
        head = JournalReader(self.home.journal, self.disk).head()
        return head is None or self._uplink.state.next == head.seq + 1

    @property
    def is_rolled_back(self) -> bool:
        """Whether it was told never to sign again."""
        try:
            self.disk.stamp(self.home.rolled_back)
        except OSError:
            return self.capture is None
        return True

    @property
    def distrusts_log(self) -> bool:
        """Whether it has raised the alarm about it."""
        alarms = {row["code"] for row in WorkFile(self.home, self.disk).alarms()}
        return not alarms.isdisjoint(("log_inconsistent", "log_restarted"))

    def testimony(self) -> Holder:
        """What it can show."""
        journal = tuple(data for _, data in JournalReader(self.home.journal, self.disk).readable())
        alarms = tuple(str(row["code"]) for row in WorkFile(self.home, self.disk).alarms())
        acknowledged = read_uplink(self.home, self.disk).next
        head = JournalReader(self.home.journal, self.disk).head()
        committed = 0 if head is None else head.seq + 1
        newest = read_uplink(self.home, self.disk).checkpoint
        is_stopped = self.is_rolled_back or self.kid in self._history.broken
        return Holder(
            self.holder, self.kid, journal, acknowledged, is_stopped, alarms, committed, newest
        )  # fmt: skip

    def close(self) -> None:
        """Let go."""
        self._leave()
