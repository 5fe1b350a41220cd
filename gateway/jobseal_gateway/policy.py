"""The release policy: when may a job be billed? Data and pure functions; what it costs is rating's business."""

from collections.abc import Collection

from jobseal.lifecycle import CANCELLED, COMPLETED

COLLECTING, HELD, READY = "collecting", "held", "ready"

# What each word of an order's required evidence asks for: one event of these kinds.
EVIDENCE_KINDS = {
    "photo": ("photo.attached",),
    "signoff": ("job.signed_off", "signoff.waived"),
    "checklist": ("checklist.answered",),
    "reading": ("reading.taken",),
    "safety": ("safety.acknowledged",),
    "note": ("note.added",),
}

# While a job is under way these only say that it is: they hold it from the moment it is done.
_EXPECTED_UNDER_WAY = frozenset({"close_missing", "signoff_missing", "evidence_missing", "attachment_missing"})


def standing(state: str, blocking: Collection[str]) -> str:
    """COLLECTING, HELD or READY for a job in ``state`` with these open blocking exceptions (codes)."""
    if state in COMPLETED or state == CANCELLED:
        return HELD if blocking else READY
    return HELD if set(blocking) - _EXPECTED_UNDER_WAY else COLLECTING
