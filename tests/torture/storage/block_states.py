"""The campaign "block power-cut states": boot, open and judge what a power cut can leave of each recording.

Mounting is the file system's own recovery; then the production code opens what it finds and goes on. Both halves of
the promise are held against the same place of the recording: what was said to be durable before it must be there.
With the first unit goes a control: a ledger that is careless on purpose, which must be found out.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from unittest.mock import patch

from jobseal_gateway.ledger import database
from tests.torture.campaign import Finding, Tally
from tests.torture.storage import block_recordings as recordings
from tests.torture.storage import gateway_work, handheld_work
from tests.torture.storage.block_recordings import FILE_SYSTEMS, GATEWAY, HANDHELD, KINDS, SYSTEM_PATH, Made
from tests.torture.storage.kernel_calls import mounted, own_mounts, unmount
from tests.torture.storage.power_cuts import Cut, Disk, in_order
from tests.torture.storage.promises import Promise, Wrong

NAME = "block power-cut states"
CONTROL_STATES = 40
_REPLAY = f".venv/bin/python -m tests.torture --only '{NAME}'"
_LOST = ("committed_lost", "acknowledged_missing", "receipt_lost", "object_lost", "keys_lost", "log_rewritten")


class BlockStates:
    """See :class:`tests.torture.campaign.Campaign`."""

    name = NAME
    quick = 200
    release: int | None = 10_000
    slice = 200
    alone = False

    def units(self) -> int | None:
        """As many as one likes: which of the unflushed writes survive is drawn anew each time."""
        return None

    def missing(self) -> str | None:
        return missing()

    def run(self, first: int, count: int) -> Tally:
        own_mounts()
        tally = Tally(count, [], {"lost": 0, **{f"{scenario} on {system}": 0 for scenario, system in KINDS}})
        for nth, (scenario, system) in enumerate(KINDS):
            numbers = [number for number in range(first, first + count) if number % len(KINDS) == nth]
            if not numbers:
                continue
            made = recordings.made(scenario, system)
            tally.figures[f"{scenario} on {system}"] += len(numbers)
            for cut, found in judged(made, [made.recording.cut(number // len(KINDS)) for number in numbers]):
                tally.figures["lost"] += found.check in _LOST
                tally.findings.append(_finding(made, cut, nth, found))
        if first == 0 and not careless_ledger_is_caught():
            words = "a ledger with synchronous = NORMAL passed: what this campaign says of power cuts means nothing"
            tally.findings.append(Finding("0", "blind", words, f"{_REPLAY} --first 0 --count 1"))
        return tally


def missing() -> str | None:
    """Why no file system can be cut off here; None when it can."""
    if os.geteuid() != 0:
        return "needs root, for loop devices and mounts"
    for device in ("/dev/fuse", "/dev/loop-control"):
        if not os.access(device, os.R_OK | os.W_OK):
            return f"{device} is not there or cannot be opened"
    for system, (_, command, _) in FILE_SYSTEMS.items():
        if shutil.which(command[0], path=SYSTEM_PATH) is None:
            return f"{command[0]} is not installed"
        if system not in Path("/proc/filesystems").read_text().split():
            return f"this kernel has no {system}"
    return None if _may_mount() else "mounting is not permitted here"


def judged(made: Made, cuts: list[Cut]) -> Iterator[tuple[Cut, Wrong]]:
    """What is wrong after each of these power cuts."""
    folder = recordings.scratch("cut-")
    target, options = folder / "mounted", FILE_SYSTEMS[made.system][2]
    target.mkdir()
    try:
        disk = Disk(made.recording, folder / "master")
        for cut in in_order(cuts):
            disk.state(cut, folder / "image")
            promises = made.promises[: made.recording.promised(cut, len(made.promises))]
            try:
                with mounted(folder / "image", target, made.system, options):
                    for found in _JUDGES[made.scenario](made, target, promises):
                        yield cut, found
            except OSError as error:
                yield cut, Wrong("does_not_mount", repr(error))
    finally:
        with suppress(OSError):
            unmount(target)
        shutil.rmtree(folder, ignore_errors=True)


def careless_ledger_is_caught() -> str:
    """The negative control: the same recording with ``synchronous = NORMAL``, the check that catches it or "".

    Changes this process's mounts, so give it one of its own."""
    own_mounts()
    folder = recordings.scratch("control-")
    try:
        with patch.dict(database._PRAGMAS, {"synchronous": "NORMAL"}):
            recordings.record(GATEWAY, "ext4", folder)
        made = Made(folder, GATEWAY, "ext4")
        found = judged(made, [made.recording.cut(number) for number in range(CONTROL_STATES)])
        return next((wrong.check for _, wrong in found if wrong.check in _LOST), "")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _handheld(made: Made, here: Path, promises: list[Promise]) -> Iterator[Wrong]:
    yield from handheld_work.judge(here / "HH-1", promises, made.identity)


def _gateway(made: Made, here: Path, promises: list[Promise]) -> Iterator[Wrong]:
    del made
    yield from gateway_work.judge(here, promises, recordings.GATEWAY_EVENTS)


_JUDGES: dict[str, Callable[[Made, Path, list[Promise]], Iterator[Wrong]]] = {HANDHELD: _handheld, GATEWAY: _gateway}


def _may_mount() -> bool:
    """Tried in a process of its own, whose mounts nobody sees."""
    pid = os.fork()
    if pid == 0:
        code = 1
        with suppress(OSError):
            own_mounts()
            code = 0
        os._exit(code)
    return os.waitpid(pid, 0)[1] == 0


def _finding(made: Made, cut: Cut, nth: int, found: Wrong) -> Finding:
    number = cut.number * len(KINDS) + nth
    where = f"{made.scenario} on {made.system}, cut after entry {cut.after}, unflushed writes: {cut.fate}"
    return Finding(str(number), found.check, f"{where}: {found.words}", f"{_REPLAY} --first {number} --count 1")


__all__ = ["BlockStates", "careless_ledger_is_caught", "missing"]
