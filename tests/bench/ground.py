"""What the rows stand on: a folder on a real disk, a core to itself, and the raw rates that they are measured against.

Machines are noisy, and a neighbour slows everything for seconds at a time. So a thing and its reference are measured
in turn, in slices far shorter than that, and what counts is the median over the slices.
"""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "var" / "bench"
MEMORY = {"tmpfs", "ramfs", "devtmpfs", "hugetlbfs"}

WORKER_CORE, LOAD_CORE = 0, -1  # places in the list of cores that this process may use


@contextmanager
def folder(name: str) -> Iterator[Path]:
    """An empty folder on a real disk, gone at the end. Raises SystemExit when it would be in memory."""
    path = FOLDER / name
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    kind = filesystem(path)
    if kind in MEMORY:
        raise SystemExit(f"{path} is on {kind}: durable writes cost nothing there, so nothing is measured.")
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def filesystem(path: Path) -> str:
    """The type of the file system that holds ``path`` (proc_mounts(5))."""
    best, kind = "", ""
    for line in Path("/proc/mounts").read_text().splitlines():
        _, mount, found, *_ = line.split()
        inside = mount == "/" or str(path) == mount or str(path).startswith(mount + "/")
        if inside and len(mount) >= len(best):
            best, kind = mount, found
    return kind


def cores() -> list[int]:
    """The cores that this process may use."""
    return sorted(os.sched_getaffinity(0))


def pin(place: int, pid: int = 0) -> None:
    """Keep a process (this one) on one core, by its place among those that there are."""
    allowed = cores() if pid == 0 else sorted(os.sched_getaffinity(pid))
    os.sched_setaffinity(pid, {allowed[place]})


@contextmanager
def pinned(place: int) -> Iterator[None]:
    """This process on one core, for a while."""
    before = os.sched_getaffinity(0)
    pin(place)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


class RawVerify:
    """The reference of ingest: ``cryptography`` verifying Ed25519 signatures over what an event signs, no more."""

    def __init__(self, size: int = 260, distinct: int = 128) -> None:
        private = Ed25519PrivateKey.generate()
        self._public = private.public_key()
        texts = [os.urandom(size) for _ in range(distinct)]
        self._signed = [(private.sign(text), text) for text in texts]

    def slice(self) -> "Timing":
        """Verify each once."""
        verify = self._public.verify
        return timed(lambda: [verify(signature, text) for signature, text in self._signed], len(self._signed))


class Timing:
    """``count`` things in ``wall_s`` seconds, of which this process computed ``cpu_s``."""

    __slots__ = ("count", "cpu_s", "wall_s")

    def __init__(self, count: int, wall_s: float, cpu_s: float) -> None:
        self.count = count
        self.wall_s = wall_s
        self.cpu_s = cpu_s

    @property
    def rate(self) -> float:
        """Things per second."""
        return self.count / self.wall_s

    def __add__(self, other: "Timing") -> "Timing":
        return Timing(self.count + other.count, self.wall_s + other.wall_s, self.cpu_s + other.cpu_s)


def timed(work: Callable[[], object], count: int) -> Timing:
    """Do ``work``, which is ``count`` things."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Timing(count, time.perf_counter() - wall, time.process_time() - cpu)


def peak_rss_mb(pid: int | str = "self") -> float:
    """The most memory that a process ever had resident, in MB (10**6 bytes)."""
    return _status_mb(pid, "VmHWM")


def rss_mb(pid: int | str = "self") -> float:
    """The memory that a process has resident, in MB (10**6 bytes)."""
    return _status_mb(pid, "VmRSS")


def _status_mb(pid: int | str, field: str) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024 / 1e6
    raise LookupError(f"process {pid} has no {field}")
