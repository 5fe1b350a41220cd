"""Where a person was, after a crash: drafts that were signed in the last moment are not drafts any more. Pure.

The drafts on the disk can be older than the last commit, never the other way round: they are written behind it. An
event at or behind the number that the drafts knew as the next one is what became of the draft of its kind and job.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from jobseal.event import Event
from jobseal_device.ui.page import Frame

# Screens that sign one event and close: the kind that each signs.
_SIGNS = {
    "complete": "job.completed",
    "signoff": "job.signed_off",
    "photo": "photo.attached",
    "correct": "event.corrected",
}


def without_signed(frames: list[Frame], behind: Iterable[Event]) -> list[Frame]:
    """The stack without what was signed; ``behind``: the events that the drafts do not know of."""
    happened = list(behind)
    if not happened:
        return frames
    counts = Counter((event.kind, event.job) for event in happened)
    return [frame for frame in frames if not _is_signed(frame, counts, happened)]


def _is_signed(frame: Frame, counts: Counter[tuple[str, str | None]], happened: list[Event]) -> bool:
    at, job = frame.get("at"), frame.get("job")
    if at == "form":
        return counts[frame.get("kind", ""), job] > 0
    if at in _SIGNS:
        return counts[_SIGNS[at], job] > 0
    if at == "new_job":
        return any(event.kind == "job.accepted" for event in happened)
    if at == "parts":
        signed = counts["part.used", job]
        frame["items"] = frame.get("items", [])[signed:]
        return signed > 0 and not frame["items"]
    if at == "checklist":
        given: set[Any] = {
            event.body.get(1) for event in happened if event.kind == "checklist.answered" and event.job == job
        }
        before = frame.get("answers", {})
        frame["answers"] = {item: answer for item, answer in before.items() if item not in given}
        return bool(before) and not frame["answers"]
    return False
