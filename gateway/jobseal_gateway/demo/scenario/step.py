"""What a scenario comes to: who is in it, and every step of the day in order."""

import datetime
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happens. ``minute`` of the day; ``fields`` of the event by name, or the words of a turn;
    ``line`` of the file; ``about``: for a correction, (verb, first word or "") of the event that it corrects."""

    minute: int
    actor: str
    verb: str
    job: str | None
    fields: dict[str, str]
    line: int
    about: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Day:
    """``pace``: how many seconds of the day pass in one of ours."""

    date: datetime.date
    zone: str
    pace: int


@dataclass(frozen=True, slots=True)
class Scenario:
    """``handhelds``: technician by handheld; ``clones``: original by clone; ``unplanned``: jobs without an order;
    ``steps`` by time, and as written where times agree."""

    day: Day
    handhelds: dict[str, str]
    clones: dict[str, str]
    unplanned: tuple[str, ...]
    steps: tuple[Step, ...]

    def of(self, actor: str) -> list[Step]:
        """One actor's steps, in order."""
        return [step for step in self.steps if step.actor == actor]

    def actors(self) -> list[str]:
        """Everybody who does something, in order of first appearance."""
        return list(dict.fromkeys(step.actor for step in self.steps))


def clock_text(minute: int) -> str:
    """A minute of the day as ``HH:MM``."""
    return f"{minute // 60:02}:{minute % 60:02}"
