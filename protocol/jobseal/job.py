"""A job as the fold of its events: what each said, and how far each key has come.

Events come in log order (gateway) or chain order (device), one at a time, and are never rejected. The stored value is a
pure function of the events and their order, whether they came at once or one by one with a store between. Events
of a key that come late, out of the order of its chain, are put where they belong.

A key that ends hands its jobs over to the next (``job.handed_over``): that one's lane begins where the earlier lane
ends, and the earlier one no longer counts for the state of the job. Whether the next key really is the next is for
who knows enrolments to check.
"""

import hashlib

from jobseal import bodies
from jobseal.errors import OURS, JobsealError
from jobseal.lane import Lane, lane_from_value
from jobseal.lifecycle import COMPLETE, CREATED, DONE, overall

MYPY = False
if MYPY:
    from typing import Any

    from jobseal.event import SignedEvent

    Keys = list[bytes] | tuple[bytes, ...]  # thumbprints

VALUE_VERSION = 2
_BODY_DEPTH_MAX = 3  # the deepest body that fits any kind: a map of arrays of rows


class Fact:
    """What a job keeps of one event; ``lane`` is the number of its lane.

    ``kind`` is None where the event's bytes were erased; ``body`` is None there, and where it does not fit its kind.
    The other attributes are those of the event.
    """

    __slots__ = ("amends", "at", "body", "boot", "by", "close", "hash", "index", "kind", "lane", "seq", "up")

    def __init__(
        self,
        lane: int,
        index: int | None,
        hash: bytes,
        seq: int,
        kind: str | None = None,
        body: "dict[Any, Any] | None" = None,
        at: int | None = None,
        up: int = 0,
        boot: bytes = b"",
        by: str | None = None,
        close: "list[Any] | None" = None,
        amends: bytes | None = None,
    ) -> None:
        self.lane = lane
        self.index = index
        self.hash = hash
        self.seq = seq
        self.kind = kind
        self.body = body
        self.at = at
        self.up = up
        self.boot = boot
        self.by = by
        self.close = close
        self.amends = amends

    def to_value(self) -> "list[Any]":
        return [
            self.lane, self.index, self.hash, self.seq, self.kind, self.body, self.at, self.up, self.boot, self.by,
            self.close, self.amends,
        ]  # fmt: skip


class Job:
    """``id``: the work order; ``facts``: in the order in which they came; ``lanes``: in order of first appearance."""

    __slots__ = ("_place", "facts", "id", "lanes")

    def __init__(self, id: str) -> None:
        self.id = id
        self.facts: list[Fact] = []
        self.lanes: list[Lane] = []
        self._place: dict[bytes, int] = {}

    def add(self, signed: "SignedEvent", thumbprint: bytes, index: int | None = None) -> None:
        """Fold in the next event. ``thumbprint``: of the key that signed it; ``index``: its place in the log, if it
        has one.

        Raises ``foreign`` (fault ``ours``) for an event of another job.
        """
        event = signed.event
        if event.job != self.id:
            raise JobsealError("foreign", "an event of another job was to be added to job " + self.id, OURS)
        body = event.body if _fits(event.kind, event.body) else None
        lane = self._lane_number(thumbprint)
        self._take(
            Fact(
                lane, index, signed.hash, event.seq, event.kind, body, event.at, event.up, event.boot, event.by,
                event.close, event.amends,
            )
        )  # fmt: skip

    def add_erased(self, hash: bytes, seq: int, thumbprint: bytes, index: int | None = None) -> None:
        """Fold in an event of which only the hash is left: it says nothing, and closes still cover it."""
        self._take(Fact(self._lane_number(thumbprint), index, hash, seq))

    def _take(self, fact: Fact) -> None:
        lane = self.lanes[fact.lane]
        if fact.seq > lane.last:
            before = lane.successor
            self.facts.append(fact)
            lane.take(len(self.facts) - 1, fact)
            if lane.successor != before and (before in self._place or lane.successor in self._place):
                self.lanes = self.lanes_without([])  # who goes on from whom has changed
            return
        for known in self.facts:
            if known.hash == fact.hash:
                return
        self.facts.append(fact)
        self.lanes = self.lanes_without([])

    def lanes_without(self, left_out: "list[int]") -> "list[Lane]":
        """The lanes as they would be without the facts of these numbers, none of them shared with the job's own."""
        alone = [self._lane_anew(number, None, left_out) for number in range(len(self.lanes))]
        found: "dict[int, Lane]" = {}
        for number in range(len(alone)):
            line = [number]  # back to a lane that goes on from no other
            while True:
                earlier = _earlier(alone, alone[line[len(line) - 1]].key)
                if earlier is None or earlier in line:
                    break
                line.append(earlier)
            begins_in_itself = earlier is not None
            for each in reversed(line):
                if each not in found:
                    before = None if begins_in_itself else _earlier(alone, alone[each].key)
                    found[each] = self._lane_anew(each, None if before is None else found[before], left_out)
        return [found[number] for number in range(len(alone))]

    def _lane_anew(self, number: int, earlier: "Lane | None", left_out: "list[int]") -> Lane:
        lane = Lane(self.lanes[number].key)
        if earlier is not None:
            lane.go_on_from(earlier)
        for place in self.chain(number):
            if place not in left_out:
                lane.take(place, self.facts[place])
        return lane

    def _lane_number(self, thumbprint: bytes) -> int:
        if thumbprint not in self._place:
            lane = Lane(thumbprint)
            earlier = _earlier(self.lanes, thumbprint)
            if earlier is not None:
                lane.go_on_from(self.lanes[earlier])
            self._place[thumbprint] = len(self.lanes)
            self.lanes.append(lane)
        return self._place[thumbprint]

    def lane(self, thumbprint: bytes) -> "Lane | None":
        """The lane of a key, None if it has no event of this job."""
        return self.lanes[self._place[thumbprint]] if thumbprint in self._place else None

    def part(self, thumbprint: bytes) -> "Lane | None":
        """The lane that this key's next event of the job goes on with: its own, or the one that was handed over to it;
        None where it would begin. Only to look at."""
        earlier = _earlier(self.lanes, thumbprint)
        if thumbprint in self._place or earlier is None:
            return self.lane(thumbprint)
        lane = Lane(thumbprint)
        lane.go_on_from(lane_from_value(self.lanes[earlier].to_value()))
        return lane

    def goes_on(self, lane: Lane) -> bool:
        """Whether the key that this lane was handed over to has gone on with it."""
        return lane.successor in self._place

    def chain(self, lane: int) -> "list[int]":
        """The numbers of a lane's facts in the order of its chain."""
        places = [place for place in range(len(self.facts)) if self.facts[place].lane == lane]
        return sorted(places, key=lambda place: self.facts[place].seq)

    def order(self) -> "list[int]":
        """The numbers of all facts in the order in which they came, but each lane's in the order of its chain."""
        chains = [iter(self.chain(lane)) for lane in range(len(self.lanes))]
        return [next(chains[fact.lane]) for fact in self.facts]

    def close(self, thumbprint: bytes) -> "list[Any]":
        """[count, digest] over all events so far of one key: what its next event says if it carries a close."""
        hashes = []
        if thumbprint in self._place:
            hashes = [self.facts[place].hash for place in self.chain(self._place[thumbprint])]
        return close_over(hashes)

    def state(self, assigned: "Keys" = (), closed: "Keys" = ()) -> str:
        """The state over all lanes (see :func:`jobseal.lifecycle.overall`).

        ``assigned``: keys that have the job, of which those without an event count as created; ``closed``: keys that an
        operator closed, whose unfinished lanes count as complete.
        """
        own = [lane for lane in self.lanes if not self.goes_on(lane)]
        states = [lane.state for lane in own if lane.state in DONE or lane.key not in closed]
        states += [CREATED for key in assigned if key not in self._place and key not in closed]
        if not states and closed:
            return COMPLETE
        return overall(states)

    def objects(self) -> "list[list[Any]]":
        """Every object that the events name, [digest, size, media type], in order of first mention."""
        found: list[list[Any]] = []
        seen = set()
        for fact in self.facts:
            if fact.kind is not None and fact.body is not None:
                for named in bodies.objects(fact.kind, fact.body):
                    if tuple(named) not in seen:
                        seen.add(tuple(named))
                        found.append(named)
        return found

    def to_value(self) -> "list[Any]":
        """The job as plain values for CBOR; they share their insides with the job, so nobody may change them."""
        lanes = [lane.to_value() for lane in self.lanes]
        return [VALUE_VERSION, self.id, lanes, [fact.to_value() for fact in self.facts]]


def job_from_value(value: "list[Any]") -> Job:
    """The job that :meth:`Job.to_value` gave. Raises ``stale`` (fault ``ours``) for the value of another version."""
    if value[0] != VALUE_VERSION:
        raise JobsealError("stale", "the stored job has another form: fold its events again", OURS)
    job = Job(value[1])
    job.lanes = [lane_from_value(lane) for lane in value[2]]
    job.facts = [Fact(*fact) for fact in value[3]]
    job._place = {job.lanes[number].key: number for number in range(len(job.lanes))}
    return job


def _earlier(lanes: "list[Lane]", thumbprint: bytes) -> int | None:
    """The number of the first lane that was handed over to this key; None without one."""
    for number in range(len(lanes)):
        if lanes[number].successor == thumbprint and lanes[number].key != thumbprint:
            return number
    return None


def close_over(hashes: "list[bytes]") -> "list[Any]":
    """[count, SHA-256 over the hashes one after the other]: the close over a key's events of a job, in chain order."""
    return [len(hashes), hashlib.sha256(b"".join(hashes)).digest()]


def _fits(kind: str, body: "dict[Any, Any]") -> bool:
    if bodies.problem(kind, body):
        return False
    return kind != "event.corrected" or _is_shallow(body[2], _BODY_DEPTH_MAX)


def _is_shallow(value: "Any", levels: int) -> bool:
    """Whether arrays and maps are nested at most ``levels`` deep: what no shape has, no stored job needs to hold."""
    if type(value) is dict:
        inside = list(value.values())
    elif type(value) is list:
        inside = value
    else:
        return True
    return levels > 0 and not [item for item in inside if not _is_shallow(item, levels - 1)]
