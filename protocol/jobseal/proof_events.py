"""The steps of a proof that concern the handhelds: events, their chains, their closes, and when they happened."""

from jobseal import bodies, cose, event, interval, merkle
from jobseal.completeness import closings
from jobseal.evidence import LoggedEvent
from jobseal.flaw import UNCHECKABLE, Flaw, checked
from jobseal.job import Job, close_over
from jobseal.lifecycle import HANDED_OVER
from jobseal.proof_log import included, restarted

MYPY = False
if MYPY:
    from typing import Any

    from jobseal.completeness import Closing
    from jobseal.evidence import Evidence

ERASED_BYTES = 32  # of an erased event only the hash is left
CLAIM_TOLERANCE_MS = 60000  # two clocks that are both right differ by less


def events(evidence: "Evidence") -> None:
    """Every event is signed by an enrolled key, is of the record's job, and is logged, in log order."""
    last = -1
    rows = evidence.bundle.events
    for number in range(len(rows)):
        index, data, proof = rows[number]
        logged = _event(evidence, number + 1, index, data)
        if index <= last:
            raise Flaw("log_order", logged.where, "it is not after the one before")
        last = index
        included(evidence, logged.where, merkle.ENTRY_EVENT, logged.hash, index, proof)
        evidence.events.append(logged)


def _event(evidence: "Evidence", number: int, index: int, data: bytes) -> LoggedEvent:
    if len(data) == ERASED_BYTES:
        return LoggedEvent(number, index, data, None)
    where = "event %d (index %d)" % (number, index)
    signed = checked(where, event.parse, data)
    enrolled = evidence.enrolled.get(signed.envelope.kid)
    if enrolled is None:
        raise Flaw("key_unknown", where, "the key that signed it is not enrolled here")
    checked(where, cose.verify, signed.envelope, cose.EVENT, enrolled.key, evidence.verifier)
    if signed.event.job != evidence.record.work_order:
        raise Flaw("superfluous", where, "it is of another job than the record")
    logged = LoggedEvent(number, index, signed.hash, signed)
    logged.key = enrolled.key.thumbprint
    return logged


def links(evidence: "Evidence") -> None:
    """Neighbours in a chain name each other, the first its enrolment, and anchors are checkpoints that are here."""
    by_place = {}
    for logged in evidence.events:
        if logged.signed is not None:
            if (logged.key, logged.seq) in by_place:
                raise Flaw("chain_fork", logged.where, "its key signed another event with the same number")
            by_place[(logged.key, logged.seq)] = logged.hash
    known = dict(evidence.checkpoints)
    for logged in evidence.events:
        if logged.signed is None or logged.key is None:
            continue
        said = logged.signed.event
        enrolled = evidence.enrolment(logged.key)
        before = by_place.get((logged.key, said.seq - 1))
        if said.seq == 0 and enrolled is not None:
            before = enrolled.genesis
        if before is not None and said.prev != before:
            raise Flaw("chain_broken", logged.where, "it does not follow the one before in its chain")
        if said.anchor is not None and said.anchor not in known:
            if not restarted(evidence):
                raise Flaw("anchor_missing", logged.where, "the checkpoint that it anchors to is not in the bundle")
            evidence.note("anchor_lost", logged.where, "it anchors to a checkpoint that was lost with an earlier log")
        if said.kind == HANDED_OVER:
            _handed_to_its_successor(evidence, logged)


def _handed_to_its_successor(evidence: "Evidence", logged: LoggedEvent) -> None:
    """A key hands its jobs over to the key after it, and to no other that has a part in this one."""
    body = logged.signed.event.body if logged.signed is not None else {}
    heir = None if bodies.problem(HANDED_OVER, body) else evidence.enrolment(body[1])
    if heir is not None and heir.earlier != logged.key:
        raise Flaw("chain_broken", logged.where, "it hands the job over to a key that does not follow its own")


def fold(evidence: "Evidence") -> None:
    """The events make up the job, erased ones in the place that the rest of their chain leaves for them."""
    _place_erased_by_prev(evidence)
    _place_erased_by_count(evidence)
    job = Job(evidence.record.work_order)
    for logged in evidence.events:
        if logged.key is None or logged.seq is None:
            continue
        if logged.signed is not None:
            job.add(logged.signed, logged.key, logged.index)
        else:
            job.add_erased(logged.hash, logged.seq, logged.key, logged.index)
    evidence.job = job


def _place_erased_by_prev(evidence: "Evidence") -> None:
    following = {}
    for logged in evidence.events:
        if logged.signed is not None:
            following[logged.signed.event.prev] = logged
    for logged in evidence.events:
        if logged.signed is None:
            evidence.note("event_erased", logged.where, "only its hash is left, which the log and the closes cover")
            after = following.get(logged.hash)
            if after is not None and after.seq is not None:
                logged.key, logged.seq = after.key, after.seq - 1


def _place_erased_by_count(evidence: "Evidence") -> None:
    """What no event follows directly belongs to the one key whose close counts more events than are here."""
    loose = [logged for logged in evidence.events if logged.key is None]
    short = [key for key in _keys_with_events(evidence) if _missing_before_close(evidence, key)]
    if len(short) > 1 and loose:
        raise Flaw("event_erased", loose[0].where, "it cannot be told which key signed it", UNCHECKABLE)
    for logged in loose:
        if short:
            before = [other.seq for other in evidence.events if other.key == short[0] and other.index < logged.index]
            logged.key, logged.seq = short[0], max([seq for seq in before if seq is not None] + [-1]) + 1


def _keys_with_events(evidence: "Evidence") -> "list[bytes]":
    found: list[bytes] = []
    for logged in evidence.events:
        if logged.key is not None and logged.key not in found:
            found.append(logged.key)
    return found


def _missing_before_close(evidence: "Evidence", key: bytes) -> bool:
    chain = evidence.chain(key)
    last = chain[len(chain) - 1].signed if chain else None
    if last is None or last.event.close is None:
        return False
    count = len([logged for logged in evidence.events if logged.key == key])
    return bool(last.event.close[0] > count - 1)


def closes(evidence: "Evidence") -> None:
    """For each key with an event, the record names what closes it: the key's own close, which covers all, or an act."""
    rows = evidence.record.closes
    named = [row[0] for row in rows]
    lanes = closings(evidence.job)
    for closing in lanes:
        if named.count(closing.key) != 1:
            raise Flaw("close_missing", _of_key(closing.key), "the record does not name, once, what closes its part")
    for row in rows:
        own = [closing for closing in lanes if closing.key == row[0]]
        if own and own[0].hash == row[3]:
            _own_close(own[0], row)
        else:
            _office_close(evidence, row)


def _own_close(closing: "Closing", row: "list[Any]") -> None:
    if not closing.matches:
        raise Flaw("close_missing", _of_key(row[0]), "its close does not cover exactly the events in the bundle")
    if [closing.count, closing.digest] != row[1:3]:
        raise Flaw("close_mismatch", _of_key(row[0]), "the record names another count or digest than the close")


def _office_close(evidence: "Evidence", row: "list[Any]") -> None:
    acts = [logged.act for logged in evidence.of_kind("job.closed_by_office") if logged.hash == row[3]]
    if not acts or acts[0].job != evidence.record.work_order or acts[0].named().get("key", row[0]) != row[0]:
        raise Flaw("close_missing", _of_key(row[0]), "what closes its part is neither its last event nor an act")
    hashes = []
    for number in range(len(evidence.job.lanes)):
        if evidence.job.lanes[number].key == row[0]:
            hashes = [evidence.job.facts[place].hash for place in evidence.job.chain(number)]
    if close_over(hashes) != row[1:3]:
        raise Flaw("close_mismatch", _of_key(row[0]), "the record names another count or digest than its events have")


def _of_key(thumbprint: bytes) -> str:
    return "key " + "".join(["%02x" % byte for byte in thumbprint[:8]])


def _since(evidence: "Evidence", key: bytes) -> int | None:
    """When a key was enrolled; one that follows another by rotation may have signed before the gateway heard of it, but
    not before the first of them was enrolled."""
    enrolled = evidence.enrolment(key)
    for _ in range(len(evidence.enrolled)):
        if enrolled is None or enrolled.ended_at is None or enrolled.earlier is None:
            break
        enrolled = evidence.enrolment(enrolled.earlier)
    return None if enrolled is None else enrolled.at


def intervals(evidence: "Evidence") -> None:
    """When each event happened; a claim outside of it is a remark."""
    timeline = interval.Timeline([(hash, known.size, known.at) for hash, known in evidence.checkpoints])
    for key in _keys_with_events(evidence):
        chain: list[Any] = evidence.chain(key)
        said = [logged.signed.event for logged in chain]
        since = _since(evidence, key)
        found = interval.intervals(said, [logged.index for logged in chain], timeline, since)
        for i in range(len(chain)):
            chain[i].interval = found[i]
            if found[i].outside(said[i].at, CLAIM_TOLERANCE_MS):
                evidence.note(interval.OUTSIDE, chain[i].where, "its claimed time is outside of the proven interval")
