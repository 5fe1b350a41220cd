"""The words of a scenario: what a technician, a handheld or the world does in it, and what each must be told.

A verb that a technician does becomes one event of ``kind``; its words fill the kind's fields in the order given here,
and ``name=value`` fills any other. The table knows events by their shape only: how a handheld signs one is its own
business.
"""

from dataclasses import dataclass, field

from jobseal import bodies, shape

# What a handheld fills in by itself.
_FILLED_IN = {"order", "revision", "totals"}

Wrong = tuple[str, str]  # a mistake: its code, and a sentence


@dataclass(frozen=True, slots=True)
class Deed:
    """A technician's verb: signs ``kind``; ``words``: fields in the order they are said; ``given``: fields that go
    without saying; ``of_job``: a job is said before them."""

    kind: str
    words: tuple[str, ...] = ()
    given: dict[str, str] = field(default_factory=dict)
    of_job: bool = True

    def problem(self, values: dict[str, str]) -> Wrong | None:
        """The first thing that does not fit the kind's fields, or None."""
        for each in bodies.SHAPES[self.kind].fields:
            if each.required and each.name not in values and each.name not in _FILLED_IN:
                return "missing_argument", f"{each.name} is missing."
        return self.misfit(values)

    def misfit(self, values: dict[str, str]) -> Wrong | None:
        """The first of these values that no such event can have, or None."""
        fields = {each.name: each.of for each in bodies.SHAPES[self.kind].fields}
        for name, text in values.items():
            if name not in fields:
                return "unknown_field", f"There is no field {name}; there are: {', '.join(fields) or 'none'}."
            wrong = _value_problem(fields[name], text)
            if wrong:
                return "bad_value", f"{name} {wrong}."
        return None


def _value_problem(of: object, text: str) -> str:
    if isinstance(of, shape.Integer):
        try:
            return of.problem(int(text))
        except ValueError:
            return "is not a whole number"
    if isinstance(of, shape.Boolean):
        return "" if text in ("yes", "no") else "is yes or no"
    if isinstance(of, shape.Text | shape.OneOf | shape.Decimal):
        return of.problem(text)
    return ""  # an object beside the event, or one of several forms: the handheld's form decides


DEEDS = {
    "login": Deed("session.opened", of_job=False),
    "logout": Deed("session.closed", given={"reason": "logout"}, of_job=False),
    "accept": Deed("job.accepted"),
    "travel": Deed("travel.started"),
    "park": Deed("travel.stopped", ("distance_m",)),
    "arrive": Deed("job.arrived"),
    "acknowledge": Deed("safety.acknowledged", ("item",)),
    "start": Deed("labour.started", ("task",)),
    "stop": Deed("labour.stopped", ("task",)),
    "use": Deed("part.used", ("code", "quantity", "unit"), {"source": "van"}),
    "return": Deed("part.returned", ("code", "quantity", "unit"), {"source": "van"}),
    "spend": Deed("expense.added", ("code", "amount", "currency")),
    "note": Deed("note.added", ("note",)),
    "read": Deed("reading.taken", ("code", "value", "unit")),
    "photo": Deed("photo.attached", ("purpose",), {"photo": ""}),  # whoever plays it takes the picture
    "check": Deed("checklist.answered", ("item", "answer")),
    "wait": Deed("job.waiting", ("reason",)),
    "resume": Deed("job.resumed"),
    "complete": Deed("job.completed"),
    "sign": Deed("job.signed_off", ("name",), {"method": "typed"}),
    "waive": Deed("signoff.waived", ("reason",)),
    "reopen": Deed("job.reopened", ("reason",)),
    "cancel": Deed("job.cancelled", ("reason",)),
}

CORRECT = "correct"  # ``correct WO-1 use FLT-10 quantity=1``: the job's last event of that verb and first word
CORRECTION_FIELDS = ("reason", "at", "note", "strike")


@dataclass(frozen=True, slots=True)
class Turn:
    """What happens to a handheld, the broker or the gateway: ``words`` say what must follow."""

    words: tuple[str, ...]
    meaning: str


TURNS = {
    "offline": Turn((), "its sync process is gone"),
    "online": Turn((), "its sync process is started"),
    "crash": Turn((), "its capture process is killed during the next event, and started again"),
    "set-clock": Turn(("minutes",), "its wall clock is set wrong by that many minutes"),
    "copied": Turn(("clone",), "its folder is copied while it is switched off"),
    "sync-once": Turn((), "it is connected until everything is acknowledged"),
}

BROKER, STRANGER = "broker", "stranger"
BROKER_TURNS = {"killed": Turn((), "kill -9; whoever supervises it starts another")}
STRANGER_TURNS = {
    "noise": Turn(("handheld",), "random bytes on that handheld's topic"),
    "forgery": Turn(("handheld",), "events under that handheld's key id, signed by somebody else"),
    "unknown": Turn(("handheld",), "events of a key that nobody enrolled"),
    "borrowed": Turn(("handheld", "other"), "genuine events of the other handheld on that handheld's topic"),
}
