"""One job: where, what, how long; then the legal next steps, and nothing else that could be signed."""

from jobseal.card import Span
from jobseal.lifecycle import COMPLETED
from jobseal_device.ui import asks, deadline, evidence, kinds, progress, words
from jobseal_device.ui.desk import Desk, JobView
from jobseal_device.ui.page import BAD, DIM, PLAIN, STRONG, STRUCK, Choice, Frame, Line, Move, Page, go, stay, wrong
from jobseal_device.ui.pages.today import codes_of, summary
from jobseal_device.ui.signing import shelf_name
from jobseal_device.ui.words import _


def job(desk: Desk, frame: Frame) -> Page:
    """The job's menu. A part's scan, where parts may be used, goes straight to the parts."""
    view = desk.job(frame["job"])
    steps = [kind for kind in desk.steps(view.id) if is_offered(view, kind)]
    steps.sort(key=lambda kind: _RANKS.get((view.state, kind), 0))
    about = [*summary(desk, view), Line(""), *timeline(desk, view)]
    choices = [_step(desk, view, kind, about) for kind in steps]
    choices.append(Choice(_("Details"), lambda: go("details", job=view.id), aside=lambda: about))
    choices.append(Choice(_("History"), lambda: go("history", job=view.id), aside=lambda: about))
    if view.state in COMPLETED:
        choices.append(Choice(_("Proof"), lambda: go("proof", job=view.id), aside=lambda: about))
    takes_parts = "part.used" in steps

    def scan(code: str) -> Move:
        if code in codes_of(desk, view.id):
            return stay(_("That is this job."))
        if code in desk.orders:
            return go("job", job=code)
        return go("parts", job=view.id, scanned=code) if takes_parts else wrong(_("No parts are taken now."))

    return Page(
        title=f"{view.id} {view.customer}".strip(),
        mark=kinds.state(view.state),
        say=advice(view, steps),
        lines=_head(desk, view),
        choices=choices,
        scan=scan,
    )


def details(desk: Desk, frame: Frame) -> Page:
    """All that came down about the job."""
    view = desk.job(frame["job"])
    lines = summary(desk, view)
    if view.order is not None:
        for name, label in _DETAILS.items():
            text = view.order.text(name)
            if text:
                lines.append(Line(f"{_(label)}: {text}"))
        for task in view.tasks:
            name = desk.catalogue.name("tasks", task)
            lines.append(Line(f"{kinds.field('task')}: {task} {name}".rstrip()))
    lines += [Line(""), *timeline(desk, view)]
    return Page(title=view.id, mark=kinds.state(view.state), say=_("F6 and F7 turn pages, F3 goes back."), lines=lines)


_DETAILS = {
    "customer": words.N_("Customer"),
    "site": words.N_("Site"),
    "site_contact": words.N_("Contact"),
    "asset": words.N_("Asset"),
    "contract": words.N_("Contract"),
    "po_number": words.N_("Their order number"),
    "parent": words.N_("Belongs to"),
}


# What comes before and behind the lifecycle's own order.
_RANKS = {
    ("en_route", "job.arrived"): -1,
    ("waiting", "job.resumed"): -1,
    ("on_site", "labour.started"): -1,
    ("on_site", "labour.stopped"): -1,
    ("on_site", "travel.started"): 1,
    ("waiting", "travel.started"): 1,
    ("on_site", "job.cancelled"): 2,
    ("on_site", "event.corrected"): 2,
}


def is_offered(view: JobView, kind: str) -> bool:
    """Whether a legal step is worth a row: nobody accepts twice what has not changed."""
    if kind == "job.accepted" and view.lane is not None:
        accepted = view.card.of("job.accepted")
        revision = None if view.order is None else view.order.revision
        return bool(accepted) and accepted[-1].body.get("revision") != revision
    return kind not in asks.NOT_OFFERED


def _head(desk: Desk, view: JobView) -> list[Line]:
    """Two or three rows above the menu: where it is, and what is running."""
    lines = []
    if view.order is not None:
        where = view.order.text("site_address") or view.order.text("description")
        due = deadline.nearest(desk, view)
        left, tone = ("", DIM) if due is None else (due.left(), due.tone)
        if where or left:
            lines.append(Line(where.split("\n")[0][:60], PLAIN, left, tone))
    lines += [_running(desk, span) for span in view.card.spans if span.running and span.kind != "visit"]
    lines += progress.of_job(desk, view)
    lacking = view.missing
    if lacking and view.lane is not None:
        named = ", ".join(_(evidence.WORDS[word]) for word in lacking)
        lines.append(Line(_("Missing: {what}").format(what=named), BAD if view.state in COMPLETED else DIM))
    return lines


def _running(desk: Desk, span: Span) -> Line:
    assert span.start is not None
    elapsed, is_measured = desk.elapsed_ms(span.start)
    shown = "?" if elapsed is None else words.duration(elapsed) + ("" if is_measured else "~")
    return Line(span_words(span), STRONG, shown, STRONG)


def span_words(span: Span) -> str:
    """What is being timed."""
    if span.kind == "labour":
        return _("Work {task}").format(task=span.code)
    if span.kind == "travel":
        return _("Travel")
    if span.kind == "waiting":
        return _("Waiting for {what}").format(what=kinds.value("reason", span.code))
    return _("Visit")


def _step(desk: Desk, view: JobView, kind: str, about: list[Line]) -> Choice:
    frame = first_frame(desk, view, kind)
    kept = shelf_name(frame) in desk.drafts.shelf
    return Choice(
        kinds.step(kind),
        lambda: Move("open", frame),
        mark=_("draft") if kept else "",
        mark_tone="draft",
        aside=lambda: about,
    )


def first_frame(desk: Desk, view: JobView, kind: str) -> Frame:
    """The screen behind a step. Safety rules that nobody has read come before work."""
    if kind == "labour.started" and unread(desk, view):
        return {"at": "safety", "job": view.id}
    if kind in asks.SCREENS:
        return {"at": asks.SCREENS[kind], "job": view.id}
    return {"at": "form", "kind": kind, "job": view.id}


def unread(desk: Desk, view: JobView) -> list[str]:
    """Safety rules of the job's tasks that are not acknowledged."""
    read = {item.body["item"] for item in view.card.of("safety.acknowledged")}
    return [code for code, _text, _version in desk.catalogue.safety(view.tasks) if code not in read]


def advice(view: JobView, steps: list[str]) -> str:
    """What to do next, in one sentence."""
    if "labour.stopped" in steps:
        return _("Work is being timed.")
    sentences = {
        "created": _("Accept the job first."),
        "dispatched": _("Start travel, or arrive."),
        "en_route": _("Arrive when you are there."),
        "on_site": _("Start work, or complete the job."),
        "waiting": _("Resume when it can go on."),
        "complete": _("Let the customer sign."),
        "signed_off": _("Done. Show the proof if asked."),
        "waived": _("Done, without a signature."),
        "cancelled": _("Cancelled."),
    }
    return sentences.get(view.state, "")


def timeline(desk: Desk, view: JobView) -> list[Line]:
    """What happened, newest first; what was corrected is struck through."""
    now = desk.now().at
    return [
        Line(f"{words.moment(item.at, now)} {kinds.told(item)}", STRUCK if item.struck else PLAIN, state, state_tone)
        for item in reversed(view.card.items)
        for state, state_tone in [state_words(desk, item.fact.seq)]
    ] or [Line(_("Nothing has happened yet."), DIM)]


def state_words(desk: Desk, seq: int) -> tuple[str, str]:
    """An event's state as (word, tone)."""
    state = desk.state_of(seq)
    return {"signed": _("signed"), "sent": _("sent"), "acked": _("acked")}[state], state
