"""What one link identity may cost, and that an operator's own bounds hold."""

import pytest

from jobseal import frame
from jobseal_gateway.ingest import Bounds, Moment
from jobseal_gateway.ingest.allowance import FRAMES_AT_ONCE, FRAMES_PER_S, LINKS_KEPT, MINUTE_MS, Frames, Refusals
from tests.gateway.ingest.talk import quarantined
from tests.stations import Station


@pytest.mark.parametrize(("per_minute", "expected"), [(0, 0), (1, 3), (2, 6), (60, 180)])
def test_a_link_gets_so_many_refusals_a_minute(per_minute: int, expected: int) -> None:
    refusals = Refusals(per_minute)
    assert sum(refusals.allow("van-1", up_ms) for up_ms in range(0, 3 * MINUTE_MS, 100)) == expected


def test_each_link_has_its_own_refusals() -> None:
    refusals = Refusals(1)
    assert [refusals.allow(link, 0) for link in ("a", "b", "a")] == [True, True, False]


def test_a_bucket_is_full_at_first_and_fills_at_a_steady_rate() -> None:
    frames = Frames()
    assert sum(frames.allow("van-1", 0) for _ in range(FRAMES_AT_ONCE + 50)) == FRAMES_AT_ONCE
    assert sum(frames.allow("van-1", up_ms) for up_ms in range(1, 10_001)) == FRAMES_PER_S * 10
    assert frames.allow("van-2", 0)


def test_links_without_number_take_no_memory_without_bound() -> None:
    frames, refusals = Frames(), Refusals(1)
    for number in range(LINKS_KEPT + 100):
        frames.allow(str(number), number)
        refusals.allow(str(number), number)
    assert len(frames._buckets) == len(refusals._next_ms) == LINKS_KEPT


def test_the_operators_bounds_hold(station: Station) -> None:
    station.bounds = Bounds(quarantine_items_per_day=3, quarantine_bytes_per_day=10, refusals_per_minute=0)
    station.restart()
    outcomes = [station.handle(("stranger", b"1234567890"[:size])) for size in (4, 4, 4, 1, 1)]
    assert [data for _, _, data in quarantined(station)] == [b"1234", b"1234", b"1"]
    assert [outcome.replies for outcome in outcomes] == [[]] * 5


def test_whoever_cannot_be_served_is_asked_to_wait_as_long_as_the_operator_says(station: Station) -> None:
    station.bounds = Bounds(retry_after_s=7)
    station.restart()
    station.now = Moment(None, 0)
    [(_, reply)] = station.handle(("van-1", b"anything")).replies
    assert frame.decode_down(reply)[1].retry_after == 7
