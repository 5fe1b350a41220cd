"""Reports: what a handheld says of itself, for people and scripts. It only reads, beside whoever else is at work.

Every answer is a dict that JSON can carry: hashes in hex, times in Unix ms UTC.
"""

from typing import Any

from jobseal import bodies, lifecycle
from jobseal import event as events
from jobseal.errors import JobsealError
from jobseal.event import SignedEvent
from jobseal.host.readable import plain
from jobseal.uplink_state import State
from jobseal_device import forms, identity, passed_over
from jobseal_device.fold import Fold
from jobseal_device.home import Home
from jobseal_device.journal_reader import JournalReader
from jobseal_device.objects import ObjectStore
from jobseal_device.uplink_file import read_uplink
from jobseal_device.work_file import WorkFile

Answer = dict[str, Any]


def status(home: Home) -> Answer:
    """What is signed, acknowledged and waiting. What cannot be read is named in ``unreadable``."""
    from jobseal_device import sync  # with all of the network

    enrolled = identity.load(home)
    state, unreadable = _uplink(home)
    head = JournalReader(home.journal).head()
    signed = 0 if head is None else head.seq + 1
    answer: Answer = {
        "device": enrolled.identity.device,
        "key": enrolled.identity.thumbprint[:8].hex(),
        "gateway": enrolled.identity.authority.root.thumbprint.hex(),
        "signed": signed,
        "acknowledged": min(state.next, signed),
        "attachments_waiting": len(ObjectStore(home).pending()),
        "sync": "running" if sync.is_running(home) else "not running",
        "rolled_back": home.rolled_back.exists(),
    }
    try:
        answer |= _work(WorkFile(home))
    except JobsealError as error:
        unreadable.append(error.sentence)
    left = passed_over.told(home)
    answer |= {"passed_over": left} if left else {}
    return answer | ({"unreadable": unreadable} if unreadable else {})


def following(home: Home, job: str | None, by: str | None) -> Answer:
    """The next steps in a job and the fields that each takes; without a job, the jobs to choose from."""
    enrolled = identity.load(home)
    fold = Fold(home, JournalReader(home.journal), enrolled.identity.thumbprint)
    if job is not None:
        kinds = lifecycle.legal_steps(fold.lane(job), by or fold.session)
        steps = [{"kind": kind, "fields": [field._asdict() for field in forms.fields(kind)]} for kind in kinds]
        return {"job": job, "state": _state(fold, job), "next": steps}
    try:
        orders = [row for row in WorkFile(home).orders() if row["assigned"]]
    except JobsealError:
        orders = []
    planned = {row["order"] for row in orders}
    jobs = [_order(fold, row) for row in orders]
    jobs += [{"job": id, "state": _state(fold, id)} for id in fold.open_jobs() if id not in planned]
    return {"technician": fold.session, "jobs": jobs}


def journal(home: Home, first: int, count: int, job: str | None) -> Answer:
    """The signed events from seq ``first`` on, at most ``count`` of them; ``state`` is ``acked`` once a receipt
    verified. Events that cannot be read any more are left out and named in ``lost``, [first, last] each."""
    reader = JournalReader(home.journal)
    state, _ = _uplink(home)
    try:
        verdicts = WorkFile(home).verdicts()
    except JobsealError:
        verdicts = {}
    rows: list[Answer] = []
    lost: list[list[int]] = []
    expected = first
    for seq, data in reader.readable(first) if count else ():
        if seq != expected:
            lost.append([expected, seq - 1])
        expected = seq + 1
        if job is None or job.encode() in data:
            signed = events.parse(data)
            if job is None or signed.event.job == job:
                acked = "acked" if seq < state.next else "signed"
                rows.append(dict(describe(signed), state=acked, verdicts=verdicts.get(seq, [])))
        if len(rows) == count:
            break
    return {"events": rows} | ({"lost": lost} if lost else {})


def describe(signed: SignedEvent) -> Answer:
    """An event for a person or a script."""
    event = signed.event
    named = bodies.named(event.kind, event.body) if not bodies.problem(event.kind, event.body) else {}
    return {
        "seq": event.seq,
        "hash": signed.hash.hex(),
        "kind": event.kind,
        "job": event.job,
        "by": event.by,
        "at": event.at,
        "body": plain(named),
        "amends": None if event.amends is None else event.amends.hex(),
    }


def _work(work: WorkFile) -> Answer:
    trouble = work.trouble()
    return {
        "orders": len([row for row in work.orders() if row["assigned"]]),
        "trouble": None if trouble is None else trouble["sentence"],
        "verdicts": {str(seq): codes for seq, codes in sorted(work.verdicts().items())},
        "alarms": [{name: row[name] for name in ("code", "sentence", "count")} for row in work.alarms()],
    }


def _order(fold: Fold, row: Answer) -> Answer:
    document = row["document"] if isinstance(row["document"], dict) else {}
    told = {name: plain(document.get(name)) for name in ("customer", "site", "window_start")}
    return {"job": row["order"], "state": _state(fold, row["order"]), **told}


def _state(fold: Fold, job: str) -> str:
    lane = fold.lane(job)
    return lifecycle.CREATED if lane is None else lane.state


def _uplink(home: Home) -> tuple[State, list[str]]:
    try:
        return read_uplink(home), []
    except JobsealError as error:
        return State(), [error.sentence]
