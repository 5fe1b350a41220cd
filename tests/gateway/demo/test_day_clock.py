"""The demo's clock: one day for all processes, later than everything that was signed before it."""

import datetime
import json
import time
from threading import Event
from zoneinfo import ZoneInfo

from jobseal.host.clock import ScaledClock
from jobseal_gateway.demo.day_clock import DayClock, date_played
from jobseal_gateway.demo.scenario.step import Day

VIENNA = "Europe/Vienna"
DAY = Day(datetime.date(2026, 3, 5), VIENNA, 1200)
SUMMER = datetime.date(2026, 7, 1)
BOOT = b"bootboot"


def test_a_process_with_the_clocks_arguments_shows_the_scenarios_time_of_day_where_it_plays() -> None:
    clock = DayClock(DAY, SUMMER, 7 * 60)
    arguments = json.loads(clock.arguments(BOOT))
    told = ScaledClock(**dict(arguments, boot=bytes.fromhex(arguments["boot"])))
    wall_ms = told.wall_ms()
    assert wall_ms is not None
    shown = datetime.datetime.fromtimestamp(wall_ms / 1000, ZoneInfo(VIENNA))
    assert (shown.date(), shown.hour) == (SUMMER, 7)
    assert told.boot() == BOOT
    assert clock.text().startswith("07:")


def test_the_day_that_is_played_begins_after_now_wherever_it_is() -> None:
    for zone in (VIENNA, "Pacific/Kiritimati", "Pacific/Niue"):
        midnight = datetime.datetime.combine(date_played(zone), datetime.time(), ZoneInfo(zone))
        assert midnight.timestamp() > time.time()


def test_a_step_comes_at_its_minute_and_as_much_later_as_the_day_began_late() -> None:
    on_time, late = DayClock(DAY, SUMMER, 7 * 60), DayClock(DAY, SUMMER, 7 * 60)
    on_time.begin(7 * 60 + 1)
    late.begin(6 * 60 + 58)
    assert on_time.wait(7 * 60 + 2, Event())
    assert on_time.minute() >= 7 * 60 + 2
    assert late.wait(7 * 60 + 2, Event())
    assert late.minute() >= 7 * 60 + 4


def test_who_waits_for_a_step_is_told_when_the_demo_stops() -> None:
    stopped = Event()
    stopped.set()
    assert not DayClock(DAY, SUMMER, 7 * 60).wait(23 * 60, stopped)
