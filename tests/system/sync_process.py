"""The sync process of a handheld in virtual time: the production pump and uplink, a turn whenever one is due.

It shares a disk with capture, as for real, and may end in the middle of any system call.
"""

from collections.abc import Callable
from typing import cast

from jobseal import frame
from jobseal.errors import JobsealError
from jobseal.uplink import Uplink
from jobseal.uplink_state import Delays
from jobseal_device import turns
from jobseal_device.home import Home
from jobseal_device.journal import Journal
from jobseal_device.journal_reader import JournalReader
from jobseal_device.objects import ObjectStore
from jobseal_device.pump import Pump
from jobseal_device.source import DeviceSource
from jobseal_device.uplink_file import read_uplink
from jobseal_device.wake import Sleeper
from jobseal_device.work_file import WorkFile
from tests.device.simulated_disk import SimulatedDisk, Stopped
from tests.system.faults import Faults
from tests.system.ground import Ground
from tests.system.history import Believed, History
from tests.system.keyring import Keyring
from tests.system.recalling import Recalling
from tests.system.wire import Wire
from tests.system.world import World

DELAYS = Delays(resend_first=1_000, resend_most=8_000, hello=60_000)
RECONNECT_MOST_MS = 4_000
NEVER = 1 << 40


class _Quiet:
    """Stands where the pump's bell would be: in virtual time nobody waits."""

    def drain(self) -> None:
        """Nothing rings."""


class SyncProcess:
    """Of one card. ``newest``: the turn that its technician works with, which capture sets."""

    newest: Home

    def __init__(
        self, world: World, faults: Faults, wire: Wire, ground: Ground, history: History, holder: str, keyring: Keyring
    ) -> None:
        self._world = world
        self._faults = faults
        self._ground = ground
        self._history = history
        self._holder = holder
        self._keyring = keyring
        self._link = wire.link(holder, frame.down_topic(keyring.device), lambda: self.turn_in(1))
        self._pump: Pump | None = None
        self._uplink: Uplink | None = None
        self._is_connected = False
        self._turn_at = NEVER

    def start(self, disk: SimulatedDisk) -> None:
        """Begin on this disk."""
        self._disk = disk
        self._recalling = Recalling(self._world, disk)
        self._begin_turn()

    def _begin_turn(self) -> None:
        """For the key whose turn it is."""
        disk, recalled = self._disk, self._recalling.turn
        every = self._keyring.every(disk)
        self._sending = sending = self._keyring.to_send(disk) if recalled is None else every[recalled.turn]
        home = sending.home
        if home.turn < self.newest.turn and JournalReader(home.journal, disk).has_unconfirmed():
            Journal.open(home.journal, files=disk).close()  # sync does that where capture does not
        work, objects = WorkFile(home, disk), ObjectStore(home, disk)
        source = DeviceSource(home, objects, work, disk)
        session = self._world.bytes(8)

        def begin() -> Uplink:
            state, verifier = read_uplink(home, disk), self._ground.crypto.verifier
            identity, chance = sending.enrolled.identity, self._world.chance.random
            self._uplink = Uplink(identity, session, state, source, verifier, chance, DELAYS)
            return self._uplink

        sleeper = cast(Sleeper, _Quiet())
        now_ms: Callable[[], int] = lambda: self._world.now_ms  # noqa: E731
        self._pump = Pump(home, begin, [self._link], sleeper, work, objects, now_ms, disk)
        self._is_connected = False
        self.turn_in(self._world.chance.randrange(1, 500))

    def end(self) -> None:
        """The process is gone."""
        self._link.close()
        self._pump = None

    def turn_in(self, ms: int) -> None:
        """It wakes then, if nothing wakes it before."""
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
        if self._faults.strikes("sync_kill"):
            self._disk.stop(self._world.chance.randrange(6))
        try:
            self._pump_once(self._pump)
        except Stopped:
            self._world.say(self._holder, "sync killed")
            self._link.close()
            return self.start(self._disk)
        except JobsealError as error:
            self._world.say(self._holder, "sync", error.code)
            self._pump._end(error)  # as its own loop does; that loop would wait in real time
            self._is_connected = False
            if self._recalling.turn is not None:
                self._recalling.ends(is_heard=False)
                return self._begin_turn()
            return self.turn_in(self._world.chance.randrange(1, RECONNECT_MOST_MS))
        finally:
            self._disk.stop(NEVER)
        self._remember()
        if self._is_over(self._pump, self._uplink):
            self._link.close()
            return self._begin_turn()  # with another key
        due = self._uplink.wake_at(self._world.now_ms)
        return self.turn_in(RECONNECT_MOST_MS if due is None else max(1, due - self._world.now_ms))

    def _is_over(self, pump: Pump, uplink: Uplink) -> bool:
        """Whether it is the turn of another key now."""
        sending = self._sending.home
        if self._recalling.turn is not None:
            if not pump.answer and not uplink.is_idle(self._world.now_ms) and not self._recalling.has_given_up:
                return False
            self._recalling.ends(is_heard=True)
            return True
        if self._recalling.begins(self.newest):
            return True
        return sending.turn < self.newest.turn and turns.is_sent(sending, self._disk)

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
            said = Believed(self._holder, self._sending.kid, state.next, state.head, state.checkpoint)
            if not self._history.believed or self._history.believed[-1] != said:
                self._history.believed.append(said)

    @property
    def is_at_rest(self) -> bool:
        """Connected, and everything of the newest key that is committed is acknowledged."""
        if self._uplink is None or not self._is_connected or not self._uplink.is_idle(self._world.now_ms):
            return False
        if self._sending.home.turn < self.newest.turn or self._recalling.is_due(self.newest):
            return False
        head = JournalReader(self.newest.journal, self._disk).head()
        return head is None or self._uplink.state.next == head.seq + 1
