"""The history checker: what was meant, promised and kept must agree. It knows nothing of how any of it works.

It reads intents, believed receipts, journals, ledger rows, log, records and the consumer's books, and names each
disagreement by the check that found it. Roots are computed by RFC 9162's own recursion, money by ``slow_rating``.
"""

from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from hashlib import sha256
from itertools import pairwise

from sqlalchemy import Connection, text

from jobseal import bodies, cose
from jobseal import checkpoint as checkpoints
from jobseal.limits import EVENT_MAX_BYTES
from jobseal.record import Record
from jobseal_gateway.ledger.database import reading
from tests.system import key_checks, slow_rating
from tests.system.consumer import Consumer
from tests.system.evidence import Evidence, Row, Said, record_of
from tests.system.ground import Ground
from tests.system.history import History
from tests.system.roots import Roots, root

Found = Iterator[tuple[str, str]]


def check(history: History, ground: Ground, consumer: Consumer) -> list[tuple[str, str]]:
    """Every disagreement as (check, sentence), none for a run in which all is well."""
    with reading(ground.engine) as connection:
        evidence = Evidence(connection, ground)
    found: list[tuple[str, str]] = []
    if not history.healed:
        found.append(("converges", f"nothing came to rest: {history.restless}"))
    if history.rewritten:
        found += _noticed(history, evidence)
    else:
        found += _lost(history, evidence)
        found += _acknowledged(history, evidence)
        found += _log(history, evidence)
        found += _paid(evidence, consumer)
        if not history.restored:  # or records of one name are released again, in another log
            found += _books(evidence, consumer)
    found += _rows(evidence)
    found += _holes(history, evidence)
    found += _objects(history, evidence)
    found += _forged(evidence)
    found += _forks(history, evidence)
    found += _records(evidence)
    found += key_checks.check(history, evidence)
    found += _billed(history, evidence)
    found += [("defect", "ingest could not handle a message") for _ in evidence.defects]
    return found


def counted(connection: Connection) -> tuple[int, int]:
    """How many events and records there are."""
    events_logged = connection.execute(text("SELECT count(*) FROM leaves WHERE type = 1")).scalar_one()
    return events_logged, connection.execute(text("SELECT count(*) FROM released_records")).scalar_one()


def _lost(history: History, evidence: Evidence) -> Found:
    """No event of which somebody was told "signed" is missing, unless its handheld was set back before it could say."""
    disowned = key_checks.disowned(history, evidence)
    excused_keys = history.diverged | history.broken | disowned
    for intent in history.intents:
        excused = intent.kid in excused_keys or intent.hash in history.unreadable
        if intent.hash is not None and intent.hash not in evidence.by_hash and not excused:
            yield (
                "committed_lost",
                f"{intent.holder} was told that {intent.kind} {intent.seq} is signed; it is not logged",
            )
    for holder in history.holders:
        if holder.stopped and holder.kid not in history.diverged | history.broken:
            yield "honest_stopped", f"{holder.name} was told never to sign again, and nobody set it back"
        if not {"log_inconsistent", "log_restarted"}.isdisjoint(holder.alarms):
            yield "log_rewritten", f"{holder.name} raised an alarm about the log"
        for data in () if holder.stopped or holder.kid in disowned else holder.journal:
            if sha256(data).digest() not in evidence.by_hash:
                yield "committed_lost", f"an event in the journal of {holder.name} is not logged"


def _acknowledged(history: History, evidence: Evidence) -> Found:
    """Whatever a handheld believes to be logged is: the head of each receipt, and all before it."""
    logged: dict[bytes, set[int]] = {}
    for row in evidence.rows:
        logged.setdefault(row.kid, set()).add(row.signed.event.seq)
    for said in history.believed:
        if history.restored and (
            said.kid in history.diverged | history.broken or evidence.is_lost(said.kid, said.next - 1)
        ):
            continue  # what one holder had, or could still read, may have been nowhere but in the gateway that is gone
        seqs = logged.get(said.kid, set())
        if said.next and said.head not in evidence.by_hash:
            yield "acknowledged_missing", f"{said.holder} has a receipt up to {said.next}, whose head is not logged"
        elif not all(seq in seqs or evidence.is_lost(said.kid, seq) for seq in range(said.next)):
            yield "acknowledged_missing", f"{said.holder} has a receipt up to {said.next}, and not all of it is logged"
    disowned = key_checks.disowned(history, evidence)
    for holder in history.holders:
        if not holder.stopped and holder.kid not in disowned and holder.acknowledged != holder.committed:
            what = f"{holder.acknowledged} acknowledged of {holder.committed}"
            yield "converges", f"{holder.name} has {what}"


def _rows(evidence: Evidence) -> Found:
    """One event is one row."""
    for hashed, count in Counter(row.signed.hash for row in evidence.rows).items():
        if count > 1:
            yield "duplicate_row", f"event {hashed.hex()[:8]} is logged {count} times"
    for (_, branch, seq), count in Counter((r.kid, r.branch, r.signed.event.seq) for r in evidence.rows).items():
        if count > 1:
            yield "duplicate_row", f"seq {seq} of branch {branch} is there {count} times"
    if evidence.indexes != list(range(len(evidence.indexes))):
        yield "log_rewritten", "the log has gaps"
    for index in evidence.mislabelled:
        yield "log_rewritten", f"leaf {index} does not hold what its hash says"
    for kid in {row.kid for row in evidence.rows}:
        chain = sorted((r for r in evidence.rows if r.kid == kid and r.canonical), key=lambda r: r.signed.event.seq)
        for before, after in pairwise(chain):
            linked = after.signed.event.prev == before.signed.hash
            between = range(before.signed.event.seq + 1, after.signed.event.seq)
            if between and all(evidence.is_lost(kid, seq) for seq in between):
                continue  # nobody knows what stood there
            if between or after.signed.event.seq != before.signed.event.seq + 1 or not linked:
                yield "chain_broken", f"event {after.signed.event.seq} does not follow the one logged before it"


def _log(history: History, evidence: Evidence) -> Found:
    """Every checkpoint that anybody ever saw describes a beginning of the log as it is now, and time went forward."""
    roots = Roots(evidence.hashes)
    seen = [*evidence.checkpoints, *dict.fromkeys(said.checkpoint for said in history.believed)]
    seen += [record_of(data, evidence).checkpoint for _, _, data, _ in evidence.records]
    latest = 0
    for number, data in enumerate(seen):
        said = checkpoints.verify(data, evidence.ground.keys.authority.log, evidence.ground.crypto.verifier)
        if said.size > history.restored.get(said.log, said.size):
            continue  # of what was lost with the gateway, as the root has declared
        if said.size > len(evidence.hashes) or said.root != roots.of(said.size):
            yield "log_rewritten", f"a checkpoint over {said.size} leaves has another root than they have now"
        if number < len(evidence.checkpoints):
            if said.at < latest:
                yield "log_rewritten", "a checkpoint is older than the one before it"
            latest = said.at


def _forged(evidence: Evidence) -> Found:
    """Every logged event was signed by the key that it is logged for."""
    signers = {signer.key.kid: signer for each in evidence.ground.issued for signer in each.signers.values()}
    for row in evidence.rows:
        envelope = cose.parse(row.signed.data, EVENT_MAX_BYTES)
        covered = cose.to_be_signed(envelope.protected, cose.EVENT, envelope.payload)
        signer = signers.get(row.kid)
        verifies = signer is not None and evidence.ground.crypto.verifier(signer.key, envelope.signature, covered)
        if signer is None or sha256(covered).digest() not in signer.signed or not verifies:
            yield "forged_accepted", f"event {row.signed.event.seq} was never signed by its key"


def _forks(history: History, evidence: Evidence) -> Found:
    """Two events under one number are found out and suspend the key; and nobody honest is accused."""
    taken: dict[tuple[bytes, int], set[bytes]] = {}
    for row in evidence.rows:
        taken.setdefault((row.kid, row.signed.event.seq), set()).add(row.signed.hash)
    for (kid, seq), hashes in taken.items():
        if len(hashes) > 1 and (kid not in evidence.forked or evidence.status[kid] == "active"):
            yield "fork_undetected", f"two events have number {seq} of one key, and nobody says so"
        if len(hashes) > 1 and kid not in history.diverged:
            yield "honest_fork", f"a handheld that nobody copied signed two events with number {seq}"
    suspended = {kid for kid, status in evidence.status.items() if status in ("suspended", "revoked")}
    distrusted = {kid for kid in suspended if not history.distrusted.isdisjoint(evidence.line(kid))}
    for kid in (evidence.forked | (suspended - distrusted)) - history.diverged:
        yield "honest_fork", f"key {kid.hex()[:8]}, of which there is only one holder, is accused of a fork"
    for holder in history.holders:
        logged = {row.signed.event.seq for row in evidence.rows if row.kid == holder.kid}
        knows = holder.stopped or holder.kid in evidence.forked or history.rewritten or history.restored
        if holder.committed < len(logged) and not knows:
            yield "set_back_undetected", f"{holder.name} has fewer events than are logged for it, and does not know"
    # What was on a card that was set back before it sent anything is known to nobody.
    left = {sha256(data).digest() for holder in history.holders for data in holder.journal} | set(evidence.by_hash)
    meant: dict[tuple[bytes, int], set[bytes]] = {}
    for intent in history.intents:
        if intent.hash in left and intent.hash is not None and intent.seq is not None:
            meant.setdefault((intent.kid, intent.seq), set()).add(intent.hash)
    stopped = {holder.kid for holder in history.holders if holder.stopped}
    for (kid, seq), hashes in meant.items():
        lost = history.rewritten or history.restored  # what gave it away may have gone with the gateway
        if len(hashes) > 1 and kid not in evidence.forked and kid not in stopped and not lost:
            yield "fork_undetected", f"two events with number {seq} were signed, and neither fork nor set-back was seen"


def _records(evidence: Evidence) -> Found:
    """Every line is explained by logged events of its job, and the money is what a slow rating makes of them."""
    billed: dict[str, Fraction] = {}
    for work_order, revision, data, leaf in evidence.records:
        record = record_of(data, evidence)
        known = {row.signed.hash for row in evidence.of_job(work_order, leaf)}
        for line in record.line_items():
            if not set(line.events) <= known:
                yield "record_unexplained", f"{work_order}~{revision} cites events that were not logged for it"
            if not line.events and line.kind != "adjustment":
                yield "record_unexplained", f"{work_order}~{revision} has a line without any event"
        billed[work_order] = billed.get(work_order, Fraction(0)) + Fraction(record.total)
        used = [(evidence.line(row.kid)[-1], row.signed) for row in evidence.of_job(work_order, leaf)]
        due = slow_rating.total(used)
        if billed[work_order] != due:
            what = f"{float(billed[work_order]):.2f}, and its events make {float(due):.2f}"
            yield "money_wrong", f"{work_order} is billed up to revision {revision} with {what}"
        yield from _complete(work_order, revision, record, evidence, leaf)


def _complete(work_order: str, revision: int, record: Record, evidence: Evidence, leaf: int) -> Found:
    """No record without a close of every key that has the job, over all that this key has of it."""
    technicians = evidence.ground.work[work_order]
    rows = evidence.of_job(work_order, leaf)
    for each in evidence.ground.issued:
        has_begun = False
        for key in evidence.keys_of(each.device):
            own = [row for row in rows if row.kid == key.kid]
            has_begun = has_begun or bool(own)
            yield from _closed(f"{work_order}~{revision}", record, own, key.thumbprint, evidence, leaf)
        thumbprints = {key.thumbprint for key in evidence.keys_of(each.device)}
        closed = any(_closures(work_order, thumbprint, evidence, leaf) for thumbprint in thumbprints)
        if each.technician in technicians and not has_begun and not closed:
            yield "released_open", f"{work_order}~{revision} was released before {each.device} closed its part"
    for kid in {row.kid for row in rows} & evidence.forked:
        branches = {row.branch: row for row in reversed(evidence.rows) if row.kid == kid and not row.canonical}
        # Adopting a line says nothing of jobs that it has no events of: there the first-logged one counts.
        chosen = {row.branch for row in rows if row.kid == kid} | evidence.adopted_elsewhere(work_order, leaf)
        forks = [row.signed.event.seq for row in branches.values() if row.index < leaf and row.branch not in chosen]
        behind = [row for row in rows if row.kid == kid and forks and row.signed.event.seq >= min(forks)]
        if behind and not evidence.overridden(work_order, "chain_fork", leaf):
            yield "forked_billed", f"{work_order}~{revision} bills what its key signed after it had forked"


def _closed(name: str, record: Record, own: list[Row], thumbprint: bytes, evidence: Evidence, leaf: int) -> Found:
    """The close of a key that has these events ``own`` of the job is there, and over all of them but itself."""
    closes = [close for close in record.closes if close[0] == thumbprint]
    closures = _closures(record.work_order, thumbprint, evidence, leaf)
    by_office = [said for said in closures if all(row.index < said.index for row in own)]
    if own and not closes:
        yield "released_open", f"{name} was released before key {thumbprint.hex()[:8]} closed its part"
    counted = len(own) if closes and closes[0][3] in [said.hash for said in by_office] else len(own) - 1
    if own and closes and closes[0][1] != counted:
        yield "released_open", f"{name} has a close over {closes[0][1]} of {counted} events"


def _closures(job: str, key: bytes, evidence: Evidence, before: int) -> list[Said]:
    """The acts by which the office closed a key's part of a job."""
    return [
        said
        for said in evidence.acts
        if said.act.kind == "job.closed_by_office"
        and said.act.job == job
        and said.act.named().get("key") in (None, key)
        and said.index < before
    ]


def _noticed(history: History, evidence: Evidence) -> Found:
    """Whoever holds a checkpoint that the log as it is now does not continue has said so."""
    for holder in history.holders:
        if holder.checkpoint is None or holder.stopped:
            continue
        said = checkpoints.verify(
            holder.checkpoint, evidence.ground.keys.authority.log, evidence.ground.crypto.verifier
        )
        continues = said.size <= len(evidence.hashes) and said.root == root(evidence.hashes[: said.size])
        if not continues and not {"log_inconsistent", "log_restarted"} & set(holder.alarms):
            yield "deletion_undetected", f"{holder.name} holds a checkpoint over a log that is gone, and is silent"
        if continues and "log_inconsistent" in holder.alarms and said.size == 0:
            yield "log_rewritten", f"{holder.name} raised an alarm without a reason"


def _holes(history: History, evidence: Evidence) -> Found:
    """What cannot be read any more is announced, and nothing else is."""
    if history.rewritten or not history.healed:
        return
    excused = history.diverged | key_checks.disowned(history, evidence)
    for holder in history.holders:
        if holder.stopped or holder.kid in excused:
            continue
        seqs = {row.signed.event.seq for row in evidence.rows if row.kid == holder.kid}
        for seq in set(range(holder.committed)) - seqs:
            if not evidence.is_lost(holder.kid, seq):
                yield "hole_unannounced", f"event {seq} of {holder.name} is not logged, and nobody says that it is lost"
    readable = {kid for kid, _, _ in evidence.lost} - history.diverged if not history.unreadable else set()
    for kid in readable:
        yield "hole_unannounced", f"key {kid.hex()[:8]} announced a loss, and nothing was lost"


def _objects(history: History, evidence: Evidence) -> Found:
    """Every object that a logged event names is there, and is what was named."""
    for digest, data in evidence.objects.items():
        if sha256(data).digest() != digest:
            yield "object_wrong", f"object {digest.hex()[:8]} does not hold what its digest says"
    gone = {holder.kid for holder in history.holders if holder.stopped} | history.diverged
    if history.rewritten or not history.healed:
        return
    for row in evidence.rows:
        for digest, _, _ in bodies.objects(row.signed.event.kind, row.signed.event.body):
            if digest not in evidence.objects and row.kid not in gone:
                yield "object_missing", f"an object of event {row.signed.event.seq} never arrived"


def _books(evidence: Evidence, consumer: Consumer) -> Found:
    """The billing system has each record once, with the bytes that were released."""
    released = {(work_order, revision): sha256(data).digest() for work_order, revision, data, _ in evidence.records}
    for name, count in Counter((each.work_order, each.revision) for each in consumer.books).items():
        if count > 1:
            yield "billed_twice", f"{name[0]}~{name[1]} is in the books {count} times"
    for each in consumer.books:
        if released.get((each.work_order, each.revision)) != each.digest:
            yield "books_differ", f"{each.work_order}~{each.revision} in the books is not what was released"
    for missing in set(released) - {(each.work_order, each.revision) for each in consumer.books}:
        yield "books_differ", f"{missing[0]}~{missing[1]} was released and is not in the books"
    for id in consumer.conflicts:
        yield "books_differ", f"{id} came again with other bytes"


def _paid(evidence: Evidence, consumer: Consumer) -> Found:
    """What was billed of a job is what its records come to, whatever the gateway has forgotten in between."""
    due: dict[str, Fraction] = {}
    for work_order, _, data, _ in evidence.records:
        due[work_order] = due.get(work_order, Fraction(0)) + Fraction(record_of(data, evidence).total)
    for work_order, amount in due.items():
        billed = sum((Fraction(each.billed) for each in consumer.books if each.work_order == work_order), Fraction(0))
        if billed != amount:
            check = "billed_twice" if billed > amount else "books_differ"
            yield check, f"{work_order} comes to {float(amount):.2f}, and {float(billed):.2f} was billed"


def _billed(history: History, evidence: Evidence) -> Found:
    """Where nothing happened that a person must look at, every finished job is billed in full."""
    if history.unbillable or not history.healed:
        return
    newest = {work_order: leaf for work_order, _, _, leaf in evidence.records}
    for job in evidence.ground.work:
        rows = evidence.of_job(job)
        relevant = [row for row in rows if job not in newest or row.index > newest[job]]
        if job not in newest:
            yield "unbilled", f"{job} is finished and was never released"
        elif relevant:
            yield "unbilled", f"{job} has {len(relevant)} events after its newest record"
