"""The small world that the vectors come from: two handhelds, one technician's day, and the log that took it in.

The statements hang together as they would on a real day: events are chained from their enrolment, anchored in
checkpoints, closed per job, logged in order and receipted. Everything is computed from fixed inputs.
"""

import hashlib
from typing import TYPE_CHECKING, Any

from jobseal import bodies, checkpoint, enrolment, event, merkle, office
from jobseal import object as objects
from jobseal.checkpoint import Checkpoint
from jobseal.event import Event
from tests.vectors import keys

if TYPE_CHECKING:
    from jobseal.cose import Signer

LOG_ID = hashlib.sha256(b"jobseal vector log").digest()[:16]
DAY_MS = 1_772_434_800_000  # 2026-03-02 07:00:00 UTC
BOOT = hashlib.sha256(b"jobseal vector boot").digest()[:8]
NEXT_BOOT = hashlib.sha256(b"jobseal vector boot, the next one").digest()[:8]
SESSION = hashlib.sha256(b"jobseal vector session").digest()[:8]
ORDER = b'{"id":"WO-1001","customer":"Harbour Dental","tasks":["BOILER-SERVICE"]}'
JOB = "WO-1001"
UNPLANNED = "L-van-07-1"
CANCELLED = "WO-1002"
CANCELLED_ORDER = b'{"id":"WO-1002","customer":"Quay Street Bakery","tasks":["OVEN-CHECK"]}'
TECHNICIAN = "t-17"


def digest(data: bytes) -> bytes:
    """SHA-256."""
    return hashlib.sha256(data).digest()


def an_object(name: str, content: bytes) -> bytes:
    """Salted bytes of an object; the salt comes from the name here, and from a random source everywhere else."""
    return objects.salted(content, digest(b"jobseal vector salt: " + name.encode()))


NOTE = an_object("note", b"Pressure vessel is older than the plate says.")
PHOTO = an_object("photo", b"\xff\xd8\xff\xe0 not really a photo \xff\xd9")
NAME = an_object("name", b"M. Okafor")
STROKES = an_object("strokes", b"[[12,40],[14,38],[19,33]]")
POSITION = an_object("position", b"52.3702,4.8952,12")
RECEIPT_SCAN = an_object("receipt", b"parking 4.50")
TEXT_OBJECTS = {NOTE: "text/plain", NAME: "text/plain", POSITION: "text/csv", RECEIPT_SCAN: "text/plain"}


def named(data: bytes) -> list[Any]:
    """[digest, size, media type] of one of the objects above."""
    media = TEXT_OBJECTS.get(data) or ("image/jpeg" if data is PHOTO else "application/json")
    return objects.reference(data, media)


class Handheld:
    """One key writing its chain. ``events`` holds the complete bytes in order of seq."""

    def __init__(self, signer: "Signer", enrolled: bytes) -> None:
        self.signer = signer
        self.events: list[bytes] = []
        self.head = digest(enrolled)  # or what it follows: a key that was rotated to begins behind a key.rotated
        self.boot = BOOT
        self.up = 41_000
        self.clock_offset: int | None = DAY_MS
        self.newest: bytes | None = None  # hash of the newest verified checkpoint
        self._anchored: tuple[bytes | None, bytes] = (None, BOOT)  # the newest that its chain names, and in which boot
        self.of_job: dict[str, list[bytes]] = {}  # complete bytes as well

    def write(self, kind: str, body: dict[str, Any], wait_s: int = 60, **fields: Any) -> bytes:
        """Sign the next event; ``body`` with names for keys, ``closing`` for one with a close. Returns its bytes."""
        self.up += wait_s * 1000
        job = fields.get("job")
        closes = fields.pop("closing", False)
        if closes:
            fields["close"] = self.close(job)
        if closes or (job is not None and job not in self.of_job) or self._anchored != (self.newest, self.boot):
            fields["anchor"] = self.newest
            self._anchored = (self.newest, self.boot)
        signed = event.sign(
            Event(
                seq=len(self.events),
                prev=self.head,
                at=None if self.clock_offset is None else self.clock_offset + self.up,
                up=self.up,
                boot=self.boot,
                kind=kind,
                body=bodies.SHAPES[kind].keyed(body),
                **fields,
            ),
            self.signer,
        )
        self.head = digest(signed)
        self.events.append(signed)
        if job is not None:
            self.of_job.setdefault(job, []).append(signed)
        return signed

    def close(self, job: str) -> list[Any]:
        """[count, digest] over this key's events of ``job`` so far."""
        hashes = [digest(data) for data in self.of_job.get(job, [])]
        return [len(hashes), digest(b"".join(hashes))]


class Log:
    """The gateway's log: entries in order, and the checkpoints signed so far by size."""

    def __init__(self) -> None:
        self.leaves: list[bytes] = []
        self.place: dict[bytes, int] = {}
        self.statements: list[bytes] = []

    def append(self, kind: bytes, *statements: bytes) -> None:
        """Log statements of one kind, in order."""
        for data in statements:
            self.place[digest(data)] = len(self.leaves)
            self.statements.append(data)
            self.leaves.append(merkle.leaf_hash(merkle.entry(kind, digest(data))))

    def checkpoint(self, at: int, log: bytes = LOG_ID) -> bytes:
        """A signed checkpoint over everything logged so far."""
        size, root = len(self.leaves), merkle.root(self.leaves)
        return checkpoint.sign(Checkpoint(log=log, size=size, root=root, at=at), keys.LOG)

    def consistency(self, since: int, size: int) -> list[bytes]:
        """The proof that the log at ``size`` continues what it was at size ``since``."""
        return merkle.consistency_proof(self.leaves[:size], since)

    def inclusion(self, data: bytes, size: int) -> list[Any]:
        """[index, bytes, proof] of a statement in the log at ``size``."""
        index = self.place[digest(data)]
        return [index, data, merkle.inclusion_proof(self.leaves[:size], index)]


ENROLLED = office.sign(
    enrolment.statement("van-07", keys.VAN.key, "pin", LOG_ID, DAY_MS - 3_600_000, "m.keller", "Van 7"), keys.OFFICE
)
SPARE_ENROLLED = office.sign(
    office.act(
        "device.enrolled",
        DAY_MS + 35_000_000,
        "m.keller",
        {
            "device": "van-07",
            "key": keys.SPARE.key.encode(),
            "assurance": "pin",
            "earlier": keys.VAN.key.thumbprint,
            "log": LOG_ID,
        },
    ),
    keys.OFFICE,
)
THIRD_KEY_AT_MS = DAY_MS + 35_900_000


def third_key_enrolled(last: bytes, seq: int) -> bytes:
    """The enrolment of the van's third key, which the second one named when it ended with the event ``last``."""
    body = {
        "device": "van-07",
        "key": keys.THIRD.key.encode(),
        "assurance": "pin",
        "earlier": keys.SPARE.key.thumbprint,
        "log": LOG_ID,
        "follows": [seq, digest(last)],
    }
    return office.sign(office.act("device.enrolled", THIRD_KEY_AT_MS, "gateway", body), keys.OFFICE)


TPM_ENROLLED = office.sign(
    enrolment.statement("tpm-01", keys.TPM.key, "hardware", LOG_ID, DAY_MS - 3_500_000, "m.keller", "Test bench"),
    keys.OFFICE,
)
