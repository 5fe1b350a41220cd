"""``make torture``: tries to break every promise, prints what was tried, and fails when something was found.

    python -m tests.torture [--quick] [--only NAME] [--first N --count N] [--progress FOLDER]

Without ``--quick`` it is the release run, which goes on where it stopped on the same source. Exit status 1 when
anything was found or a campaign is broken; what could not run on this machine is listed as not run, and is no failure.
"""

import argparse
import os
import shutil
import signal
import sys
import time
from pathlib import Path

from tests.torture import driver, progress
from tests.torture.plan import PLAN, Place, find, places
from tests.torture.table import table

ROOT = Path(__file__).parents[2]


def main(arguments: list[str] | None = None) -> int:
    """The exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description="Try to break every promise.")
    parser.add_argument("--quick", action="store_true", help="the per-commit run, anew each time")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="rows whose name begins so")
    parser.add_argument("--first", type=int, default=None, help="with --only: these units, in this process")
    parser.add_argument("--count", type=int, default=1)
    kept = "where progress is kept; a folder below docs/ can be committed, and another checkout goes on from it"
    parser.add_argument("--progress", type=Path, default=ROOT / "var" / "torture", metavar="FOLDER", help=kept)
    said = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("torture: stopped"))
    here = _asked(list(places(PLAN)), said.only)
    if not here:
        parser.error("no row has that name; there are: " + "; ".join(place.row.name for place in places(PLAN)))
    if said.first is not None:
        return _replay(here[0], said.first, said.count)
    folder = said.progress.absolute() / progress.state(ROOT)
    if said.quick:
        folder /= "quick"
        shutil.rmtree(folder, ignore_errors=True)  # a per-commit run is never taken from an earlier one
    return _run(here, folder, said.quick)


def _asked(every: list[Place], only: list[str]) -> list[Place]:
    """The rows of exactly these names; else those whose names begin so; all if nothing was asked for."""
    exact = [place for place in every if place.row.name in only]
    return exact or [place for place in every if not only or place.row.name.startswith(tuple(only))]


def _run(here: list[Place], folder: Path, quick: bool) -> int:
    began = time.monotonic()
    wanted = driver.quick_units if quick else driver.release_units
    here = [driver.counted(place, wanted) for place in here]
    runs = driver.start(here, folder, wanted)
    print(f"torture: progress is kept in {os.path.relpath(folder)}", flush=True)
    try:
        driver.drive(runs, lambda words: print(f"{time.monotonic() - began:6.0f} s  {words}"))
    except KeyboardInterrupt:
        print("torture: stopped; the same command goes on from here" if not quick else "torture: stopped")
        return 130
    print()
    print(table(here, runs))
    found = sum(len(run.progress.total().findings) for run in runs)
    broken = [place.row.name for place in here if place.broken]
    idle = [place.row.name for place in here if place.campaign is None]
    print(
        f"\n{driver.found(found)} in {time.monotonic() - began:.0f} s"
        + (f"; not run: {'; '.join(idle)}" if idle else "")
    )
    return 1 if found or broken else 0


def _replay(place: Place, first: int, count: int) -> int:
    if place.campaign is None:
        print(f"{place.row.name}: not run: {place.why}")
        return 1
    tally = find(place.row.module, place.row.name).run(first, count)
    for finding in tally.findings:
        print(f"{finding.unit}: {finding.check}: {finding.words}\n  {finding.replay}")
    print(f"{tally.ran} ran, {driver.found(len(tally.findings))}; {tally.figures}")
    return 1 if tally.findings else 0


if __name__ == "__main__":
    sys.exit(main())
