"""Who and what is in a scenario: the day, the handhelds, their clones, and the jobs that there are."""

import datetime
from collections.abc import Iterable

from jobseal_gateway import time_zone
from jobseal_gateway.demo.scenario.step import Day
from jobseal_gateway.demo.scenario.verbs import BROKER, STRANGER
from jobseal_gateway.demo.scenario.words import Word, Wrong

PACE_MOST = 3600


class Cast:
    """Takes the lines that define something. ``jobs``: every job that may be named."""

    def __init__(self, orders: Iterable[str], wrong: Wrong) -> None:
        self._wrong = wrong
        self.day: Day | None = None
        self.day_is_told = False  # rightly or wrongly
        self.handhelds: dict[str, str] = {}
        self.clones: dict[str, str] = {}
        self.unplanned: list[str] = []
        self.jobs = set(orders)

    def devices(self) -> list[str]:
        """The handhelds and their clones."""
        return [*self.handhelds, *self.clones]

    def everybody(self) -> list[str]:
        """Whoever a line can be about."""
        return [*self.devices(), BROKER, STRANGER]

    def take_day(self, found: list[Word]) -> None:
        """``day DATE TIME-ZONE pace NUMBER``"""
        self.day_is_told = True
        if len(found) != 5 or found[3].text != "pace":
            self._wrong(found[0], "bad_value", "Write: day DATE TIME-ZONE pace NUMBER")
            return
        zone, pace = found[2], found[4]
        try:
            date = datetime.date.fromisoformat(found[1].text)
        except ValueError:
            self._wrong(found[1], "bad_value", "A date is written 2026-03-05.")
            return
        if not time_zone.known(zone.text):
            self._wrong(zone, "unknown_time_zone", time_zone.unknown_sentence(zone.text))
        elif not pace.text.isdecimal() or not 1 <= int(pace.text) <= PACE_MOST:
            self._wrong(pace, "bad_value", f"The pace is a whole number from 1 to {PACE_MOST}.")
        elif self.day is not None:
            self._wrong(found[0], "duplicate_name", "The day is told already.")
        else:
            self.day = Day(date, zone.text, int(pace.text))

    def take_handheld(self, found: list[Word]) -> None:
        """``handheld NAME TECHNICIAN``"""
        if len(found) != 3:
            self._wrong(found[0], "bad_value", "Write: handheld NAME TECHNICIAN")
        elif self._is_new(found[1]):
            self.handhelds[found[1].text] = found[2].text

    def take_clone(self, found: list[Word]) -> None:
        """``clone NAME of HANDHELD``"""
        if len(found) != 4 or found[2].text != "of":
            self._wrong(found[0], "bad_value", "Write: clone NAME of HANDHELD")
        elif found[3].text not in self.handhelds:
            self.unknown(found[3], list(self.handhelds))
        elif self._is_new(found[1]):
            self.clones[found[1].text] = found[3].text

    def take_unplanned(self, found: list[Word]) -> None:
        """``unplanned JOB ...``"""
        for job in found[1:]:
            if job.text in self.jobs:
                self._wrong(job, "duplicate_name", "There is an order of this name, so it is planned.")
            self.jobs.add(job.text)
            self.unplanned.append(job.text)

    def job(self, found: list[Word]) -> str | None:
        """The job said behind a verb."""
        if len(found) < 2:
            self._wrong(found[0], "missing_argument", "A work order is missing.")
            return None
        if found[1].text not in self.jobs:
            self._wrong(
                found[1], "unknown_order", "There is no such order; say unplanned first if there is to be none."
            )
        return found[1].text

    def unknown(self, word: Word, known: list[str]) -> None:
        """Take down that nobody of this name can stand here."""
        self._wrong(word, "unknown_actor", f"Here can stand: {', '.join(known) or 'nobody yet'}.")

    def _is_new(self, name: Word) -> bool:
        if name.text in self.everybody():
            self._wrong(name, "duplicate_name", "This name is taken.")
            return False
        return True
