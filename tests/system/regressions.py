"""What the simulation found once: the seed that shows it, and the faults that it needs.

A defect of a protocol or ingest rule has a test of its own as well, beside that rule; these hold the whole together.
"""

from typing import NamedTuple


class Regression(NamedTuple):
    """``what`` went wrong under this ``seed`` with these faults ``wanted``."""

    what: str
    seed: int
    wanted: frozenset[str] = frozenset()


REGRESSIONS = (
    # The refusal was waited out without a word, for ever: nobody heard that the log had got shorter.
    Regression("a_restored_gateway_is_noticed", 300, frozenset({"gateway_restored", "partition"})),
    Regression("an_altered_log_is_noticed", 15),
    # The log had the beginning of a range that its handheld could no longer read, and that waited there for ever.
    Regression("a_range_that_is_half_logged_is_gone_behind", 98, frozenset({"unreadable", "partition"})),
    # The end of a range that was said to be lost was in sync's memory still, and differed from what the log had there.
    Regression("a_lost_range_may_end_with_what_can_be_read", 12, frozenset({"revocation"})),
    # A spoilt copy of the newest event was refused before it, and with nothing behind it, it was never sent again.
    Regression("the_newest_event_is_shown_again", 200_840, frozenset({"cancelled", "projector_kill"})),
    # Who was set back before he had sent anything was called an undetected fork: the check, not the gateway, was wrong.
    Regression("what_never_left_a_card_is_nobodys_to_find", 119),
    # Sync read an ended key's journal up to a head that a power cut had set back, and did not send its end.
    Regression("a_power_cut_behind_a_rotation_hides_nothing", 22, frozenset({"rotation", "power_cut", "device_kill"})),
    # The event that names a photo was lost, the gateway refused the photo, and all later keys waited for it.
    Regression(
        "a_refused_object_keeps_no_later_key_waiting",
        310_238,
        frozenset({"rotation", "gateway_restarted", "clock_drift"}),
    ),
    # The key had ended before anybody noticed, and no other can say it.
    Regression("what_cannot_be_read_is_said_before_a_key_ends", 242, frozenset({"rotation", "distrust", "power_cut"})),
)
