"""``jobseal verify``: findings about a bundle or a fork proof, in words or as JSON, and the exit code that goes with
them."""

from typing import Any

from jobseal import cbor, fingerprint, proof, proof_fork
from jobseal.errors import Malformed
from jobseal.evidence import Evidence
from jobseal.flaw import OK, UNCHECKABLE, UNTRUSTED, WRONG
from jobseal.fork import ForkProof
from jobseal.host.crypto import Verifier
from jobseal.host.readable import counted, printable, utc
from jobseal.limits import STATEMENT_MAX_BYTES
from jobseal.proof import Findings
from jobseal.root_line import ROTATIONS

EXIT_CODES = {OK: 0, WRONG: 1, UNCHECKABLE: 2, UNTRUSTED: 3}
EXIT_FORKED = 4  # a fork proof that holds is nobody's record: whoever pays by exit codes must not take it for one
_VERDICTS = {
    OK: "OK: everything holds",
    WRONG: "WRONG",
    UNCHECKABLE: "COULD NOT BE CHECKED",
    UNTRUSTED: "CONSISTENT, BUT UNTRUSTED",
}
_FORKED = "FORKED: the proof holds, and what it proves is that this key forked"


def findings(data: bytes, trusted: bytes | None, rotations: list[Any] | None = None) -> Findings:
    """What :func:`jobseal.proof.verify_bundle` finds, or for a fork proof :func:`jobseal.proof_fork.verify_fork`, with
    this host's cryptography. ``rotations``: of the root, known from elsewhere."""
    if proof_fork.is_fork_proof(data):
        return proof_fork.verify_fork(data, Verifier(), trusted)
    return proof.verify_bundle(data, Verifier(), trusted, rotations)


def rotations_in(data: bytes) -> list[Any]:
    """What the gateway's operator publishes of a root that gave way to another. Raises ``malformed`` and the like; who
    signed them is checked with the bundle."""
    found = cbor.decode(data, STATEMENT_MAX_BYTES)
    wrong = ROTATIONS.problem(found)
    if wrong:
        raise Malformed("malformed", "the rotations of the root: " + wrong)
    rotations: list[Any] = found
    return rotations


def exit_code(found: Findings) -> int:
    """What the command ends with."""
    return EXIT_FORKED if found.code == proof_fork.FORKED else EXIT_CODES[found.status]


def as_json(found: Findings) -> dict[str, Any]:
    """The findings as plain values."""
    out: dict[str, Any] = {
        "status": found.status,
        "code": found.code,
        "where": found.where,
        "sentence": found.sentence,
        "root": None if found.root is None else fingerprint.to_text(found.root),
        "held": found.steps,
        "remarks": [],
    }
    evidence = _complete(found)
    if evidence is None:
        return out
    if _is_fork(evidence):
        return out | {"fork": _fork(evidence)}
    record = evidence.record
    out["record"] = {
        "work_order": record.work_order,
        "revision": record.revision,
        "kind": record.kind,
        "customer": record.customer,
        "total": record.total,
        "currency": record.currency,
        "lines": len(record.lines),
        "released_at": utc(record.released_at),
        "released_by": record.released_by,
        "overrides": [{"code": code, "act": act.hex()} for code, act in record.overrides or []],
    }
    out["remarks"] = [{"code": each.code, "where": each.where, "sentence": each.sentence} for each in evidence.remarks]
    out["events"] = [_event(each) for each in evidence.events]
    return out


def _event(logged: Any) -> dict[str, Any]:
    interval = logged.interval
    return {
        "index": logged.index,
        "hash": logged.hash.hex(),
        "kind": None if logged.signed is None else logged.signed.event.kind,
        "claimed": None if logged.signed is None else utc(logged.signed.event.at),
        "not_before": None if interval is None or interval.not_before is None else utc(interval.not_before),
        "not_after": None if interval is None or interval.not_after is None else utc(interval.not_after),
        "narrowed_by_uptime": interval is not None and interval.derived,
    }


def _is_fork(evidence: Evidence) -> bool:
    return isinstance(evidence.bundle, ForkProof)


def _fork(evidence: Evidence) -> dict[str, Any]:
    first, second = evidence.events
    enrolled = evidence.enrolment(first.key or b"")
    return {
        "device": None if enrolled is None else enrolled.device,
        "key": None if first.key is None else first.key.hex(),
        "seq": first.seq,
        "first": _event(first),
        "second": _event(second),
        "acts": [
            {"kind": each.act.kind, "at": utc(each.act.at), "operator": each.act.operator} for each in evidence.acts
        ],
    }


def _fork_summary(evidence: Evidence) -> list[str]:
    fork = _fork(evidence)
    lines = [
        f"  Handheld: {fork['device']}, key {fork['key']}: two different events have number {fork['seq']}.",
        f"  Logged first, at {fork['first']['index']}: {fork['first']['kind']}, {fork['first']['hash']}.",
        f"  Logged later, at {fork['second']['index']}: {fork['second']['kind']}, {fork['second']['hash']}.",
        "  So there are two holders of this key, or it was set back. Which is the honest one, this does not say.",
    ]
    lines += [f"  Office: {act['kind']} at {act['at']} by {act['operator']}." for act in fork["acts"]]
    return [printable(line) for line in lines]


def _complete(found: Findings) -> Evidence | None:
    """The evidence, if every step held."""
    return found.evidence if found.status in (OK, UNTRUSTED) else None


def as_text(found: Findings) -> str:
    """The findings for a person."""
    lines = [_FORKED if found.code == proof_fork.FORKED else _VERDICTS[found.status]]
    if found.status in (WRONG, UNCHECKABLE):
        lines.append(f"  {printable(found.where)}: {printable(found.sentence)} ({found.code})")
        lines.append("  Held before that: " + (", ".join(found.steps) or "nothing") + ".")
    evidence = _complete(found)
    if evidence is not None:
        lines += _fork_summary(evidence) if _is_fork(evidence) else _summary(evidence)
    if found.root is not None:
        lines.append("  Root key: " + fingerprint.to_text(found.root))
    if found.status == UNTRUSTED:
        lines.append("  Nobody vouched for that root key. Compare it with what the gateway's operator gives you, then")
        lines.append("  run this again with --trust and that fingerprint.")
    return "\n".join(lines)


def _summary(evidence: Evidence) -> list[str]:
    record = evidence.record
    devices = sorted(f"{each.device} ({each.assurance})" for each in evidence.enrolled.values())
    lines = [
        f"  Record: {record.work_order} revision {record.revision} ({record.kind}) for {record.customer}: "
        f"{record.total} {record.currency} in {counted(record.lines, 'line')}, "
        f"released {utc(record.released_at)} by {record.released_by}.",
        f"  Evidence: {counted(evidence.events, 'event')}, {counted(evidence.acts, 'office act')}, "
        f"{counted(evidence.receipts, 'receipt')}, {counted(evidence.bundle.objects, 'object')}; "
        f"the log had {evidence.latest.size} entries at {utc(evidence.latest.at)}.",
        f"  Handhelds: {', '.join(devices) or 'none'}.",
    ]
    lines += [f"  Overridden: {code}." for code, _ in record.overrides or []]
    lines += [f"  Remark: {each.where}: {each.sentence} ({each.code})." for each in evidence.remarks]
    return [printable(line) for line in lines]
