"""Who is refused is in the book, and cannot fill it."""

from hypothesis import given
from hypothesis import strategies as st

from jobseal_gateway.tally import KINDS_PER_MINUTE, MINUTE_MS, OTHERS, TEXT_MAX_CHARACTERS, Line, Refused, Tally

STEPS_MOST = 8  # lines that one kind makes in a minute, of up to ten million tries


def noted(tally: Tally, times: int, now_ms: int = 0, who: str = "d1") -> list[Line]:
    return [line for _ in range(times) for line in tally.note(Refused(who, "topic_refused", "x"), now_ms)]


def test_the_first_refusal_is_written_at_once_and_repetitions_with_their_number() -> None:
    tally = Tally()
    assert [line.times for line in noted(tally, 1)] == [1]
    assert [line.times for line in noted(tally, 9)] == []
    assert [line.times for line in noted(tally, 101)] == [10, 100]
    assert [line.times for line in noted(tally, 5)] == []
    assert [line.times for line in tally.due(MINUTE_MS)] == [5]
    assert tally.due(2 * MINUTE_MS) == []


def test_what_is_only_counted_can_be_had_before_its_minute_is_over_and_is_then_said_once() -> None:
    tally = Tally(kinds_per_minute=1)
    noted(tally, 4)
    noted(tally, 2, who="d2")
    assert [(line.who, line.times) for line in tally.rest(1_000)] == [("d1", 3), (OTHERS, 2)]
    assert tally.rest(1_001) == []
    assert tally.due(MINUTE_MS) == []


def test_who_comes_under_many_names_is_counted_and_no_more() -> None:
    tally = Tally()
    lines = [line for number in range(10_000) for line in noted(tally, 1, who=f"10.0.0.{number}")]
    assert len(lines) == KINDS_PER_MINUTE
    [others] = tally.due(MINUTE_MS)
    assert (others.who, others.times) == (OTHERS, 10_000 - KINDS_PER_MINUTE)
    assert noted(tally, 1, MINUTE_MS, "d9"), "another minute, another page"


def test_a_line_is_one_line_and_not_long() -> None:
    [line] = Tally().note(Refused("d1\n", "x", "\x1b[2J" + "y" * 10_000), 0)
    assert line.who == "d1?"
    assert line.what.startswith("?[2J")
    assert len(line.what) < TEXT_MAX_CHARACTERS + 5


@given(st.lists(st.tuples(st.sampled_from("abcdefghij"), st.sampled_from("xyz"), st.integers(0, 20_000)), max_size=200))
def test_nothing_is_lost_and_the_book_grows_by_so_much_a_minute(tries: list[tuple[str, str, int]]) -> None:
    tally, lines, now_ms, minutes = Tally(kinds_per_minute=3), list[Line](), 0, 1
    for who, code, passed_ms in tries:
        now_ms += passed_ms
        minutes += passed_ms // MINUTE_MS + 1
        lines += tally.note(Refused(who, code, "what"), now_ms)
    lines += tally.due(now_ms + MINUTE_MS)
    assert sum(line.times for line in lines) == len(tries)
    assert len(lines) <= (3 * STEPS_MOST + 1) * (now_ms // MINUTE_MS + 2)
