"""The dossier: everything that the ledger holds about one job, read in one transaction, for a pure fold to work on."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from sqlalchemy import Connection

from jobseal import bodies
from jobseal.event import SignedEvent
from jobseal.office import Act
from jobseal_gateway import lineage, standing, statements, succession
from jobseal_gateway.ledger import assignments, branches, jobs, leaves, log, objects, orders, records, verdicts
from jobseal_gateway.ledger import keys as key_rows
from jobseal_gateway.ledger.branches import Branch
from jobseal_gateway.ledger.keys import Key
from jobseal_gateway.ledger.records import Released
from jobseal_gateway.orders.work_order import WorkOrder

REJECTED = "rejected"  # what billing says of a record that it will not bill


@dataclass(frozen=True, slots=True)
class Logged:
    """An event of the line that the job follows; ``signed`` is None once its bytes are erased. ``key`` is the
    thumbprint, ``key_id`` the ledger's number for it."""

    index: int
    hash: bytes
    key: bytes
    key_id: int
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
    """``events``, ``acts`` in log order; ``assigned``: keys (thumbprints) that have the job, ``unequipped``: assigned
    technicians who carry no handheld, both with the Unix ms of the assignment; ``forked``: key -> seq of its first
    fork that nobody has settled; ``trust``: what the office said of keys, where it said something; ``stored``,
    ``erased``: digests of complete and of erased objects; ``checkpoints``: (hash, size, Unix ms) that bear on the
    events; ``enrolled``: key -> Unix ms since when it can have signed; ``released``: records so far; ``rejected``:
    revisions of those that billing refused; ``follows``: key -> the earlier key of its handheld, for those that have
    one."""

    id: str
    order: Order | None
    events: tuple[Logged, ...]
    acts: tuple[OfficeAct, ...]
    assigned: dict[bytes, int]
    unequipped: dict[str, int]
    forked: dict[bytes, int]
    trust: dict[bytes, standing.Trust]
    stored: frozenset[bytes]
    erased: frozenset[bytes]
    checkpoints: tuple[tuple[bytes, int, int], ...]
    enrolled: dict[bytes, int]
    released: tuple[Released, ...]
    rejected: frozenset[int]
    follows: dict[bytes, bytes] = field(default_factory=dict)

    @property
    def performers(self) -> frozenset[str]:
        """Who did the work: everybody whom an event of the job is by."""
        said = [logged.signed.event.by for logged in self.events if logged.signed is not None]
        return frozenset(by for by in said if by is not None)


def read(connection: Connection, job_id: int) -> Dossier:
    """The dossier of a job, as of this transaction."""
    id = jobs.work_order(connection, job_id)
    rows = leaves.of_job(connection, job_id)
    of_key = {number: key for number in _numbers(rows) if (key := key_rows.by_id(connection, number)) is not None}
    lines = branches.of_keys(connection, of_key) if of_key else {}
    left = {fork for number, key in of_key.items() for fork in standing.left_out(connection, key, lines[number])}
    logged, forked = _events(rows, of_key, lines, left, verdicts.of_job(connection, job_id) if of_key else {})
    assigned, unequipped = _assigned(connection, id, _present(logged, of_key))
    known = _objects(connection, logged)
    released = tuple(records.of_work_order(connection, id))
    enrolments = {key.thumbprint: _enrolment(connection, key.enrolment_leaf) for key in of_key.values()}
    return Dossier(
        id=id,
        order=_order(connection, id),
        events=logged,
        acts=tuple(OfficeAct(row.idx, row.hash, _act(row.bytes)) for row in rows if _is_act(row)),
        assigned=assigned,
        unequipped=unequipped,
        forked=forked,
        trust={key.thumbprint: said for key in of_key.values() if (said := standing.of_key(connection, key))},
        stored=frozenset(digest for digest, state in known.items() if state == objects.STORED),
        erased=frozenset(digest for digest, state in known.items() if state == objects.ERASED),
        checkpoints=tuple(_checkpoints(connection, job_id, logged)),
        enrolled={key.thumbprint: _since(connection, key) for key in of_key.values()},
        released=released,
        rejected=frozenset(each.revision for each in released if _is_rejected(connection, each)),
        follows={
            thumbprint: earlier
            for thumbprint, act in enrolments.items()
            if act is not None and (earlier := act.named()["earlier"]) is not None
        },
    )


def _numbers(rows: Iterable[leaves.Leaf]) -> list[int]:
    return list(dict.fromkeys(row.key_id for row in rows if row.key_id is not None))


def _is_rejected(connection: Connection, released: Released) -> bool:
    said = records.statuses(connection, released.id)
    return bool(said) and said[-1].status == REJECTED


def _order(connection: Connection, id: str) -> Order | None:
    row = orders.current(connection, id)
    if row is None:
        return None
    return Order(statements.order(row.snapshot), row.revision, row.digest, row.imported_ms)


def _present(logged: Iterable[Logged], of_key: dict[int, Key]) -> dict[str, set[str]]:
    """Which technicians each handheld has events of."""
    found: dict[str, set[str]] = {}
    for each in logged:
        by = found.setdefault(of_key[each.key_id].device, set())
        if each.signed is not None and each.signed.event.by is not None:
            by.add(each.signed.event.by)
    return found


def _assigned(connection: Connection, id: str, present: dict[str, set[str]]) -> tuple[dict[bytes, int], dict[str, int]]:
    """(keys, technicians without a handheld) that have the job, and no event of it in the log yet.

    Who has worked on the job with an earlier key of his handheld, or with a handheld that he carried before, is here
    by that: a new key or another handheld does not take a finished job back.
    """
    found: dict[bytes, int] = {}
    unequipped: dict[str, int] = {}
    for assignment in assignments.on_order(connection, id):
        technician = assignment.technician
        device = assignments.device_of(connection, technician)
        if device in present:
            continue
        earlier = [each for each, by in present.items() if technician in by]
        if earlier and set(earlier) & set(assignments.carried(connection, technician)):
            continue
        held = None if device is None else succession.present(connection, device)
        if held is not None:
            found.setdefault(held.thumbprint, assignment.at_ms)
        else:
            unequipped[technician] = assignment.at_ms
    return found, unequipped


def _events(
    rows: Iterable[leaves.Leaf],
    of_key: dict[int, Key],
    lines: dict[int, list[Branch]],
    left: Collection[int],
    said: dict[int, list[str]],
) -> tuple[tuple[Logged, ...], dict[bytes, int]]:
    """The events that the job follows, in log order, and the forks that nobody has settled."""
    found: list[Logged] = []
    forked: dict[bytes, int] = {}
    for number, key in of_key.items():
        own = [row for row in rows if row.key_id == number and row.type == leaves.EVENT]
        head = lineage.chosen(own, lines[number])
        followed = lineage.along(own, lines[number], head)
        found += [_logged(row, key, number, said) for row in followed]
        open_forks = [fork for fork in lineage.unsettled(own, lines[number], head) if fork.id not in left]
        if open_forks:
            forked[key.thumbprint] = min(branch.fork_seq for branch in open_forks)
    return tuple(sorted(found, key=lambda logged: logged.index)), forked


def _logged(row: leaves.Leaf, key: Key, key_id: int, said: dict[int, list[str]]) -> Logged:
    signed = None if row.bytes is None else statements.event(row.bytes)
    return Logged(row.idx, row.hash, key.thumbprint, key_id, row.seq or 0, signed, tuple(said.get(row.idx, ())))


def _is_act(row: leaves.Leaf) -> bool:
    return row.type == leaves.OFFICE and row.bytes is not None


def _act(data: bytes | None) -> Act:
    return statements.act(data or b"")


def _objects(connection: Connection, logged: Iterable[Logged]) -> dict[bytes, str]:
    """The state of each object that the events name."""
    named = [
        reference[0]
        for each in logged
        if each.signed is not None
        for reference in bodies.objects(each.signed.event.kind, each.signed.event.body)
    ]
    known = objects.by_digests(connection, dict.fromkeys(named)) if named else {}
    return {digest: each.state for digest, each in known.items()}


def _checkpoints(connection: Connection, job_id: int, logged: Iterable[Logged]) -> Iterable[tuple[bytes, int, int]]:
    """The checkpoints that events anchor to, and the first that covers each."""
    anchors = [each.signed.event.anchor for each in logged if each.signed is not None]
    anchored = log.checkpoints_by_digests(connection, {anchor for anchor in anchors if anchor is not None})
    found = {each.digest: each for each in anchored}
    covering = iter(log.checkpoints_covering_job(connection, job_id))
    newest = next(covering, None)
    for each in logged:
        while newest is not None and newest.size <= each.index:
            newest = next(covering, None)
        if newest is not None:
            found[newest.digest] = newest
    return sorted((each.digest, each.size, each.at_ms) for each in found.values())


def _since(connection: Connection, key: Key) -> int:
    """When the key was enrolled; of one that follows another by rotation, when the first of them was: its handheld made
    it and went on with it before the gateway heard of it."""
    while True:
        act = _enrolment(connection, key.enrolment_leaf)
        said = {} if act is None else act.named()
        earlier = key_rows.by_kid(connection, said["earlier"][:8]) if "follows" in said else None
        if earlier is None:
            return 0 if act is None else act.at
        key = earlier


def _enrolment(connection: Connection, leaf: int) -> Act | None:
    row = leaves.at(connection, leaf)
    return None if row is None else _act(row.bytes)
