"""Events and states in words: what a person calls them, and one line of what each event said."""

from typing import Any

from jobseal.card import Item
from jobseal_device.ui import evidence, words
from jobseal_device.ui.words import N_, _

STATES = {
    "created": N_("new"),
    "dispatched": N_("accepted"),
    "en_route": N_("on the way"),
    "on_site": N_("on site"),
    "waiting": N_("waiting"),
    "complete": N_("complete"),
    "signed_off": N_("signed off"),
    "waived": N_("waived"),
    "cancelled": N_("cancelled"),
}

# What a step is called on a menu.
STEPS = {
    "job.accepted": N_("Accept job"),
    "travel.started": N_("Start travel"),
    "travel.stopped": N_("Stop travel"),
    "job.arrived": N_("Arrive on site"),
    "labour.started": N_("Start work"),
    "labour.stopped": N_("Stop work"),
    "part.used": N_("Parts used"),
    "part.returned": N_("Part returned"),
    "expense.added": N_("Expense"),
    "note.added": N_("Note"),
    "reading.taken": N_("Reading"),
    "photo.attached": N_("Photo"),
    "checklist.answered": N_("Checklist"),
    "safety.acknowledged": N_("Safety"),
    "job.waiting": N_("Wait for ..."),
    "job.resumed": N_("Resume work"),
    "job.completed": N_("Complete job"),
    "job.signed_off": N_("Customer signs"),
    "signoff.waived": N_("Waive sign-off"),
    "job.reopened": N_("Reopen job"),
    "job.cancelled": N_("Cancel job"),
    "event.corrected": N_("Correct something"),
    "position.logged": N_("Position"),
}

# What it is called once it happened.
DONE = {
    "session.opened": N_("logged in"),
    "session.closed": N_("logged out"),
    "job.accepted": N_("accepted"),
    "travel.started": N_("travel started"),
    "travel.stopped": N_("travel stopped"),
    "job.arrived": N_("arrived"),
    "labour.started": N_("work started"),
    "labour.stopped": N_("work stopped"),
    "part.used": N_("part used"),
    "part.returned": N_("part returned"),
    "expense.added": N_("expense"),
    "note.added": N_("note"),
    "reading.taken": N_("reading"),
    "photo.attached": N_("photo"),
    "checklist.answered": N_("checklist"),
    "safety.acknowledged": N_("safety read"),
    "job.waiting": N_("waiting for"),
    "job.resumed": N_("resumed"),
    "job.completed": N_("completed"),
    "job.signed_off": N_("customer signed"),
    "signoff.waived": N_("sign-off waived"),
    "job.reopened": N_("reopened"),
    "job.cancelled": N_("cancelled"),
    "job.handed_over": N_("goes on with a new key"),
    "event.corrected": N_("correction"),
    "position.logged": N_("position"),
    "clock.adjusted": N_("clock was set"),
    "key.rotated": N_("new key"),
    "range.lost": N_("events lost"),
}

FIELDS = {
    "code": N_("Code"),
    "quantity": N_("Quantity"),
    "unit": N_("Unit"),
    "source": N_("From"),
    "serial": N_("Serial number"),
    "warranty": N_("Warranty"),
    "billable": N_("Charged"),
    "task": N_("Task"),
    "site": N_("Site"),
    "details": N_("Details"),
    "distance_m": N_("Distance"),
    "amount": N_("Amount"),
    "currency": N_("Currency"),
    "receipt": N_("Receipt"),
    "note": N_("Note"),
    "value": N_("Value"),
    "asset": N_("Asset"),
    "photo": N_("Photo"),
    "purpose": N_("Purpose"),
    "item": N_("Item"),
    "answer": N_("Answer"),
    "version": N_("Version"),
    "reason": N_("Reason"),
    "method": N_("Method"),
    "name": N_("Name"),
    "strokes": N_("Signature"),
    "role": N_("Role"),
    "at": N_("Time"),
    "missing": N_("Missing"),
    "revision": N_("Revision"),
    "software": N_("Software"),
    "shift_ms": N_("Moved by (ms)"),
    "summary": N_("Summary that was read"),
    "position": N_("Position"),
    "from": N_("First number"),
    "to": N_("Last number"),
    "thumbprint": N_("Key"),
    "succession": N_("The new key's word"),
    "follows": N_("Follows"),
}
UNSAID = ("body", "totals", "order")  # what says nothing to a person

VALUES = {
    "van": N_("van"),
    "site": N_("site"),
    "customer": N_("customer"),
    "parts": N_("parts"),
    "access": N_("access"),
    "approval": N_("approval"),
    "strokes": N_("drawn"),
    "typed": N_("typed"),
}

CORRECTIONS = {
    1: N_("wrong code"),
    2: N_("wrong quantity"),
    3: N_("wrong time"),
    4: N_("wrong job"),
    5: N_("wrong person"),
    6: N_("entered twice"),
    7: N_("did not happen"),
    8: N_("forgotten at the time"),
    9: N_("other"),
}

_TOLD = {
    "labour.started": ("task",),
    "labour.stopped": ("task",),
    "job.arrived": ("site",),
    "part.used": ("code", "quantity", "unit"),
    "part.returned": ("code", "quantity", "unit"),
    "expense.added": ("code", "amount", "currency"),
    "reading.taken": ("code", "value", "unit"),
    "photo.attached": ("purpose",),
    "checklist.answered": ("item", "answer"),
    "safety.acknowledged": ("item",),
    "job.waiting": ("reason",),
    "signoff.waived": ("reason",),
    "job.reopened": ("reason",),
    "job.cancelled": ("reason",),
    "job.signed_off": ("role",),
}


def state(word: str) -> str:
    """A job's state."""
    return _(STATES.get(word, word))


def step(kind: str) -> str:
    """What the step is called on a menu."""
    return _(STEPS.get(kind, kind))


def done(kind: str | None) -> str:
    """What it is called once it happened."""
    return _("erased") if kind is None else _(DONE.get(kind, kind))


def field(name: str) -> str:
    """A field's name."""
    return _(FIELDS.get(name, name))


def value(name: str, of: Any) -> str:
    """A field's value."""
    if of is True or of is False:
        return _("yes") if of else _("no")
    if isinstance(of, list):
        if len(of) == 3 and isinstance(of[0], bytes):  # an object: digest, size, media type
            return _("{size} bytes").format(size=words.number(str(of[1])))
        return ", ".join(_missing(*row) for row in of) if name == "missing" else str(len(of))
    if isinstance(of, bytes):
        return of.hex()[:16]
    if name == "distance_m":
        return _("{km} km").format(km=words.number(f"{of / 1000:g}"))
    if name in ("quantity", "amount", "value") and isinstance(of, str):
        return words.number(of)
    if name in ("source", "reason", "method") and of in VALUES:
        return _(VALUES[of])
    return str(of)


def _missing(word: str, reason: str) -> str:
    return f"{_(evidence.WORDS.get(word, word))} ({reason})"


def told(item: Item) -> str:
    """One line of what an event said, as it stands now."""
    kind = item.fact.kind
    if kind is None:
        return done(None)
    if kind == "event.corrected" and item.fact.body is not None:
        return f"{done(kind)}: {_(CORRECTIONS.get(item.fact.body[1], '?'))}"
    said = [value(name, item.body[name]) for name in _TOLD.get(kind, ()) if name in item.body]
    return " ".join([done(kind), *said])
