"""Who works with this handheld: a badge or an id, then the PIN where the key lies behind one.

Wrong PINs make wait and lock, and a supervisor lifts that here. Where the PIN is right and this handheld does not know
it yet, a colleague vouches once. The session is opened and closed by events.
"""

from jobseal.errors import JobsealError
from jobseal.shape import Text
from jobseal_device.ui.desk import Desk
from jobseal_device.ui.page import (
    GOOD_BELL,
    QUIT,
    ROOT,
    SECRET,
    WRONG_BELL,
    Choice,
    Entry,
    Frame,
    Line,
    Move,
    Page,
    stay,
    wrong,
)
from jobseal_device.ui.verdicts import error_sentence
from jobseal_device.ui.words import _
from jobseal_device.unlock import LoginRefused, Voucher
from jobseal_device.vault import SETUP

PIN_MOST = 64
_ID = Text(1, 32)
_HELPERS = {"pin_locked": "lift", "not_admitted": "vouch"}


def login(desk: Desk, frame: Frame) -> Page:
    """Asks for the technician, then the PIN, then for whoever helps. The PIN is never part of a draft."""
    looked = _Login(desk, frame)
    if frame.get("is_checking"):
        return looked.checking()
    if not frame.get("who"):
        return looked.who()
    if frame.get("refused"):
        return looked.refused()
    if frame.get("help") and frame.get("helper") is None:
        return looked.helper()
    return looked.pin()


class _Login:
    """One look at a login."""

    def __init__(self, desk: Desk, frame: Frame) -> None:
        self.desk = desk
        self.frame = frame

    def who(self) -> Page:
        def take(text: str) -> Move:
            who = text.strip()
            if _ID.problem(who):
                return wrong(_("An id has 1 to 32 characters."))
            self.frame.update(who=self.desk.door.identify(who), text="")
            return stay() if self.desk.door.needs_pin else self.enter("")

        return Page(
            title=_("Log in"),
            mark=self.desk.device,
            say=_("Scan your badge, or type your id and press F1."),
            entry=Entry(_("Who are you?"), take, most=32),
            do_word=_("Log in"),
        )

    def pin(self) -> Page:
        helper = self.frame.get("helper")
        whose = self.frame["who"] if helper is None else _("setting up") if helper == SETUP else helper

        def take(text: str) -> Move:
            if not text:
                return wrong(_("Type the PIN."))
            self.desk.pin = text
            self.frame.update(is_checking=True, text="")
            return stay(_("Checking the PIN ..."))

        return Page(
            title=_("Log in"),
            mark=whose,
            say=_("Type the PIN and press F1."),
            entry=Entry(_("PIN of {who}").format(who=whose), take, SECRET, most=PIN_MOST),
            do_word=_("Log in"),
            back=self.start_over,
        )

    def checking(self) -> Page:
        """The check takes up to a second: it is made once this page is on the screen."""

        def tick() -> Move:
            pin, self.desk.pin = self.desk.pin, ""
            self.frame["is_checking"] = False
            return self.enter(pin)

        page = Page(title=_("Log in"), say=_("Checking the PIN ..."), back=self.start_over, tick=tick, is_hurried=True)
        page.mark = self.frame["who"]
        return page

    def enter(self, pin: str) -> Move:
        who, helper, how = self.frame["who"], self.frame.get("helper"), self.frame.get("help")
        if self.desk.is_superseded:  # nobody can log in with a key that has ended: open anew, with the one after it
            self.start_over()
            return Move(QUIT)
        try:
            if how == "lift" and helper is not None:
                self.desk.door.lift(who, helper, pin)
                self.frame.update(help="", helper=None, refused="")
                return stay(_("The lock is lifted. Now your own PIN."), GOOD_BELL)
            if how == "vouch" and helper is not None:
                self.desk.door.unlock(who, self.desk.own_pin, Voucher(helper, pin))
            else:
                self.desk.door.unlock(who, pin, None)
        except LoginRefused as error:
            return self.tell(error, pin)
        except JobsealError:
            self.start_over()
            if self.desk.is_superseded:  # a rotation that a power cut interrupted has just been finished
                return Move(QUIT)
            raise
        self.start_over()
        return Move(ROOT, None, _("Hello {who}.").format(who=who), GOOD_BELL)

    def tell(self, error: LoginRefused, pin: str) -> Move:
        if error.code in _HELPERS and self.frame.get("helper") is None:
            self.frame.update(refused=error.code, row=0)
            self.desk.own_pin = pin
        elif error.code in ("unknown_technician", "no_roster", "no_pin") and self.frame.get("helper") is None:
            self.start_over()
        said = error_sentence(error)
        if error.wait_s:
            said = _("{what} Wait {seconds} s.").format(what=said, seconds=error.wait_s)
        return Move("stay", None, said, WRONG_BELL)

    def refused(self) -> Page:
        """Somebody else can help."""
        how = _HELPERS[self.frame["refused"]]

        def ask() -> Move:
            self.frame.update(help=how, refused="", helper=None, text="")
            return stay()

        def set_up() -> Move:
            self.frame.update(help=how, refused="", helper=SETUP, text="")
            return stay()

        def again() -> Move:
            return self.start_over()

        first = [Choice(_("The PIN of setting up"), set_up)] if how == "vouch" else []
        label = _("A supervisor lifts the lock") if how == "lift" else _("A colleague vouches for me")
        return Page(
            title=_("Log in"),
            mark=self.frame["who"],
            say=_("Choose by digit."),
            lines=[Line(_("Your PIN is right, but new here.") if how == "vouch" else _("Your PIN is locked here."))],
            choices=[Choice(label, ask), *first, Choice(_("Somebody else logs in"), again)],
            back=again,
        )

    def helper(self) -> Page:
        def take(text: str) -> Move:
            who = text.strip()
            if _ID.problem(who):
                return wrong(_("An id has 1 to 32 characters."))
            self.frame.update(helper=self.desk.door.identify(who), text="")
            return stay()

        prompt = _("Which supervisor?") if self.frame["help"] == "lift" else _("Which colleague?")
        return Page(
            title=_("Log in"),
            mark=self.frame["who"],
            say=_("Scan the badge, or type the id."),
            entry=Entry(prompt, take, most=32),
            back=self.start_over,
        )

    def start_over(self) -> Move:
        self.desk.pin = self.desk.own_pin = ""
        for name in ("who", "help", "helper", "refused", "is_checking"):
            self.frame.pop(name, None)
        self.frame["text"] = ""
        return stay()


def logout(desk: Desk, frame: Frame) -> Page:
    """Asks once more."""
    del frame

    def do() -> Move:
        desk.door.lock("logout")
        return Move(ROOT, None, _("Logged out."), GOOD_BELL)

    return Page(
        title=_("Log out"),
        mark=desk.technician or "",
        say=_("F1 logs out, F3 goes back."),
        lines=[Line(_("Drafts stay on this handheld. Timers go on running."))],
        do=do,
        do_word=_("Log out"),
    )
