"""The demo's one clock: a scenario's day, faster than ours. All its processes are started with the same arguments.

It plays the day after the real one, so that nothing in it is older than the keys and the enrolments, which are made by
the real commands at the real time.
"""

import datetime
import json
import time
from threading import Event
from zoneinfo import ZoneInfo

from jobseal.host.clock import ScaledClock
from jobseal_gateway.demo.scenario.step import Day, clock_text

MINUTE_MS = 60_000
_LOOK_EVERY_S = 0.25  # whether the demo was stopped meanwhile


def date_played(zone: str) -> datetime.date:
    """The day after the real one, where the scenario plays."""
    return datetime.datetime.now(ZoneInfo(zone)).date() + datetime.timedelta(days=1)


class DayClock:
    """Runs from the moment that it is made."""

    def __init__(self, day: Day, date: datetime.date, first_minute: int) -> None:
        """``date``: the day that is played, from its minute ``first_minute`` on."""
        midnight = datetime.datetime.combine(date, datetime.time(), ZoneInfo(day.zone))
        self._midnight_ms = int(midnight.timestamp()) * 1000
        self._start_ms = self._midnight_ms + first_minute * MINUTE_MS
        self._real_start_s = time.monotonic()
        self._pace = day.pace
        self._clock = ScaledClock(self._start_ms, day.pace, self._real_start_s, 0, bytes(8))
        self._behind_minutes = 0.0

    def arguments(self, boot: bytes) -> str:
        """What a process of the rehearsal takes for its clock; ``boot``: 8 bytes, random for each machine's start."""
        return json.dumps(
            {
                "start_wall_ms": self._start_ms,
                "factor": self._pace,
                "real_start_monotonic": self._real_start_s,
                "wall_offset_ms": 0,
                "boot": boot.hex(),
            }
        )

    def minute(self) -> float:
        """The minute of the day by now."""
        return ((self._clock.wall_ms() or 0) - self._midnight_ms) / MINUTE_MS

    def text(self) -> str:
        """The time of day as ``HH:MM``."""
        return clock_text(int(self.minute()))

    def begin(self, minute: int) -> None:
        """The first step is due at ``minute``. If everybody was ready only later, the whole day is later by as much."""
        self._behind_minutes = max(0.0, self.minute() - minute)

    def wait(self, minute: int, stopped: Event) -> bool:
        """Until a step's minute has come; False if the demo is stopped before."""
        due_s = time.monotonic() + (minute + self._behind_minutes - self.minute()) * 60 / self._pace
        while (left_s := due_s - time.monotonic()) > 0:
            if stopped.wait(min(left_s, _LOOK_EVERY_S)):
                return False
        return not stopped.is_set()
