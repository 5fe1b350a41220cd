"""The proof: does everything in a bundle hold, and if not, what is the first thing wrong?

Pure: bytes and a fingerprint in, findings out. The steps are taken in order and the first flaw ends them, so each may
rely on those before it. Every part of a bundle must be used by some step: whatever could be changed or added without
notice would be no evidence. What is proven is who, what, when and how much; the arithmetic of rates is not.
"""

from jobseal import bundle, cbor, proof_events, proof_log, proof_record
from jobseal.errors import Malformed
from jobseal.evidence import Evidence
from jobseal.flaw import OK, UNCHECKABLE, UNTRUSTED, WRONG, Flaw, checked
from jobseal.limits import BUNDLE_MAX_BYTES

MYPY = False
if MYPY:
    from typing import Any

    from jobseal.bundle import Bundle
    from jobseal.cose import Verifier

FORMAT = "jobseal/1/bundle"

# (what a person calls it, the step), in order.
STEPS = (
    ("the gateway's keys", proof_log.authority_keys),
    ("the billing record", proof_log.signed_record),
    ("checkpoints", proof_log.checkpoints),
    ("office acts", proof_log.acts),
    ("earlier logs", proof_log.earlier_logs),
    ("events", proof_events.events),
    ("chain links", proof_events.links),
    ("the job", proof_events.fold),
    ("closes", proof_events.closes),
    ("receipts", proof_log.receipts),
    ("acts and overrides", proof_record.relevance),
    ("objects", proof_record.objects),
    ("the work order", proof_record.order),
    ("lines and total", proof_record.lines),
    ("times", proof_events.intervals),
)


class Findings:
    """What came of it.

    ``status``: ok, wrong, uncheckable or untrusted (all holds, but relative to a root key that nobody vouched for);
    ``code``, ``where``, ``sentence``: of the first flaw, or of the status; ``root``: thumbprint of the bundle's root
    key, None before it could be read; ``steps``: those that held; ``evidence``: what they proved, None if nothing.
    """

    __slots__ = ("code", "evidence", "root", "sentence", "status", "steps", "where")

    def __init__(self) -> None:
        self.status = WRONG
        self.code = ""
        self.where = ""
        self.sentence = ""
        self.root: bytes | None = None
        self.steps: list[str] = []
        self.evidence: Evidence | None = None

    def conclude(self, status: str, code: str, where: str, sentence: str) -> "Findings":
        """Set the outcome."""
        self.status = status
        self.code = code
        self.where = where
        self.sentence = sentence
        return self


def verify_bundle(
    data: bytes, verifier: "Verifier", trusted: bytes | None, rotations: "list[Any] | None" = None
) -> Findings:
    """Check everything in a bundle. ``trusted``: the 32-byte thumbprint of the root key that the caller trusts, or
    None; ``rotations``: of the root, known from elsewhere, for a bundle from before them.

    Raises nothing that the bytes could cause.
    """
    findings = Findings()
    try:
        _take_steps(findings, data, verifier, trusted, rotations or [])
    except Flaw as flaw:
        return findings.conclude(flaw.status, flaw.code, flaw.where, flaw.sentence)
    if trusted is None:
        sentence = "everything is consistent, but nobody vouched for the root key that it all rests on"
        return findings.conclude(UNTRUSTED, "untrusted", "root key", sentence)
    return findings.conclude(OK, "ok", "", "everything holds")


def _take_steps(
    findings: Findings, data: bytes, verifier: "Verifier", trusted: bytes | None, rotations: "list[Any]"
) -> None:
    opened = _open(data)
    root = proof_log.root_key(opened.root)
    findings.root = root.thumbprint
    evidence = Evidence(opened, root, verifier)
    evidence.reigns = proof_log.reigns(root, opened.rotations or [], verifier)
    if trusted is not None and not proof_log.is_trusted(trusted, evidence, rotations):
        raise Flaw("root_mismatch", "root key", "the bundle rests on another root key than the one that you trust")
    findings.evidence = evidence
    for name, step in STEPS:
        step(evidence)
        findings.steps.append(name)


def _open(data: bytes) -> "Bundle":
    value = checked("bundle", cbor.decode, data, BUNDLE_MAX_BYTES)
    named = value.get(1) if type(value) is dict else None
    if type(named) is str and named != FORMAT and named.startswith("jobseal/") and named.endswith("/bundle"):
        raise Flaw("bundle_version", "bundle", "it is of another version than this program knows", UNCHECKABLE)
    try:
        return bundle.Bundle.from_map(value)
    except Malformed as problem:
        raise Flaw(problem.code, "bundle", problem.sentence)
