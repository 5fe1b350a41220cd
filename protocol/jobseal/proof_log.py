"""The steps of a proof that concern the gateway: its keys, the record, checkpoints, its own acts, and receipts."""

import hashlib

from jobseal import authority, checkpoint, cose, enrolment, merkle, office, receipt, record, restart, root_line
from jobseal import key as keys
from jobseal.evidence import LoggedAct
from jobseal.flaw import Flaw, checked
from jobseal.limits import STATEMENT_MAX_BYTES

MYPY = False
if MYPY:
    from typing import Any

    from jobseal.cose import Verifier
    from jobseal.evidence import Evidence
    from jobseal.key import Key
    from jobseal.office import Act


def root_key(data: bytes) -> "Key":
    """The root key. Whether it is any good is for whoever trusts its fingerprint to know."""
    return checked("root key", keys.decode, data)


def reigns(root: "Key", rotations: "list[Any]", verifier: "Verifier") -> "list[tuple[Key, int | None]]":
    """The roots that ``root`` came from by these rotations, oldest first, and itself; each with when it gave way."""
    if not rotations:
        return [(root, None)]
    found: list[tuple[Key, int | None]] = checked("rotations of the root key", root_line.reigns, rotations, verifier)
    if found[len(found) - 1][0].thumbprint != root.thumbprint:
        raise Flaw("superfluous", "rotations of the root key", "they lead to another root key than the bundle's")
    return found


def is_trusted(trusted: bytes, evidence: "Evidence", rotations: "list[Any]") -> bool:
    """Whether the trusted root is the bundle's or one that it came from, or, by ``rotations`` that are known from
    elsewhere, one that came from it."""
    if trusted in [root.thumbprint for root, _ in evidence.reigns]:
        return True
    known = checked("the rotations given", root_line.line, rotations, evidence.verifier)
    names = [root.thumbprint for root in known]
    return evidence.root.thumbprint in names and trusted in names


def authority_keys(evidence: "Evidence") -> None:
    """The root certified the log key and the office key."""
    certified = evidence.bundle.authority
    evidence.authority = checked("authority", authority.verify, evidence.root, certified, evidence.verifier)


def signed_record(evidence: "Evidence") -> None:
    """The office key signed the record, and the log key the checkpoint in it, of the same log."""
    keys_of = evidence.authority
    evidence.record = checked("record", record.verify, evidence.bundle.record, keys_of.office, evidence.verifier)
    data = evidence.record.checkpoint
    evidence.latest = checked("record's checkpoint", checkpoint.verify, data, keys_of.log, evidence.verifier)
    if evidence.latest.log != evidence.record.log:
        raise Flaw("log_mismatch", "record", "its checkpoint is of another log than the record names")


def checkpoints(evidence: "Evidence") -> None:
    """Every checkpoint is signed, by growing size and time, and a beginning of the last one: the record's own. Those of
    other logs are for :func:`earlier_logs`."""
    rows = evidence.bundle.checkpoints
    if not rows or rows[len(rows) - 1][0] != evidence.record.checkpoint:
        raise Flaw("checkpoint_missing", "checkpoints", "the last one is not the record's own checkpoint")
    latest, before = evidence.latest, None
    seen = set()
    for number in range(len(rows)):
        data, proof = rows[number]
        where = "checkpoint %d" % (number + 1)
        known = checked(where, checkpoint.verify, data, evidence.authority.log, evidence.verifier)
        if before is not None and (before.size > known.size or before.at > known.at):
            raise Flaw("checkpoint_order", where, "its size or time is below that of the one before")
        if not merkle.verify_consistency(known.size, latest.size, known.root, latest.root, proof):
            raise Flaw("log_inconsistent", where, "the record's log does not begin with the log that it describes")
        hash = checkpoint.hash_of(data)
        if hash in seen:
            raise Flaw("superfluous", where, "it is there twice")
        seen.add(hash)
        evidence.checkpoints.append((hash, known))
        before = known


def included(evidence: "Evidence", where: str, kind: bytes, hash: bytes, index: int, proof: "list[bytes]") -> None:
    """Raise unless the statement is leaf ``index`` of the record's log."""
    leaf = merkle.leaf_hash(merkle.entry(kind, hash))
    if not merkle.verify_inclusion(leaf, index, evidence.latest.size, proof, evidence.latest.root):
        raise Flaw("not_in_log", where, "its proof does not lead to the record's checkpoint")


def acts(evidence: "Evidence") -> None:
    """Every office statement is signed and logged, in log order; the enrolments among them name one key each."""
    last = -1
    rows = evidence.bundle.acts
    for number in range(len(rows)):
        index, data, proof = rows[number]
        where = "act %d (index %d)" % (number + 1, index)
        act = checked(where, _act, evidence, data)
        logged = LoggedAct(number + 1, index, office.hash_of(data), data, act)
        if index <= last:
            raise Flaw("log_order", logged.where, "it is not after the one before")
        last = index
        included(evidence, logged.where, merkle.ENTRY_OFFICE, logged.hash, index, proof)
        evidence.acts.append(logged)
        if act.kind == "device.enrolled":
            _enrol(evidence, logged)
        if act.kind == office.RESTART and not restart.shows(act, data, proof, evidence.latest):
            raise Flaw("log_inconsistent", logged.where, "it does not say what was logged before it")


def _act(evidence: "Evidence", data: bytes) -> "Act":
    """The office's statement, or the root's that the log was restarted; the header says which key it is to be."""
    kid = cose.parse(data, STATEMENT_MAX_BYTES).kid
    if kid in [root.kid for root, _ in evidence.reigns]:
        return restart.declared(data, evidence.reigns, evidence.verifier)
    return office.verify(data, evidence.authority.office, evidence.verifier)


def _enrol(evidence: "Evidence", logged: LoggedAct) -> None:
    found = checked(logged.where, enrolment.Enrolment, logged.data, logged.act)
    checked(logged.where, enrolment.check_key, found.key)
    if found.key.kid in evidence.enrolled:
        raise Flaw("kid_taken", logged.where, "another key with the same short name is enrolled already")
    evidence.enrolled[found.key.kid] = found


def restarted(evidence: "Evidence") -> "dict[bytes, int]":
    """The logs that this one continues, restarted from backups: how many leaves of each were restored, by its id."""
    found: dict[bytes, int] = {}
    for logged in evidence.of_kind(office.RESTART):
        body = logged.act.named()
        found[body["earlier_log"]] = min(body["size"], found.get(body["earlier_log"], body["size"]))
    return found


def earlier_logs(evidence: "Evidence") -> None:
    """Whatever is of another log than the record's is of one that it continues, and of what was restored of that."""
    continued = restarted(evidence)
    own = evidence.record.log
    for number in range(len(evidence.checkpoints)):
        known = evidence.checkpoints[number][1]
        if known.log != own and known.size > continued.get(known.log, -1):
            where = "checkpoint %d" % (number + 1)
            raise Flaw("log_mismatch", where, "it is of another log than the record's, or of what that one lost")
    for enrolled in evidence.enrolled.values():
        if enrolled.log != own and enrolled.log not in continued:
            raise Flaw("log_mismatch", "enrolment of " + enrolled.device, "it is for another log than the record's")


def receipts(evidence: "Evidence") -> None:
    """Every receipt is signed, for a key of this job, agrees with its chain, and its checkpoint is among those here."""
    known = dict(evidence.checkpoints)
    rows = evidence.bundle.receipts
    for number in range(len(rows)):
        where = "receipt %d" % (number + 1)
        if rows.index(rows[number]) != number:
            raise Flaw("superfluous", where, "it is there twice")
        found = checked(where, receipt.verify, rows[number], evidence.authority.log, evidence.verifier)
        hash = checkpoint.hash_of(found.checkpoint)
        if hash not in known:
            raise Flaw("checkpoint_missing", where, "its checkpoint is not among those of the bundle")
        if found.since == 0 and found.proof:
            raise Flaw("log_inconsistent", where, "it proves consistency with an empty log, which needs no proof")
        for _, earlier in evidence.checkpoints:
            newer = known[hash]
            if earlier.size == found.since and not merkle.verify_consistency(
                earlier.size, newer.size, earlier.root, newer.root, found.proof
            ):
                raise Flaw("log_inconsistent", where, "its consistency proof does not hold")
        _agrees_with_chain(evidence, where, found)
        evidence.receipts.append(found)


def _agrees_with_chain(evidence: "Evidence", where: str, found: "receipt.Receipt") -> None:
    chain = evidence.chain(found.key)
    enrolled = evidence.enrolment(found.key)
    if not chain or enrolled is None:
        raise Flaw("superfluous", where, "it is for a key that has no event here")
    if found.next == 0 and found.head != enrolled.genesis:
        raise Flaw("receipt_mismatch", where, "it names another enrolment of the key")
    for logged in chain:
        if logged.seq == found.next - 1 and logged.hash != found.head:
            raise Flaw("receipt_mismatch", where, "it names another event than " + logged.where)


def document(data: bytes, expected: bytes | None) -> bool:
    """Whether ``data`` is the document with this digest; none is the empty one."""
    return data == b"" if expected is None else hashlib.sha256(data).digest() == expected
