"""A small gateway for tests of evidence: real keys, a real log, real receipts; it bundles whatever it is told to."""

import hashlib
from typing import Any

from jobseal import authority, checkpoint, enrolment, merkle, office, receipt, record
from jobseal.authority import Certification
from jobseal.bundle import Bundle
from jobseal.checkpoint import Checkpoint
from jobseal.completeness import closings
from jobseal.event import SignedEvent
from jobseal.host.crypto import Ed25519Signer
from jobseal.job import Job
from jobseal.object import reference, salted
from jobseal.quantity import Quantity, quantities
from jobseal.receipt import Receipt
from jobseal.record import Record
from tests.handheld import MONDAY_MS, Handheld

LOG_ID = b"the log of tests"
ORDER = b'{"id": "J-1", "customer": "Mill & Sons"}'


def signer(name: str) -> Ed25519Signer:
    return Ed25519Signer(hashlib.sha256(name.encode()).digest())


class Office:
    """Keys, log and acts of one gateway. ``now`` is its clock; leaves are kept with their bytes."""

    def __init__(self) -> None:
        self.root, self.log, self.desk = signer("root"), signer("log"), signer("office")
        self.authority = [
            authority.certify(Certification(role=role, key=of.key.encode(), at=0), self.root)
            for role, of in (("log", self.log), ("office", self.desk))
        ]
        self.now = MONDAY_MS - 3_600_000
        self.leaves: list[bytes] = []
        self.acts: list[tuple[int, bytes]] = []
        self.events: list[tuple[int, SignedEvent, Handheld]] = []
        self.checkpoints: list[bytes] = []
        self.receipts: list[bytes] = []
        self.objects: list[bytes] = []

    def _append(self, kind: bytes, data: bytes) -> int:
        self.leaves.append(merkle.leaf_hash(merkle.entry(kind, hashlib.sha256(data).digest())))
        return len(self.leaves) - 1

    def act(self, kind: str, job: str | None = None, **body: Any) -> bytes:
        """The office says something; returns its hash."""
        by = self.root if kind == office.RESTART else self.desk
        data = office.sign(office.act(kind, self.now, "olga", body, job), by)
        self.acts.append((self._append(merkle.ENTRY_OFFICE, data), data))
        return office.hash_of(data)

    def restart(self, earlier: bytes, **wrong: Any) -> bytes:
        """The root says that the log was restarted here; returns the statement's hash."""
        said = {"earlier_log": earlier, "size": len(self.leaves), "root": merkle.root(self.leaves), "log": LOG_ID}
        return self.act(office.RESTART, **{**said, "reason": "disk broke", **wrong})

    def enrol(self, name: str, log: bytes = LOG_ID) -> Handheld:
        """A new handheld, enrolled."""
        key = signer(name).key
        statement = enrolment.statement(name, key, "pin", log, self.now, "olga", name)
        data = office.sign(statement, self.desk)
        self.acts.append((self._append(merkle.ENTRY_OFFICE, data), data))
        return Handheld(name, office.hash_of(data))

    def take(self, handheld: Handheld, *events: SignedEvent) -> None:
        """Log these events of a handheld."""
        for signed in events:
            self.events.append((self._append(merkle.ENTRY_EVENT, signed.data), signed, handheld))
        self.now = max(self.now, handheld.now)

    def sign_checkpoint(self, handheld: Handheld | None = None, log: bytes = LOG_ID) -> bytes:
        """A checkpoint over everything so far; a handheld that is named anchors its next event to it."""
        self.now += 1000
        content = Checkpoint(log=log, size=len(self.leaves), root=merkle.root(self.leaves), at=self.now)
        data = checkpoint.sign(content, self.log)
        self.checkpoints.append(data)
        if handheld is not None:
            handheld.anchor = checkpoint.hash_of(data)
        return data

    def acknowledge(self, handheld: Handheld, since: int = 0, **changes: Any) -> None:
        """A receipt for everything of a handheld that is logged, on the newest checkpoint."""
        logged = [signed for _, signed, by in self.events if by is handheld]
        newest = Checkpoint.decode(checkpoint.cose.parse(self.checkpoints[-1], 512).payload, 512)
        fields: dict[str, Any] = {
            "key": handheld.thumbprint,
            "session": bytes(8),
            "next": len(logged),
            "head": logged[-1].hash,
            "superseded": False,
            "checkpoint": self.checkpoints[-1],
            "since": since,
            "proof": merkle.consistency_proof(self.leaves[: newest.size], since),
            "verdicts": [],
            "more": False,
            "stored": [],
        }
        self.receipts.append(receipt.sign(Receipt(**(fields | changes)), self.log))

    def keep(self, content: bytes, media: str) -> list[Any]:
        """An object that came with an event; returns its reference."""
        data = salted(content, hashlib.sha256(content).digest())
        self.objects.append(data)
        return reference(data, media)

    def job(self, job: str = "J-1") -> Job:
        fold = Job(job)
        for index, signed, handheld in self.events:
            if signed.event.job == job:
                fold.add(signed, handheld.thumbprint, index)
        return fold

    def record_fields(self, job: str = "J-1") -> dict[str, Any]:
        """The fields of an honest record of the job, one line for each quantity, on a new checkpoint."""
        fold = self.job(job)
        return {
            "log": LOG_ID,
            "work_order": job,
            "revision": 1,
            "kind": "original",
            "supersedes": None,
            "order": hashlib.sha256(ORDER).digest(),
            "order_revision": 1,
            "customer": "Mill & Sons",
            "po_number": None,
            "currency": "EUR",
            "price_list": ["standard", "1", bytes(32)],
            "state": "signed_off",
            "lines": [line(number + 1, of) for number, of in enumerate(quantities(fold))],
            "total": f"{len(quantities(fold))}.50",
            "closes": [[c.key, c.count, c.digest, c.hash] for c in closings(fold)],
            "released_at": self.now,
            "released_by": "olga",
            "checkpoint": self.sign_checkpoint(),
        }

    def bundle_fields(self, fields: dict[str, Any], job: str = "J-1") -> dict[str, Any]:
        """The fields of an honest bundle around a record with these fields."""
        size = Checkpoint.decode(checkpoint.cose.parse(fields["checkpoint"], 512).payload, 512).size
        leaves = self.leaves[:size]
        sizes = [Checkpoint.decode(checkpoint.cose.parse(data, 512).payload, 512).size for data in self.checkpoints]
        return {
            "format": "jobseal/1/bundle",
            "root": self.root.key.encode(),
            "authority": self.authority,
            "record": record.sign(Record(**fields), self.desk),
            "events": [
                [index, signed.data, merkle.inclusion_proof(leaves, index)]
                for index, signed, _ in self.events
                if signed.event.job == job
            ],
            "acts": [[index, data, merkle.inclusion_proof(leaves, index)] for index, data in self.acts],
            "checkpoints": [
                [data, merkle.consistency_proof(leaves, of)]
                for data, of in zip(self.checkpoints, sizes, strict=True)
                if of <= size
            ],
            "receipts": self.receipts,
            "order": ORDER,
            "objects": self.objects,
        }

    def bundle(self, **changes: Any) -> bytes:
        """The complete bytes of an honest bundle, but for changed fields of the record."""
        return Bundle(**self.bundle_fields(self.record_fields() | changes)).encode()


def line(number: int, of: Quantity) -> dict[int, Any]:
    """A line of the record for one quantity, at a made-up price; the first one costs half a unit more."""
    amount = "1.50" if number == 1 else "1.00"
    values = [number, of.kind, of.code, "", of.amount, of.unit, of.amount, of.unit, "1", amount, "rule", [], of.events]
    return dict(enumerate(values, 1))


def small_day() -> tuple[Office, Handheld]:
    """One handheld, two jobs, an object, two checkpoints, one receipt: the smallest day with every part in it."""
    gateway = Office()
    handheld = gateway.enrol("a")
    gateway.sign_checkpoint(handheld)
    name = gateway.keep(b"R. Customer", "text/plain")
    handheld.sign("job.accepted", order=None, revision=None)
    handheld.sign("job.arrived")
    handheld.sign("note.added", "J-2", note=name)
    handheld.sign("labour.started", task="repair")
    handheld.sign("labour.stopped", task="repair")
    gateway.take(handheld, *handheld.chain)
    gateway.sign_checkpoint(handheld)
    gateway.acknowledge(handheld, since=1)
    done = len(handheld.chain)
    handheld.sign("part.used", code="filter", quantity="2", unit="pc", source="van")
    handheld.sign("job.completed", totals=[])
    handheld.sign("job.signed_off", method="typed", name=name)
    gateway.take(handheld, *handheld.chain[done:])
    return gateway, handheld
