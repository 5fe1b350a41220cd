"""A correction: which field, what it should be, why. The original stays visible, struck through; nothing is erased."""

from functools import partial

from jobseal import bodies, shape
from jobseal.card import Item
from jobseal.errors import OPERATOR, JobsealError
from jobseal_device.ui import kinds, words
from jobseal_device.ui.desk import Desk
from jobseal_device.ui.page import HEAD, PLAIN, STRUCK, Choice, Entry, Frame, Line, Move, Page, stay, wrong
from jobseal_device.ui.signing import leave, sign_and_leave, take_up
from jobseal_device.ui.typed import decimal, whole
from jobseal_device.ui.words import _

AT, STRIKE = "at", "strike"
_LIKELY = {"quantity": "2", "code": "1", "item": "1", "task": "1", AT: "3", STRIKE: "7"}
_SAME_NAME = ("reason", "at", "note")  # fields of the correction itself


def correct(desk: Desk, frame: Frame) -> Page:
    """What to change, then what it should be, then the reason; F1 signs."""
    take_up(desk, frame)
    view = desk.job(frame["job"])
    item = next((each for each in view.card.items if each.fact.seq == frame["seq"]), None)
    if item is None or item.fact.kind is None:
        raise JobsealError("unknown_event", "That event is not in this job.", OPERATOR)
    looked = _Correction(desk, frame, item)
    if frame.get("field") is None:
        return looked.fields()
    if "new" not in frame:
        return looked.value()
    return looked.reason() if "reason" not in frame else looked.review()


class _Correction:
    """One look at a correction."""

    def __init__(self, desk: Desk, frame: Frame, item: Item) -> None:
        self.desk = desk
        self.frame = frame
        self.item = item
        self.kind = item.fact.kind or ""

    def fields(self) -> Page:
        names = [field.name for field in bodies.SHAPES[self.kind].fields if self.is_typed(field.of)]
        rows = [(name, kinds.field(name), self.shown(name)) for name in names]
        rows.append((AT, kinds.field(AT), words.clock(self.item.at)))
        rows.append((STRIKE, _("Take it back altogether"), ""))

        def choose(name: str) -> Move:
            self.frame.update(field=name, text="", row=0, top=None)
            if name == STRIKE:
                self.frame["new"] = "yes"
            return stay()

        return Page(
            title=_("Correct"),
            mark=kinds.done(self.kind),
            say=_("Choose what is wrong."),
            lines=[Line(kinds.told(self.item), STRUCK if self.item.struck else PLAIN)],
            choices=[Choice(label, partial(choose, name), mark=shown, mark_tone=PLAIN) for name, label, shown in rows],
            back=lambda: leave(self.desk, self.frame, False),
        )

    def is_typed(self, of: object) -> bool:
        return (
            of is not bodies.OBJECT
            and not isinstance(of, shape.Array | shape.Bytes)
            and of != shape.optional(shape.HASH)
        )

    def shown(self, name: str) -> str:
        value = self.item.body.get(name)
        return "-" if value is None else kinds.value(name, value)

    def value(self) -> Page:
        name: str = self.frame["field"]
        of = None if name == AT else bodies.SHAPES[self.kind].by_name[name].of
        options = self.options(of)
        now = words.moment(self.item.at, None) if name == AT else self.shown(name)
        page = Page(title=kinds.field(name), mark=kinds.done(self.kind), say=_("Enter takes it."), back=self.undo_field)
        page.lines = [Line(_("Now: {value}").format(value=now), STRUCK)]
        if options:
            page.choices = [Choice(text, partial(self.keep, value)) for value, text in options]
            return page
        prompt = _("Which time of day? (HH:MM)") if name == AT else _("What should it be?")
        page.entry = Entry(prompt, lambda text: self.take(name, of, text), most=64)
        return page

    def options(self, of: object) -> list[tuple[str, str]]:
        if isinstance(of, shape.Boolean):
            return [("yes", _("yes")), ("no", _("no"))]
        return [(each, kinds.value("source", each)) for each in of.values] if isinstance(of, shape.OneOf) else []

    def take(self, name: str, of: object, text: str) -> Move:
        text = text.strip()
        if not text:
            return wrong(_("{field} is needed.").format(field=kinds.field(name)))
        if name == AT:
            there = words.from_clock(text, self.item.at or self.desk.now().at or 0)
            return (
                wrong(_("{text} is no time of day.").format(text=text[:20])) if there is None else self.keep(str(there))
            )
        if of is shape.DECIMAL:
            found = decimal(text, words.point())
            return wrong(_("{text} is not a number.").format(text=text[:20])) if found is None else self.keep(found)
        if name == "distance_m":
            km = decimal(text, words.point())
            return wrong(_("{text} is not a number.").format(text=text[:20])) if km is None else self.keep(_metres(km))
        if isinstance(of, shape.Integer) and whole(text) is None:
            return wrong(_("{text} is not a number.").format(text=text[:20]))
        return self.keep(text)

    def keep(self, value: str) -> Move:
        self.frame.update(new=value, text="", row=0, top=None)
        return stay()

    def undo_field(self) -> Move:
        self.frame.update(field=None, text="", row=0, top=None)
        self.frame.pop("new", None)
        return stay()

    def reason(self) -> Page:
        likely = _LIKELY.get(self.frame["field"], "9")
        rows = sorted(kinds.CORRECTIONS.items(), key=lambda row: (str(row[0]) != likely, row[0]))

        def choose(number: int) -> Move:
            self.frame.update(reason=str(number), row=0, top=None)
            return stay()

        return Page(
            title=_("Why?"),
            mark=kinds.done(self.kind),
            say=_("Choose by digit."),
            choices=[Choice(_(text), partial(choose, number)) for number, text in rows],
            back=self.undo_field,
        )

    def review(self) -> Page:
        name = self.frame["field"]
        lines = [Line(kinds.told(self.item), HEAD)]
        if name == STRIKE:
            lines.append(Line(_("is taken back"), STRUCK))
        else:
            old = words.moment(self.item.at, None) if name == AT else self.shown(name)
            lines += [Line(f"{kinds.field(name)}: {old}", STRUCK), Line(f"{kinds.field(name)}: {self.new()}")]
        lines.append(Line(_("Reason: {why}").format(why=_(kinds.CORRECTIONS[int(self.frame["reason"])]))))

        def undo() -> Move:
            self.frame.pop("reason", None)
            return stay()

        return Page(
            title=_("Correct"),
            mark=self.frame["job"],
            say=_("F1 signs the correction."),
            lines=lines,
            do=lambda: sign_and_leave(self.desk, self.frame, self.act),
            do_word=_("Sign"),
            back=undo,
        )

    def new(self) -> str:
        name, text = self.frame["field"], self.frame["new"]
        if name == AT:
            return words.moment(int(text), None)
        if text in ("yes", "no"):
            return _("yes") if text == "yes" else _("no")
        return kinds.value(name, int(text) if name == "distance_m" else text)

    def act(self) -> str:
        name, text = self.frame["field"], self.frame["new"]
        fields = {"reason": self.frame["reason"]}
        if name in (AT, STRIKE):
            fields[name] = text
        else:
            fields["new." + name if name in _SAME_NAME else name] = text
        self.desk.sign("event.corrected", fields, self.frame["job"], self.item.fact.hash)
        return _("Signed: the correction. The original stays visible.")


def _metres(km: str) -> str:
    return str(round(float(km) * 1000))
