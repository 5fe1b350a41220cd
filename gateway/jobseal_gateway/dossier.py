"""The dossier: everything that the ledger holds about one job, read in one transaction, for a pure fold to work on."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection

from jobseal import bodies, cbor, cose
from jobseal import event as events
from jobseal.event import SignedEvent
from jobseal.limits import DOCUMENT_MAX_BYTES, RECORD_MAX_BYTES, STATEMENT_MAX_BYTES
from jobseal.office import Act
from jobseal.record import Record
from jobseal_gateway.ledger import assignments, branches, jobs, leaves, log, objects, orders, records, verdicts
from jobseal_gateway.ledger import keys as key_rows
from jobseal_gateway.ledger.branches import FORKED, Branch
from jobseal_gateway.ledger.records import Released
from jobseal_gateway.orders.work_order import WorkOrder, from_record

FORKED_CHAIN = "chain_fork"  # the reason of a suspension that nobody was asked about


@dataclass(frozen=True, slots=True)
class Logged:
    """An event of the job's canonical (or adopted) history; ``signed`` is None once its bytes are erased."""

    index: int
    hash: bytes
    key: bytes
    seq: int
    signed: SignedEvent | None
    verdicts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OfficeAct:
    """An office statement about the job."""

    index: int
    hash: bytes
    act: Act


@dataclass(frozen=True, slots=True)
class Order:
    """The work order as it stands: ``digest`` names the document that handhelds got of it."""

    content: WorkOrder
    revision: int
    digest: bytes
    imported_ms: int


@dataclass(frozen=True, slots=True)
class Dossier:
    """``events``, ``acts`` in log order; ``assigned``: thumbprints of the keys that have the job; ``unequipped``:
    assigned technicians who carry no handheld; ``forked``: key -> seq of its first fork; ``stored``: digests of
    objects that are complete, or were and are erased; ``checkpoints``: (hash, size, Unix ms) that bear on the events;
    ``enrolled``: key -> Unix ms; ``released``: records so far, by the price list (id, version) ``priced_by``;
    ``trusted``: key -> last seq that a revocation for compromise still trusts; ``halted``: key -> leaf of its
    suspension by a person."""

    id: str
    order: Order | None
    events: tuple[Logged, ...]
    acts: tuple[OfficeAct, ...]
    assigned: tuple[bytes, ...]
    unequipped: tuple[str, ...]
    forked: dict[bytes, int]
    stored: frozenset[bytes]
    checkpoints: tuple[tuple[bytes, int, int], ...]
    enrolled: dict[bytes, int]
    released: tuple[Released, ...]
    priced_by: tuple[str, str] | None
    trusted: dict[bytes, int]
    halted: dict[bytes, int]


def read(connection: Connection, job_id: int) -> Dossier:
    """The dossier of a job, as of this transaction."""
    id = jobs.work_order(connection, job_id)
    rows = leaves.of_job(connection, job_id)
    order = _order(connection, id)
    assigned, unequipped = _assigned(connection, id)
    of_key = {number: key for number in _numbers(rows) if (key := key_rows.by_id(connection, number)) is not None}
    lines = branches.of_keys(connection, of_key)
    said = verdicts.of_job(connection, job_id)
    logged = tuple(_events(rows, of_key, lines, said))
    kept = tuple(records.of_work_order(connection, id))
    return Dossier(
        id=id,
        order=order,
        events=logged,
        acts=tuple(OfficeAct(row.idx, row.hash, _act(row.bytes)) for row in rows if _is_act(row)),
        assigned=assigned,
        unequipped=unequipped,
        forked={of_key[number].thumbprint: seq for number, seq in _forks(lines)},
        stored=frozenset(_stored(connection, logged)),
        checkpoints=tuple(_checkpoints(connection, logged)),
        enrolled={key.thumbprint: _enrolled_at(connection, key.enrolment_leaf) for key in of_key.values()},
        released=kept,
        priced_by=_priced_by(kept),
        trusted={key.thumbprint: key.trusted_seq for key in of_key.values() if key.trusted_seq is not None},
        halted={key.thumbprint: key.status_leaf for key in of_key.values() if _halted(connection, key)},
    )


def _priced_by(kept: tuple[Released, ...]) -> tuple[str, str] | None:
    """What was released is never priced by another version, and neither is what comes after it."""
    if not kept:
        return None
    newest = Record.decode(cose.parse(kept[-1].bytes, RECORD_MAX_BYTES).payload, RECORD_MAX_BYTES)
    return newest.price_list[0], newest.price_list[1]


def _halted(connection: Connection, key: key_rows.Key) -> bool:
    """Whether a person suspended it; a fork says itself which of its events are in doubt."""
    if key.status != key_rows.SUSPENDED:
        return False
    row = leaves.at(connection, key.status_leaf)
    return row is not None and _act(row.bytes).named()["reason"] != FORKED_CHAIN


def _numbers(rows: Iterable[leaves.Leaf]) -> list[int]:
    return list(dict.fromkeys(row.key_id for row in rows if row.key_id is not None))


def _order(connection: Connection, id: str) -> Order | None:
    row = orders.current(connection, id)
    if row is None:
        return None
    return Order(from_record(cbor.decode(row.snapshot, DOCUMENT_MAX_BYTES)), row.revision, row.digest, row.imported_ms)


def _assigned(connection: Connection, id: str) -> tuple[tuple[bytes, ...], tuple[str, ...]]:
    found: list[bytes] = []
    unequipped: list[str] = []
    for assignment in assignments.on_order(connection, id):
        device = assignments.device_of(connection, assignment.technician)
        held = [] if device is None else key_rows.of_device(connection, device)
        if held:
            found.append(held[-1].thumbprint)
        else:
            unequipped.append(assignment.technician)
    return tuple(dict.fromkeys(found)), tuple(unequipped)


def _events(
    rows: Iterable[leaves.Leaf],
    of_key: dict[int, key_rows.Key],
    lines: dict[int, list[Branch]],
    said: dict[int, list[str]],
) -> Iterable[Logged]:
    """The events that count: those of a forked branch do only once an operator has adopted it."""
    out = {branch.id for found in lines.values() for branch in found if branch.standing == FORKED}
    for row in rows:
        if row.type == leaves.EVENT and row.key_id is not None and row.seq is not None and row.branch_id not in out:
            signed = None if row.bytes is None else events.parse(row.bytes)
            codes = tuple(said.get(row.idx, ()))
            yield Logged(row.idx, row.hash, of_key[row.key_id].thumbprint, row.seq, signed, codes)


def _forks(lines: dict[int, list[Branch]]) -> Iterable[tuple[int, int]]:
    for number, found in lines.items():
        seqs = [branch.fork_seq for branch in found if branch.standing == FORKED]
        if seqs:
            yield number, min(seqs)


def _is_act(row: leaves.Leaf) -> bool:
    return row.type == leaves.OFFICE and row.bytes is not None


def _act(data: bytes | None) -> Act:
    return Act.decode(cose.parse(data or b"", STATEMENT_MAX_BYTES).payload, STATEMENT_MAX_BYTES)


def _stored(connection: Connection, logged: Iterable[Logged]) -> Iterable[bytes]:
    named = [
        reference[0]
        for each in logged
        if each.signed is not None
        for reference in bodies.objects(each.signed.event.kind, each.signed.event.body)
    ]
    if named:
        known = objects.by_digests(connection, dict.fromkeys(named))
        yield from (digest for digest, each in known.items() if each.state != objects.WANTED)


def _checkpoints(connection: Connection, logged: Iterable[Logged]) -> Iterable[tuple[bytes, int, int]]:
    """The checkpoints that events anchor to, and the first that covers each."""
    found: dict[bytes, log.Checkpoint] = {}
    covering: log.Checkpoint | None = None
    for each in logged:
        anchor = None if each.signed is None else each.signed.event.anchor
        if anchor is not None and anchor not in found:
            anchored = log.checkpoint_by_digest(connection, anchor)
            if anchored is not None:
                found[anchor] = anchored
        if covering is None or covering.size <= each.index:
            covering = log.checkpoint_covering(connection, each.index)
            if covering is not None:
                found[covering.digest] = covering
    return sorted((each.digest, each.size, each.at_ms) for each in found.values())


def _enrolled_at(connection: Connection, leaf: int) -> int:
    row = leaves.at(connection, leaf)
    return 0 if row is None else _act(row.bytes).at
