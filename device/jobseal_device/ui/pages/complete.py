"""Completing a job: what it used, and what the order requires. What is missing is added, or its absence explained."""

from functools import partial

from jobseal import bodies
from jobseal_device import forms
from jobseal_device.ui import evidence, kinds, words
from jobseal_device.ui.desk import Desk, JobView
from jobseal_device.ui.page import BAD, DRAFT, PLAIN, Choice, Frame, Line, Move, Page, go, stay, wrong
from jobseal_device.ui.signing import leave, sign_and_leave, signed_words, take_up
from jobseal_device.ui.words import _

_ADDS = {
    "photo": {"at": "photo"},
    "checklist": {"at": "checklist"},
    "safety": {"at": "safety"},
    "reading": {"at": "form", "kind": "reading.taken"},
    "note": {"at": "form", "kind": "note.added"},
}


def complete(desk: Desk, frame: Frame) -> Page:
    """What is missing first; F1 completes once there is a reason for each."""
    view = desk.job(frame["job"])
    take_up(desk, frame)
    reasons: dict[str, str] = frame.setdefault("reasons", {})
    lacking = [word for word in view.missing if word not in evidence.AFTER_COMPLETION]
    word = frame.get("word")
    if word in lacking:
        return _reason_page(desk, frame, view, str(word))
    unexplained = [word for word in lacking if word not in reasons]

    def do() -> Move:
        if unexplained:
            named = ", ".join(_(evidence.WORDS[each]) for each in unexplained)
            return wrong(_("Add it or say why it is missing: {what}").format(what=named))
        return sign_and_leave(desk, frame, lambda: _sign(desk, view, lacking, reasons))

    return Page(
        title=_("Complete job"),
        mark=view.id,
        say=_("Choose what is missing.") if unexplained else _("F1 completes the job."),
        lines=totals(view),
        choices=[_choice(frame, word, reasons.get(word), desk) for word in lacking],
        do=do,
        do_word=_("Finish"),
        back=lambda: leave(desk, frame, bool(reasons)),
    )


def _choice(frame: Frame, word: str, reason: str | None, desk: Desk) -> Choice:
    def choose() -> Move:
        frame.update(word=word, row=0, top=None)
        return stay()

    label = _("{what} is missing").format(what=_(evidence.WORDS[word]))
    if reason is None:
        return Choice(label, choose, mark=_("needed"), mark_tone=BAD)
    return Choice(label, choose, mark=_(desk.catalogue.reasons("missing").get(reason, reason)), mark_tone=DRAFT)


def _reason_page(desk: Desk, frame: Frame, view: JobView, word: str) -> Page:
    def close() -> Move:
        frame.update(word=None, row=0, top=None)
        return stay()

    def because(code: str) -> Move:
        frame["reasons"][word] = code
        return close()

    def add() -> Move:
        close()
        return go(**{**_ADDS[word], "job": view.id})

    rows = [(code, _(text)) for code, text in desk.catalogue.reasons("missing").items()]
    return Page(
        title=_("{what} is missing").format(what=_(evidence.WORDS[word])),
        mark=view.id,
        say=_("Add it, or say why not."),
        choices=[
            Choice(_("Add it now"), add),
            *[Choice(text, partial(because, code)) for code, text in rows],
        ],
        back=close,
    )


def totals(view: JobView) -> list[Line]:
    """What the job used, as the completion says it."""
    rows = forms.totals(view.job)
    return [Line(_total(row), PLAIN) for row in rows] or [Line(_("No time, parts or expenses."), PLAIN)]


def _total(row: list[str]) -> str:
    kind, code, unit, amount = row
    if unit == "ms":
        name = {"labour": _("Work"), "travel": _("Travel"), "waiting": _("Waiting")}.get(kind, kind)
        shown = kinds.value("reason", code) if kind == "waiting" else code
        return f"{name} {'' if code == kind else shown} {words.duration(int(amount))}".replace("  ", " ")
    if kind == "visit":
        return _("Visits {count}").format(count=amount)
    if kind == "expense":
        return " ".join([_("Expense"), code, words.money(amount, unit)])
    return f"{words.number(amount)} {unit} {code}"


def _sign(desk: Desk, view: JobView, lacking: list[str], reasons: dict[str, str]) -> str:
    rows = [[word, reasons[word]] for word in lacking]
    key = bodies.SHAPES["job.completed"].by_name["missing"].key

    def finish(body: dict[int, object]) -> list[object]:
        if rows:
            body[key] = rows
        return []

    desk.sign("job.completed", {}, view.id, finish=finish)
    return signed_words("job.completed")
