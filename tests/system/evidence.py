"""What the gateway's database can show at the end of a run: leaves, events, acts of the office, records, objects."""

from hashlib import sha256
from typing import NamedTuple

from sqlalchemy import Connection, text

from jobseal import cose
from jobseal import event as events
from jobseal import key as keys
from jobseal.event import SignedEvent
from jobseal.key import Key
from jobseal.limits import STATEMENT_MAX_BYTES
from jobseal.office import Act
from jobseal.record import Record, verify
from tests.system.ground import Ground


class Leaf(NamedTuple):
    """One leaf as it is stored, with its branch's parent and the name of its key."""

    index: int
    type: int
    hash: bytes
    data: bytes
    branch: int
    parent: int | None
    kid: bytes


class Said(NamedTuple):
    """A statement of the office, and where it stands."""

    index: int
    hash: bytes
    act: Act


class Row(NamedTuple):
    """One event of the ledger, from its bytes; ``canonical`` if its branch is the key's first."""

    index: int
    kid: bytes
    canonical: bool
    branch: int
    signed: SignedEvent


_STATUS = "SELECT kid, status FROM keys"
_MISTRUSTED = (
    "SELECT k.kid, v.seq FROM verdicts v JOIN branches b ON b.id = v.branch_id JOIN keys k ON k.id = b.key_id"
    " WHERE v.code = 'key_revoked'"
)


class Enrolment(NamedTuple):
    """A key that the log says was enrolled at that leaf; ``genesis``: what its event 0 follows; ``follows``: (kid, seq)
    of the event by which another key named it, None for one that a person enrolled."""

    leaf: int
    device: str
    key: Key
    genesis: bytes
    follows: tuple[bytes, int] | None


def _enrolment(said: Said) -> Enrolment:
    body = said.act.named()
    seq, genesis = body.get("follows", (-1, said.hash))
    earlier = (body["earlier"][:8], seq) if "follows" in body else None
    return Enrolment(said.index, body["device"], keys.decode(body["key"]), genesis, earlier)


class Evidence:
    """Everything that the gateway's database can show at the end."""

    def __init__(self, connection: Connection, ground: Ground) -> None:
        leaves = [
            Leaf(*row)
            for row in connection.execute(
                text(
                    "SELECT l.idx, l.type, l.hash, l.bytes, l.branch_id, b.parent_id, k.kid FROM leaves l"
                    " LEFT JOIN branches b ON b.id = l.branch_id LEFT JOIN keys k ON k.id = l.key_id ORDER BY l.idx"
                )
            )
        ]
        self.indexes = [leaf.index for leaf in leaves]
        self.hashes = [sha256(b"\0" + bytes([leaf.type]) + leaf.hash).digest() for leaf in leaves]
        self.mislabelled = [leaf.index for leaf in leaves if sha256(leaf.data).digest() != leaf.hash]
        self.rows = [
            Row(leaf.index, leaf.kid, leaf.parent is None, leaf.branch, events.parse(leaf.data))
            for leaf in leaves
            if leaf.type == 1
        ]
        self.checkpoints = [data for (data,) in connection.execute(text("SELECT bytes FROM checkpoints ORDER BY id"))]
        found = connection.execute(text("SELECT work_order, revision, bytes, leaf FROM released_records ORDER BY id"))
        self.records: list[tuple[str, int, bytes, int]] = [tuple(row) for row in found]
        self.acts = [
            Said(leaf.index, leaf.hash, Act.decode(cose.parse(leaf.data, STATEMENT_MAX_BYTES).payload, len(leaf.data)))
            for leaf in leaves
            if leaf.type == 2
        ]
        self.enrolments = [_enrolment(said) for said in self.acts if said.act.kind == "device.enrolled"]
        self.follows = {each.key.kid: each.follows[0] for each in self.enrolments if each.follows is not None}
        self.lost = [
            (row.kid, row.signed.event.body[1], row.signed.event.body[2])
            for leaf in leaves
            if leaf.type == 3
            for row in [Row(leaf.index, leaf.kid, True, -1, events.parse(leaf.data))]
        ]
        stored = text("SELECT o.digest, c.bytes FROM objects o JOIN object_chunks c ON c.object_id = o.id"
                      " WHERE o.state = 'stored' ORDER BY o.id, c.position")  # fmt: skip
        self.objects: dict[bytes, bytes] = {}
        for digest, piece in connection.execute(stored):
            self.objects[digest] = self.objects.get(digest, b"") + piece
        said = text("SELECT DISTINCT k.kid FROM verdicts v JOIN branches b ON b.id = v.branch_id"
                    " JOIN keys k ON k.id = b.key_id WHERE v.code = 'chain_fork'")  # fmt: skip
        self.forked = set(connection.execute(said).scalars())
        self.status: dict[bytes, str] = dict(map(tuple, connection.execute(text(_STATUS))))
        self.mistrusted = set(map(tuple, connection.execute(text(_MISTRUSTED))))
        self.defects = list(connection.execute(text("SELECT link FROM quarantine WHERE code = 'gateway_defect'")))
        self.ground = ground
        self.by_hash = {row.signed.hash: row for row in self.rows}

    def of_job(self, job: str, before: int | None = None) -> list[Row]:
        """The events of a job that count, in log order, those logged before that leaf: of each key the first-logged
        line of its chain, or the one that the office adopted, if the job has events of it."""
        here = [row for row in self.rows if row.signed.event.job == job and (before is None or row.index < before)]
        counted = [row for row in here if row.canonical]
        for said in self.acts:
            if said.act.kind == "branch.adopted" and (before is None or said.index < before):
                line = self._line(said.act.named()["head"])
                kid = said.act.named()["key"][:8]
                if any(row.signed.hash in line for row in here if row.kid == kid and not row.canonical):
                    counted = [row for row in counted if row.kid != kid]
                    counted += [row for row in here if row.kid == kid and row.signed.hash in line]
        return sorted(counted, key=lambda row: row.index)

    def _line(self, head: bytes) -> set[bytes]:
        """Every event that leads to this one or, on the same line, follows it."""
        line: set[bytes] = set()
        branch = self.by_hash[head].branch if head in self.by_hash else None
        tips = [row for row in self.rows if row.branch == branch]
        at = tips[-1].signed.hash if tips else head
        while at in self.by_hash and at not in line:
            line.add(at)
            at = self.by_hash[at].signed.event.prev
        return line

    def adopted_elsewhere(self, job: str, before: int) -> set[int]:
        """The lines adopted before that leaf which have no events of this job."""
        acts = [said for said in self.acts if said.act.kind == "branch.adopted" and said.index < before]
        adopted = {self.by_hash[head].branch for said in acts if (head := said.act.named()["head"]) in self.by_hash}
        here = {row.branch for row in self.rows if row.signed.event.job == job and row.index < before}
        return adopted - here

    def keys_of(self, device: str) -> list[Key]:
        """Every key that this device was enrolled with, and each that it went on with."""
        return [each.key for each in self.enrolments if each.device == device]

    def line(self, kid: bytes) -> list[bytes]:
        """This key and those that it came from by rotation, the oldest last."""
        found = [kid]
        while found[-1] in self.follows and len(found) <= len(self.follows):
            found.append(self.follows[found[-1]])
        return found

    def is_lost(self, kid: bytes, seq: int) -> bool:
        """Whether the handheld said that it cannot read this one any more."""
        return any(first <= seq <= last for lost, first, last in self.lost if lost == kid)

    def overridden(self, job: str, code: str, before: int) -> bool:
        """Whether somebody set this exception of the job aside before that leaf."""
        return any(
            said.act.kind == "exception.overridden"
            and said.act.job == job
            and said.act.named()["code"] == code
            and said.index < before
            for said in self.acts
        )


def record_of(data: bytes, evidence: Evidence) -> Record:
    """The released record in these bytes."""
    return verify(data, evidence.ground.keys.authority.office, evidence.ground.crypto.verifier)
