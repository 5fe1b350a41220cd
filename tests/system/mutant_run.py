"""The process that hunts mutants: for each a copy of the source, in which it is planted, and a child that lives there.

A child is forked from a process that has loaded what the source stands on and nothing of the source itself. It runs
what shows the mistake, and tells which of the expected checks spoke. The same is run on the untouched source, once for
every sentinel and for the very seed that caught a mutant: a check that speaks there proves nothing.
"""

import json
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import NamedTuple

import alembic.command  # noqa: F401  loaded once, for every child
import cryptography.hazmat.primitives.asymmetric.ec  # noqa: F401
import sqlalchemy  # noqa: F401

from tests.system.mutant import SIMULATION, Mutant, plant

ROOT = Path(__file__).parents[2]
PACKAGES = ("protocol", "device", "gateway")
COPIED = ("protocol/jobseal", "protocol/vectors", "device/jobseal_device", "gateway/jobseal_gateway", "tests")
MEMORY = Path("/dev/shm")
TIMEOUT_S = 120


class Catch(NamedTuple):
    """``check`` spoke, saying ``words``; ``seed`` of the simulation, -1 for a sentinel. Or nothing did, and why."""

    check: str
    words: str
    seed: int = -1


class Hunt:
    """A folder with the source as it is and, while it is hunted, one mutant. Use as a context."""

    def __enter__(self) -> "Hunt":
        self._folder = Path(tempfile.mkdtemp(prefix="jobseal-mutants-", dir=MEMORY if MEMORY.is_dir() else None))
        self._sound = self._folder / "sound"
        for name in COPIED:
            unwanted = shutil.ignore_patterns("node_modules", "test_*.py")
            shutil.copytree(ROOT / name, self._sound / name, ignore=unwanted)
        self._silent: dict[tuple[str, int], Catch] = {}
        return self

    def __exit__(self, *how: object) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    def hunt(self, mutant: Mutant) -> Catch:
        """The check that caught it; no check if none did, or if one also speaks without the mutant."""
        planted = self._folder / "planted"
        shutil.rmtree(planted, ignore_errors=True)
        shutil.copytree(self._sound, planted, copy_function=os.link)
        try:
            plant(mutant, planted)
        except (LookupError, OSError) as error:
            return Catch("", f"cannot be planted: {error}")
        caught = _in_child(planted, mutant, self._folder)
        if not caught.check:
            return caught
        control = self._control(mutant, caught)
        if control.check:
            return Catch("", f"{control.check} speaks without the mutant too: {control.words}")
        return caught

    def _control(self, mutant: Mutant, caught: Catch) -> Catch:
        run = (mutant.shown_by, caught.seed)
        if mutant.shown_by == SIMULATION or run not in self._silent:
            same = mutant._replace(seed=caught.seed, caught_by=mutant.caught_by if caught.seed >= 0 else ())
            self._silent[run] = _in_child(self._sound, same, self._folder, is_control=True)
        return self._silent[run]


def _in_child(root: Path, mutant: Mutant, folder: Path, is_control: bool = False) -> Catch:
    """What a forked child tells that has imported the source below ``root``."""
    told = folder / "told.json"
    told.unlink(missing_ok=True)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            _enter(root)
            from tests.system import mutant_child

            told.write_text(json.dumps(mutant_child.look(mutant, folder / "ground", is_control)))
            status = 0
        except BaseException:
            told.write_text(json.dumps(["", traceback.format_exc()[-2_000:], -1]))
        finally:
            sys.stdout.flush()
            os._exit(status)
    _wait(child)
    shutil.rmtree(folder / "ground", ignore_errors=True)
    return Catch(*json.loads(told.read_text())) if told.exists() else Catch("", f"it ran longer than {TIMEOUT_S} s")


def _enter(root: Path) -> None:
    """From here on the source is this one, and nothing of another is loaded."""
    for name in [
        name for name in sys.modules if name.split(".")[0] in ("tests", *(Path(each).name for each in COPIED))
    ]:
        del sys.modules[name]
    sys.path[:0] = [*(str(root / package) for package in PACKAGES), str(root)]
    os.chdir(root)
    import jobseal
    import jobseal_device
    import jobseal_gateway

    for package in (jobseal, jobseal_device, jobseal_gateway):
        assert str(package.__file__).startswith(str(root)), "this is not the source that was to be looked at"


def _wait(child: int) -> None:
    """Until it has ended, by itself or for having taken too long."""
    end = time.monotonic() + TIMEOUT_S
    while os.waitpid(child, os.WNOHANG) == (0, 0):
        if time.monotonic() > end:
            os.kill(child, signal.SIGKILL)
        time.sleep(0.005)
