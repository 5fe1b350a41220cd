"""What is left of a service agreement's time is said in words, and says how far the clock can be believed."""

import pytest

from jobseal import checkpoint
from jobseal.checkpoint import Checkpoint
from jobseal.uplink_state import State
from jobseal_device.ui.deadline import deadlines, nearest
from jobseal_device.uplink_file import read_uplink, write_uplink
from tests.device.ui.hand import Hand
from tests.device.workbench import LOG_ID, MONDAY_MS, key_of

REPAIR, FILTERS = "WO-1003", "WO-1002"  # accept by 09:00, be there by 13:00, finish by 17:00; and an appointment alone
HOUR_S = 3600


def targets(hand: Hand, job: str = REPAIR) -> list[tuple[str, str]]:
    return [(due.target, due.left()) for due in deadlines(hand.desk, hand.desk.job(job))]


def row(hand: Hand, name: str) -> str:
    return next(" ".join(each[3:].split()) for each in hand.rows() if name in each)


def test_what_is_to_be_done_next_comes_first_and_goes_when_it_is_done(hand: Hand) -> None:
    hand.log_in()
    assert targets(hand) == [
        ("respond_by", "accept in 1:00"),
        ("on_site_by", "be there in 5:00"),
        ("complete_by", "finish in 9:00"),
    ]
    hand.do(REPAIR, "Accept job")
    assert targets(hand)[0] == ("on_site_by", "be there in 5:00")
    hand.do(REPAIR, "Arrive on site")
    assert targets(hand) == [("complete_by", "finish in 9:00")]
    hand.do(REPAIR, "Complete job")
    assert targets(hand) == []


def test_time_left_is_on_the_job_and_little_of_it_on_the_list(hand: Hand) -> None:
    hand.log_in().open_job(REPAIR)
    assert "accept in 1:00" in hand.text()
    hand.press("F3")
    assert row(hand, "Klinik") == "10:00 Klinik am Park new"
    hand.clock.sleep(HOUR_S // 2)
    hand.navigator.refresh()
    assert row(hand, "Klinik") == "10:00 Klinik am Park 0:30 new"
    hand.clock.sleep(HOUR_S)
    hand.navigator.refresh()
    assert row(hand, "Klinik") == "10:00 Klinik am Park late new"
    hand.open_job(REPAIR)
    assert "accept: 0:30 late" in hand.text()
    assert "accept by 09:00" in hand.choose("Details").text()


def test_without_an_agreement_the_appointment_counts(hand: Hand) -> None:
    hand.log_in()
    assert targets(hand, FILTERS) == [("window_end", "2:00 left")]


def test_days_are_said_as_days(hand: Hand) -> None:
    hand.log_in()
    hand.clock.now_ms -= 3 * 86_400_000
    assert targets(hand)[2] == ("complete_by", "finish in 3 days")


def test_a_clock_that_nobody_vouches_for_leaves_a_question_mark(hand: Hand) -> None:
    hand.log_in()
    hand.desk.is_synchronised = False
    assert targets(hand)[0] == ("respond_by", "accept in 1:00?")


def test_a_clock_that_was_never_set_leaves_the_moment(hand: Hand) -> None:
    hand.log_in()
    hand.clock.wrong_ms = None
    assert targets(hand)[0][1].startswith("accept by ")
    assert targets(hand)[0][1].endswith("09:00")
    assert nearest(hand.desk, hand.desk.job(REPAIR)).short() == ""  # type: ignore[union-attr]


def _prove(hand: Hand, at: int) -> None:
    """A receipt's checkpoint says that it is at least so late."""
    state: State = read_uplink(hand.home)
    made = Checkpoint(log=LOG_ID, size=1, root=bytes(32), at=at)
    state.checkpoint = checkpoint.sign(made, key_of("log"))
    write_uplink(hand.home, state)
    hand.desk.look()


@pytest.mark.parametrize("wrong_ms", [-7 * 86_400_000, None])
def test_the_offices_time_is_believed_where_the_clock_is_behind_it(hand: Hand, wrong_ms: int | None) -> None:
    hand.log_in()
    _prove(hand, MONDAY_MS + 90 * 60_000)
    hand.clock.wrong_ms = wrong_ms
    assert targets(hand)[0] == ("respond_by", "accept: 0:30 late")  # later than that it may be, but not earlier
    assert targets(hand)[1][1] == ("be there in 3:30?" if wrong_ms else "be there by 01/05/2026 13:00")
