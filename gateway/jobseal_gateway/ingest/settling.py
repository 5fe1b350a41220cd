"""Settling: everything that one round writes, in the one transaction that its receipts will speak of.

A crash before COMMIT leaves nothing of it, and nobody was told anything; a crash after it leaves all of it, and the
same frames, coming again, are duplicates that get the receipts that were lost.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from jobseal import bodies, office
from jobseal.object import SALT_BYTES
from jobseal_gateway.ingest.allowance import Bounds
from jobseal_gateway.ingest.key_chain import UNKNOWN_HEAD, KeyChain
from jobseal_gateway.ingest.placing import Announced, Entry, Plan, Slot
from jobseal_gateway.ledger import branches, dirty, holes, jobs, keys, leaves, objects, quarantine, refused, verdicts
from jobseal_gateway.ledger import office as acts
from jobseal_gateway.ledger.objects import Named
from jobseal_gateway.ledger.verdicts import Verdict
from jobseal_gateway.log import Appending
from jobseal_gateway.registry import Enrolled

if TYPE_CHECKING:
    from jobseal.cose import Signer

OPERATOR = "gateway"  # who suspends a key whose chain forked: nobody was asked
NUMBERS_KEPT = 65_536
_NO_TRUST = {keys.REVOKED, keys.ROTATED}
_NAMES_OBJECTS = {kind for kind, fields in bodies.OBJECT_FIELDS.items() if fields} | {"event.corrected"}


class Numbers:
    """The small number of each job that events name, remembered across rounds once they are committed."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}
        self._fresh: dict[str, int] = {}

    def learn(self, connection: Connection, names: Iterable[str]) -> None:
        """Look up, or give, the numbers of these."""
        missing = {name for name in names if name not in self._known and name not in self._fresh}
        if missing:
            self._fresh.update(jobs.numbers(connection, missing))

    def of(self, name: str | None) -> int | None:
        """The number of a job learnt before; None for no job."""
        if name is None:
            return None
        return self._known[name] if name in self._known else self._fresh[name]

    def committed(self) -> None:
        """What was learnt is durable."""
        self._known.update(self._fresh)
        self._fresh.clear()
        while len(self._known) > NUMBERS_KEPT:
            del self._known[next(iter(self._known))]

    def forget(self) -> None:
        """What was learnt may have been undone."""
        self._fresh.clear()


class Settling:
    """One round's writes. ``dirty`` are the jobs it changed; ``logged`` and ``forks`` count its events."""

    __slots__ = (
        "_bounds",
        "_chains",
        "_office",
        "_quarantined",
        "_verdicts",
        "dirty",
        "end",
        "forks",
        "logged",
        "numbers",
    )

    def __init__(self, end: Appending, numbers: Numbers, office_signer: "Signer", bounds: Bounds) -> None:
        self.end = end
        self._bounds = bounds
        self.numbers = numbers
        self._office = office_signer
        self._chains: dict[int, KeyChain] = {}
        self._verdicts: list[Verdict] = []
        self._quarantined: dict[str, list[tuple[str, bytes]]] = {}
        self.dirty: dict[int, None] = {}
        self.logged = 0
        self.forks = 0

    def settle(self, keyed: KeyChain, plan: Plan) -> None:
        """Log what the plan says, in its order."""
        if plan.steps:
            self._chains[keyed.enrolled.id] = keyed
        for step in plan.steps:
            if type(step) is Entry:
                self._enter(keyed, step)
            elif type(step) is Slot:
                self._refuse(keyed, step)
            elif type(step) is Announced:
                self._announce(keyed, step)

    def say(self, keyed: KeyChain, branch_id: int, seq: int, codes: Iterable[str]) -> None:
        """Keep these verdicts on a settled slot."""
        self._verdicts += [Verdict(branch_id, seq, code) for code in codes]
        keyed.last_verdict = max(keyed.last_verdict, seq)

    def quarantine(self, link: str, code: str, data: bytes) -> None:
        """Keep what could not be attributed, within the bounds of whoever brought it."""
        self._quarantined.setdefault(link, []).append((code, data))

    def mark(self, job_ids: Iterable[int]) -> None:
        """These jobs are to be folded again."""
        self.dirty.update(dict.fromkeys(job_ids))

    def finish(self) -> None:
        """Write what was gathered; only the log's own end is still to come."""
        connection = self.end.connection
        branches.advance(connection, [row for keyed in self._chains.values() for row in _moved(keyed)])
        verdicts.add(connection, self._verdicts)
        for link, items in self._quarantined.items():
            quarantine.put_all(connection, link, self.end.at_ms, items, *self._bounds.quarantine)
        dirty.mark(connection, self.dirty, self.end.at_ms)

    def _enter(self, keyed: KeyChain, entry: Entry) -> None:
        signed, codes = entry.signed, entry.codes
        event, key_id = signed.event, keyed.enrolled.id
        if entry.parent is not None:
            parent = keyed.rows[entry.parent]
            keyed.rows.append(branches.fork(self.end.connection, parent, event.seq, event.prev))
            self.forks += 1
        branch_id = keyed.rows[entry.number].id
        job_id = self.numbers.of(event.job)
        leaf = self.end.add(leaves.EVENT, signed.hash, signed.data, key_id, branch_id, event.seq, job_id)
        self.logged += 1
        if event.kind in _NAMES_OBJECTS:
            named = [Named(digest, size + SALT_BYTES, media) for digest, size, media in _objects(entry)]
            objects.name(self.end.connection, leaf, key_id, named)
        if job_id is not None:
            self.dirty[job_id] = None
        if keyed.enrolled.status in _NO_TRUST:  # its revocation is an earlier leaf than this one
            codes = (*codes, "key_revoked")
        if codes:
            self.say(keyed, branch_id, event.seq, codes)
        if entry.parent is not None:
            self._suspend(keyed.enrolled)

    def _refuse(self, keyed: KeyChain, slot: Slot) -> None:
        branch_id = keyed.rows[slot.number].id
        refused.add(self.end.connection, [refused.Refused(branch_id, slot.seq, slot.hash)])
        self.say(keyed, branch_id, slot.seq, ["signature_invalid"])

    def _announce(self, keyed: KeyChain, step: Announced) -> None:
        gap = step.gap
        # Neither branch nor seq: the same statement takes its own slot as an event when its turn comes.
        leaf = self.end.add(leaves.HOLE, gap.hash, step.data, keyed.enrolled.id)
        row = keyed.rows[gap.number]
        holes.add(self.end.connection, holes.Hole(leaf, keyed.enrolled.id, row.id, gap.first, gap.last))

    def _suspend(self, enrolled: Enrolled) -> None:
        """Two holders of one key: nothing of it is billable until a person has looked. Once a key."""
        if enrolled.status != keys.ACTIVE:
            return
        body = {"key": enrolled.key.thumbprint, "reason": "chain_fork"}
        data = office.sign(office.act("device.suspended", self.end.at_ms, OPERATOR, body), self._office)
        connection = self.end.connection
        leaf = self.end.add(leaves.OFFICE, office.hash_of(data), data)
        acts.add(connection, leaf, "device.suspended", enrolled.key.thumbprint.hex())
        keys.set_status(connection, enrolled.id, keys.SUSPENDED, leaf)
        enrolled.status = keys.SUSPENDED
        self.mark(leaves.jobs_of_key(connection, enrolled.id))


def _objects(entry: Entry) -> list[list[Any]]:
    return bodies.objects(entry.signed.event.kind, entry.signed.event.body)


def _moved(keyed: KeyChain) -> list[branches.Branch]:
    """The branches that are no longer where the ledger has them."""
    moved = []
    for number, branch in enumerate(keyed.chain.branches):
        row = keyed.rows[number]._replace(next_seq=branch.next, head_hash=branch.head or UNKNOWN_HEAD)
        if row != keyed.rows[number]:
            keyed.rows[number] = row
            moved.append(row)
    return moved
