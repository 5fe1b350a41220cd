"""The contract between a campaign and the driver.

A campaign counts what it can try in units (a seed, a state, a fault point), numbered from 0; a number means the same
on every run of the same source. The driver cuts them into slices and runs each in a process of its own. A module that
the plan names offers its campaigns as ``CAMPAIGNS``, a tuple of them.
"""

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class Finding:
    """Something that did not hold: in which unit, which check says so and in what words, one shell command to see it
    again."""

    unit: str
    check: str
    words: str
    replay: str


@dataclass
class Tally:
    """What a slice did. ``figures`` are counts that add up over slices, for example ``{"events": 940, "lost": 0}``."""

    ran: int
    findings: list[Finding] = field(default_factory=list)
    figures: dict[str, int] = field(default_factory=dict)


class Campaign(Protocol):
    """One row of the table."""

    name: str
    """As in the plan."""
    quick: int
    """Units of a per-commit run."""
    release: int | None
    """Units of a release run; None: as many as ``units()`` counts."""
    slice: int
    """Units that one process does at a time; about 20 to 60 seconds of work."""
    alone: bool
    """Whether it must not share the machine with another slice."""

    def units(self) -> int | None:
        """How many there are; None when there is no end to them."""

    def missing(self) -> str | None:
        """Why it cannot run on this machine, in words; None when it can."""

    def run(self, first: int, count: int) -> Tally:
        """Try units ``first`` to ``first + count - 1``.

        Runs in a process of its own, in which SIGTERM raises ``SystemExit``: whoever starts processes or mounts
        something undoes it on the way out. An exception is counted as a finding of its own (``crashed``).
        """
