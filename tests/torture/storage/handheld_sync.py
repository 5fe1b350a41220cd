"""The handheld's sync on a real folder: the production pump, uplink and files, with a wire in memory to a station."""

from itertools import count
from pathlib import Path

from jobseal.errors import JobsealError
from jobseal.host.crypto import Verifier
from jobseal.uplink import Uplink
from jobseal.uplink_state import Delays, Identity
from jobseal_device.errors import StorageError
from jobseal_device.home import Home
from jobseal_device.objects import ObjectStore
from jobseal_device.pump import Pump
from jobseal_device.source import DeviceSource
from jobseal_device.turn_pump import confirm, start_anew_if_damaged
from jobseal_device.uplink_file import read_uplink
from jobseal_device.work_file import WorkFile
from tests.device.wire import StationLink, VirtualSleeper
from tests.device.workbench import MINUTE_MS
from tests.stations import Station
from tests.torture.storage.promises import Say

TRIES = 3
_SESSIONS = count(1)


def sync(folder: Path, identity: Identity, station: Station, say: Say) -> bool:
    """One sync process, until nobody has anything to say; whether it came to that. What ends the connection begins it
    again, :data:`TRIES` times. Raises :class:`StorageError` when even the beginning fails."""
    home = Home(folder)
    home.make()
    confirm(home)
    sleeper = VirtualSleeper(home.wake, station, [])
    try:
        work, objects = WorkFile(home), ObjectStore(home)
        work.start_anew_if_damaged()
        source = DeviceSource(home, objects, work)
        session = next(_SESSIONS).to_bytes(8, "big")

        def begin() -> Uplink:
            delays = Delays(1000, 8000, 600_000)
            return Uplink(identity, session, read_uplink(home), source, Verifier(), lambda: 1.0, delays)

        start_anew_if_damaged(home, work, begin)
        for _ in range(TRIES):
            link = StationLink(station, identity.device, "A", [])
            now_ms = lambda: station.now.up_ms  # noqa: E731
            pump = Pump(home, begin, [link], sleeper, work, objects, now_ms)
            try:
                done = pump.until_quiet(10 * MINUTE_MS, lambda: False)
            except JobsealError as error:
                if not isinstance(error, StorageError):
                    raise
                continue
            state = read_uplink(home)
            say(("receipt", state.next, state.head))
            return done
        return False
    finally:
        sleeper.close()
