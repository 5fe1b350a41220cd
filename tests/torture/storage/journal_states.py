"""The campaign "journal cut and flip states": every damaged state through the production opening, judged by the law.

Most states are opened in memory, as journal and reader. Every :data:`CAPTURE_EACH` th is opened by the whole capture,
which then signs the next event; so is each single damage to fold or archive, and every :data:`CACHE_EACH` th
combination with one. Every :data:`DISK_EACH` th is opened on the real file system too and must come to the same.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from jobseal.errors import JobsealError
from jobseal_device.capture import _acknowledged
from jobseal_device.durable import REAL, Files
from jobseal_device.home import Home
from jobseal_device.journal import Journal
from jobseal_device.journal_reader import JournalReader
from tests.torture.campaign import Finding, Tally
from tests.torture.storage import capture_states
from tests.torture.storage.damage import Damage, damaged, singles, state
from tests.torture.storage.journal_law import Opened, wrong
from tests.torture.storage.made import ABOVE, HOME, NAME, Made
from tests.torture.storage.memory_files import MemoryFiles
from tests.torture.storage.promises import Wrong

CAPTURE_EACH = 64
CACHE_EACH = 8
DISK_EACH = 512
APPEND_EACH = 16


class JournalStates:
    """See :class:`tests.torture.campaign.Campaign`."""

    name = "journal cut and flip states"
    quick = 100_000
    release: int | None = 1_000_000
    slice = 50_000
    alone = False

    def units(self) -> int | None:
        """As many as one likes: the singles come first, then combinations."""
        return None

    def missing(self) -> str | None:
        """It runs everywhere."""
        return None

    def run(self, first: int, count: int) -> Tally:
        tally = Tally(count, [], {"singles": 0, "opened": 0, "refused": 0, "by capture": 0, "on disk": 0, "lost": 0})
        for number in range(first, first + count):
            made, damages = state(number)
            tally.figures["singles"] += len(damages) == 1
            for found in _judged(number, made, damages, tally.figures):
                tally.figures["lost"] += found.check in ("committed_lost", "lost_in_silence", "intact_lost")
                tally.findings.append(_finding(number, made, damages, found))
        return tally


def opened(files: Files, home: Home, contents: dict[str, bytes], append: bytes | None) -> Opened:
    """Open this home's journal as capture does, and read it as sync does. ``append``: an event to sign next."""
    try:
        journal = Journal.open(home.journal, _acknowledged(home, files), files=files)
    except JobsealError as error:
        return Opened(error.code, {}, set(), 0, None, dict(contents))
    try:
        found = _read(journal, files, home, dict(contents))
        if append is not None:
            journal.append(append)
    finally:
        journal.close()
    return found


def _read(journal: Journal, files: Files, home: Home, after: dict[str, bytes]) -> Opened:
    reader = JournalReader(home.journal, files)
    readable = dict(reader.readable())
    head = journal.head
    gaps = [] if head is None or len(readable) == journal.next_seq else reader.lost(0, head.seq)
    lost = {seq for gap in gaps for seq in range(gap.first, gap.last + 1)}
    return Opened("", readable, lost, journal.next_seq, None if head is None else head.hash, after)


def _judged(number: int, made: Made, damages: list[Damage], figures: dict[str, int]) -> Iterator[Wrong]:
    before = damaged(made, damages)
    files = MemoryFiles(dict(before))
    try:
        found = opened(files, HOME, files.contents, b"next" if number % APPEND_EACH == 0 else None)
    except Exception as error:  # whatever it is, the production code let it out
        yield Wrong("crashed", repr(error))
        return
    figures["refused" if found.error else "opened"] += 1
    yield from wrong(made, damages, before, found)
    if number % APPEND_EACH == 0 and not found.error:
        yield from _goes_on(files, found)
    is_due = len(damages) == 1 or number % CACHE_EACH == 1
    if number % CAPTURE_EACH == 0 or (is_due and capture_states.concerns(damages)):
        figures["by capture"] += 1
        yield from capture_states.wrong(made, before, found)
    if number % DISK_EACH == 0:
        figures["on disk"] += 1
        yield from _same_on_disk(before, found)


def _goes_on(files: MemoryFiles, found: Opened) -> Iterator[Wrong]:
    """What was signed after the opening is there on the next one, behind everything else."""
    try:
        again = opened(files, HOME, files.contents, None)
    except Exception as error:
        yield Wrong("crashed", f"on the second opening: {error!r}")
        return
    if again.error:
        yield Wrong("opens_once", f"the second opening says {again.error}")
    elif again.readable != {**found.readable, found.next: b"next"} or again.reported != found.reported:
        yield Wrong("not_kept", f"event {found.next} was signed, and another opening shows something else")


def _same_on_disk(before: dict[str, bytes], found: Opened) -> Iterator[Wrong]:
    with tempfile.TemporaryDirectory(prefix="jobseal-journal-") as folder:
        for path, data in before.items():
            real = Path(folder, Path(path).relative_to(ABOVE))
            real.parent.mkdir(parents=True, exist_ok=True)
            real.write_bytes(data)
        there = opened(REAL, Home(Path(folder, NAME)), {}, None)
        if there._replace(contents={}) != found._replace(contents={}):
            yield Wrong("differs_on_disk", f"{there.error or there.next} on a file system, {found.error or found.next}")


def _finding(number: int, made: Made, damages: list[Damage], found: Wrong) -> Finding:
    where = ", ".join(f"{Path(each.path).relative_to(HOME.folder)} {each.kind} {each.at}" for each in damages)
    replay = f".venv/bin/python -m tests.torture --only '{JournalStates.name}' --first {number} --count 1"
    return Finding(str(number), found.check, f"{made.name}: {where}: {found.words}", replay)


__all__ = ["JournalStates", "opened", "singles"]
