"""A working day as keys and scans: three jobs from travel to sign-off, a correction, a return visit.

Each step waits for what the screen says, so it can be played to a slow terminal, or again after a kill: a step whose
event is signed already is not played twice.
"""

from collections.abc import Iterator
from typing import NamedTuple

from tests.device.ui.terminal import Terminal


class Step(NamedTuple):
    """``keys``: keys by name, ``scan:CODE``, ``type:TEXT``, ``row:LABEL``, ``ask:LABEL`` (a question's row, from the
    one before) or ``tidy`` (take off what a list in draft has), from the job's menu on; ``signs``: what this step
    signs; ``rest``: the keys when one, two ... of that is signed already."""

    job: str
    signs: tuple[str, ...]
    keys: tuple[str, ...]
    rest: tuple[tuple[str, ...], ...] = ()


INSPECTION, FILTERS, REPAIR = "WO-1001", "WO-1002", "WO-1003"


def _row(label: str) -> str:
    return f"row:{label}"


def _plain(job: str, label: str, kind: str) -> Step:
    return Step(job, (kind,), (_row(label), "F1"))


def _visit(job: str) -> Iterator[Step]:
    yield _plain(job, "Accept job", "job.accepted")
    yield _plain(job, "Start travel", "travel.started")
    yield _plain(job, "Arrive on site", "job.arrived")


def _signed_off(job: str, name: str) -> Iterator[Step]:
    yield Step(job, ("job.signed_off",), (_row("Customer signs"), "F1", f"type:{name}", "Enter", "1", "2", "F1"))


def _parts(*codes: str) -> tuple[str, ...]:
    return (_row("Parts used"), "tidy", *(f"scan:{code}" for code in codes), "F1")


def _answers(*keys: str) -> tuple[str, ...]:
    """Question by question, each from the list."""
    return (_row("Checklist"), *keys, "F1")


_LEAK, _BELT, _DROP = ("ask:Leak", "2"), ("ask:Belt", "1"), ("ask:Pressure", "type:80", "Enter")
_THE_FILTERS = (_row("History"), _row("part used FLT"))

DAY: tuple[Step, ...] = (
    *_visit(FILTERS),
    _plain(FILTERS, "Start work", "labour.started"),
    Step(FILTERS, ("part.used",) * 2, _parts("FLT-10", "FLT-10", "NEW-9"), (_parts("NEW-9"),)),
    Step(FILTERS, ("note.added",), (_row("Note"), "type:Grille bent", "F1")),
    _plain(FILTERS, "Stop work", "labour.stopped"),
    Step(FILTERS, ("event.corrected",), (*_THE_FILTERS, _row("Correct it"), _row("Quantity"), "3", "Enter", "1", "F1")),
    _plain(FILTERS, "Complete job", "job.completed"),
    *_signed_off(FILTERS, "R. Rosner"),
    *_visit(INSPECTION),
    Step(INSPECTION, ("safety.acknowledged",), (_row("Start work"), "F1")),
    _plain(INSPECTION, "Start work", "labour.started"),
    Step(
        INSPECTION,
        ("checklist.answered",) * 3,
        _answers(*_LEAK, *_BELT, *_DROP),
        (_answers(*_BELT, *_DROP), _answers(*_DROP)),
    ),
    Step(INSPECTION, ("reading.taken",), (_row("Reading"), "type:TEMP", "Enter", "type:21.5", "F1")),
    _plain(INSPECTION, "Stop work", "labour.stopped"),
    Step(INSPECTION, ("job.waiting",), (_row("Wait for"), "1", "F1")),
    _plain(INSPECTION, "Start travel", "travel.started"),
    _plain(INSPECTION, "Arrive on site", "job.arrived"),
    Step(INSPECTION, ("job.completed",), (_row("Complete job"), "1", "2", "F1")),
    *_signed_off(INSPECTION, "H. Post"),
    *_visit(REPAIR),
    Step(REPAIR, ("expense.added",), (_row("Expense"), "type:PARKING", "Enter", "type:4.50", "F1")),
    _plain(REPAIR, "Complete job", "job.completed"),
    Step(REPAIR, ("signoff.waived",), (_row("Waive"), "1", "F4", "F1")),
)  # fmt: skip

KINDS = [kind for step in DAY for kind in step.signs]


def to_today(terminal: Terminal) -> None:
    """F3 until the list of jobs is shown, from wherever the application opened."""
    terminal.wait(lambda: "F3 " in terminal.text())
    for _each in range(30):
        before = terminal.text()
        if terminal.rows()[1].startswith((" Today", " Log in")):
            return
        terminal.press("F3")
        terminal.wait(lambda before=before: terminal.text() != before)  # type: ignore[misc]
    raise AssertionError(terminal.text())


def play(terminal: Terminal, step: Step, signed: int = 0) -> None:
    """One step, from the list of today's jobs; ``signed``: how much of it is signed already."""
    to_today(terminal)
    terminal.scan(step.job)
    terminal.wait(lambda: step.job in terminal.rows()[1])
    for key in step.rest[signed - 1] if signed else step.keys:
        _press(terminal, key)
    terminal.wait("Signed")


def _press(terminal: Terminal, key: str) -> None:
    what, colon, text = key.partition(":")
    if colon and what == "ask" and not _digit_of(terminal, text):
        _see(terminal, "F3")
    if colon and what in ("row", "ask"):
        choose(terminal, text)
    elif colon and what == "scan":
        terminal.scan(text)
        terminal.wait(text)
    elif colon and what == "type":
        terminal.press("F2")  # what was kept of an earlier try
        terminal.type(text)
        terminal.wait(f"> {text}_")
    elif key == "tidy":
        _tidy(terminal)
    else:
        _see(terminal, key)


def _see(terminal: Terminal, key: str) -> None:
    """Press it and wait until something is different."""
    before = terminal.text()
    terminal.press(key)
    terminal.wait(lambda: terminal.text() != before)


def choose(terminal: Terminal, label: str) -> None:
    """By digit, on whichever page of the menu the row is."""
    for _each in range(6):
        digit = _digit_of(terminal, label)
        if digit:
            return _see(terminal, digit)
        _see(terminal, "0")
    raise AssertionError(f"no row with {label}:\n{terminal.text()}")


def _digit_of(terminal: Terminal, label: str) -> str:
    """The digit before the row of this label; "" if it is not shown."""
    return next((row[1] for row in terminal.rows() if label in row and row[1:2].isdigit()), "")


def _tidy(terminal: Terminal) -> None:
    """Take everything off the list of parts."""
    terminal.wait("Scan or type the part")
    if " pc " not in terminal.text():
        return
    _see(terminal, "F4")
    while " pc " in terminal.text():
        _see(terminal, "1")
        choose(terminal, "Take it off")
