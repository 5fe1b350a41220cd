"""History and outbox: what happened to each event, with the gateway's verdict in words."""

from jobseal import bodies
from jobseal.card import Item
from jobseal.event import SignedEvent
from jobseal_device.ui import kinds, progress, verdicts, words
from jobseal_device.ui.desk import Desk
from jobseal_device.ui.page import (
    BAD,
    DIM,
    GOOD,
    HEAD,
    PLAIN,
    STRUCK,
    WARNING,
    Choice,
    Choices,
    Frame,
    Line,
    Page,
    go,
)
from jobseal_device.ui.pages.job import state_words
from jobseal_device.ui.words import _, counted

NEWEST_MOST = 200


def history(desk: Desk, frame: Frame) -> Page:
    """A job's events, or this handheld's newest; choose one to see all of it, or to correct it."""
    id = frame.get("job")
    if id is None:
        rows = list(desk.newest(NEWEST_MOST))
        choices = Choices(len(rows), lambda place: _row(desk, *rows[place]))
        return Page(title=_("History"), mark=str(desk.signed), say=_("Choose an event to see it."), choices=choices)
    view = desk.job(id)
    items = list(reversed(view.card.items))
    return Page(
        title=_("History"),
        mark=view.id,
        say=_("Choose an event to see or correct it."),
        lines=[] if items else [Line(_("Nothing has happened yet."), DIM)],
        choices=Choices(len(items), lambda place: _item(desk, view.id, items[place])),
    )


def _item(desk: Desk, job: str, item: Item) -> Choice:
    state, tone = state_words(desk, item.fact.seq)
    told = f"{words.clock(item.at)} {kinds.told(item)}"
    flagged = desk.verdicts.get(item.fact.seq)
    return Choice(
        told,
        lambda: go("event", seq=item.fact.seq, job=job),
        mark=f"! {state}" if flagged else state,
        tone=STRUCK if item.struck else PLAIN,
        mark_tone=BAD if flagged else tone,
        aside=lambda: _told(desk, item),
    )


def _row(desk: Desk, seq: int, signed: SignedEvent) -> Choice:
    state, tone = state_words(desk, seq)
    event = signed.event
    flagged = desk.verdicts.get(seq)
    return Choice(
        f"{words.clock(event.at)} {kinds.done(event.kind)} {event.job or ''}".rstrip(),
        lambda: go("event", seq=seq, job=event.job),
        mark=f"! {state}" if flagged else state,
        mark_tone=BAD if flagged else tone,
    )


def event(desk: Desk, frame: Frame) -> Page:
    """One event: what it says now, what it said, and what the gateway says of it."""
    seq = frame["seq"]
    signed = desk.event(seq)
    job = signed.event.job
    item = _find(desk, job, seq)
    lines = _plain(desk, signed) if item is None else _told(desk, item)
    choices = []
    if item is not None and job is not None and item.fact.kind != "event.corrected" and item.readable:
        choices.append(Choice(_("Correct it"), lambda: go("correct", job=job, seq=seq)))
    if job is not None:
        choices.append(Choice(_("Open the job"), lambda: go("job", job=job)))
    return Page(
        title=kinds.done(signed.event.kind),
        mark=job or "",
        say=_("F3 goes back."),
        lines=lines,
        choices=choices,
    )


def _find(desk: Desk, job: str | None, seq: int) -> Item | None:
    if job is None:
        return None
    return next((item for item in desk.job(job).card.items if item.fact.seq == seq), None)


def _plain(desk: Desk, signed: SignedEvent) -> list[Line]:
    said = signed.event
    fits = not bodies.problem(said.kind, said.body)
    named = bodies.named(said.kind, said.body) if fits else {}
    state, tone = state_words(desk, said.seq)
    lines = [Line(words.moment(said.at, desk.now().at), HEAD, state, tone)]
    lines += _verdicts(desk, said.seq)
    return lines + [
        Line(f"{kinds.field(name)}: {kinds.value(name, value)}")
        for name, value in named.items()
        if name not in kinds.UNSAID
    ]


def _told(desk: Desk, item: Item) -> list[Line]:
    """An event as it stands, and, struck through, what it said before it was corrected."""
    fact = item.fact
    state, tone = state_words(desk, fact.seq)
    now = desk.now().at
    lines = [
        Line(f"{words.moment(item.at, now)} {kinds.done(fact.kind)}", STRUCK if item.struck else HEAD, state, tone)
    ]
    lines += _verdicts(desk, fact.seq)
    before = {} if fact.kind is None or fact.body is None else bodies.named(fact.kind, fact.body)
    if item.moved:
        lines.append(Line(f"{kinds.field('at')}: {words.moment(fact.at, now)}", STRUCK))
    for name in dict.fromkeys([*before, *item.body]):
        if name in kinds.UNSAID:
            continue
        old, new = before.get(name), item.body.get(name)
        if old != new and old is not None:
            lines.append(Line(f"{kinds.field(name)}: {kinds.value(name, old)}", STRUCK))
        if new is not None and not (item.struck and old == new):
            lines.append(Line(f"{kinds.field(name)}: {kinds.value(name, new)}", STRUCK if item.struck else PLAIN))
    for correction in item.corrections:
        reason = 0 if correction.body is None else correction.body[1]
        why = _(kinds.CORRECTIONS.get(reason, "?"))
        what = (
            _("taken back: {why}")
            if correction.body is not None and correction.body[2] is None
            else _("corrected: {why}")
        )
        lines.append(Line(what.format(why=why), GOOD, *state_words(desk, correction.seq)))
    if fact.by:
        lines.append(Line(_("by {who}").format(who=fact.by), DIM))
    return lines


def _verdicts(desk: Desk, seq: int) -> list[Line]:
    """What the gateway says of an event."""
    codes = desk.verdicts.get(seq, [])
    if not codes:
        return [Line(_("The office has it."), DIM)] if seq < desk.acknowledged else []
    return [line for code in codes for line in (Line(verdicts.verdict(code), BAD), Line(code, DIM))]


def outbox(desk: Desk, frame: Frame) -> Page:
    """What waits, what keeps it from going, and what the gateway has to say."""
    del frame
    signed, acked = desk.signed, min(desk.acknowledged, desk.signed)
    waiting = signed - acked
    lines = [
        Line(counted("{count} event signed", "{count} events signed", signed), PLAIN, progress.bar(acked, signed), DIM),
        Line(_("{count} sent, {acked} acked").format(count=min(desk.sent, signed), acked=acked)),
    ]
    lines += progress.of_all(desk)
    if desk.trouble is not None:
        lines.append(Line(verdicts.told(desk.trouble), BAD))
    if desk.unreadable:
        lines.append(Line(desk.unreadable, BAD))
    lines += [Line(verdicts.told(row), WARNING) for row in desk.alarms[-3:]]
    judged = sorted(desk.verdicts, reverse=True)
    rows = [(seq, signed_event) for seq, signed_event in desk.newest(NEWEST_MOST, acked)]
    flagged = [seq for seq in judged if seq < acked][:50]

    def choice(place: int) -> Choice:
        if place < len(rows):
            return _row(desk, *rows[place])
        seq = flagged[place - len(rows)]
        return _row(desk, seq, desk.event(seq))

    return Page(
        title=_("Outbox"),
        mark=str(waiting),
        say=_("Everything is with the office.") if not waiting else _("It goes by itself once there is a link."),
        lines=lines,
        choices=Choices(len(rows) + len(flagged), choice),
    )
