"""The lifecycle of a job as data: states, transitions, and what each event kind does to the key that signs it.

Device, gateway and docs read these tables. The device never offers an illegal step; the gateway never rejects one,
since it happened. A lane is one key's part in a job: two technicians on one job are two lanes.
"""

MYPY = False
if MYPY:
    from jobseal.lane import Lane

CREATED, DISPATCHED, EN_ROUTE, ON_SITE, WAITING = "created", "dispatched", "en_route", "on_site", "waiting"
COMPLETE, WAIVED, SIGNED_OFF, CANCELLED = "complete", "waived", "signed_off", "cancelled"

STATES = (CREATED, DISPATCHED, EN_ROUTE, ON_SITE, WAITING, COMPLETE, WAIVED, SIGNED_OFF, CANCELLED)  # by advance
WORKING = (DISPATCHED, EN_ROUTE, ON_SITE, WAITING)
COMPLETED = (COMPLETE, WAIVED, SIGNED_OFF)
DONE = (COMPLETE, WAIVED, SIGNED_OFF, CANCELLED)

TRANSITIONS = {
    CREATED: (DISPATCHED, CANCELLED),
    DISPATCHED: (EN_ROUTE, ON_SITE, CANCELLED),
    EN_ROUTE: (ON_SITE, DISPATCHED, CANCELLED),
    ON_SITE: (WAITING, COMPLETE, DISPATCHED, CANCELLED),  # dispatched again: a return visit
    WAITING: (DISPATCHED, EN_ROUTE, ON_SITE, CANCELLED),
    COMPLETE: (SIGNED_OFF, WAIVED, ON_SITE),
    SIGNED_OFF: (ON_SITE,),  # by a reasoned reopening only, which voids the sign-off
    WAIVED: (ON_SITE,),
    CANCELLED: (),
}

# A step that passes through a state in between: leaving the site for a return visit.
BY_WAY_OF = {(ON_SITE, EN_ROUTE): DISPATCHED}

# (kind, states it is legal in, state it leads to or None), in the order in which a screen offers them.
_STEPS = (
    ("job.accepted", (CREATED, DISPATCHED), DISPATCHED),
    ("travel.started", (DISPATCHED, WAITING, ON_SITE), EN_ROUTE),
    ("travel.stopped", (EN_ROUTE,), DISPATCHED),
    ("job.arrived", (DISPATCHED, EN_ROUTE, WAITING), ON_SITE),
    ("labour.started", (ON_SITE,), None),
    ("labour.stopped", (ON_SITE,), None),
    ("part.used", (ON_SITE, WAITING), None),
    ("part.returned", (ON_SITE, WAITING), None),
    ("expense.added", WORKING, None),
    ("note.added", WORKING, None),
    ("reading.taken", WORKING, None),
    ("photo.attached", WORKING, None),
    ("checklist.answered", WORKING, None),
    ("safety.acknowledged", WORKING, None),
    ("position.logged", WORKING, None),
    ("job.waiting", (ON_SITE,), WAITING),
    ("job.resumed", (WAITING,), ON_SITE),
    ("job.completed", (ON_SITE,), COMPLETE),
    ("job.signed_off", (COMPLETE,), SIGNED_OFF),
    ("signoff.waived", (COMPLETE,), WAIVED),
    ("job.reopened", COMPLETED, ON_SITE),
    ("job.cancelled", (CREATED, DISPATCHED, EN_ROUTE, ON_SITE, WAITING), CANCELLED),
    ("event.corrected", STATES, None),
)
KINDS = tuple([kind for kind, _, _ in _STEPS])
STEPS = {kind: (states, target) for kind, states, target in _STEPS}

# Kinds about the handheld rather than about a job; where one names a job all the same, it changes nothing there.
OF_THE_DEVICE = ("session.opened", "session.closed", "clock.adjusted", "key.rotated", "range.lost")

# An illegal step is believed to have happened and moves its lane, except these: they would only undo what is known.
MOVES_ONLY_WHEN_LEGAL = ("job.accepted", "travel.stopped", "job.signed_off", "signoff.waived")

# What a key says last of a job that the key after it goes on with: no step of a technician's, in no state's table.
HANDED_OVER = "job.handed_over"

# From these on, every event of the job by the same key carries a close.
CLOSING = ("job.completed", "job.cancelled", HANDED_OVER)

# Time entries: what opens one, and what ends those that are open. An arrival ends a wait uncharged (the technician was
# away and came back); everything else that ends an entry is its stop.
OPENS = {"travel.started": "travel", "labour.started": "labour", "job.waiting": "waiting"}
ENDS = {
    "travel.started": ("waiting",),
    "travel.stopped": ("travel",),
    "job.arrived": ("travel", "waiting"),
    "labour.stopped": ("labour",),
    "job.resumed": ("waiting",),
    "job.cancelled": ("travel", "waiting"),
}

# Steps that nobody may take while labour is being timed in the same lane.
_NEEDS_LABOUR_STOPPED = ("travel.started", "job.waiting", "job.completed", "job.cancelled")


def legal_steps(lane: "Lane | None", by: str | None = None) -> "list[str]":
    """The kinds that technician ``by`` may sign next in ``lane`` (None before the key's first event of the job)."""
    return [kind for kind in KINDS if is_legal(kind, lane, by)]


def is_legal(kind: str, lane: "Lane | None", by: str | None = None) -> bool:
    """Whether technician ``by`` may sign this next in ``lane``."""
    state = CREATED if lane is None else lane.state
    return kind in STEPS and state in STEPS[kind][0] and _open_entries_allow(kind, lane, by)


def _open_entries_allow(kind: str, lane: "Lane | None", by: str | None) -> bool:
    if kind == "event.corrected":
        return lane is not None and lane.count + lane.inherited > 0
    if lane is None:
        return True
    if kind == "labour.started":
        return not lane.open_tasks(by)
    if kind == "labour.stopped":
        return bool(lane.open_tasks(by))
    if kind in _NEEDS_LABOUR_STOPPED:
        return not lane.is_open("labour")
    return True


def needs_close(lane: "Lane | None", kind: str) -> bool:
    """Whether the next event in ``lane``, of this kind, must carry a close."""
    return kind in CLOSING or (lane is not None and lane.closing)


def overall(states: "list[str]") -> str:
    """The state of a job whose lanes are in ``states``.

    The least advanced lane decides; cancelled lanes count only when there is no other. Where all are complete, one
    sign-off is enough, and a waiver where nobody signed off.
    """
    active = [state for state in states if state != CANCELLED]
    if not active:
        return CANCELLED if states else CREATED
    if not [state for state in active if state not in COMPLETED]:
        if SIGNED_OFF in active:
            return SIGNED_OFF
        return WAIVED if WAIVED in active else COMPLETE
    return min(active, key=STATES.index)
