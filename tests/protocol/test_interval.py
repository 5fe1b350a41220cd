"""The proven interval of an event holds whatever the handheld claims, and is never narrower than the truth."""

import random

import pytest

from jobseal.event import Event
from jobseal.interval import Interval, Timeline, intervals
from tests.handheld import MINUTE_MS, Handheld

HOUR_MS = 3_600_000


def checkpoint_hash(size: int) -> bytes:
    return size.to_bytes(32, "big")


def chain_of(handheld: Handheld) -> list[Event]:
    return [signed.event for signed in handheld.chain]


def test_an_event_lies_between_its_anchor_and_the_first_checkpoint_that_covers_it() -> None:
    handheld = Handheld("a")
    handheld.anchor = checkpoint_hash(5)
    handheld.sign("note.added", raw={})
    timeline = Timeline([(checkpoint_hash(size), size, size * HOUR_MS) for size in (5, 7, 8, 20)])
    (interval,) = intervals(chain_of(handheld), [7], timeline)
    assert (interval.not_before, interval.not_after) == (5 * HOUR_MS, 8 * HOUR_MS)
    assert not interval.derived
    assert interval.width_ms() == 3 * HOUR_MS


def test_an_anchor_is_inherited_until_it_is_restated_and_the_enrolment_is_the_first() -> None:
    handheld = Handheld("a")
    for anchor in (None, checkpoint_hash(5), None, checkpoint_hash(6), None):
        handheld.anchor = anchor
        handheld.restart()  # so that uptime says nothing
        handheld.sign("note.added", raw={})
    timeline = Timeline([(checkpoint_hash(size), size, size * HOUR_MS) for size in (5, 6)])
    found = intervals(chain_of(handheld), [None] * 5, timeline, since=HOUR_MS)
    assert [interval.not_before for interval in found] == [h * HOUR_MS for h in (1, 5, 5, 6, 6)]
    assert [interval.not_after for interval in found] == [None] * 5


def test_uptime_narrows_both_ways_within_a_boot_and_says_so() -> None:
    handheld = Handheld("a")
    handheld.anchor = checkpoint_hash(1)
    handheld.sign("note.added", raw={})
    handheld.skip(59)
    handheld.sign("note.added", raw={})
    timeline = Timeline([(checkpoint_hash(1), 1, 0), (checkpoint_hash(9), 9, 90 * MINUTE_MS)])
    first, second = intervals(chain_of(handheld), [1, 2], timeline)
    assert (first.not_before, first.not_after, first.derived) == (0, 30 * MINUTE_MS, True)
    assert (second.not_before, second.not_after, second.derived) == (60 * MINUTE_MS, 90 * MINUTE_MS, True)


def test_uptime_that_contradicts_what_is_proven_is_dropped() -> None:
    handheld = Handheld("a")
    handheld.anchor = checkpoint_hash(1)
    handheld.sign("note.added", raw={})
    handheld.skip(59)
    handheld.sign("note.added", raw={})
    timeline = Timeline([(checkpoint_hash(1), 1, 0), (checkpoint_hash(9), 9, 59 * MINUTE_MS)])
    found = intervals(chain_of(handheld), [1, 2], timeline)
    assert [(i.not_before, i.not_after, i.derived) for i in found] == [(0, 59 * MINUTE_MS, False)] * 2


def test_an_event_that_comes_late_is_still_before_those_that_follow_it_in_its_chain() -> None:
    handheld = Handheld("a")
    for _ in range(2):
        handheld.sign("note.added", raw={})
    timeline = Timeline([(checkpoint_hash(size), size, size * HOUR_MS) for size in (1, 50)])
    first, second = intervals(chain_of(handheld), [49, 0], timeline)
    assert second.not_after == HOUR_MS
    assert first.not_after == HOUR_MS - MINUTE_MS


@pytest.mark.parametrize("seed", range(25))
def test_the_true_time_is_always_inside(seed: int) -> None:
    chance = random.Random(seed)
    handheld = Handheld("a")
    log, truth, indices, known = 0, [], [], []
    for _ in range(40):
        handheld.skip(chance.randrange(90))
        if chance.random() < 0.3:
            log += chance.randrange(1, 5)  # other handhelds' events
            known.append((checkpoint_hash(log), log, handheld.now))
            handheld.anchor = known[-1][0]
        if chance.random() < 0.1:
            handheld.restart()
        handheld.wall = chance.randrange(-(10**9), 10**9)
        handheld.sign("note.added", raw={})
        truth.append(handheld.now)
        indices.append(log)
        log += 1
    known.append((checkpoint_hash(log), log, handheld.now))
    for time, interval in zip(truth, intervals(chain_of(handheld), list(indices), Timeline(known)), strict=True):
        assert not interval.outside(time, 0)


@pytest.mark.parametrize(
    ("claim", "width_max_ms", "expected"),
    [
        (1500, 1000, []),
        (None, 1000, []),
        (900, 1000, []),
        (899, 1000, ["clock_outside_interval"]),
        (2101, 999, ["clock_outside_interval", "interval_wide"]),
    ],
)
def test_claims_beyond_the_tolerance_and_wide_intervals_are_exceptions(
    claim: int | None, width_max_ms: int, expected: list[str]
) -> None:
    assert Interval(1000, 2000, False).codes(claim, 100, width_max_ms) == expected


def test_an_interval_with_an_open_end_is_wide() -> None:
    assert Interval(None, 2000, False).codes(0, 0, 10**12) == ["interval_wide"]
