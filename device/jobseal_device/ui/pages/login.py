"""Who works with this handheld: every event says so, and the session is opened and closed by events."""

from jobseal.shape import Text
from jobseal_device.ui.desk import Desk
from jobseal_device.ui.page import GOOD_BELL, ROOT, Entry, Frame, Line, Move, Page, back, wrong
from jobseal_device.ui.words import _

_ID = Text(1, 32)


def login(desk: Desk, frame: Frame) -> Page:
    """Asks for the technician: a badge's scan, or the id typed."""
    del frame

    def take(text: str) -> Move:
        who = text.strip()
        if _ID.problem(who):
            return wrong(_("An id has 1 to 32 characters."))
        desk.sign("session.opened", {}, by=who)
        return Move(ROOT, None, _("Hello {who}.").format(who=who), GOOD_BELL)

    return Page(
        title=_("Log in"),
        mark=desk.device,
        say=_("Scan your badge, or type your id and press F1."),
        entry=Entry(_("Who are you?"), take, most=32),
        do_word=_("Log in"),
    )


def logout(desk: Desk, frame: Frame) -> Page:
    """Asks once more."""
    del frame

    def do() -> Move:
        desk.sign("session.closed", {"reason": "logout"})
        return Move(ROOT, None, _("Logged out."), GOOD_BELL)

    return Page(
        title=_("Log out"),
        mark=desk.technician or "",
        say=_("F1 logs out, F3 goes back."),
        lines=[Line(_("Drafts stay on this handheld. Timers go on running."))],
        do=do,
        do_word=_("Log out"),
        back=lambda: back(),
    )
