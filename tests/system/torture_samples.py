"""Campaigns that do nothing but come out well, find something, crash, or say that they cannot run: for the driver's
own tests. Each leaves a line in a file that an environment variable names, so that a test sees which units ran."""

import os
import time
from pathlib import Path

from tests.torture.campaign import Finding, Tally

RAN = "JOBSEAL_SAMPLE_RAN"


class Sample:
    """Ten units, three a slice; unit 7 of "finding" finds something, and of "crashing" raises."""

    quick = 4
    release: int | None = None
    slice = 3
    alone = False

    def __init__(self, name: str) -> None:
        self.name = name
        self.alone = name == "alone"

    def units(self) -> int | None:
        if self.name == "uncountable":
            raise OSError("the counter is gone")
        return 10

    def missing(self) -> str | None:
        if self.name == "speechless":
            raise OSError("the sky is gone")
        return "this machine has no moon" if self.name == "impossible" else None

    def run(self, first: int, count: int) -> Tally:
        with Path(os.environ[RAN]).open("a") as ran:
            ran.write(f"{self.name} {first} {count} {os.getpid()}\n")
        while self.name == "endless":
            time.sleep(0.01)
        tally = Tally(count, figures={"events": count * 2})
        if first <= 7 < first + count:
            if self.name == "crashing":
                raise RuntimeError("the seventh is too much")
            if self.name == "finding":
                tally.findings.append(Finding("unit 7", "committed_lost", "an event is gone", "replay 7"))
        return tally


NAMES = ("clean", "finding", "crashing", "endless", "impossible", "alone", "uncountable", "speechless")
CAMPAIGNS = tuple(Sample(name) for name in NAMES)
