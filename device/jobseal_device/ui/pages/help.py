"""Help: what the keys do, what the first row and the states mean. It fits into the pocket of a glove."""

from jobseal_device.ui.desk import Desk
from jobseal_device.ui.page import ACKED, DRAFT, HEAD, PLAIN, SENT, SIGNED, Frame, Line, Page
from jobseal_device.ui.words import _


def help(desk: Desk, frame: Frame) -> Page:
    """The page, or all facts about the handheld."""
    if frame.get("topic") == "facts":
        from jobseal_device.ui.pages.device import facts

        return Page(title=_("Device"), mark=desk.device, say=_("F3 goes back."), lines=facts(desk))
    lines = [
        Line(_("Keys"), HEAD),
        Line(_("F1 does it. Only F1 signs.")),
        Line(_("F2 clears what you typed.")),
        Line(_("F3 goes back. It always works, and keeps drafts.")),
        Line(_("F4 goes on: the next row, question or page.")),
        Line(_("F6 and F7 turn pages, and so does 0 on a menu.")),
        Line(_("Digits choose a row. Enter takes what is typed.")),
        Line(_("States"), HEAD),
        Line(_("yours alone, nothing is signed"), PLAIN, _("draft"), DRAFT),
        Line(_("safe on this handheld"), PLAIN, _("signed"), SIGNED),
        Line(_("on its way to the office"), PLAIN, _("sent"), SENT),
        Line(_("the office has it, and said so"), PLAIN, _("acked"), ACKED),
        Line(_("First row"), HEAD),
        Line(_("A ? behind the clock: nobody vouches for it. ??: it is behind the office's.")),
        Line(_("Then what the office does not have yet, the link, and the battery.")),
        Line(_("Mistakes"), HEAD),
        Line(_("Open the job's history, choose the event, correct it. The original stays visible.")),
    ]
    return Page(title=_("Help"), say=_("F4 turns the page. F3 goes back."), lines=lines)
