"""The form of each kind, as a table: which fields a person is asked for, in which order, and how.

What a field may hold follows from the protocol's shapes when the form is filled; here is only how to ask for it.
"""

from collections.abc import Callable
from typing import NamedTuple

from jobseal_device.ui.desk import Desk, JobView
from jobseal_device.ui.words import N_, _

CODE, DECIMAL, KM, NOTE, NAME, PICK, YES_NO = "code", "decimal", "km", "note", "name", "pick", "yes_no"
CODE_MOST, NOTE_MOST = 64, 2000

Option = tuple[str, str]  # value, words
Options = Callable[[Desk, JobView], list[Option]]


class Ask(NamedTuple):
    """One question. ``prompt``, ``hint``: to be translated; ``table``: of the catalogue, whose codes are offered and
    flagged; ``options``: of a PICK."""

    name: str
    prompt: str
    how: str = CODE
    is_needed: bool = False
    default: str = ""
    hint: str = ""
    table: str = ""
    options: Options | None = None


def _planned(desk: Desk, view: JobView) -> list[Option]:
    del desk
    return [(task, task) for task in view.tasks]


def _running(desk: Desk, view: JobView) -> list[Option]:
    tasks = [] if view.lane is None else view.lane.open_tasks(desk.technician)
    return [(task, task) for task in tasks]


def _waits(desk: Desk, view: JobView) -> list[Option]:
    del desk, view
    return [("parts", _("parts")), ("access", _("access")), ("customer", _("customer")), ("approval", _("approval"))]


def _sources(desk: Desk, view: JobView) -> list[Option]:
    del desk, view
    return [("van", _("van")), ("site", _("site")), ("customer", _("customer"))]


def _reasons(of: str) -> Options:
    def options(desk: Desk, view: JobView) -> list[Option]:
        del view
        return [(code, _(text)) for code, text in desk.catalogue.reasons(of).items()]

    return options


_TASK = N_("Which task? Type or scan its code")
_NOTE = Ask("note", N_("Anything to add? (may be left empty)"), NOTE)
_PART = (
    Ask("code", N_("Scan or type the part"), CODE, True, table="parts"),
    Ask("quantity", N_("How many?"), DECIMAL, True, "1"),
    Ask("unit", N_("In which unit?"), CODE, True, "pc"),
    Ask("source", N_("From where?"), PICK, True, "van", options=_sources),
    Ask("serial", N_("Serial number (may be left empty)"), CODE),
    Ask("warranty", N_("Under warranty?"), YES_NO),
    Ask("billable", N_("Charged to the customer?"), YES_NO),
)

ASKS: dict[str, tuple[Ask, ...]] = {
    "job.accepted": (),
    "travel.started": (),
    "travel.stopped": (Ask("distance_m", N_("How many km? (may be left empty)"), KM),),
    "job.arrived": (Ask("site", N_("Scan the site's code (may be left empty)"), CODE),),
    "labour.started": (Ask("task", _TASK, PICK, True, options=_planned),),
    "labour.stopped": (Ask("task", _TASK, PICK, True, options=_running),),
    "part.used": _PART,
    "part.returned": _PART,
    "expense.added": (
        Ask("code", N_("What for? Type or scan its code"), CODE, True, table="expenses"),
        Ask("amount", N_("Which amount?"), DECIMAL, True),
        Ask("currency", N_("In which currency?"), CODE, True),
        Ask("billable", N_("Charged to the customer?"), YES_NO),
    ),
    "note.added": (Ask("note", N_("Type the note"), NOTE, True),),
    "reading.taken": (
        Ask("code", N_("What was read? Type or scan its code"), CODE, True, table="readings"),
        Ask("value", N_("Which value?"), DECIMAL, True),
        Ask("unit", N_("In which unit?"), CODE, True),
        Ask("asset", N_("Which asset? (may be left empty)"), CODE),
    ),
    "checklist.answered": (
        Ask("item", N_("Which item? Type or scan its code"), CODE, True),
        Ask("answer", N_("What is the answer? (yes, no, a number, a text)"), NAME, True),
    ),
    "safety.acknowledged": (Ask("item", N_("Which rule was read? Type or scan its code"), CODE, True, table="safety"),),
    "job.waiting": (Ask("reason", N_("What for?"), PICK, True, options=_waits), _NOTE),
    "job.resumed": (),
    "signoff.waived": (Ask("reason", N_("Why does nobody sign?"), PICK, True, options=_reasons("waiver")), _NOTE),
    "job.reopened": (Ask("reason", N_("Why is it opened again?"), PICK, True, options=_reasons("reopen")), _NOTE),
    "job.cancelled": (Ask("reason", N_("Why is it cancelled?"), PICK, True, options=_reasons("cancel")), _NOTE),
}

# Steps that have a screen of their own instead of a form.
SCREENS = {
    "part.used": "parts",
    "photo.attached": "photo",
    "checklist.answered": "checklist",
    "safety.acknowledged": "safety",
    "job.completed": "complete",
    "job.signed_off": "signoff",
    "event.corrected": "history",
}
NOT_OFFERED = ("position.logged",)  # nobody types a position
