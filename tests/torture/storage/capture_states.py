"""A damaged home opened by the whole capture: the caches mislead nobody, and the next event continues the chain."""

from collections.abc import Iterator, Sequence

from jobseal import event as events
from jobseal.errors import JobsealError
from jobseal_device.capture import Capture
from jobseal_device.fold import Fold
from jobseal_device.home import Home
from jobseal_device.journal_reader import JournalReader
from tests.device.workbench import HandClock, Workbench
from tests.torture.storage.damage import Damage
from tests.torture.storage.journal_law import Opened
from tests.torture.storage.made import ABOVE, HOME, NAME, Made
from tests.torture.storage.memory_files import MemoryFiles
from tests.torture.storage.promises import Wrong

_BENCH: list[Workbench] = []
JOBS = ("WO-1", "WO-7", "WO-8")


def concerns(damages: Sequence[Damage]) -> bool:
    """Whether a cache is damaged, which the journal alone never looks at."""
    return any(damage.path.endswith("fold.cbor") or "/archive/" in damage.path for damage in damages)


def wrong(made: Made, before: dict[str, bytes], plain: Opened) -> Iterator[Wrong]:
    """``plain``: what the journal alone came to on the same state."""
    files = MemoryFiles(dict(before))
    bench = _bench()
    try:
        capture = Capture(HOME, bench.identity, bench.signer, HandClock(), bench.salt, files)
    except JobsealError as error:
        if error.code != plain.error:
            yield Wrong("capture_refused", f"capture says {error.code}, the journal {plain.error or 'nothing'}")
        return
    except Exception as error:
        yield Wrong("crashed", f"capture: {error!r}")
        return
    if plain.error:
        yield Wrong("capture_opened", f"the journal says {plain.error}, and capture goes on")
    try:
        if not plain.reported:  # of what cannot be read any more, a cache rightly knows more than the journal
            yield from _misled(capture, files)
        signed = capture.sign("session.opened", {}, by="t-9")
    except Exception as error:
        yield Wrong("cannot_go_on", repr(error))
        return
    finally:
        capture.kill()
    yield from _continued(made, files, plain.next, signed.data)


def _misled(capture: Capture, files: MemoryFiles) -> Iterator[Wrong]:
    """The fold that rests on caches says what the journal says."""
    scratch = Fold(Home(ABOVE / "nowhere"), JournalReader(HOME.journal, files), _bench().identity.thumbprint, files)
    mine = capture.fold
    for name in ("next", "session", "anchor", "holes"):
        if getattr(mine, name) != getattr(scratch, name):
            yield Wrong("fold_misled", f"{name} is {getattr(mine, name)!r} and follows as {getattr(scratch, name)!r}")
    if mine.open_jobs() != scratch.open_jobs():
        yield Wrong("fold_misled", f"open jobs are {mine.open_jobs()} and follow as {scratch.open_jobs()}")
    for job in JOBS:
        if mine.job(job).to_value() != scratch.job(job).to_value():
            yield Wrong("fold_misled", f"job {job} is not what the journal says")


def _continued(made: Made, files: MemoryFiles, start: int, last: bytes) -> Iterator[Wrong]:
    """Everything that capture signed since continues the chain, and is there for whoever reads."""
    prev = made.chain[start - 1].hash if start else _bench().identity.genesis
    there = dict(JournalReader(HOME.journal, files).readable(start))
    for seq in range(start, start + len(there)):
        signed = events.parse(there[seq])
        if signed.event.seq != seq or signed.event.prev != prev:
            yield Wrong("chain_broken", f"event {seq} does not continue the chain")
        prev = signed.hash
    if not there or there[max(there)] != last:
        yield Wrong("committed_lost", "what was signed after opening cannot be read")


def _bench() -> Workbench:
    """Identity, key and salts; what it has on its own files in memory does not matter."""
    if not _BENCH:
        bench = Workbench(ABOVE, MemoryFiles({}), NAME)
        bench.close()
        _BENCH.append(bench)
    return _BENCH[0]
