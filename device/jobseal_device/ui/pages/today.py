"""Today: appointments by time, state, what is missing. Behind F4, everything that belongs to no single job."""

from jobseal.lifecycle import COMPLETED, DONE
from jobseal_device.ui import deadline, evidence, kinds, words
from jobseal_device.ui.desk import Desk, JobView
from jobseal_device.ui.page import (
    BAD,
    DIM,
    GOOD,
    HEAD,
    PLAIN,
    QUIT,
    STRONG,
    Choice,
    Choices,
    Frame,
    Line,
    Move,
    Page,
    go,
    wrong,
)
from jobseal_device.ui.words import _


def today(desk: Desk, frame: Frame) -> Page:
    """The list of jobs."""
    del frame
    ids = desk.job_ids()

    def choice(place: int) -> Choice:
        view = desk.job(ids[place])
        return Choice(
            label=f"{_time(view)} {view.customer or view.id}",
            go=lambda: go("job", job=view.id),
            mark=mark(desk, view),
            tone=DIM if view.state in DONE else PLAIN,
            mark_tone=_mark_tone(view),
            aside=lambda: summary(desk, view),
        )

    def scan(code: str) -> Move:
        found = [id for id in ids if id == code] or [id for id in ids if code in codes_of(desk, id)]
        if len(found) == 1:
            return go("job", job=found[0])
        if found:
            return wrong(_("{code} belongs to {count} jobs: choose one.").format(code=code, count=len(found)))
        return (
            go("new_job", site=code[:64])
            if len(code) <= 64
            else wrong(_("Too long for a code: 64 characters at most."))
        )

    now = desk.now().at
    say = _("Choose a job, or scan its code.") if ids else _("No jobs. F4 opens the menu.")
    if desk.unreadable:
        say = desk.unreadable
    return Page(
        title=_("Today") + (f" {words.day(now)}" if now is not None else ""),
        mark=desk.technician or "",
        say=say,
        lines=[] if ids else [Line(_("New work appears here by itself once sync has fetched it."))],
        choices=Choices(len(ids), choice),
        next=lambda: go("menu"),
        next_word=_("Menu"),
        scan=scan,
    )


def menu(desk: Desk, frame: Frame) -> Page:
    """Everything else."""
    del frame
    waits = max(0, desk.signed - desk.acknowledged)
    return Page(
        title=_("Menu"),
        mark=desk.technician or "",
        say=_("Choose by digit. F3 goes back."),
        choices=[
            Choice(_("New job"), lambda: go("new_job")),
            Choice(_("Outbox"), lambda: go("outbox"), mark=str(waits)),
            Choice(_("History"), lambda: go("history")),
            Choice(_("Device"), lambda: go("device")),
            Choice(_("Scanner test"), lambda: go("scanner_test")),
            Choice(_("Help"), lambda: go("help")),
            Choice(_("Log out"), lambda: go("logout")),
            Choice(_("Close the screen"), lambda: Move(QUIT)),
        ],
    )


def mark(desk: Desk, view: JobView) -> str:
    """How little time is left, how much is missing once somebody is at work, and the state."""
    due = deadline.nearest(desk, view)
    lacking = [] if view.lane is None or view.state == "cancelled" else _lacking(view)
    parts = ["" if due is None else due.short(), f"-{len(lacking)}" if lacking else "", kinds.state(view.state)]
    return " ".join(part for part in parts if part)


def _lacking(view: JobView) -> list[str]:
    after = evidence.AFTER_COMPLETION
    return [word for word in view.missing if view.state in COMPLETED or word not in after]


def _mark_tone(view: JobView) -> str:
    if view.state in ("signed_off", "waived"):
        return GOOD
    if view.state in ("on_site", "en_route", "waiting"):
        return STRONG
    return DIM


def _time(view: JobView) -> str:
    return words.clock(None if view.order is None else view.order.time("window_start"))


def codes_of(desk: Desk, id: str) -> list[str]:
    """The codes by which a job is meant: its number, its site and its asset."""
    order = desk.orders.get(id)
    return [id] if order is None else [code for code in (id, order.text("site"), order.text("asset")) if code]


def summary(desk: Desk, view: JobView) -> list[Line]:
    """A job in a few lines, as the detail beside a list."""
    order = view.order
    lines = [Line(view.customer or view.id, HEAD, kinds.state(view.state))]
    if order is not None:
        lines += [Line(text) for text in (order.text("site_address"), order.text("description")) if text]
        start, end = order.time("window_start"), order.time("window_end")
        targets = deadline.deadlines(desk, view)
        if start is not None:
            visit = next((due for due in targets if due.target == deadline.APPOINTMENT), None)
            left, tone = ("", DIM) if visit is None else (visit.time(), visit.tone)
            lines.append(Line(f"{words.moment(start, desk.now().at)}-{words.clock(end)}", DIM, left, tone))
        lines += [Line(due.by(), PLAIN, due.time(), due.tone) for due in targets if due.target != deadline.APPOINTMENT]
        lines.append(Line(" ".join([view.id, *order.texts("tasks")]), DIM))
    else:
        lines.append(Line(_("No order yet: the office completes it."), DIM))
    lacking = view.missing
    if lacking:
        named = ", ".join(_(evidence.WORDS[word]) for word in lacking)
        lines.append(Line(_("Missing: {what}").format(what=named), BAD if view.state in COMPLETED else PLAIN))
    return lines
