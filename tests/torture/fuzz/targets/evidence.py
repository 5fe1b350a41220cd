"""The evidence of a made-up job: a log of two enrolments and its events, and the bundle around a record of it."""

from typing import TYPE_CHECKING

from jobseal import authority, checkpoint, enrolment, merkle, office, record
from jobseal.authority import Certification
from jobseal.bundle import Bundle
from jobseal.checkpoint import Checkpoint
from jobseal.event import SignedEvent
from jobseal.record import Record
from tests.system.stand_in import StandInSigner

if TYPE_CHECKING:
    from collections.abc import Sequence

LOG = b"the log of fuzz!"
ORDER = b"what was to be done"
MADE_MS = 1_767_500_000_000

Logged = list[tuple[bytes, SignedEvent]]  # (thumbprint, event) in log order


class Evidence:
    """Keys of a gateway and the enrolments of these handhelds. ``root``: the thumbprint to trust."""

    def __init__(self, handhelds: "Sequence[StandInSigner]") -> None:
        root, self._log, self._office = (StandInSigner(role) for role in ("root", "log", "office"))
        self.root = root.key.thumbprint
        self._root_key = root.key.encode()
        self._authority = [
            authority.certify(Certification(role=role, key=of.key.encode(), at=MADE_MS), root)
            for role, of in (("log", self._log), ("office", self._office))
        ]
        self._keys = [each.key.thumbprint for each in handhelds]
        self._enrolments = [self._enrolled(number, each) for number, each in enumerate(handhelds)]

    def _enrolled(self, number: int, handheld: StandInSigner) -> bytes:
        name = f"hh-{number}"
        return office.sign(enrolment.statement(name, handheld.key, "none", LOG, MADE_MS, "olga", name), self._office)

    def genesis(self, number: int) -> bytes:
        """What the first event of this handheld follows."""
        return office.hash_of(self._enrolments[number])

    def checkpoint(self, events: Logged) -> bytes:
        """The checkpoint over the enrolments and all of these."""
        leaves = self._leaves(events)
        at = MADE_MS + 86_400_000 * 365
        return checkpoint.sign(Checkpoint(log=LOG, size=len(leaves), root=merkle.root(leaves), at=at), self._log)

    def bundle(self, made: Record, events: Logged) -> bytes:
        """The bundle around this record. It lacks every object, which is no flaw."""
        leaves = self._leaves(events)
        present = {key for key, _ in events}
        first = len(self._enrolments)
        return Bundle(
            format="jobseal/1/bundle",
            root=self._root_key,
            authority=self._authority,
            record=record.sign(made, self._office),
            events=[
                [first + place, signed.data, merkle.inclusion_proof(leaves, first + place)]
                for place, (_, signed) in enumerate(events)
            ],
            acts=[
                [place, data, merkle.inclusion_proof(leaves, place)]
                for place, data in enumerate(self._enrolments)
                if self._keys[place] in present
            ],
            checkpoints=[[made.checkpoint, merkle.consistency_proof(leaves, len(leaves))]],
            receipts=[],
            order=ORDER,
            objects=[],
        ).encode()

    def _leaves(self, events: Logged) -> list[bytes]:
        acts = [merkle.leaf_hash(merkle.entry(merkle.ENTRY_OFFICE, office.hash_of(each))) for each in self._enrolments]
        return acts + [merkle.leaf_hash(merkle.entry(merkle.ENTRY_EVENT, signed.hash)) for _, signed in events]
