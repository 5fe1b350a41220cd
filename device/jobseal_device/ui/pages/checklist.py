"""Checklist and safety rules. Answers are collected in draft, one question at a time, and signed together by F1."""

from jobseal_device.errors import EventInDoubt
from jobseal_device.ui import catalogue, kinds, words
from jobseal_device.ui.catalogue import Item
from jobseal_device.ui.desk import Desk, JobView
from jobseal_device.ui.page import (
    ACKED,
    BAD,
    DIM,
    DRAFT,
    GOOD_BELL,
    HEAD,
    PLAIN,
    WRONG_BELL,
    Choice,
    Entry,
    Frame,
    Line,
    Move,
    Page,
    back,
    stay,
    swap,
    wrong,
)
from jobseal_device.ui.signing import leave, shelf_name, take_up
from jobseal_device.ui.typed import decimal
from jobseal_device.ui.verdicts import error_sentence
from jobseal_device.ui.words import _, counted


def checklist(desk: Desk, frame: Frame) -> Page:
    """The job's questions; without a catalogue, a form for any item."""
    view = desk.job(frame["job"])
    take_up(desk, frame)
    items = desk.catalogue.checklist(view.tasks)
    if not items:
        frame.update({"at": "form", "kind": "checklist.answered"})
        from jobseal_device.ui.pages.form import form

        return form(desk, frame)
    frame.setdefault("answers", {})
    asked = next((item for item in items if item.code == frame.get("item")), None)
    looked = _Checklist(desk, view, frame, items)
    return looked.list_page() if asked is None else looked.item_page(asked)


class _Checklist:
    """One look at a checklist."""

    def __init__(self, desk: Desk, view: JobView, frame: Frame, items: list[Item]) -> None:
        self.desk = desk
        self.view = view
        self.frame = frame
        self.items = items
        self.answers: dict[str, str] = frame["answers"]
        self.given = {item.body["item"]: item.body["answer"] for item in view.card.of("checklist.answered")}

    def list_page(self) -> Page:
        open_items = [item for item in self.items if item.code not in self.given and item.code not in self.answers]
        mandatory = [item for item in open_items if item.is_mandatory]
        say = _("Choose a question. F1 signs the answers.") if self.answers else _("Choose a question.")
        if mandatory and not self.answers:
            say = counted("{count} question must be answered.", "{count} questions must be answered.", len(mandatory))
        return Page(
            title=_("Checklist"),
            mark=f"{len(self.items) - len(open_items)}/{len(self.items)}",
            say=say,
            choices=[self._choice(item) for item in self.items],
            do=self.sign if self.answers else None,
            do_word=_("Sign") if self.answers else "",
            back=lambda: leave(self.desk, self.frame, bool(self.answers)),
        )

    def _choice(self, item: Item) -> Choice:
        def ask() -> Move:
            self.frame.update(item=item.code, text="", row=0, top=None)
            return stay()

        if item.code in self.answers:
            mark, tone = " ".join([self._shown(self.answers[item.code]), _("draft")]), DRAFT
        elif item.code in self.given:
            mark, tone = kinds.value("answer", self.given[item.code]), ACKED
        else:
            mark, tone = (_("needed"), BAD) if item.is_mandatory else ("", DIM)
        return Choice(
            item.text, ask, mark=mark, mark_tone=tone, aside=lambda: [Line(item.text, HEAD), Line(item.code, DIM)]
        )

    def _shown(self, answer: str) -> str:
        return {"yes": _("yes"), "no": _("no")}.get(answer, answer)

    def item_page(self, item: Item) -> Page:
        page = Page(
            title=_("Checklist"),
            mark=item.code,
            say=_("Choose the answer.") if item.answer == catalogue.YES_NO else _("Enter takes it."),
            back=self.close,
        )
        if item.answer == catalogue.YES_NO:
            page.lines = [Line(item.text, HEAD)]
            page.choices = [
                Choice(_("yes"), lambda: self.take(item, "yes")),
                Choice(_("no"), lambda: self.take(item, "no")),
            ]
        else:
            page.entry = Entry(item.text, lambda text: self.take(item, text), hint=limits(item), most=64)
        return page

    def take(self, item: Item, text: str) -> Move:
        text = text.strip()
        said = ""
        if item.answer == catalogue.NUMBER:
            found = decimal(text, words.point())
            if found is None:
                return wrong(_("{text} is not a number.").format(text=text[:20]))
            text = found
            if item.is_outside(found):
                said = _("Outside of the limits; taken as it is.")
        if not 1 <= len(text) <= 64:
            return wrong(_("An answer has 1 to 64 characters."))
        self.answers[item.code] = text
        left = [each for each in self.items if each.code not in self.answers and each.code not in self.given]
        self.frame.update(item=left[0].code if left else None, text="", row=0, top=None)
        return stay(said)

    def close(self) -> Move:
        self.frame.update(item=None, text="", row=0, top=None)
        return stay()

    def sign(self) -> Move:
        """Sign one event an answer; what was signed is no draft at once, and the others stay one."""
        given = [item.code for item in self.items if item.code in self.answers]
        for code in given:
            try:
                self.desk.sign("checklist.answered", {"item": code, "answer": self.answers[code]}, self.view.id)
            except EventInDoubt as doubt:
                del self.answers[code]
                return wrong(error_sentence(doubt))
            del self.answers[code]
        self.desk.drafts.shelf.pop(shelf_name(self.frame), None)
        return back(counted("Signed: {count} answer.", "Signed: {count} answers.", len(given)), GOOD_BELL)


def limits(item: Item) -> str:
    """The limits of a number in words."""
    if item.low is not None and item.high is not None:
        return _("from {low} to {high}").format(low=words.number(str(item.low)), high=words.number(str(item.high)))
    if item.low is not None:
        return _("at least {low}").format(low=words.number(str(item.low)))
    return "" if item.high is None else _("at most {high}").format(high=words.number(str(item.high)))


def safety(desk: Desk, frame: Frame) -> Page:
    """Safety rules, one after the other, before work; without a catalogue, a form for any rule."""
    view = desk.job(frame["job"])
    rules = desk.catalogue.safety(view.tasks)
    if not rules:
        frame.update({"at": "form", "kind": "safety.acknowledged"})
        from jobseal_device.ui.pages.form import form

        return form(desk, frame)
    read = {item.body["item"] for item in view.card.of("safety.acknowledged")}
    unread = [rule for rule in rules if rule[0] not in read]
    if not unread:
        return Page(
            title=_("Safety"),
            mark=view.id,
            say=_("All rules are read. F3 goes back."),
            lines=[Line(text, PLAIN, _("read"), ACKED) for _code, text, _version in rules],
        )
    code, text, version = unread[0]

    def do() -> Move:
        fields = {"item": code} if version is None else {"item": code, "version": str(version)}
        try:
            desk.sign("safety.acknowledged", fields, view.id)
        except EventInDoubt as doubt:
            return back(error_sentence(doubt), WRONG_BELL)
        if len(unread) > 1:
            return swap("safety", _("Signed. The next rule:"), GOOD_BELL, job=view.id)
        return back(_("Signed: all safety rules are read."), GOOD_BELL)

    return Page(
        title=_("Safety"),
        mark=f"{len(rules) - len(unread) + 1}/{len(rules)}",
        say=_("Read it. F1 signs that you did."),
        lines=[Line(_("Before you start work:"), HEAD), Line(text), Line(code, DIM)],
        do=do,
        do_word=_("Read"),
    )
