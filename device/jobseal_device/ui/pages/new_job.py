"""Work that nobody ordered: reality first, the office completes it. The job gets a number of this handheld's own."""

from jobseal_device.errors import EventInDoubt
from jobseal_device.ui import kinds
from jobseal_device.ui.desk import Desk
from jobseal_device.ui.page import GOOD_BELL, WRONG_BELL, Entry, Frame, Line, Move, Page, stay, swap, wrong
from jobseal_device.ui.verdicts import error_sentence
from jobseal_device.ui.words import _


def new_job(desk: Desk, frame: Frame) -> Page:
    """First where, then what."""
    site = frame.get("site")

    def take_site(text: str) -> Move:
        text = text.strip()
        if not 1 <= len(text) <= 64:
            return wrong(_("A code has 1 to 64 characters."))
        frame.update(site=text, text="")
        return stay()

    def do() -> Move:
        fields = {"site": str(site)}
        details = frame.get("text", "").strip()
        if details:
            fields["details"] = "@" + details if details.startswith("@") else details
        id = desk.new_job_id()
        try:
            desk.sign("job.accepted", fields, id)
        except EventInDoubt as doubt:
            return swap("job", error_sentence(doubt), WRONG_BELL, job=id)
        return swap("job", _("Signed: new job {id}.").format(id=id), GOOD_BELL, job=id)

    def undo() -> Move:
        frame.update(site=None, text="")
        return stay()

    if not site:
        entry = Entry(_("Scan the site's code, or type where you are"), take_site, most=64)
        return Page(title=_("New job"), say=_("The office completes it later."), entry=entry)
    return Page(
        title=_("New job"),
        mark=str(site)[:20],
        say=_("F1 signs. The office completes it later."),
        lines=[Line(f"{kinds.field('site')}: {site}")],
        entry=Entry(_("What is it about, and for whom?"), lambda _text: stay(_("F1 signs.")), most=1000),
        do=do,
        do_word=_("Sign"),
        back=undo,
    )
