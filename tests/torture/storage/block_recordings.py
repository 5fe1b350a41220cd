"""Recordings for the power cuts: each scenario on each file system, made once for one state of the sources.

They lie below ``var/torture/block``, in a folder named by a digest of every source that they depend on, so that a
number means the same cut for as long as the sources are the same, in whatever process.
"""

import fcntl
import hashlib
import os
import pickle
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from jobseal.uplink_state import Identity
from jobseal_gateway.ledger.database import connect, migrate
from tests.device.workbench import TestOffice, key_of
from tests.stations import Station
from tests.torture.storage import gateway_work, handheld_work
from tests.torture.storage.handheld_sync import sync
from tests.torture.storage.kernel_calls import mounted
from tests.torture.storage.power_cuts import Recording, without_zeros
from tests.torture.storage.promises import Promise, Say
from tests.torture.storage.recorded_disk import Promises, recorded

ROOT = Path(__file__).parents[3]
KEPT = ROOT / "var" / "torture" / "block"
SOURCES = ("protocol/jobseal", "device/jobseal_device", "gateway/jobseal_gateway", "tests/torture/storage")
MIB = 1 << 20
FORGET_AFTER_S = 3_600
SYSTEM_PATH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin"))

FILE_SYSTEMS = {
    "ext4": (48 * MIB, ("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0"), ""),
    "xfs": (300 * MIB, ("mkfs.xfs", "-q", "-f"), "nouuid"),  # mkfs.xfs makes none smaller than this
}
HANDHELD, GATEWAY = "handheld", "gateway"
KINDS = tuple((scenario, system) for scenario in (HANDHELD, GATEWAY) for system in FILE_SYSTEMS)

JOBS = ("WO-1", "WO-2", "WO-3", "WO-4", "WO-5", "WO-6")
GATEWAY_EVENTS = 48  # of each device: enough for the write-ahead log to be copied into the file in between
GATEWAY_RESTARTS = 2


class Made:
    """``recording``, the ``promises`` made in it, and on which ``system``."""

    def __init__(self, folder: Path, scenario: str, system: str) -> None:
        self.scenario = scenario
        self.system = system
        self.recording = Recording(folder / "base", folder / "log")
        kept = pickle.loads((folder / "promises").read_bytes())
        self.promises: list[Promise] = kept["promises"]
        self.identity = Identity("HH-1", key_of("HH-1").key.thumbprint, kept["genesis"], TestOffice().trusted)


def made(scenario: str, system: str) -> Made:
    """The recording of the present sources. In a mount namespace of one's own (:func:`kernel_calls.own_mounts`)."""
    folder = KEPT / sources_digest() / f"{scenario}-{system}"
    with locked(folder):
        if not (folder / "promises").exists():
            _forget_old()
            record(scenario, system, folder)
    return Made(folder, scenario, system)


def record(scenario: str, system: str, folder: Path) -> None:
    """Run the scenario on a fresh file system, and leave base, log and promises in ``folder``."""
    base, image = folder / "base", scratch("record-")
    try:
        size, command, options = FILE_SYSTEMS[system]
        with base.open("wb") as file:
            file.truncate(size)
        subprocess.run((*command, str(base)), check=True, env={**os.environ, "PATH": SYSTEM_PATH})
        without_zeros(base)
        shutil.copyfile(base, image / "disk")
        for name in ("fuse", "mounted"):
            (image / name).mkdir()
        said: list[Promise] = []
        count = Promises()

        def say(promise: Promise) -> None:
            said.append(promise)
            count.make()

        with (
            recorded(image / "disk", image / "fuse", folder / "log", count) as disk,
            mounted(disk, image / "mounted", system, options) as here,
        ):
            genesis = SCENARIOS[scenario](here, image, say)
        kept = {"promises": said, "genesis": genesis}
        (folder / "promises.new").write_bytes(pickle.dumps(kept))
        (folder / "promises.new").rename(folder / "promises")
    finally:
        shutil.rmtree(image, ignore_errors=True)


def scratch(prefix: str) -> Path:
    """A new folder in memory where there is such a thing: its files stand for disks, and need not be on one."""
    shared = Path("/dev/shm")
    return Path(tempfile.mkdtemp(prefix=f"jobseal-{prefix}", dir=shared if shared.is_dir() else None))


def _handheld(here: Path, elsewhere: Path, say: Say) -> bytes:
    """Capture, syncs and restarts; the gateway's own disk is another."""
    engine = connect(f"sqlite:///{elsewhere / 'ledger.db'}")
    migrate(engine)
    station = Station(engine, elsewhere)
    device = station.enrol("HH-1", key_of("HH-1"))
    identity = Identity("HH-1", device.key.thumbprint, device.genesis, device.trusted)
    photo = elsewhere / "photo.jpg"
    photo.write_bytes(hashlib.shake_128(b"photo").digest(9_000))
    for nth, job in enumerate(JOBS):
        worker = handheld_work.Worker(here / "HH-1", photo, identity, say)
        worker.work([job], handheld_work.VISIT[:5])
        if nth % 2:
            sync(here / "HH-1", identity, station, say)
        worker.work([job], handheld_work.VISIT)
        worker.close()
        sync(here / "HH-1", identity, station, say)
    engine.dispose()
    return device.genesis


def _gateway(here: Path, elsewhere: Path, say: Say) -> bytes:
    del elsewhere
    gateway_work.work(here, GATEWAY_EVENTS, say, GATEWAY_RESTARTS)
    return bytes(32)


SCENARIOS: dict[str, Callable[[Path, Path, Say], bytes]] = {HANDHELD: _handheld, GATEWAY: _gateway}


@cache
def sources_digest() -> str:
    """Names the present state of everything that a recording, or a count of calls, follows from."""
    found: Any = hashlib.sha256(sys.version.encode())
    for path in sorted(
        path for source in SOURCES for path in (ROOT / source).rglob("*") if path.suffix in (".py", ".c")
    ):
        found.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return str(found.hexdigest()[:16])


def _forget_old() -> None:
    """Remove recordings of sources that were changed a while ago: nobody reads them any more."""
    for folder in KEPT.iterdir():
        if folder.name != sources_digest() and time.time() - folder.stat().st_mtime > FORGET_AFTER_S:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """One process records, the others wait."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
