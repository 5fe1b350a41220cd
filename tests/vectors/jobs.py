"""Vectors of what follows from events: a job's state, close and raw quantities, and when each event happened.

The expected values are written by hand; the checker folds the events and compares.
"""

from typing import Any

from tests.vectors import keys
from tests.vectors.day import DAY
from tests.vectors.entry import Entry, File
from tests.vectors.world import CANCELLED, DAY_MS, ENROLLED, JOB, NEXT_BOOT, UNPLANNED, Handheld, digest

AT = {"by": "t-17", "job": "WO-7"}
ACCEPTED = {"order": None, "revision": None}
TASK = {"task": "PUMP"}
PART = {"code": "SEAL", "quantity": "2.5", "unit": "m", "source": "van"}
Quantities = list[list[Any]]


def _started() -> Handheld:
    """A handheld whose technician has arrived at job WO-7."""
    made = Handheld(keys.VAN, ENROLLED)
    made.write("job.accepted", ACCEPTED, **AT)
    made.write("job.arrived", {}, **AT)
    return made


def _case(name: str, shows: str, events: list[bytes], state: str, quantities: Quantities, problems: list[str]) -> Entry:
    """``quantities``: [kind, code, unit, amount, numbers of the events behind it, flags] each."""
    return {
        "name": name, "shows": shows, "valid": True, "key": keys.VAN.key.encode().hex(),
        "events": [data.hex() for data in events], "state": state, "quantities": quantities, "problems": problems,
        "close": [len(events), digest(b"".join(map(digest, events))).hex()],
    }  # fmt: skip


VISIT = ["visit", "visit", "visit", "1", [1], []]


def _of_the_day() -> list[Entry]:
    whole: Quantities = [
        ["labour", "BOILER-SERVICE", "ms", "3060000", [5, 17], []],
        ["travel", "travel", "ms", "1560000", [1, 2], []],
        ["waiting", "parts", "ms", "900000", [18, 19], []],
        ["visit", "visit", "visit", "1", [3], []],
        ["part", "GASKET-40", "pc", "3", [10, 22], []],
        ["part", "IGNITOR", "pc", "1", [11], []],
        ["part", "GASKET-40", "pc", "-1", [12], []],
        ["expense", "PARKING", "EUR", "4.50", [15], []],
    ]
    of_job = DAY.van.of_job
    return [
        _case("day", "the day's job, with a correction and a reopening", of_job[JOB], "signed_off", whole, []),
        _case("unplanned", "a visit, struck out", of_job[UNPLANNED], "waived", [], []),
        _case("cancelled", "nothing was done", of_job[CANCELLED], "cancelled", [], []),
    ]


def _times() -> list[Entry]:
    clock_moved, rebooted, unset, open_, claimless = (_started() for _ in range(5))
    clock_moved.write("labour.started", TASK, **AT)
    clock_moved.clock_offset = DAY_MS - 86_400_000
    clock_moved.write("labour.stopped", TASK, 600, **AT)
    rebooted.write("labour.started", TASK, **AT)
    rebooted.boot, rebooted.up, rebooted.clock_offset = NEXT_BOOT, 5_000, DAY_MS + 3_600_000 + rebooted.up - 5_000
    rebooted.write("labour.stopped", TASK, 0, **AT)
    unset.clock_offset = None
    unset.write("labour.started", TASK, **AT)
    unset.boot, unset.up, unset.clock_offset = NEXT_BOOT, 5_000, DAY_MS
    unset.write("labour.stopped", TASK, 60, **AT)
    open_.write("labour.started", TASK, **AT)
    open_.write("labour.started", TASK, **AT)
    open_.write("labour.stopped", TASK, 30, **AT)
    claimless.clock_offset = None
    claimless.write("labour.started", TASK, **AT)
    claimless.write("labour.stopped", TASK, 600, **AT)
    return [
        _case("clock-set-back", "a clock set back by a day changes no duration inside one boot", clock_moved.events,
              "on_site", [["labour", "PUMP", "ms", "600000", [2, 3], []], VISIT], []),
        _case("across-boots", "across boots it is the difference of the claims, and says so", rebooted.events,
              "on_site", [["labour", "PUMP", "ms", "3600000", [2, 3], ["claimed"]], VISIT], []),
        _case("unset-across-boots", "where a claim is missing there is no duration, and an exception", unset.events,
              "on_site", [VISIT], ["clock_unset"]),
        _case("unset-in-one-boot", "inside one boot no claim is needed", claimless.events, "on_site",
              [["labour", "PUMP", "ms", "600000", [2, 3], []], VISIT], []),
        _case("missing-stop", "a start that another start overtook has no duration", open_.events, "on_site",
              [["labour", "PUMP", "ms", "30000", [3, 4], []], VISIT], ["missing_stop"]),
    ]  # fmt: skip


def _steps() -> list[Entry]:
    illegal, returned, twice, unknown = (_started() for _ in range(4))
    illegal.write("job.signed_off", {"method": "typed", "name": [bytes(32), 3, "text/plain"]}, **AT)
    returned.write("part.used", PART, **AT)
    returned.write("part.returned", {**PART, "quantity": "0.50"}, **AT)
    returned.write("travel.started", {}, **AT)
    returned.write("travel.stopped", {"distance_m": 900}, 300, **AT)
    returned.write("job.arrived", {}, **AT)
    serial = {**PART, "serial": "SN-1", "quantity": "1"}
    twice.write("part.used", serial, **AT)
    twice.write("part.used", serial, **AT)
    amended = digest(unknown.events[1])
    unknown.write("event.corrected", {"reason": 1, "body": {9: 1}}, amends=amended, **AT)
    unknown.write("event.corrected", {"reason": 7, "body": None}, amends=digest(b"nothing here"), **AT)
    return [
        _case("illegal-step", "signed off without being complete: logged, raised, and it moves nothing",
              illegal.events, "on_site", [VISIT], ["illegal_transition"]),
        _case("return-visit", "leaving for parts and coming back: two visits, returns are negative", returned.events,
              "on_site", [["travel", "travel", "ms", "300000", [4, 5], []], VISIT,
                          ["visit", "visit", "visit", "1", [6], []], ["part", "SEAL", "m", "2.5", [2], []],
                          ["part", "SEAL", "m", "-0.50", [3], []]], []),
        _case("serial-twice", "one serial number used twice", twice.events, "on_site",
              [VISIT, ["part", "SEAL", "m", "1", [2], []], ["part", "SEAL", "m", "1", [3], []]],
              ["duplicate_part_serial"]),
        _case("bad-corrections", "a correction that does not fit, and one of nothing, change nothing",
              unknown.events, "on_site", [VISIT], ["malformed_body", "malformed_body"]),
    ]  # fmt: skip


def _job() -> list[Entry]:
    return [*_of_the_day(), *_times(), *_steps()]


SECOND, THIRD = DAY_MS + 900_000, DAY_MS + 36_000_000  # when the day's later checkpoints were signed


def _dated(name: str, shows: str, events: list[bytes], logged_at: list[int | None], expected: list[Any]) -> Entry:
    """``logged_at``: the leaf of each event; ``expected``: [not_before, not_after, derived] each."""
    checkpoints = [DAY.first_checkpoint, DAY.second_checkpoint, DAY.third_checkpoint]
    return {
        "name": name, "shows": shows, "valid": True, "events": [data.hex() for data in events], "logged": logged_at,
        "checkpoints": [data.hex() for data in checkpoints], "since": DAY_MS - 3_600_000, "intervals": expected,
    }  # fmt: skip


def _interval() -> list[Entry]:
    anchored = Handheld(keys.VAN, ENROLLED)
    anchored.newest = digest(DAY.first_checkpoint)
    anchored.write("session.opened", {})
    anchored.write("travel.started", {}, 120)
    anchored.newest = digest(DAY.second_checkpoint)
    anchored.write("travel.stopped", {}, 1_200)
    anchored.boot, anchored.up = NEXT_BOOT, 0
    anchored.write("session.opened", {}, 30)
    bare = Handheld(keys.VAN, ENROLLED)
    bare.write("session.opened", {})
    bare.write("session.closed", {}, 60)
    slow = Handheld(keys.VAN, ENROLLED)
    slow.newest = digest(DAY.first_checkpoint)
    slow.write("session.opened", {})
    slow.write("session.closed", {}, 2_000)
    low = DAY_MS - 3_600_000
    return [
        _dated("anchored", "after its anchor, before it was logged; uptime narrows, and order carries that on",
               anchored.events, [4, 4, 4, 4],
               [[DAY_MS, THIRD - 1_320_000, True], [DAY_MS + 120_000, THIRD - 1_200_000, True],
                [DAY_MS + 1_320_000, THIRD, True], [DAY_MS + 1_320_000, THIRD, True]]),
        _dated("logged-early", "a smaller checkpoint covers the first two: they were logged before it",
               anchored.events, [2, 3, 4, 4],
               [[DAY_MS, SECOND - 120_000, True], [DAY_MS + 120_000, SECOND, True],
                [DAY_MS + 1_320_000, THIRD, True], [DAY_MS + 1_320_000, THIRD, True]]),
        _dated("no-anchor", "without an anchor it is after the enrolment; not logged, there is no end",
               bare.events, [None, None], [[low, None, False], [low + 60_000, None, True]]),
        _dated("uptime-contradicts", "a clock that ran fast contradicts the proven ends: they stand alone",
               slow.events, [2, 3], [[DAY_MS, SECOND, False], [DAY_MS, SECOND, False]]),
    ]  # fmt: skip


FILES: dict[str, File] = {
    "job": ("events of one key for one job: its state, close, raw quantities and exceptions (SPEC.md, Job)", _job),
    "interval": ("events of one key: [not_before, not_after, derived] of each (SPEC.md, Time)", _interval),
}
