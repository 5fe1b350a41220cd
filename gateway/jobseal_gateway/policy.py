"""The release policy: when may a job be billed? Data and pure functions; what it costs is rating's business."""

from collections.abc import Collection
from typing import NamedTuple

from jobseal.exceptions import Raised
from jobseal.lifecycle import CANCELLED, COMPLETED

COLLECTING, HELD, READY = "collecting", "held", "ready"

# No override helps: without an order and its prices there is nothing to bill, and that a handheld's part is complete
# is proven by its close, or said by the office in an act of its own.
FIRM = frozenset({"unknown_job", "missing_contract", "close_missing"})

# What a person has to say yes to; setting it aside is how they say it, and who did the work cannot.
APPROVAL = "unapproved"

# While a job is under way these only say that it is: they hold it from the moment it is done.
_EXPECTED_UNDER_WAY = frozenset({"close_missing", "signoff_missing", "evidence_missing", "attachment_missing"})


class Found(NamedTuple):
    """An exception, and the place in the log of the last statement that it rests on (-1: of none)."""

    raised: Raised
    since: int


def standing(state: str, blocking: Collection[str]) -> str:
    """COLLECTING, HELD or READY for a job in ``state`` with these open blocking exceptions (codes)."""
    if state in COMPLETED or state == CANCELLED:
        return HELD if blocking else READY
    return HELD if set(blocking) - _EXPECTED_UNDER_WAY else COLLECTING
