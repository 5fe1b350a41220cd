"""Waits after wrong passwords: none at first, then longer and longer, a lock that ends, and never more than it says."""

from hypothesis import given
from hypothesis import strategies as st

from jobseal_gateway import tries
from jobseal_gateway.tries import ADDRESS, LOCK_MS, NAME, WAIT_MAX_MS, Wrong

NOW_MS = 1_772_000_000_000
BOUNDS = st.sampled_from([NAME, ADDRESS])


def test_the_first_few_are_free_then_waits_double_and_in_the_end_it_is_locked_for_a_day() -> None:
    waits = [tries.wait_ms(Wrong(times, NOW_MS), NAME, NOW_MS) for times in range(NAME.lock + 1)]
    assert waits[: NAME.free] == [0] * NAME.free
    assert waits[NAME.free : NAME.free + 4] == [1_000, 2_000, 4_000, 8_000]
    assert waits[NAME.lock - 1] == WAIT_MAX_MS
    assert waits[NAME.lock] == LOCK_MS
    locked = [tries.is_locked(Wrong(times, NOW_MS), NAME, NOW_MS) for times in (NAME.lock - 1, NAME.lock)]
    assert locked == [False, True]


@given(BOUNDS, st.integers(0, 10**6), st.integers(-10 * LOCK_MS, 10 * LOCK_MS))
def test_no_wait_is_longer_than_its_rule_wherever_the_clock_jumps(
    bounds: tries.Bounds, times: int, later_ms: int
) -> None:
    wrong = Wrong(times, NOW_MS)
    at_once, later = (tries.wait_ms(wrong, bounds, NOW_MS + passed) for passed in (0, later_ms))
    assert 0 <= later <= at_once <= LOCK_MS
    assert later_ms < LOCK_MS or later == 0


@given(BOUNDS, st.integers(0, 200))
def test_one_more_wrong_never_makes_the_wait_shorter(bounds: tries.Bounds, times: int) -> None:
    fewer, more = (tries.wait_ms(Wrong(count, NOW_MS), bounds, NOW_MS) for count in (times, times + 1))
    assert fewer <= more


def test_a_clock_that_was_set_back_makes_nobody_wait() -> None:
    assert tries.wait_ms(Wrong(NAME.lock, NOW_MS + LOCK_MS), NAME, NOW_MS) == 0


def test_an_ipv6_host_is_counted_as_one_whatever_address_it_chooses() -> None:
    assert tries.place("2001:db8:1:2:3:4:5:6") == tries.place("2001:db8:1:2::9") == "2001:db8:1:2::/64"
    assert tries.place("2001:db8:1:3::9") != tries.place("2001:db8:1:2::9")
    assert [tries.place(each) for each in ("192.0.2.7", "", "testclient")] == ["192.0.2.7", "", "testclient"]
