"""The customer signs: reads the summary, gives name and role, draws or types. What was read is named by its hash."""

import hashlib
from functools import partial
from typing import Any

from jobseal import bodies
from jobseal_device.ui import strokes, words
from jobseal_device.ui.desk import Desk, JobView
from jobseal_device.ui.page import HEAD, STROKES, Choice, Entry, Frame, Line, Move, Page, go, stay, wrong
from jobseal_device.ui.pages.complete import totals
from jobseal_device.ui.signing import leave, sign_and_leave, signed_words, take_up
from jobseal_device.ui.words import N_, _

SUMMARY, NAME, ROLE, METHOD, DRAWING, TYPING = range(6)
ROLES = {"customer": N_("customer"), "caretaker": N_("caretaker"), "staff": N_("staff"), "other": N_("other")}
_FIELDS = bodies.SHAPES["job.signed_off"].by_name


def signoff(desk: Desk, frame: Frame) -> Page:
    """One step after the other; F3 goes one back."""
    view = desk.job(frame["job"])
    take_up(desk, frame)
    frame.setdefault("step", SUMMARY)
    return _Signoff(desk, view, frame).page()


class _Signoff:
    """One look at a sign-off."""

    def __init__(self, desk: Desk, view: JobView, frame: Frame) -> None:
        self.desk = desk
        self.view = view
        self.frame = frame

    def page(self) -> Page:
        step = self.frame["step"]
        page = [self.read, self.name, self.role, self.method, self.draw, self.typed][step]()
        page.mark = page.mark or self.view.id
        page.back = self.back
        return page

    def back(self) -> Move:
        step = self.frame["step"]
        if step == SUMMARY:
            return leave(self.desk, self.frame, bool(self.frame.get("name")))
        return self.turn(METHOD if step == TYPING else step - 1)

    def turn(self, step: int) -> Move:
        self.frame.update(step=step, text=self.frame.get("name", "") if step == NAME else "", row=0, top=None)
        return stay()

    def summary(self) -> list[Line]:
        """What the customer reads and signs."""
        view, now = self.view, self.desk.now().at
        lines = [Line(f"{view.customer or view.id}, {words.day(now)}", HEAD)]
        if view.order is not None and view.order.text("description"):
            lines.append(Line(view.order.text("description")))
        return [*lines, *totals(view)]

    def digest(self) -> bytes:
        text = "\n".join(f"{line.text}\t{line.mark}" for line in self.summary())
        return hashlib.sha256(text.encode()).digest()

    def read(self) -> Page:
        return Page(
            title=_("Customer signs"),
            say=_("The customer reads this, then F1."),
            lines=self.summary(),
            do=lambda: self.turn(NAME),
            do_word=_("Go on"),
        )

    def name(self) -> Page:
        def take(text: str) -> Move:
            text = text.strip()
            if not text:
                return wrong(_("{field} is needed.").format(field=_("Name")))
            self.frame["name"] = text
            return self.turn(ROLE)

        return Page(
            title=_("Customer signs"),
            say=_("Enter takes it."),
            entry=Entry(_("Name of who signs"), take, most=80),
        )

    def role(self) -> Page:
        def take(role: str) -> Move:
            self.frame["role"] = role
            return self.turn(METHOD)

        return Page(
            title=_("Customer signs"),
            say=_("Choose by digit."),
            lines=[Line(_("Who is {name}?").format(name=self.frame["name"]), HEAD)],
            choices=[Choice(_(text), partial(take, code)) for code, text in ROLES.items()],
        )

    def method(self) -> Page:
        return Page(
            title=_("Customer signs"),
            say=_("Choose by digit."),
            lines=[Line(_("How does {name} sign?").format(name=self.frame["name"]), HEAD)],
            choices=[
                Choice(_("Draw with finger or mouse"), lambda: self.turn(DRAWING)),
                Choice(_("The typed name is enough"), lambda: self.turn(TYPING)),
                Choice(
                    _("Nobody signs: give a reason"),
                    lambda: go("form", kind="signoff.waived", job=self.view.id),
                ),
            ],
        )

    def draw(self) -> Page:
        drawn = self.frame.setdefault("strokes", [])

        def clear() -> Move:
            drawn.clear()
            return stay()

        def do() -> Move:
            if not drawn:
                return wrong(_("Draw the signature first."))
            return sign_and_leave(self.desk, self.frame, lambda: self.sign("strokes"))

        return Page(
            title=self.frame["name"],
            say=_("Sign above the line. F1 signs."),
            entry=Entry("", lambda _text: do(), STROKES),
            do=do,
            do_word=_("Sign"),
            clear=clear,
        )

    def typed(self) -> Page:
        return Page(
            title=_("Customer signs"),
            say=_("F1 signs."),
            lines=[*self.summary(), Line(""), Line(_("Signed for by {name}").format(name=self.frame["name"]), HEAD)],
            do=lambda: sign_and_leave(self.desk, self.frame, lambda: self.sign("typed")),
            do_word=_("Sign"),
        )

    def sign(self, method: str) -> str:
        name = self.frame["name"]
        fields = {"method": method, "name": "@" + name if name.startswith("@") else name, "role": self.frame["role"]}

        def finish(body: dict[int, Any]) -> list[Any]:
            body[_FIELDS["summary"].key] = self.digest()
            if method != "strokes":
                return []
            drawn = self.desk.opened.attachment(strokes.svg(self.frame["strokes"]), strokes.MEDIA)
            body[_FIELDS["strokes"].key] = drawn.named
            return [drawn]

        self.desk.sign("job.signed_off", fields, self.view.id, finish=finish)
        return signed_words("job.signed_off")
