"""The form: one question at a time, for every kind that :mod:`jobseal_device.ui.asks` has in its table.

Enter takes an answer and goes on; F4 goes on without one; F1 signs as soon as nothing that is needed is missing.
"""

from collections.abc import Sequence

from jobseal_device.ui import asks, kinds, words
from jobseal_device.ui.asks import Ask
from jobseal_device.ui.desk import Desk, JobView
from jobseal_device.ui.page import BAD, DIM, PLAIN, Choice, Entry, Frame, Line, Move, Page, stay, wrong
from jobseal_device.ui.signing import leave, sign_and_leave, signed_words, take_up
from jobseal_device.ui.typed import decimal
from jobseal_device.ui.words import _

LONGEST = {asks.CODE: asks.CODE_MOST, asks.NOTE: asks.NOTE_MOST, asks.DECIMAL: 26, asks.KM: 12, asks.NAME: 64}


def form(desk: Desk, frame: Frame) -> Page:
    """The question at hand, or what is about to be signed."""
    view = desk.job(frame["job"])
    take_up(desk, frame)
    _prefill(desk, view, frame)
    return _Form(desk, view, frame).page()


def _prefill(desk: Desk, view: JobView, frame: Frame) -> None:
    """Answers that nobody has to be asked for: defaults, and the one option that there is."""
    if "fields" in frame:
        return
    fields: dict[str, str] = {}
    for ask in asks.ASKS[frame["kind"]]:
        options = ask.options(desk, view) if ask.options is not None else []
        if ask.default:
            fields[ask.name] = ask.default
        elif ask.is_needed and len(options) == 1:
            fields[ask.name] = options[0][0]
        elif ask.name == "currency":
            fields[ask.name] = (view.order.text("currency") if view.order else "") or desk.settings.currency
    frame["fields"], frame["step"] = fields, 0
    _skip_answered(desk, view, frame)


def _skip_answered(desk: Desk, view: JobView, frame: Frame) -> None:
    """Past questions with a single possible answer."""
    rows = asks.ASKS[frame["kind"]]
    while frame["step"] < len(rows):
        ask = rows[frame["step"]]
        if ask.options is None or not ask.is_needed or ask.default or len(ask.options(desk, view)) != 1:
            return
        frame["step"] += 1


class _Form:
    """One look at a form."""

    def __init__(self, desk: Desk, view: JobView, frame: Frame) -> None:
        self.desk = desk
        self.view = view
        self.frame = frame
        self.kind: str = frame["kind"]
        self.fields: dict[str, str] = frame["fields"]
        self.rows: Sequence[Ask] = asks.ASKS[self.kind]

    @property
    def ask(self) -> Ask | None:
        step = self.frame["step"]
        return self.rows[step] if step < len(self.rows) else None

    def page(self) -> Page:
        ask = self.ask
        page = Page(
            title=kinds.step(self.kind),
            mark=self.view.id,
            lines=self.told(),
            do=self.sign,
            do_word=_("Sign"),
            back=self.back,
            say=_("F1 signs. F3 goes back.") if ask is None else self.advice(ask),
        )
        if ask is None:
            page.lines = [*page.lines, Line(""), Line(_("Nothing is signed yet."), DIM)]
            return page
        page.next, page.next_word = self.skip, _("Next")
        options = self.options(ask)
        if options:
            page.choices = [self.choice(ask, value, text) for value, text in options]
            page.lines = [*page.lines, Line(_(ask.prompt), "head")]
            page.scan = (lambda code: self.take(ask, code)) if ask.how == asks.PICK else None
        else:
            most = LONGEST.get(ask.how, asks.CODE_MOST)
            page.entry = Entry(_(ask.prompt), lambda text: self.take(ask, text), hint=self.hint(ask), most=most)
        return page

    def options(self, ask: Ask) -> list[asks.Option]:
        if ask.how == asks.YES_NO:
            return [("yes", _("yes")), ("no", _("no"))]
        return ask.options(self.desk, self.view) if ask.options is not None else []

    def choice(self, ask: Ask, value: str, text: str) -> Choice:
        chosen = self.fields.get(ask.name) == value
        return Choice(text, lambda: self.take(ask, value), mark="*" if chosen else "")

    def told(self) -> list[Line]:
        """What was answered so far."""
        lines = []
        for ask in self.rows:
            if ask.name in self.fields and ask is not self.ask:
                lines.append(self.answer_line(ask))
        if not lines and self.ask is None:
            lines.append(
                Line(_("{what} at {time}").format(what=kinds.step(self.kind), time=words.clock(self.desk.now().at)))
            )
        return lines

    def answer_line(self, ask: Ask) -> Line:
        text = self.fields[ask.name]
        shown = {"yes": _("yes"), "no": _("no")}.get(text, text) if ask.how == asks.YES_NO else text
        if ask.how == asks.PICK:
            shown = dict(self.options(ask)).get(text, text)
        elif ask.how == asks.KM:
            shown = kinds.value("distance_m", int(text))
        elif ask.how == asks.DECIMAL:
            shown = words.number(text)
        flag = ask.table and not self.desk.catalogue.knows(ask.table, text)
        name = self.desk.catalogue.name(ask.table, text) if ask.table else ""
        mark = _("unknown") if flag else name[:20]
        return Line(f"{kinds.field(ask.name)}: {shown}", PLAIN, mark, BAD if flag else DIM)

    def hint(self, ask: Ask) -> str:
        now = self.fields.get(ask.name, "")
        if now:
            shown = kinds.value("distance_m", int(now)) if ask.how == asks.KM else now
            return _("Now: {value}. Enter keeps it.").format(
                value=words.number(shown) if ask.how == asks.DECIMAL else shown
            )
        return _(ask.hint)

    def advice(self, ask: Ask) -> str:
        if self.missing():
            return _("Enter takes it.") if ask.is_needed else _("Enter takes it, F4 skips it.")
        return _("Enter takes it. F1 signs now.")

    # Keys

    def take(self, ask: Ask, text: str) -> Move:
        said = self.keep(ask, text)
        if said:
            return wrong(said)
        self.go_on()
        flag = ask.table and ask.name in self.fields and not self.desk.catalogue.knows(ask.table, self.fields[ask.name])
        return stay(_("Not in the catalogue; taken all the same.")) if flag else stay()

    def keep(self, ask: Ask, text: str) -> str:
        """Keep an answer; what is wrong with it, or ""."""
        text = text.strip()
        if not text:
            return _("{field} is needed.").format(field=kinds.field(ask.name)) if self.lacks(ask) else ""
        if len(text) > LONGEST.get(ask.how, asks.CODE_MOST):
            most = LONGEST.get(ask.how, asks.CODE_MOST)
            return _("{count} characters are too many: {most} at most.").format(count=len(text), most=most)
        if ask.how in (asks.DECIMAL, asks.KM):
            found = decimal(text, words.point())
            if found is None or (ask.how == asks.KM and found.startswith("-")):
                return _("{text} is not a number.").format(text=text[:20])
            text = str(round(float(found) * 1000)) if ask.how == asks.KM else found
        if ask.name == "currency":
            text = text.upper()
            if len(text) != 3:
                return _("A currency has three letters, such as EUR.")
        self.fields[ask.name] = text
        self.suggest(ask, text)
        return ""

    def suggest(self, ask: Ask, text: str) -> None:
        """What the catalogue knows of a code."""
        unit = self.desk.catalogue.unit(ask.table, text) if ask.table else ""
        if unit and any(each.name == "unit" for each in self.rows):
            self.fields["unit"] = unit

    def skip(self) -> Move:
        ask = self.ask
        if ask is None:
            return stay(_("F1 signs. F3 goes back."))
        return self.take(ask, self.frame.get("text", ""))

    def go_on(self) -> None:
        self.frame["step"] += 1
        self.frame["text"] = ""
        self.frame["row"] = 0

    def back(self) -> Move:
        touched = bool(self.frame.get("text")) or bool(self.frame["step"] and self.rows)
        step = self.frame["step"] - 1
        if self.rows and step >= 0 and not (step == 0 and self.is_given(self.rows[0])):
            self.frame["step"], self.frame["text"], self.frame["row"] = step, "", 0
            return stay()
        return leave(self.desk, self.frame, touched)

    def is_given(self, ask: Ask) -> bool:
        """Whether there was nothing to ask."""
        return ask.options is not None and not ask.default and len(ask.options(self.desk, self.view)) == 1

    def lacks(self, ask: Ask) -> bool:
        return ask.is_needed and not self.fields.get(ask.name)

    def missing(self) -> list[Ask]:
        return [ask for ask in self.rows if self.lacks(ask)]

    def sign(self) -> Move:
        ask = self.ask
        if ask is not None:
            options, row = self.options(ask), self.frame.get("row", 0)
            text = self.frame.get("text", "")
            if options and ask.name not in self.fields and row < len(options):
                text = options[row][0] if self.lacks(ask) else ""
            said = self.keep(ask, text)
            if said:
                return wrong(said)
        lacking = self.missing()
        if lacking:
            self.frame["text"] = ""
            self.frame["step"] = self.rows.index(lacking[0])
            return wrong(_("{field} is needed.").format(field=kinds.field(lacking[0].name)))
        return sign_and_leave(self.desk, self.frame, self.act)

    def act(self) -> str:
        fields = {}
        for ask in self.rows:
            if ask.name in self.fields:
                text = self.fields[ask.name]
                fields[ask.name] = "@" + text if ask.how == asks.NOTE and text.startswith("@") else text
        self.desk.sign(self.kind, fields, self.view.id)
        return signed_words(self.kind)
