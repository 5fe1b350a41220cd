"""Settling: everything that one round writes, in the one transaction that its receipts will speak of.

A crash before COMMIT leaves nothing of it, and nobody was told anything; a crash after it leaves all of it, and the
same frames, coming again, are duplicates that get the receipts that were lost.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from jobseal import bodies, office, rotating
from jobseal.object import SALT_BYTES
from jobseal_gateway import standing, succession, work
from jobseal_gateway.ingest import rotation
from jobseal_gateway.ingest.allowance import Bounds
from jobseal_gateway.ingest.key_chain import UNKNOWN_HEAD, Gap, KeyChain, Position
from jobseal_gateway.ingest.placing import Announced, Entry, Forgotten, Plan, Slot
from jobseal_gateway.ledger import (
    assignments,
    branches,
    dirty,
    holes,
    jobs,
    keys,
    leaves,
    objects,
    quarantine,
    refused,
    refused_runs,
    verdicts,
)
from jobseal_gateway.ledger import office as acts
from jobseal_gateway.ledger.objects import Named
from jobseal_gateway.ledger.refused_runs import RefusedRun
from jobseal_gateway.ledger.verdicts import Verdict
from jobseal_gateway.log import Appending
from jobseal_gateway.registry import Enrolled

if TYPE_CHECKING:
    from jobseal.cose import Signer, Verifier

OPERATOR = "gateway"  # who suspends a key whose chain forked: nobody was asked
NUMBERS_KEPT = 65_536
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
    """One round's writes. ``dirty`` are the jobs it changed; ``logged`` and ``forks`` count its events; ``heirs`` are
    the keys that it enrolled because another one ended."""

    __slots__ = (
        "_bounds",
        "_chains",
        "_doubted",
        "_filled",
        "_grown",
        "_office",
        "_quarantined",
        "_verdicts",
        "_verifier",
        "dirty",
        "end",
        "forks",
        "heirs",
        "logged",
        "numbers",
    )

    def __init__(
        self, end: Appending, numbers: Numbers, office_signer: "Signer", verifier: "Verifier", bounds: Bounds
    ) -> None:
        self.end = end
        self._bounds = bounds
        self.numbers = numbers
        self._office = office_signer
        self._verifier = verifier
        self._chains: dict[int, KeyChain] = {}
        self._doubted: dict[int, None] = {}  # keys of which something was settled that bears on each of their jobs
        self._filled: dict[tuple[int, Gap], None] = {}  # (key, hole) where late events came
        self._grown: set[int] = set()  # keys with a fork that went on
        self._verdicts: list[Verdict] = []
        self._quarantined: dict[str, list[tuple[str, bytes]]] = {}
        self.dirty: dict[int, None] = {}
        self.logged = 0
        self.forks = 0
        self.heirs: list[keys.Key] = []

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
            elif type(step) is RefusedRun:
                refused_runs.keep(self.end.connection, step)
            elif type(step) is Forgotten:
                refused_runs.forget(self.end.connection, keyed.enrolled.id, step.base)

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
        self._mark_doubted(connection)
        branches.advance(connection, [row for keyed in self._chains.values() for row in _moved(keyed)])
        verdicts.add(connection, self._verdicts)
        for link, items in self._quarantined.items():
            quarantine.put_all(connection, link, self.end.at_ms, items, *self._bounds.quarantine)
        dirty.mark(connection, self.dirty, self.end.at_ms)

    def _mark_doubted(self, connection: Connection) -> None:
        """Mark the jobs that none of this round's events is about, and that rest on what it changed all the same."""
        if self._filled:
            self.end.flush()
        for key_id, gap in self._filled:
            if standing.has_arrived(connection, self._chains[key_id].rows[gap.number].id, gap.first, gap.last):
                self._doubted[key_id] = None
        for key_id in self._doubted:
            self.mark(leaves.jobs_of_key(connection, key_id))
            if len(self._chains[key_id].rows) > 1:
                self._mark_assigned(self._chains[key_id].enrolled.device)

    def _mark_assigned(self, device: str) -> None:
        """Mark the jobs that wait for this handheld: with which of its keys it goes on may have changed, as a key has
        ended or a fork casts doubt on it."""
        carriers = assignments.carriers(self.end.connection, device)
        self.mark(work.assigned_jobs(self.end.connection, carriers))

    def _enter(self, keyed: KeyChain, entry: Entry) -> None:
        signed, codes = entry.signed, entry.codes
        event, key_id = signed.event, keyed.enrolled.id
        if entry.parent is not None:
            self._fork(keyed, entry.parent, event.seq, event.prev)
        elif keyed.rows[entry.number].standing == branches.FORKED:
            self._go_on(keyed)
        branch_id = keyed.rows[entry.number].id
        job_id = self.numbers.of(event.job)
        leaf = self.end.add(leaves.EVENT, signed.hash, signed.data, key_id, branch_id, event.seq, job_id)
        self.logged += 1
        if event.kind in _NAMES_OBJECTS:
            named = [Named(digest, size + SALT_BYTES, media) for digest, size, media in _objects(entry)]
            objects.name(self.end.connection, leaf, key_id, named)
        if job_id is not None:
            self.dirty[job_id] = None
        if "late_event" in codes:
            self._filled |= {(key_id, gap): None for gap in keyed.gaps if gap.takes(entry.number, event.seq)}
        if keyed.enrolled.status == keys.REVOKED or _is_over(keyed, entry):
            codes = (*codes, "key_revoked")
        if event.kind == rotating.KIND:
            codes = (*codes, *self._rotate(keyed, entry, leaf))
        if codes:
            self.say(keyed, branch_id, event.seq, codes)
        if entry.parent is not None:
            self._suspend(keyed)

    def _fork(self, keyed: KeyChain, parent: int, seq: int, prev: bytes) -> None:
        keyed.rows.append(branches.fork(self.end.connection, keyed.rows[parent], seq, prev))
        self._doubted[keyed.enrolled.id] = None  # whatever its standing was before
        self.forks += 1

    def _go_on(self, keyed: KeyChain) -> None:
        """A fork grows. That says something new of the other jobs only where a person had left it out of billing."""
        connection, key_id = self.end.connection, keyed.enrolled.id
        if key_id in self._doubted or key_id in self._grown:
            return
        self._grown.add(key_id)
        row = keys.by_id(connection, key_id)
        if row is not None and standing.left_out(connection, row, branches.of_key(connection, key_id)):
            self._doubted[key_id] = None

    def _rotate(self, keyed: KeyChain, entry: Entry, leaf: int) -> tuple[str, ...]:
        """End the key; the codes to say of the event that does."""
        if "late_event" in entry.codes or _is_over(keyed, entry):
            return ()  # not the last word of whoever signs along this line
        ended = rotation.end_key(self.end, self._office, self._verifier, keyed, entry, leaf)
        self._mark_assigned(keyed.enrolled.device)
        if ended.heir is not None:
            keyed.note_end(entry.number, entry.signed.event.seq)
            self.heirs.append(ended.heir)
        return tuple(code for code in ended.codes if code not in entry.codes)

    def _refuse(self, keyed: KeyChain, slot: Slot) -> None:
        if slot.parent is not None:
            self._fork(keyed, slot.parent, slot.seq, slot.base)
            self._suspend(keyed)
        branch_id = keyed.rows[slot.number].id
        if slot.hash is not None:
            refused.add(self.end.connection, [refused.Refused(branch_id, slot.seq, slot.hash)])
        self.say(keyed, branch_id, slot.seq, [slot.code])

    def _announce(self, keyed: KeyChain, step: Announced) -> None:
        gap = step.gap
        # Neither branch nor seq: the same statement takes its own slot as an event when its turn comes.
        leaf = self.end.add(leaves.HOLE, gap.hash, step.data, keyed.enrolled.id)
        row = keyed.rows[gap.number]
        holes.add(self.end.connection, holes.Hole(leaf, keyed.enrolled.id, row.id, gap.first, gap.last))
        self._doubted[keyed.enrolled.id] = None  # what it lost may have been of any of its jobs

    def _suspend(self, keyed: KeyChain) -> None:
        """Two holders of one key: nothing of it is billable until a person has looked. Once a key.

        Of one that has ended, the key that goes on for it is meant: who knows which of the two holders named that.
        """
        if keyed.enrolled.status == keys.ACTIVE:
            self._suspend_itself(keyed.enrolled)
        elif keyed.enrolled.status == keys.ROTATED or keyed.ends:  # it may have ended while it was suspended
            self._suspend_heir(keyed.enrolled)

    def _suspend_itself(self, enrolled: Enrolled) -> None:
        body = {"key": enrolled.key.thumbprint, "reason": "chain_fork"}
        data = office.sign(office.act("device.suspended", self.end.at_ms, OPERATOR, body), self._office)
        connection = self.end.connection
        leaf = self.end.add(leaves.OFFICE, office.hash_of(data), data)
        acts.add(connection, leaf, "device.suspended", enrolled.key.thumbprint.hex())
        keys.set_status(connection, enrolled.id, keys.SUSPENDED, leaf)
        enrolled.status = keys.SUSPENDED
        self.mark(leaves.jobs_of_key(connection, enrolled.id))

    def _suspend_heir(self, enrolled: Enrolled) -> None:
        self.end.flush()  # a key may have been enrolled in this very round
        connection = self.end.connection
        ended = keys.by_id(connection, enrolled.id)
        if ended is None or ended.trusted_seq is not None:
            return  # a person has said of a compromised key what is trusted, and revoked with it what is not
        newest = succession.present(connection, enrolled.device)
        if newest is None or newest.status != keys.ACTIVE:
            return
        # A key that a person enrolled afresh follows nobody: an old copy says nothing of it.
        if enrolled.id in [each.id for each in succession.line(connection, newest)]:
            rotation.suspend(self.end, self._office, newest)
            self.mark(leaves.jobs_of_key(connection, newest.id))


def _is_over(keyed: KeyChain, entry: Entry) -> bool:
    """Whether this event comes behind the end of its line: behind one that named the next key, or, where a key ended
    and brought no other, at all, unless it fills a hole.

    That a key has ended, as its status and ``succession.has_ended`` say, is said of its first-logged line.
    """
    if keyed.ends:
        return keyed.is_behind_end(Position(entry.number, entry.signed.event.seq, entry.signed.event.prev))
    return keyed.enrolled.status == keys.ROTATED and "late_event" not in entry.codes


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
