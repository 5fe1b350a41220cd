"""What a job still lacks before it can be billed: closes, evidence, attachments, the customer's word. Pure."""

from jobseal import bodies, completeness, requirement
from jobseal.card import Card
from jobseal.exceptions import Raised
from jobseal.job import Job
from jobseal.lifecycle import CANCELLED, COMPLETED, DONE
from jobseal_gateway.dossier import Dossier
from jobseal_gateway.policy import APPROVAL, Found


def lacking(dossier: Dossier, job: Job, card: Card, state: str, closed: dict[bytes, bytes]) -> list[Found]:
    """The exceptions that say so. ``closed``: keys that the office closed."""
    found: list[Found] = []
    if any(lane.state in DONE for lane in job.lanes):
        found += _closes(dossier, job, closed)
    completed = _completed(dossier)
    if state in COMPLETED:
        if card.signoff() is None:
            found.append(Found(Raised("signoff_missing", None), completed))
        required = () if dossier.order is None else dossier.order.content.required_evidence
        for word in requirement.missing(list(required), card):
            if word != "signoff":
                found.append(Found(Raised("evidence_missing", None, word), completed))
    if state in COMPLETED or state == CANCELLED:
        found += _attachments(dossier, card)
        if dossier.order is not None and dossier.order.content.approval_required:
            newest = max((each.index for each in dossier.events), default=-1)
            found.append(Found(Raised(APPROVAL, None), newest))  # what comes later has to be approved again
    return found


def _completed(dossier: Dossier) -> int:
    """Where the log has the newest completion: a word about the job as a whole is about that one."""
    said = [each for each in dossier.events if each.signed is not None and each.signed.event.kind == "job.completed"]
    return max((each.index for each in said), default=-1)


def _closes(dossier: Dossier, job: Job, closed: dict[bytes, bytes]) -> list[Found]:
    found: list[Found] = []
    for key in completeness.missing(job, tuple(dossier.assigned)):
        trust = dossier.trust.get(key)
        for lost in () if trust is None else trust.lost:
            if key not in closed or lost.written_off:
                code = "range_written_off" if lost.written_off else "sequence_gap"
                found.append(Found(Raised(code, None, f"key {key[:8].hex()} {lost.first} to {lost.last}"), -1))
        if key not in closed:
            found.append(Found(Raised("close_missing", None, "key " + key[:8].hex()), -1))
    for technician, assigned_ms in dossier.unequipped.items():
        if not _everybody_closed(dossier, assigned_ms):
            found.append(Found(Raised("close_missing", None, "technician " + technician), -1))
    return found


def _everybody_closed(dossier: Dossier, assigned_ms: int) -> bool:
    """Whether the office closed the job for all who were assigned by then."""
    closures = [each.act for each in dossier.acts if each.act.kind == "job.closed_by_office"]
    return any(act.named().get("key") is None and act.at >= assigned_ms for act in closures)


def _attachments(dossier: Dossier, card: Card) -> list[Found]:
    """Objects that have not arrived. One that was erased had been asked to go; one named by an event that was struck
    out is not missed."""
    items = {item.fact.hash: item for item in card.items}
    there = set(dossier.stored | dossier.erased)
    found: list[Found] = []
    for logged in dossier.events:
        if logged.signed is None or items[logged.hash].struck:
            continue
        for named in bodies.objects(logged.signed.event.kind, logged.signed.event.body):
            if named[0] not in there:
                there.add(named[0])
                found.append(Found(Raised("attachment_missing", logged.hash, named[0].hex()), logged.index))
    return found
