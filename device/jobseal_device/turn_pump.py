"""A turn's pump: on the files of that turn, over the links to its brokers, under the lock of the one sync process.

Before it says anything, what a power cut may have left behind is put right: a head that is older than the journal, an
``uplink.cbor`` that is not what was written.
"""

import fcntl
import os
import random
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from jobseal.errors import OPERATOR, JobsealError, Malformed, SignatureInvalid
from jobseal.frame import state_topic
from jobseal.host.crypto import Verifier
from jobseal.uplink import Uplink
from jobseal_device import durable, identity, link_identity
from jobseal_device.documents import set_aside
from jobseal_device.errors import JournalInUse
from jobseal_device.home import Home
from jobseal_device.journal import Journal
from jobseal_device.journal_reader import JournalReader
from jobseal_device.link.contract import Link, Presence
from jobseal_device.objects import ObjectStore
from jobseal_device.pump import Pump
from jobseal_device.settings import Settings
from jobseal_device.source import DeviceSource
from jobseal_device.uplink_file import UplinkDamaged, read_uplink
from jobseal_device.wake import Sleeper
from jobseal_device.work_file import WorkFile

SESSION_BYTES = 8
CONFIRMED_WITHIN_S = 2.0
_LOOK_EVERY_S = 0.02


def now_ms() -> int:
    """Monotonic milliseconds, counting sleep."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000


def now_s() -> float:
    """The same in seconds."""
    return now_ms() / 1000


@contextmanager
def opened(home: Home, settings: Settings) -> Iterator[Pump]:
    """The pump of this turn. Raises ``sync_running``, :class:`NotEnrolled`, :class:`StorageError`."""
    enrolled = identity.load(home)
    home.make()
    with _only_one(home.sync_lock):
        sleeper = Sleeper(home.wake)
        try:
            confirm(home)
            work, objects = WorkFile(home), ObjectStore(home)
            work.start_anew_if_damaged()
            source = DeviceSource(home, objects, work)
            session = os.urandom(SESSION_BYTES)

            def begin() -> Uplink:
                state, delays = read_uplink(home), settings.delays()
                return Uplink(enrolled.identity, session, state, source, Verifier(), random.random, delays)

            start_anew_if_damaged(home, work, begin)
            brokers = settings.brokers or enrolled.brokers
            links = _links(enrolled.identity.device, brokers, link_identity.context(home))
            yield Pump(home, begin, links, sleeper, work, objects, now_ms)
        finally:
            sleeper.close()


@contextmanager
def _only_one(path: Path) -> Iterator[None]:
    """Hold the lock of the one sync process."""
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise durable.explain(error, path.name) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise JobsealError("sync_running", "Another sync already runs on this handheld.", OPERATOR) from None
    else:
        yield
    finally:
        os.close(lock)


def _links(device: str, brokers: Sequence[tuple[str, int]], tls: ssl.SSLContext | None) -> list[Link]:
    """A link to each broker, in order."""
    from jobseal_device.link.paho_link import PahoLink  # paho is loaded by the process that needs it only

    presence = Presence(state_topic(device), b"online", b"offline")
    return [PahoLink(host, port, device, presence=presence, tls=tls) for host, port in brokers]


def confirm(home: Home) -> None:
    """After a power cut, have the journal confirm what its head does not name yet.

    The head is written without a sync, so it can come back older than what the gateway has. A HELLO that names such a
    head is that of a handheld that was set back, and would cost this one its key. Opening the journal puts the head
    right; where capture was faster, it does that.
    """
    reader = JournalReader(home.journal)
    give_up = time.monotonic() + CONFIRMED_WITHIN_S
    while reader.has_unconfirmed() and time.monotonic() < give_up:
        try:
            Journal.open(home.journal).close()
        except JournalInUse:
            time.sleep(_LOOK_EVERY_S)
        except JobsealError:
            return  # capture will say what is wrong; what the head does name can still be sent


def start_anew_if_damaged(home: Home, work: WorkFile, begin: Callable[[], Uplink]) -> None:
    """Set ``uplink.cbor`` aside if it is not what was written: the gateway's answer to HELLO says where to go on."""
    try:
        begin()
    except (UplinkDamaged, Malformed, SignatureInvalid) as damaged:
        kept = set_aside(home.uplink)
        sentence = f"The file uplink.cbor is not what was written ({damaged.sentence}); it is kept as {kept.name}."
        work.raise_alarm("uplink_damaged", sentence, [])
