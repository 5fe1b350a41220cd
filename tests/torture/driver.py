"""Runs slices, two at once, and keeps what came out after each.

A campaign that must be alone gets the machine for itself after the others. Nothing is retried: a slice that crashes or
hangs is a finding.
"""

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.torture import progress
from tests.torture.campaign import Campaign, Tally
from tests.torture.plan import Place
from tests.torture.progress import Done, Progress
from tests.torture.slices import Slice

AT_ONCE = 2
LOOK_EVERY_S = 0.05

Say = Callable[[str], None]


class Run(NamedTuple):
    """A row that runs: how many units were asked for, and what has been tried of them."""

    place: Place
    units: int
    progress: Progress


class _Due(NamedTuple):
    run: Run
    first: int
    count: int


def found(findings: int) -> str:
    """In words."""
    return f"{findings} found" if findings else "nothing found"


def quick_units(campaign: Campaign) -> int:
    """Of a per-commit run, no more than exist."""
    units = campaign.units()
    return campaign.quick if units is None else min(campaign.quick, units)


def release_units(campaign: Campaign) -> int:
    """Of a release run. Raises ``ValueError`` for a campaign without an end that names none."""
    units = campaign.units()
    if campaign.release is None:
        if units is None:
            raise ValueError(f"{campaign.name}: neither a number for the release nor an end")
        return units
    return campaign.release if units is None else min(campaign.release, units)


def counted(place: Place, wanted: Callable[[Campaign], int]) -> Place:
    """The same place, or a broken one if its campaign cannot count its units."""
    try:
        if place.campaign is not None:
            wanted(place.campaign)
    except Exception as error:
        return Place(place.row, None, f"it cannot count its units: {error!r}", broken=True)
    return place


def start(places: Sequence[Place], folder: Path, wanted: Callable[[Campaign], int]) -> list[Run]:
    """What is to run, with what the folder knows of it."""
    runs = []
    for place in places:
        if place.campaign is not None:
            runs.append(Run(place, wanted(place.campaign), progress.load(folder, place.row.name)))
    return runs


def drive(runs: Sequence[Run], say: Say) -> None:
    """Do every slice that is left. On any exception, KeyboardInterrupt included, no slice goes on running."""
    due = [_Due(run, first, count) for run in runs for first, count in run.progress.left(run.units, _slice(run))]
    together = [each for each in due if not _campaign(each.run).alone]
    _drive(together, AT_ONCE, say)
    _drive([each for each in due if _campaign(each.run).alone], 1, say)


def _drive(due: list[_Due], at_once: int, say: Say) -> None:
    running: dict[Slice, _Due] = {}
    try:
        while due or running:
            while due and len(running) < at_once:
                each = due.pop(0)
                running[Slice(each.run.place.row.module, each.run.place.row.name, each.first, each.count)] = each
            time.sleep(LOOK_EVERY_S)
            for slice in list(running):
                tally = slice.poll()
                if tally is not None:
                    _keep(running.pop(slice), slice, tally, say)
    finally:
        for slice in running:
            slice.stop()


def _keep(due: _Due, slice: Slice, tally: Tally, say: Say) -> None:
    kept = due.run.progress
    kept.record(due.first, Done(due.count, time.monotonic() - slice.began, tally))
    slice.stop()
    whole = kept.total()
    say(f"{due.run.place.row.name}: {whole.ran} ran, {found(len(whole.findings))}")
    for finding in tally.findings:
        say(f"  {finding.unit}: {finding.check}: {finding.words}\n    {finding.replay}")
    sys.stdout.flush()


def _campaign(run: Run) -> Campaign:
    assert run.place.campaign is not None
    return run.place.campaign


def _slice(run: Run) -> int:
    return _campaign(run).slice
