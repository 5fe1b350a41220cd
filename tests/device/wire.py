"""A handheld wired to a real gateway's ingest: the real pump on the real folder, and a link without a broker on
virtual time, which fails when it is told to.
"""

from collections import deque
from collections.abc import Callable
from pathlib import Path

from jobseal import frame, work
from jobseal.errors import JobsealError
from jobseal.host.crypto import Verifier
from jobseal.uplink import Uplink
from jobseal.uplink_state import Delays, Identity, State
from jobseal.work import Assignment, Document
from jobseal_device.durable import REAL, Files
from jobseal_device.link.contract import LinkDown, Wake
from jobseal_device.objects import ObjectStore
from jobseal_device.pump import Pump
from jobseal_device.source import DeviceSource
from jobseal_device.uplink_file import read_uplink
from jobseal_device.wake import Sleeper
from jobseal_device.work_file import WorkFile
from tests.device.workbench import MINUTE_MS, Workbench, key_of
from tests.stations import Station

Event = tuple[str, float]


class StationLink:
    """``Link`` to a station. ``refusals`` are raised by the next connects; ``ends_after_ms`` is how long connections
    live; ``loses`` says which frames up get lost; ``sent`` is what was published."""

    def __init__(self, station: Station, device: str, name: str, diary: list[Event]) -> None:
        self._station = station
        self._device = device
        self._name = name
        self._diary = diary
        self._until_ms: int | None = None
        self.inbox: deque[bytes] = deque()
        self.refusals: list[JobsealError] = []
        self.ends_after_ms = 10**12
        self.loses: Callable[[bytes], bool] = lambda _: False
        self.sent: list[bytes] = []

    @property
    def now_ms(self) -> int:
        return self._station.now.up_ms

    def connect(self, timeout_s: float) -> None:
        del timeout_s
        self._diary.append((f"connect {self._name}", self.now_ms / 1000))
        if self.refusals:
            raise self.refusals.pop(0)
        self._until_ms = self.now_ms + self.ends_after_ms
        self.inbox.clear()

    def publish(self, topic: str, payload: bytes) -> bool:
        self._check()
        assert topic == frame.up_topic(self._device)
        self.sent.append(payload)
        if self.loses(payload):
            return False
        for down, reply in self._station.handle((self._device, payload)).replies:
            if down == frame.down_topic(self._device):
                self.inbox.append(reply)
        return True

    def subscribe(self, topic: str) -> None:
        self._check()
        assert topic == frame.down_topic(self._device)

    def poll(self, timeout_ms: int, wake: Wake | None = None) -> tuple[str, bytes] | None:
        del wake
        self._check()
        if self.inbox:
            return frame.down_topic(self._device), self.inbox.popleft()
        assert self._until_ms is not None
        self._station.pass_ms(max(1, min(timeout_ms, self._until_ms - self.now_ms)))
        self._check()
        return None

    def close(self) -> None:
        self._until_ms = None

    def _check(self) -> None:
        if self._until_ms is None or self.now_ms >= self._until_ms:
            self._until_ms = None
            raise LinkDown("the connection ended")


class VirtualSleeper(Sleeper):
    """Sleeps on the station's time and writes down how long."""

    def __init__(self, path: Path, station: Station, diary: list[Event]) -> None:
        super().__init__(path)
        self._station = station
        self._diary = diary

    def wait(self, seconds: float) -> None:
        self._diary.append(("wait", seconds))
        self._station.pass_ms(max(1, int(seconds * 1000)))


class Wire:
    """A workbench whose handheld the station has enrolled. ``start`` begins a sync process."""

    def __init__(self, station: Station, folder: Path, files: Files = REAL) -> None:
        self.station = station
        self.files = files
        self.device = station.enrol("HH-1", key_of("HH-1"))
        self.identity = Identity("HH-1", self.device.key.thumbprint, self.device.genesis, self.device.trusted)
        self.bench = Workbench(folder, identity=self.identity)
        self.home = self.bench.home
        self.diary: list[Event] = []
        self.links = [StationLink(station, "HH-1", name, self.diary) for name in "AB"]
        self.sessions = 0
        self._sleeper: VirtualSleeper | None = None

    def start(self, draw: Callable[[], float] = lambda: 1.0) -> Pump:
        """A new sync process; the one before is gone."""
        self.end()
        self._sleeper = VirtualSleeper(self.home.wake, self.station, self.diary)
        self.work, self.objects = WorkFile(self.home, self.files), ObjectStore(self.home, self.files)
        source = DeviceSource(self.home, self.objects, self.work, self.files)
        self.sessions += 1
        session = self.sessions.to_bytes(8, "big")

        def begin() -> Uplink:
            state, delays = read_uplink(self.home, self.files), Delays(1000, 8000, 600_000)
            return Uplink(self.identity, session, state, source, Verifier(), draw, delays)

        up_ms = lambda: self.station.now.up_ms  # noqa: E731
        return Pump(self.home, begin, self.links, self._sleeper, self.work, self.objects, up_ms, self.files)

    def end(self) -> None:
        if self._sleeper is not None:
            self._sleeper.close()
            self._sleeper = None

    def sync(self) -> None:
        """One sync process, until nobody has anything to say."""
        assert self.start().until_quiet(10 * MINUTE_MS, lambda: False)
        self.end()

    def close(self) -> None:
        self.end()
        self.bench.close()

    @property
    def state(self) -> State:
        return read_uplink(self.home)

    @property
    def committed(self) -> int:
        head = self.bench.capture.journal.head
        return 0 if head is None else head.seq + 1

    @property
    def logged(self) -> list[bytes | None]:
        return self.station.events(self.device)

    def assign(self, version: int, *documents: bytes) -> bytes:
        """A frame with an assignment of these documents, as orders WO-1, WO-2 and so on."""
        orders = [[f"WO-{number}", 1, work.digest(document)] for number, document in enumerate(documents, 1)]
        said = Assignment(device="HH-1", version=version, at=0, orders=orders, catalogue=None, roster=None)
        return frame.encode_signed(frame.ASSIGNMENT, work.sign(said, self.station.keys.office))


def document_frame(data: bytes) -> bytes:
    return frame.encode(Document(data=data))
