"""A lane: one key's part in a job. It follows the lifecycle and pairs the starts and stops of time entries.

It takes the key's events in chain order and only ever looks at those already taken. What it finds odd it notes and
goes on: reality happened. Corrections do not rewind a lane: a step is undone by a step (``job.reopened``), while
:mod:`jobseal.card` applies corrections to what the events say.
"""

from jobseal.lifecycle import (
    CLOSING,
    CREATED,
    ENDS,
    HANDED_OVER,
    MOVES_ONLY_WHEN_LEGAL,
    OF_THE_DEVICE,
    ON_SITE,
    OPENS,
    STEPS,
)

MYPY = False
if MYPY:
    from typing import Any

    from jobseal.job import Fact

# Where a time entry has no stop: it may still come, or its place is taken by a later start.
OPEN = -1
ABANDONED = -2


class TimeEntry:
    """``kind``: labour, travel, waiting or visit; ``code``: the task, the reason for waiting, or the kind itself;
    ``by``: technician or None; ``start``, ``stop``: numbers of facts, or ``OPEN``, ``ABANDONED`` for the stop."""

    __slots__ = ("by", "code", "kind", "start", "stop")

    def __init__(self, kind: str, code: str, by: str | None, start: int, stop: int) -> None:
        self.kind = kind
        self.code = code
        self.by = by
        self.start = start
        self.stop = stop

    def to_value(self) -> "list[Any]":
        return [self.kind, self.code, self.by, self.start, self.stop]


class Lane:
    """``key``: thumbprint; ``state``: see :mod:`jobseal.lifecycle`; ``count``: events taken; ``last``: the highest
    seq; ``closing``: a completion or cancellation was taken, so that every further event carries a close;
    ``signoff``: number of the fact that signed off or waived, while it holds; ``entries``; ``problems``: [code,
    number of the fact] each; ``successor``: thumbprint of the key that the lane was handed over to, while that is the
    newest that it says; ``inherited``: how many events the lanes have that it goes on from.
    """

    __slots__ = (
        "closing",
        "count",
        "entries",
        "inherited",
        "key",
        "last",
        "open",
        "problems",
        "signoff",
        "state",
        "successor",
    )

    def __init__(self, key: bytes) -> None:
        self.key = key
        self.state = CREATED
        self.count = 0
        self.last = -1
        self.closing = False
        self.signoff: int | None = None
        self.entries: list[TimeEntry] = []
        self.open: list[TimeEntry] = []
        self.problems: list[Any] = []
        self.successor: bytes | None = None
        self.inherited = 0

    def go_on_from(self, earlier: "Lane") -> None:
        """Begin where the lane of the key before this one ends; what is being timed there is timed here from now on."""
        self.state = earlier.state
        self.closing = earlier.closing
        self.signoff = earlier.signoff
        self.inherited = earlier.inherited + earlier.count
        self.entries = [entry for entry in earlier.entries if entry.stop == OPEN]
        self.open = self.entries[:]
        earlier.entries = [entry for entry in earlier.entries if entry.stop != OPEN]
        earlier.open = []

    def take(self, number: int, fact: "Fact") -> None:
        """Follow the next event of the chain; ``number`` is the place of ``fact`` in its job."""
        self.count += 1
        self.last = fact.seq
        self.successor = None
        kind = fact.kind
        if kind == HANDED_OVER:
            self._hand_over(number, fact)
            return
        if kind is None or kind in OF_THE_DEVICE:
            return
        if kind not in STEPS:
            self.problems.append(["unknown_kind", number])
            return
        if fact.body is None:
            self.problems.append(["malformed_body", number])
        states, target = STEPS[kind]
        legal = self.state in states
        ended = self._end_entries(kind, number, fact)
        if not legal or (ENDS.get(kind) == ("labour",) and not ended and fact.body is not None):
            self.problems.append(["illegal_transition", number])
        self._open_entry(kind, number, fact)
        if target is not None and (legal or kind not in MOVES_ONLY_WHEN_LEGAL):
            self.state = target
            self.signoff = number if kind in ("job.signed_off", "signoff.waived") else None
        if kind in CLOSING:
            self.closing = True

    def _hand_over(self, number: int, fact: "Fact") -> None:
        self.closing = True
        if fact.body is None:
            self.problems.append(["malformed_body", number])
        else:
            self.successor = fact.body[1]

    def _end_entries(self, kind: str, number: int, fact: "Fact") -> bool:
        ended = False
        for entry in self.open:
            if entry.kind in ENDS.get(kind, ()) and (entry.kind != "labour" or self._is_its_stop(entry, fact)):
                entry.stop = number
                ended = True
        if ended:
            self._forget_ended()
        return ended

    def _is_its_stop(self, entry: TimeEntry, fact: "Fact") -> bool:
        return fact.body is not None and entry.code == fact.body[1] and entry.by == fact.by

    def _open_entry(self, kind: str, number: int, fact: "Fact") -> None:
        if kind == "job.arrived" and self.state != ON_SITE:
            self.entries.append(TimeEntry("visit", "visit", fact.by, number, number))
        if kind not in OPENS or fact.body is None:
            return
        what = OPENS[kind]
        code = what if kind == "travel.started" else fact.body[1]
        for entry in self.open:
            if entry.kind != what or (what == "labour" and entry.by != fact.by):
                continue
            if what == "labour" and entry.code != code:
                self.problems.append(["overlapping_entries", number])
            else:
                entry.stop = ABANDONED
        self._forget_ended()
        entry = TimeEntry(what, code, fact.by, number, OPEN)
        self.entries.append(entry)
        self.open.append(entry)

    def _forget_ended(self) -> None:
        self.open = [entry for entry in self.open if entry.stop == OPEN]

    def is_open(self, kind: str) -> bool:
        """Whether any entry of this kind is being timed."""
        return bool([entry for entry in self.open if entry.kind == kind])

    def open_tasks(self, by: str | None) -> "list[str]":
        """The tasks on which technician ``by`` is being timed."""
        return [entry.code for entry in self.open if entry.kind == "labour" and entry.by == by]

    def to_value(self) -> "list[Any]":
        """The lane as plain values for CBOR."""
        entries = [entry.to_value() for entry in self.entries]
        said = [self.key, self.state, self.count, self.last, self.closing, self.signoff]
        return said + [entries, self.problems, self.successor, self.inherited]


def lane_from_value(value: "list[Any]") -> Lane:
    """The lane that :meth:`Lane.to_value` gave."""
    lane = Lane(value[0])
    lane.state, lane.count, lane.last, lane.closing, lane.signoff = value[1:6]
    lane.entries = [TimeEntry(*entry) for entry in value[6]]
    lane.problems, lane.successor, lane.inherited = value[7:10]
    lane.open = [entry for entry in lane.entries if entry.stop == OPEN]
    return lane
