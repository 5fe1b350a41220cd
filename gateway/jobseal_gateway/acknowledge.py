"""Acknowledging: what the billing system says of a released record, checked and kept.

Rules:

- The record is named by work order, revision and digest, so that nobody acknowledges what he has not seen.
- The same said again is a success with the first answer, for ever, whatever has become of the record since: an
  answer that was lost on its way is asked for again.
- Only the newest revision of a work order is spoken of; the ones before it are superseded.
- Statuses come in the order of ``NEXT``. What is out of order is refused, not sorted: it is a mistake over there.

What was said is one fact, the status that follows from it another, both in one transaction; the job is marked as
changed, because what became of its record is part of what is known about it.
"""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, select

from jobseal.errors import PEER
from jobseal_gateway.errors import GatewayError
from jobseal_gateway.ledger import acknowledgements, dirty, jobs, records
from jobseal_gateway.ledger.acknowledgements import Acknowledgement
from jobseal_gateway.ledger.records import Released, Status
from jobseal_gateway.ledger.schema import released_records

RELEASED = "released"
ACKNOWLEDGED, REJECTED, INVOICED = "acknowledged", "rejected", "invoiced"
PAID, OVERDUE = "paid", "overdue"

# What may be said of a record next, by what became of it so far.
NEXT = {
    RELEASED: (ACKNOWLEDGED, REJECTED),
    ACKNOWLEDGED: (INVOICED,),
    INVOICED: (PAID, OVERDUE),
    OVERDUE: (PAID,),
    PAID: (),
    REJECTED: (),
}


class Statement(NamedTuple):
    """What the billing system says. ``digest``: SHA-256 of the signed record; number and reason may be empty text."""

    revision: int
    digest: bytes
    status: str
    external_number: str
    reason: str


class UnknownRecord(GatewayError):
    """No record was released under this work order and revision."""

    def __init__(self, record: str) -> None:
        super().__init__("record_unknown", f"No record {record} was released here.", PEER)


class DigestMismatch(GatewayError):
    """The billing system holds other bytes under this revision."""

    def __init__(self, record: str, digest: bytes) -> None:
        sentence = f"Record {record} has another digest here; fetch it again and compare before billing anything."
        super().__init__("digest_mismatch", sentence, PEER)
        self.digest = digest


class RevisionMismatch(GatewayError):
    """The revision in the statement is not the one that it is made about."""

    def __init__(self, record: str, revision: int, current: str) -> None:
        sentence = f"This was said about revision {revision}, and of record {record}: say it of one of them."
        super().__init__("revision_mismatch", sentence, PEER)
        self.current = current


class RevisionStale(GatewayError):
    """A newer revision was released; this one is superseded."""

    def __init__(self, record: str, current: str) -> None:
        sentence = f"Record {record} is superseded by {current}: fetch that one and acknowledge it instead."
        super().__init__("revision_stale", sentence, PEER)
        self.current = current


class OutOfOrder(GatewayError):
    """The status does not follow from what became of the record so far."""

    def __init__(self, record: str, present: str, said: str) -> None:
        possible = NEXT[present]
        then = f"next comes {' or '.join(possible)}" if possible else "nothing comes after that"
        sentence = f"Record {record} is {present} and cannot become {said}; {then}."
        super().__init__("status_out_of_order", sentence, PEER)
        self.present = present
        self.possible = possible


class ReasonMissing(GatewayError):
    """A rejection must say why: somebody has to put it right."""

    def __init__(self) -> None:
        super().__init__("reason_missing", "Say why the record is rejected, in reason.", PEER)


def record_id(work_order: str, revision: int) -> str:
    """The name of a record outside of the ledger."""
    return f"{work_order}~{revision}"


def parsed_id(record: str) -> tuple[str, int] | None:
    """(work order, revision) of a record's name, or None when it is none."""
    work_order, tilde, revision = record.rpartition("~")
    fits = tilde and revision.isascii() and revision.isdigit() and len(revision) <= 15
    return (work_order, int(revision)) if fits and revision == str(int(revision)) else None


def find(connection: Connection, record: str) -> list[Released]:
    """The record of this name, and after it every newer revision. Raises UnknownRecord."""
    named = parsed_id(record)
    revisions = [] if named is None else records.of_work_order(connection, named[0])
    found = [each for each in revisions if named is not None and each.revision >= named[1]]
    if not found or named is None or found[0].revision != named[1]:
        raise UnknownRecord(record)
    return found


def acknowledge(connection: Connection, record: str, said: Statement, now_ms: int) -> Acknowledgement:
    """Keep what is said of this record; the acknowledgement as it was kept first.

    Raises UnknownRecord, RevisionMismatch, DigestMismatch, RevisionStale, OutOfOrder, ReasonMissing; then nothing is
    changed.
    """
    found = find(connection, record)
    released, newest = found[0], found[-1]
    # Two statements about one record take turns; on SQLite every writing transaction does anyway.
    connection.execute(
        select(released_records.c.id).where(released_records.c.id == released.id).with_for_update(key_share=True)
    )
    current = record_id(newest.work_order, newest.revision)
    if said.revision != released.revision:
        raise _other_revision(record, said.revision, newest, current)
    if said.digest != released.digest:
        raise DigestMismatch(record, released.digest)
    earlier = acknowledgements.of_record(connection, released.id)
    for each in earlier:
        if (each.status, each.external_number, each.reason) == (said.status, said.external_number, said.reason):
            return each
    if newest is not released:
        raise RevisionStale(record, current)
    _in_order(record, earlier, said)
    return _kept(connection, released, said, now_ms)


def status(earlier: Sequence[Acknowledgement]) -> str:
    """What became of a record, by what was said of it, oldest first."""
    return earlier[-1].status if earlier else RELEASED


def _other_revision(record: str, said: int, newest: Released, current: str) -> GatewayError:
    if said < newest.revision:
        return RevisionStale(record_id(newest.work_order, said), current)
    return RevisionMismatch(record, said, current)


def _in_order(record: str, earlier: Sequence[Acknowledgement], said: Statement) -> None:
    present = status(earlier)
    if said.status not in NEXT[present]:
        raise OutOfOrder(record, present, said.status)
    if said.status == REJECTED and not said.reason.strip():
        raise ReasonMissing


def _kept(connection: Connection, released: Released, said: Statement, now_ms: int) -> Acknowledgement:
    kept = Acknowledgement(released.id, said.digest, said.status, said.external_number, said.reason, now_ms)
    acknowledgements.add(connection, kept)
    records.add_status(connection, released.id, Status(said.status, said.reason, now_ms))
    dirty.mark(connection, jobs.known(connection, [released.work_order]).values(), now_ms)
    return kept
