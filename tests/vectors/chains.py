"""Vectors of the chain: what each event is to a gateway that has seen those before it. Verdicts are written by hand."""

from copy import deepcopy
from typing import Any

from jobseal import bodies, cose, event
from jobseal.chain import APPEND, DUPLICATE, EARLY, FORK, LATE, UNLINKED
from jobseal.event import Event
from tests.vectors import keys
from tests.vectors.entry import Entry, File
from tests.vectors.world import ENROLLED, Handheld, digest

Step = dict[str, Any]


def _honest(count: int = 6) -> Handheld:
    """A handheld with ``count`` events."""
    made = Handheld(keys.VAN, ENROLLED)
    for number in range(count):
        made.write("session.opened", {"software": f"event {number}"})
    return made


def _clone(of: Handheld, after: int, count: int) -> list[bytes]:
    """What a copy of the handheld, made behind its first ``after`` events, signs instead."""
    copy = deepcopy(of)
    copy.events = of.events[:after]
    copy.head = digest(of.events[after - 1]) if after else digest(ENROLLED)
    for number in range(count):
        copy.write("session.closed", {"reason": "logout"}, 7 + number)
    return copy.events[after:]


def _placed(data: bytes, verdict: str, branch: int = 0) -> Step:
    return {"event": data.hex(), "verdict": verdict, "branch": branch}


def _all(events: list[bytes], verdict: str = APPEND, branch: int = 0) -> list[Step]:
    return [_placed(data, verdict, branch) for data in events]


def _announced(data: bytes, moves: bool, on: int = 0) -> Step:
    return {"lost": data.hex(), "on": on, "moves": moves} if on else {"lost": data.hex(), "moves": moves}


def _settled(bad: list[bytes], data: bytes, branch: int | None) -> Step:
    return {"bad": [item.hex() for item in bad], "then": data.hex(), "branch": branch}


def _lost(after: Handheld, first: int, last: int) -> bytes:
    return after.write("range.lost", {"from": first, "to": last})


def _linked_to(prev: bytes, seq: int) -> bytes:
    """An event that follows something else than it should."""
    body = bodies.SHAPES["session.closed"].keyed({"reason": "idle"})
    stray = Event(seq=seq, prev=prev, at=None, up=9, boot=bytes(8), kind="session.closed", body=body)
    return event.sign(stray, keys.VAN)


def _badly_signed(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


def _signed_again(data: bytes) -> bytes:
    """The same payload in an envelope with another signature: nobody has verified it."""
    payload = cose.parse(data, len(data)).payload
    return cose.sign(payload, cose.EVENT, keys.VAN)[:-64] + bytes(64)


def _case(name: str, shows: str, steps: list[Step], *branches: tuple[int, bytes | None]) -> Entry:
    ends = [[following, None if head is None else digest(head).hex()] for following, head in branches]
    genesis = digest(ENROLLED).hex()
    return {"name": name, "shows": shows, "valid": True, "genesis": genesis, "steps": steps, "branches": ends}


def _plain() -> list[Entry]:
    e = _honest().events
    stranger = _linked_to(bytes(32), 0)
    return [
        _case("in-order", "events in order are appended", _all(e), (6, e[5])),
        _case("again", "what is logged is a duplicate, however often it comes",
              _all(e[:3]) + _all(e[:3], DUPLICATE) + _all(e[3:4]), (4, e[3])),
        _case("same-payload", "the same signed content in other bytes is a duplicate, and is not verified",
              [*_all(e[:2]), _placed(_signed_again(e[1]), DUPLICATE)], (2, e[1])),
        _case("early", "what is beyond is neither stored nor lost: it comes again",
              [*_all(e[:1]), _placed(e[3], EARLY), _placed(e[2], EARLY), *_all(e[1:4])], (4, e[3])),
        _case("first-follows-nothing", "event 0 names the enrolment statement and nothing else",
              [_placed(stranger, UNLINKED), *_all(e[:1])], (1, e[0])),
        _case("next-follows-another", "the next seq with a prev that nobody has seen is not logged",
              [*_all(e[:2]), _placed(_linked_to(bytes(32), 2), UNLINKED), *_all(e[2:3])], (3, e[2])),
    ]  # fmt: skip


def _forked() -> list[Entry]:
    honest = _honest()
    e, c = honest.events, _clone(honest, 2, 3)
    other = _clone(honest, 0, 1)
    return [
        _case("clone", "a clone's first event is a fork, the next goes on along its branch",
              [*_all(e[:4]), _placed(c[0], FORK), *_all(c[1:], APPEND, 1), *_all(e[4:5])], (5, e[4]), (5, c[2])),
        _case("clone-first", "the branch that is logged first is the canonical one",
              [*_all(e[:2]), *_all(c[:2]), _placed(e[2], FORK), *_all(e[3:5], APPEND, 1)], (4, c[1]), (5, e[4])),
        _case("clone-again", "a fork's events are duplicates as well",
              [*_all(e[:4]), _placed(c[0], FORK), _placed(c[0], DUPLICATE, 1), _placed(e[2], DUPLICATE)],
              (4, e[3]), (3, c[0])),
        _case("clone-unlinked", "a clone's later event before its first one is not logged yet",
              [*_all(e[:4]), _placed(c[1], UNLINKED), _placed(c[0], FORK), _placed(c[1], APPEND, 1)],
              (4, e[3]), (4, c[1])),
        _case("fork-at-0", "another event 0 under the same enrolment",
              [*_all(e[:2]), _placed(other[0], FORK)], (2, e[1]), (1, other[0])),
    ]  # fmt: skip


def _with_holes() -> list[Entry]:
    made = _honest(4)
    lost = _lost(made, 1, 2)
    e = [*made.events, made.write("session.closed", {})]
    stray = _linked_to(bytes(32), 1)
    return [
        _case("hole", "an announced hole is passed; what follows it may name anything",
              [*_all(e[:1]), _announced(lost, True), *_all(e[3:])], (6, e[5])),
        _case("hole-filled-late", "events of the hole that turn up are late; the chain does not go back",
              [*_all(e[:1]), _announced(lost, True), *_all(e[3:]), _placed(e[1], LATE), _placed(e[2], LATE)],
              (6, e[5])),
        _case("hole-filled-out-of-order", "the second of the hole can come before the first",
              [*_all(e[:1]), _announced(lost, True), *_all(e[3:]), _placed(e[2], LATE), _placed(e[1], LATE),
               _placed(e[1], DUPLICATE)], (6, e[5])),
        _case("hole-with-stranger", "what does not fit the hole's beginning is not logged",
              [*_all(e[:1]), _announced(lost, True), *_all(e[3:]), _placed(stray, UNLINKED)], (6, e[5])),
        _case("hole-announced-again", "an announcement of what is passed changes nothing",
              [*_all(e[:1]), _announced(lost, True), _announced(lost, False), *_all(e[3:5])], (5, lost)),
        _case("hole-already-there", "an announcement of what is logged changes nothing",
              [*_all(e[:4]), _announced(lost, False), *_all(e[4:])], (6, e[5])),
        _case("hole-ahead", "an announcement of what is not expected yet changes nothing",
              [_announced(lost, False), *_all(e[:1])], (1, e[0])),
        _case("hole-open", "behind a hole nobody knows what comes",
              [*_all(e[:1]), _announced(lost, True)], (3, None)),
    ]  # fmt: skip


def _with_holes_in_forks() -> list[Entry]:
    honest = _honest(6)
    e, copy = honest.events, deepcopy(honest)
    copy.events, copy.head = e[:2], digest(e[1])
    for number in range(4):
        copy.write("session.closed", {"reason": "logout"}, 7 + number)
    c_lost = _lost(copy, 3, 4)
    c = [*copy.events, copy.write("session.closed", {})]
    begun = [*_all(e[:2]), _placed(c[2], FORK, 0), _announced(c_lost, True, 1)]
    begun[2:2] = _all(e[2:3])
    return [
        _case("fork-hole", "a hole is one branch's: the other goes on where it was",
              [*begun, *_all(c[5:], APPEND, 1), *_all(e[3:])], (6, e[5]), (8, c[7])),
        _case("fork-hole-open", "behind a fork's hole the canonical branch's own event stays its own",
              [*begun, *_all(e[3:]), _placed(e[5], DUPLICATE), *_all(c[5:], APPEND, 1)], (6, e[5]), (8, c[7])),
        _case("fork-hole-filled-late", "what turns up late belongs to the branch that it follows",
              [*begun, *_all(e[3:]), *_all(c[5:], APPEND, 1), _placed(c[3], LATE, 1), _placed(c[4], LATE, 1)],
              (6, e[5]), (8, c[7])),
    ]  # fmt: skip


def _with_refused() -> list[Entry]:
    e = _honest().events
    bent = _badly_signed(e[1])
    after_bent = _linked_to(digest(bent), 2)
    bent_again = _badly_signed(after_bent)
    after_both = _linked_to(digest(bent_again), 3)
    return [
        _case("refused-settled", "a valid event names the bad bytes before it: their slot is settled",
              [*_all(e[:1]), _settled([bent], after_bent, 0), _placed(after_bent, APPEND)], (3, after_bent)),
        _case("refused-two-settled", "two in a row, each named by the next",
              [*_all(e[:1]), _settled([bent, bent_again], after_both, 0), _placed(after_both, APPEND)],
              (4, after_both)),
        _case("refused-not-settled", "an event that names the good bytes settles nothing",
              [*_all(e[:1]), _settled([bent], e[2], None), _placed(e[2], EARLY), *_all(e[1:3])], (3, e[2])),
        _case("refused-gap", "bad bytes that nothing connects to the chain settle nothing",
              [_settled([bent], after_bent, None), _placed(after_bent, EARLY)], (0, ENROLLED)),
        _case("refused-garbage-settled", "even bytes that are no event, if the next valid one names them",
              [*_all(e[:1]), _settled([b"garbage"], _linked_to(digest(b"garbage"), 2), 0)], (2, b"garbage")),
    ]  # fmt: skip


def _entries() -> list[Entry]:
    entries = [*_plain(), *_forked(), *_with_holes(), *_with_holes_in_forks(), *_with_refused()]
    lost = _lost(_honest(2), 2, 5)
    entries.append({"name": "lost-beyond", "shows": "a range that is not before the announcement itself",
                    "valid": False, "code": "malformed_body", "genesis": digest(ENROLLED).hex(),
                    "steps": [_announced(lost, False)], "branches": []})  # fmt: skip
    return entries


FILES: dict[str, File] = {
    "chain": ("events of one key as they come to a gateway, and what each is (SPEC.md, Chain and faults)", _entries),
}
