"""The sync process: one per handheld (its lock sees to it), the only one that touches the network."""

import fcntl
import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from jobseal.errors import OPERATOR, JobsealError
from jobseal.frame import state_topic
from jobseal.host.crypto import Verifier
from jobseal.uplink import Uplink
from jobseal_device import identity
from jobseal_device.capture import read_uplink
from jobseal_device.home import Home
from jobseal_device.link.contract import Link, Presence
from jobseal_device.objects import ObjectStore
from jobseal_device.pump import POLL_MOST_MS, BackOff, Pump
from jobseal_device.settings import Settings
from jobseal_device.source import DeviceSource
from jobseal_device.wake import Sleeper
from jobseal_device.work_file import WorkFile

SESSION_BYTES = 8


def now_ms() -> int:
    """Monotonic milliseconds, counting sleep."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000


@contextmanager
def only_sync(home: Home) -> Iterator[None]:
    """Hold the lock of the one sync process. Raises ``sync_running`` (fault ``operator``)."""
    home.make()
    lock = os.open(home.sync_lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise JobsealError("sync_running", "Another sync already runs on this handheld.", OPERATOR) from None
    try:
        yield
    finally:
        os.close(lock)


def is_running(home: Home) -> bool:
    """Whether a sync process holds the lock."""
    try:
        with only_sync(home):
            return False
    except JobsealError:
        return True


def links(enrolled: identity.Enrolled) -> list[Link]:
    """A link to each broker of the enrolment, in its order."""
    from jobseal_device.link.paho_link import PahoLink  # paho is loaded by the process that needs it only

    device = enrolled.identity.device
    presence = Presence(state_topic(device), b"online", b"offline")
    return [PahoLink(host, port, device, presence=presence) for host, port in enrolled.brokers]


def _pump(home: Home, enrolled: identity.Enrolled, settings: Settings, link: Link, sleeper: Sleeper) -> Pump:
    objects, work = ObjectStore(home), WorkFile(home)
    source = DeviceSource(home, objects, work)
    session = os.urandom(SESSION_BYTES)
    state = read_uplink(home)
    uplink = Uplink(enrolled.identity, session, state, source, Verifier(), random.random, settings.delays())
    return Pump(home, uplink, link, sleeper, work, objects, now_ms)


def run(home: Home, settings: Settings, link: Link | None, stopped: Callable[[], bool]) -> None:
    """Sync until ``stopped()``; by default over the first broker of the enrolment."""
    with only_sync(home):
        enrolled = identity.load(home)
        sleeper = Sleeper(home.wake)
        try:
            pump = _pump(home, enrolled, settings, link or links(enrolled)[0], sleeper)
            back_off = BackOff(random.random, settings.outage_first_retry_s, settings.reconnect_most_s)
            pump.run(back_off, lambda seconds: _wait(seconds, stopped), stopped)
        finally:
            sleeper.close()


def once(home: Home, settings: Settings, timeout_s: float) -> bool:
    """Sync until everything committed is acknowledged and everything sent for is here; False if time ran out.

    Raises what the link raises when it cannot connect.
    """
    with only_sync(home):
        enrolled = identity.load(home)
        sleeper = Sleeper(home.wake)
        try:
            pump = _pump(home, enrolled, settings, links(enrolled)[0], sleeper)
            end = time.monotonic() + timeout_s
            pump.connect()
            while time.monotonic() < end:
                pump.turn(min(POLL_MOST_MS, 200))
                if pump.is_idle():
                    return True
            return False
        finally:
            pump.disconnect()
            sleeper.close()


def _wait(seconds: float, stopped: Callable[[], bool]) -> None:
    end = time.monotonic() + seconds
    while not stopped() and time.monotonic() < end:
        time.sleep(min(0.2, max(0.0, end - time.monotonic())))
