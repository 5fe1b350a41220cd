"""Does a fork proof hold, and if not, what is the first thing wrong with it?

Pure, and by the same steps as a bundle's: the gateway's keys, a checkpoint, what the office said, two events. The log
shows which of the two came first, which decides what is billed until a person has looked.
"""

from jobseal import authority, cbor, checkpoint, cose, enrolment, event, fork, merkle, proof_log
from jobseal.errors import Malformed
from jobseal.evidence import Evidence, LoggedEvent
from jobseal.flaw import OK, UNCHECKABLE, UNTRUSTED, Flaw, checked
from jobseal.limits import BUNDLE_MAX_BYTES
from jobseal.proof import Findings

MYPY = False
if MYPY:
    from typing import Any

    from jobseal.cose import Verifier
    from jobseal.fork import ForkProof

FORKED = "forked"  # the code of a proof that holds: what it proves is a fork


def is_fork_proof(data: bytes) -> bool:
    """Whether these bytes mean to be one, of whatever version."""
    try:
        value = cbor.decode(data, BUNDLE_MAX_BYTES)
    except Malformed:
        return False
    named = value.get(1) if type(value) is dict else None
    return type(named) is str and named.startswith("jobseal/") and named.endswith("/fork")


def verify_fork(data: bytes, verifier: "Verifier", trusted: bytes | None) -> Findings:
    """Check everything in a fork proof. ``trusted``: the 32-byte thumbprint of the root key that the caller trusts, or
    None. Status ``ok``: the key that it names has forked.

    Raises nothing that the bytes could cause.
    """
    findings = Findings()
    try:
        _take_steps(findings, data, verifier, trusted)
    except Flaw as flaw:
        return findings.conclude(flaw.status, flaw.code, flaw.where, flaw.sentence)
    if trusted is None:
        sentence = "everything is consistent, but nobody vouched for the root key that it all rests on"
        return findings.conclude(UNTRUSTED, "untrusted", "root key", sentence)
    return findings.conclude(OK, FORKED, "", "one key has signed two different events with one number")


def _take_steps(findings: Findings, data: bytes, verifier: "Verifier", trusted: bytes | None) -> None:
    opened = _open(data)
    root = proof_log.root_key(opened.root)
    findings.root = root.thumbprint
    if trusted is not None and trusted != root.thumbprint:
        raise Flaw("root_mismatch", "root key", "the proof rests on another root key than the one that you trust")
    stands_for: Any = opened  # the steps ask a bundle for its certifications and acts, and for nothing else
    evidence = Evidence(stands_for, root, verifier)
    findings.evidence = evidence
    evidence.authority = checked("authority", authority.verify, root, opened.authority, verifier)
    findings.steps.append("the gateway's keys")
    evidence.latest = checked("checkpoint", checkpoint.verify, opened.checkpoint, evidence.authority.log, verifier)
    findings.steps.append("the checkpoint")
    proof_log.acts(evidence)
    findings.steps.append("office acts")
    _events(evidence, opened)
    findings.steps.append("two events")
    _relevance(evidence)
    findings.steps.append("acts about this key")


def _open(data: bytes) -> "ForkProof":
    value = checked("fork proof", cbor.decode, data, BUNDLE_MAX_BYTES)
    named = value.get(1) if type(value) is dict else None
    if type(named) is str and named != fork.FORMAT and named.startswith("jobseal/") and named.endswith("/fork"):
        raise Flaw("bundle_version", "fork proof", "it is of another version than this program knows", UNCHECKABLE)
    return checked("fork proof", fork.ForkProof.from_map, value)


def _events(evidence: Evidence, opened: "ForkProof") -> None:
    """Both are signed by the enrolled key and logged, have one number, and say different things."""
    for number in range(2):
        index, data, proof = opened.events[number]
        logged = _event(evidence, number + 1, index, data)
        proof_log.included(evidence, logged.where, merkle.ENTRY_EVENT, logged.hash, index, proof)
        evidence.events.append(logged)
    first, second = evidence.events
    if first.index >= second.index:
        raise Flaw("log_order", second.where, "it is not after the one before")
    if first.key != second.key or first.seq != second.seq:
        raise Flaw("no_fork", second.where, "it is of another key, or has another number: two such events are no fork")
    if _payload(first) == _payload(second):
        raise Flaw("no_fork", second.where, "it says the same as the first: one event that came twice is no fork")


def _event(evidence: Evidence, number: int, index: int, data: bytes) -> LoggedEvent:
    where = "event %d (index %d)" % (number, index)
    signed = checked(where, event.parse, data)
    enrolled = evidence.enrolled.get(signed.envelope.kid)
    if enrolled is None:
        raise Flaw("key_unknown", where, "the key that signed it is not enrolled here")
    checked(where, cose.verify, signed.envelope, cose.EVENT, enrolled.key, evidence.verifier)
    logged = LoggedEvent(number, index, signed.hash, signed)
    logged.key = enrolled.key.thumbprint
    return logged


def _payload(logged: LoggedEvent) -> bytes:
    return b"" if logged.signed is None else logged.signed.envelope.payload


def _relevance(evidence: Evidence) -> None:
    """Every act is about the key that forked: its enrolment, or what was said of it by its thumbprint."""
    key = evidence.events[0].key
    for logged in evidence.acts:
        about: bytes | None
        if logged.act.kind == "device.enrolled":
            about = enrolment.Enrolment(logged.data, logged.act).key.thumbprint
        else:
            about = logged.act.named().get("key")
        if about != key:
            raise Flaw("superfluous", logged.where, "it is not about the key of the two events")
