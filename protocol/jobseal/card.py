"""The job card: a job as a person reads it, with corrections applied and time entries measured.

A corrected event stays visible, with the corrections that bear on it; what has no body left is struck out. A
correction of a correction bears on the original. Everything here follows from the job alone, and is made anew when
the job changes.
"""

from jobseal import bodies, measure
from jobseal.exceptions import Raised
from jobseal.lane import OPEN
from jobseal.lifecycle import DONE

MYPY = False
if MYPY:
    from typing import Any

    from jobseal.job import Fact, Job
    from jobseal.lane import Lane, TimeEntry


class Item:
    """One event on the card.

    ``fact``: as signed; ``body``: as it now stands (names for keys), {} where nothing readable is left; ``at``: as it
    now stands; ``readable``: the body fits; ``struck``: a correction took the event back; ``moved``: a correction set
    ``at``; ``corrections``: their facts, in order.
    """

    __slots__ = ("at", "body", "corrections", "fact", "moved", "readable", "struck")

    def __init__(self, fact: "Fact") -> None:
        self.fact = fact
        self.body: dict[str, Any] = {}
        self.readable = False
        if fact.kind is not None and fact.body is not None:
            self.say(fact.kind, fact.body)
        self.at = fact.at
        self.struck = False
        self.moved = False
        self.corrections: list[Fact] = []

    def say(self, kind: str, body: "dict[Any, Any]") -> None:
        """Take a body that fits ``kind``."""
        self.body = bodies.named(kind, body)
        self.readable = True

    def hashes(self) -> "list[bytes]":
        """The event and what corrected it."""
        return [self.fact.hash] + [correction.hash for correction in self.corrections]


class Span:
    """A time entry as it now stands: a visit has no duration, an open or unmeasurable entry has a ``problem`` instead.

    ``kind``, ``code``, ``by`` as in the lane; ``start``, ``stop``: :class:`Item` or None; ``at``: claimed start, Unix
    ms UTC or None; ``duration_ms``; ``running``: it has no stop yet and may get one; ``flags``: how it was measured
    (:mod:`jobseal.measure`); ``charged``: False for a wait that an arrival ended: the technician had been away;
    ``lane``: number of the lane that it ends in.
    """

    __slots__ = (
        "at", "by", "charged", "code", "duration_ms", "flags", "kind", "lane", "problem", "running", "start", "stop",
    )  # fmt: skip

    def __init__(self, entry: "TimeEntry", start: Item, stop: "Item | None") -> None:
        self.kind = entry.kind
        self.by = entry.by
        self.code = entry.code
        if entry.kind == "labour":
            self.code = start.body["task"]
        elif entry.kind == "waiting":
            self.code = start.body["reason"]
        self.start = start
        self.stop = stop
        self.lane = start.fact.lane
        self.running = entry.stop == OPEN
        self.at = start.at
        self.duration_ms: int | None = None
        self.flags: list[str] = []
        self.charged = True
        self.problem = ""
        if entry.kind == "visit":
            return
        if stop is None:
            self.problem = "missing_stop"
            return
        self.charged = entry.kind != "waiting" or stop.fact.kind != "job.arrived"
        self.at, self.duration_ms, self.flags, self.problem = measure.span(start, stop)

    def hashes(self) -> "list[bytes]":
        """The events that it rests on, corrections included."""
        found = self.start.hashes()
        if self.stop is not None and self.stop is not self.start:
            found += self.stop.hashes()
        return found


class Card:
    """``items``: every event, in the order of :meth:`jobseal.job.Job.order`; ``spans``: every time entry, by its
    start.
    """

    __slots__ = ("_by_number", "_misfits", "items", "job", "spans")

    def __init__(self, job: "Job") -> None:
        self.job = job
        self._by_number = [Item(fact) for fact in job.facts]
        self._misfits: list[Raised] = []
        order = job.order()
        self.items = [self._by_number[number] for number in order]
        self._correct()
        place = {order[i]: i for i in range(len(order))}
        found: list[Any] = []
        lanes = self._standing_lanes()
        for number in range(len(lanes)):
            for entry in lanes[number].entries:
                stop = self._by_number[entry.stop] if entry.stop >= 0 else None
                span = Span(entry, self._by_number[entry.start], stop)
                span.lane = number
                found.append((place[entry.start], len(found), span))
        found.sort()
        self.spans: list[Span] = [row[2] for row in found]

    def _correct(self) -> None:
        by_hash = {item.fact.hash: item for item in self.items}
        for item in self.items:
            fact = item.fact
            if fact.kind == "event.corrected" and fact.body is not None:
                target = _corrected(fact, by_hash)
                if target is None:
                    self._misfits.append(Raised("malformed_body", fact.hash, "it corrects no event of this job"))
                else:
                    self._apply(fact, target)

    def _apply(self, correction: "Fact", target: Item) -> None:
        body = correction.body or {}
        kind = target.fact.kind or ""
        if body[2] is not None:
            wrong = bodies.problem(kind, body[2])
            if wrong:
                self._misfits.append(Raised("malformed_body", correction.hash, "the corrected event " + wrong))
                return
            target.say(kind, body[2])
        target.struck = body[2] is None
        if 3 in body:
            target.at = body[3]
            target.moved = True
        target.corrections.append(correction)

    def _standing_lanes(self) -> "list[Lane]":
        """The lanes, with time entries paired anew without what is struck out: a stop then fits the start that
        stands."""
        struck = [number for number in range(len(self._by_number)) if self._by_number[number].struck]
        return self.job.lanes_without(struck) if struck else self.job.lanes

    def of(self, *kinds: str) -> "list[Item]":
        """The events of these kinds that say something and are not struck out."""
        return [item for item in self.items if item.fact.kind in kinds and item.readable and not item.struck]

    def signoff(self) -> "Item | None":
        """The newest sign-off, or else the newest waiver, that still holds; None without one."""
        held = [self._by_number[lane.signoff] for lane in self.job.lanes if lane.signoff is not None]
        signed = [item for item in held if item.fact.kind == "job.signed_off"]
        found = signed or held
        return found[len(found) - 1] if found else None

    def exceptions(self) -> "list[Raised]":
        """What a person must look at, as far as the events alone tell; in a stable order."""
        found = self._misfits[:]
        for lane in self.job.lanes:
            noted = [self._still_wrong(code, self._by_number[number]) for code, number in lane.problems]
            found += [raised for raised in noted if raised is not None]
        for span in self.spans:
            ended = self.job.lanes[span.lane].state in DONE
            if span.problem and (ended or not span.running):
                found.append(Raised(span.problem, span.start.fact.hash))
        found += self._overlapping_lanes()
        found += self._serials_used_twice()
        return found

    def _still_wrong(self, code: str, item: Item) -> "Raised | None":
        if item.struck or (code != "illegal_transition" and code != "unknown_kind" and item.corrections):
            return None
        if code == "overlapping_entries" and not self._overlaps_in_lane(item):
            return None
        return Raised(code, item.fact.hash)

    def _overlaps_in_lane(self, item: Item) -> bool:
        """Whether an entry that was open when ``item`` began still stands, its stop not corrected in time."""
        for span in self.spans:
            fact = span.start.fact
            if span.kind == "labour" and span.by == item.fact.by and span.lane == item.fact.lane:
                stop = span.stop
                ended = stop is not None and (stop.moved or _is_before(stop.fact, item.fact))
                if _is_before(fact, item.fact) and not ended:
                    return True
        return False

    def _overlapping_lanes(self) -> "list[Raised]":
        """One person timed on two handhelds at once, by the claimed times."""
        found: list[Raised] = []
        if len(self.job.lanes) < 2:
            return found
        timed = [span for span in self.spans if span.kind == "labour" and span.by is not None and span.duration_ms]
        for second in timed:
            for first in timed:
                if (
                    first.by == second.by
                    and first.start.fact.lane != second.start.fact.lane
                    and _began_in(first, second)
                ):
                    found.append(Raised("overlapping_entries", second.start.fact.hash))
                    break
        return found

    def _serials_used_twice(self) -> "list[Raised]":
        found = []
        out: list[Any] = []  # what is used and not returned
        for item in self.of("part.used", "part.returned"):
            part = [item.body["code"], item.body.get("serial")]
            if part[1] is None:
                continue
            if item.fact.kind == "part.returned":
                out = [other for other in out if other != part]
            elif part in out:
                found.append(Raised("duplicate_part_serial", item.fact.hash, str(part[1])))
            else:
                out.append(part)
        return found


def _corrected(correction: "Fact", by_hash: "dict[bytes, Item]") -> "Item | None":
    """The original event that a correction, or a chain of them, bears on."""
    fact = correction
    for _ in range(len(by_hash)):
        if fact.amends not in by_hash:
            return None
        target = by_hash[fact.amends]
        if target.fact.kind != "event.corrected":
            return target
        fact = target.fact
    return None


def _is_before(fact: "Fact", other: "Fact") -> bool:
    """Whether it is earlier in the lane that ``other`` is in, or in the lane which that one goes on from."""
    return fact.lane != other.lane or fact.seq < other.seq


def _began_in(first: Span, second: Span) -> bool:
    """Whether ``second`` began while ``first`` ran; of two that began together, the later in the log."""
    if first.at is None or second.at is None or first.duration_ms is None:
        return False
    if first.at == second.at:
        return (first.start.fact.index or 0) < (second.start.fact.index or 0)
    return first.at < second.at < first.at + first.duration_ms
