"""What must hold of keys: who follows whom, what each may still say, and what becomes of it when one is revoked."""

from collections import Counter
from collections.abc import Iterator
from hashlib import sha256

from jobseal import event as events
from jobseal import rotating
from tests.system.enrolling import DEVICE
from tests.system.evidence import Evidence, Row, Said, record_of
from tests.system.history import History

Found = Iterator[tuple[str, str]]
ENDS = ("job.signed_off", "signoff.waived", "job.cancelled")


def check(history: History, evidence: Evidence) -> Found:
    """Every disagreement, as the checker has them."""
    yield from _trusted(evidence)
    yield from _unsaid(history, evidence)
    yield from _kept(history, evidence)
    yield from _enrolled(evidence)
    yield from _ended(history, evidence)
    yield from _answered(history, evidence)


def disowned(history: History, evidence: Evidence) -> set[bytes]:
    """Keys that follow one which was revoked before the log had its end: nobody will ever take them."""
    enrolled = {each.key.kid for each in evidence.enrolments}
    revoked = {
        said.act.named()["key"][:8]: said.index for said in reversed(evidence.acts) if said.act.kind == "device.revoked"
    }
    found: set[bytes] = set()
    for holder in history.holders:  # a holder's keys come in their order
        last = events.parse(holder.journal[-1]) if holder.journal else None
        if last is None or last.event.kind != rotating.KIND:
            continue
        heir = last.event.body[1][:8]
        logged = evidence.by_hash.get(last.hash)
        behind = holder.kid in revoked and (logged is None or logged.index > revoked[holder.kid])
        if heir not in enrolled and (behind or holder.kid in found):
            found.add(heir)
    return found


def _trusted(evidence: Evidence) -> Found:
    """Nothing is billed of a key that was not trusted with it, unless a person set that aside."""
    for work_order, revision, data, leaf in evidence.records:
        cited = {digest for line in record_of(data, evidence).line_items() for digest in line.events}
        rows = [row for row in evidence.of_job(work_order, leaf) if row.signed.hash in cited]
        for said in evidence.acts:
            if said.act.kind not in ("device.suspended", "device.revoked") or said.act.operator == "gateway":
                continue
            body = said.act.named()
            trusted = body.get("last_trusted_seq")
            unnamed = _named_behind(evidence, said)
            for row in rows:
                is_own = row.kid == body["key"][:8] and said.index < leaf
                after = row.index > said.index or (trusted is not None and row.signed.event.seq > trusted)
                untrusted = (is_own and after) or (row.kid in unnamed and said.index < leaf)
                if untrusted and not evidence.overridden(work_order, "key_revoked", leaf):
                    yield "revoked_billed", f"{work_order}~{revision} bills event {row.signed.event.seq} of such a key"


def _named_behind(evidence: Evidence, said: Said) -> set[bytes]:
    """The keys that a compromised one had named behind its last trusted event, and those that follow them."""
    body = said.act.named()
    if body.get("last_trusted_seq") is None:
        return set()
    found: set[bytes] = set()
    for each in evidence.enrolments:
        if each.follows is not None and each.leaf < said.index:
            kid, seq = each.follows
            if kid in found or (kid == body["key"][:8] and seq > body["last_trusted_seq"]):
                found.add(each.key.kid)
    return found


def _unsaid(history: History, evidence: Evidence) -> Found:
    """What a revoked key still sent is in the log, each with its verdict."""
    for said in evidence.acts:
        if said.act.kind != "device.revoked":
            continue
        kid = said.act.named()["key"][:8]
        for row in evidence.rows:
            seq = row.signed.event.seq
            if row.kid != kid or row.index < said.index or kid in history.diverged or evidence.is_lost(kid, seq):
                continue
            if (kid, seq) not in evidence.mistrusted:
                yield "revoked_unsaid", f"event {seq} came after its key was revoked, and nothing says so"


def _kept(history: History, evidence: Evidence) -> Found:
    """What was complete, logged and trusted before a key was revoked stays billable."""
    if history.reviewed or not history.healed:
        return
    released = {work_order: leaf for work_order, _, _, leaf in evidence.records}
    acts = [said for said in evidence.acts if said.act.kind == "device.revoked"]
    for job, technicians in evidence.ground.work.items():
        rows = evidence.of_job(job)
        begun = {evidence.line(row.kid)[-1]: row.signed.event.kind for row in rows}  # and the last that each line said
        carriers = [each.signer.key.kid for each in evidence.ground.issued if each.technician in technicians]
        is_over = set(carriers) <= set(begun) and all(kind in ENDS for kind in begun.values())
        is_taken = any(_behind(said, row, evidence) for said in acts for row in rows)
        if is_over and not is_taken and max(row.index for row in rows) > released.get(job, -1):
            yield "revoked_unbilled", f"{job} was finished before any key was revoked, and is not billed"


def _behind(said: Said, row: Row, evidence: Evidence) -> bool:
    """Whether a revocation takes this event from billing."""
    body = said.act.named()
    trusted = body.get("last_trusted_seq")
    is_later = row.index > said.index or (trusted is not None and row.signed.event.seq > trusted)
    return (row.kid == body["key"][:8] and is_later) or row.kid in _named_behind(evidence, said)


def _enrolled(evidence: Evidence) -> Found:
    """Each key is enrolled once, by a person or by a logged event that names it; and its chain begins there."""
    for kid, count in Counter(each.key.kid for each in evidence.enrolments).items():
        if count > 1:
            yield "enrolled_twice", f"key {kid.hex()[:8]} is enrolled {count} times"
    geneses = {each.key.kid: each for each in evidence.enrolments}
    for each in evidence.enrolments:
        row = evidence.by_hash.get(each.genesis)
        if each.follows is None:
            continue
        is_so = row is not None and row.index < each.leaf and (row.kid, row.signed.event.seq) == each.follows
        if not is_so or row is None or row.signed.event.body[1] != each.key.thumbprint:
            yield "heir_unfounded", f"key {each.key.kid.hex()[:8]} is enrolled, and no logged event names it"
    for row in evidence.rows:
        begun = geneses.get(row.kid)
        if begun is None or row.index < begun.leaf:
            yield "forged_accepted", f"event {row.signed.event.seq} is logged before its key was enrolled"
        elif row.signed.event.seq == 0 and row.signed.event.prev != begun.genesis and row.canonical:
            yield "chain_broken", f"the chain of key {row.kid.hex()[:8]} does not begin where it was enrolled"


def _ended(history: History, evidence: Evidence) -> Found:
    """A key signs nothing behind its end, and the one that it names goes on."""
    named = Counter(each.genesis for each in evidence.enrolments if each.follows is not None)
    refused = history.diverged | {
        said.act.named()["key"][:8] for said in evidence.acts if said.act.kind == "device.revoked"
    }
    for row in evidence.rows:
        if row.signed.event.kind != rotating.KIND or row.kid in history.diverged:
            continue
        if named[row.signed.hash] != 1 and row.kid not in refused:
            yield "heir_missing", f"key {row.kid.hex()[:8]} has ended, and {named[row.signed.hash]} keys follow it"
        for later in evidence.rows:
            if later.kid == row.kid and later.signed.event.seq > row.signed.event.seq:
                yield "ended_key_signed", f"key {row.kid.hex()[:8]} has signed behind its end"


def _answered(history: History, evidence: Evidence) -> Found:
    """Whoever asks again is answered the same; a code enrols one handheld, by one statement, which is in the log."""
    heard = [each for each in history.answers if each.nonces or each.grants]
    if len(heard) > 1:
        yield "code_used_twice", "two handhelds were taken with one code"
    for each in history.answers:
        for what in (each.nonces, each.grants, each.renewals):
            if len(what) > 1:
                yield "answers_differ", f"the {each.name} handheld has asked the same again, and was answered otherwise"
        for statement in each.statements:
            if sha256(statement).digest() not in {said.hash for said in evidence.acts}:
                yield "grant_unfounded", f"the {each.name} handheld has an enrolment that is not in the log"
    by_code = [each for each in evidence.enrolments if each.device == DEVICE]
    if len(by_code) > 1:
        yield "code_used_twice", f"one code has enrolled {len(by_code)} keys"
    if history.answers and history.healed and not any(each.grants for each in history.answers):
        yield "converges", "nobody was enrolled with a code that two asked with, or one"
