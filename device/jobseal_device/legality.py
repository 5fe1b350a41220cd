"""What may be signed next. A person is told before anything is signed; the gateway never refuses what was.

Pure: looks at the event that is about to be made and at the job so far.
"""

from typing import Any

from jobseal import bodies, lifecycle
from jobseal.errors import OPERATOR, JobsealError
from jobseal.event import Event
from jobseal.job import Job
from jobseal.lane import Lane


class IllegalStep(JobsealError):
    """This cannot happen next. Nothing was signed."""

    def __init__(self, why: str) -> None:
        super().__init__("illegal_transition", f"{why}; nothing was signed.", OPERATOR)


def check_words(kind: str, body: dict[int, Any], job: str | None, by: str | None, amends: bytes | None) -> None:
    """Whether these parts make an event at all.

    Raises ``unknown_kind``, ``malformed_body``, ``malformed``, :class:`IllegalStep`.
    """
    wrong = bodies.problem(kind, body)
    if wrong:
        code = "malformed_body" if kind in bodies.SHAPES else "unknown_kind"
        raise JobsealError(code, f"{kind} {wrong}; nothing was signed.", OPERATOR)
    for name, value in (("job", job), ("by", by)):
        wrong = "" if value is None else Event.SHAPE.by_name[name].of.problem(value)
        if wrong:
            raise JobsealError("malformed", f"{kind}: {name} {wrong}; nothing was signed.", OPERATOR)
    if kind in lifecycle.OF_THE_DEVICE and job is not None:
        raise IllegalStep(f"{kind} is about the handheld and belongs to no job")
    if kind not in lifecycle.OF_THE_DEVICE and job is None:
        raise IllegalStep(f"{kind} needs the job that it belongs to")
    if kind == "session.opened" and by is None:
        raise IllegalStep(f"{kind} needs the technician whose session it is")
    if (amends is not None) != (kind == "event.corrected"):
        raise IllegalStep(f"{kind} names no event to correct" if amends is None else f"{kind} corrects nothing")


def check_step(
    kind: str, body: dict[int, Any], job: Job, thumbprint: bytes, by: str | None, amends: bytes | None
) -> None:
    """Whether technician ``by`` may do this now in ``job``, on the handheld with this key.

    Raises :class:`IllegalStep`, ``unknown_event``.
    """
    lane = job.part(thumbprint)
    if not lifecycle.is_legal(kind, lane, by):
        raise IllegalStep(_why_not(kind, job.id, lane, by))
    if kind == "labour.stopped" and lane is not None and body[1] not in lane.open_tasks(by):
        running = ", ".join(lane.open_tasks(by))
        raise IllegalStep(f"{body[1]} is not being timed in job {job.id}, but {running} is")
    if amends is not None and amends not in [fact.hash for fact in job.facts]:
        sentence = f"Job {job.id} has no such event to correct; nothing was signed."
        raise JobsealError("unknown_event", sentence, OPERATOR)


def _why_not(kind: str, job: str, lane: Lane | None, by: str | None) -> str:
    """The job's state, but where that allows the step: then it is the time that is being taken, or not."""
    if lane is not None and lane.state in lifecycle.STEPS[kind][0]:
        if kind == "labour.started":
            return f"{kind} is not possible in job {job}: this technician's labour is being timed already"
        if kind == "labour.stopped":
            return f"{kind} is not possible in job {job}: no labour of this technician is being timed"
        return f"{kind} is not possible in job {job} while labour is being timed"
    state = "not accepted yet" if lane is None else lane.state.replace("_", " ")
    possible = ", ".join(lifecycle.legal_steps(lane, by))
    return f"{kind} is not possible while job {job} is {state}; possible are: {possible}"
