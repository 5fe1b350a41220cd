"""The audit: what became of the day, counted afterwards from the handhelds' journals and the ledger's evidence.

Nothing that happened while the day was played is believed here. What was captured is what the journals hold; what was
logged is found by its hash among the leaves; each leaf is verified again under the key that was enrolled for it.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Engine

from jobseal import cose, event
from jobseal import key as public_keys
from jobseal.errors import JobsealError
from jobseal.host.crypto import Verifier
from jobseal.record import Record
from jobseal_gateway import release
from jobseal_gateway.ledger import branches, keys, leaves, log, records
from jobseal_gateway.ledger.branches import CANONICAL
from jobseal_gateway.ledger.database import reading
from jobseal_gateway.ledger.folded import RATINGS
from jobseal_gateway.ledger.leaves import Leaf
from jobseal_gateway.policy import HELD, READY
from jobseal_gateway.projector import RELEASED

LEAVES_AT_ONCE = 1_000
RECORDS_AT_ONCE = 500

Journal = Sequence[dict[str, Any]]  # rows as ``jobseal-device journal`` gives them


@dataclass(frozen=True, slots=True)
class Figures:
    """``captured``, ``acknowledged``, ``logged``: events of the honest handhelds, ``logged`` on the canonical branch of
    their key; ``records`` released; jobs that are ``ready`` or later, and ``held``; captured events that are nowhere in
    the log (``lost``); events billed more than once; logged events that no handheld signed; forks of a chain."""

    captured: int
    acknowledged: int
    logged: int
    records: int
    ready: int
    held: int
    lost: int
    billed_twice: int
    forged_accepted: int
    forks: int

    @property
    def hold(self) -> bool:
        """Whether the day went as it must: one clone was found, and nothing else is amiss."""
        nothing_amiss = self.lost == self.billed_twice == self.forged_accepted == 0
        return nothing_amiss and self.forks == 1 and self.captured == self.acknowledged == self.logged

    def as_json(self) -> dict[str, int]:
        """The figures by name."""
        return asdict(self)


def audit(engine: Engine, honest: Iterable[Journal], clones: Iterable[Journal]) -> Figures:
    """Count. ``honest``, ``clones``: the journals of the handhelds that are what they say, and of their copies."""
    own = [row for journal in honest for row in journal]
    captured = {bytes.fromhex(row["hash"]) for row in own}
    signed = captured | {bytes.fromhex(row["hash"]) for journal in clones for row in journal}
    with reading(engine) as connection:
        logged = [leaf for leaf in _leaves(connection) if leaf.type == leaves.EVENT]
        lines = [branch for key in keys.every(connection) for branch in branches.of_key(connection, key.id)]
        canonical = {branch.id for branch in lines if branch.standing == CANONICAL}
        standing = RATINGS.counts(connection)
        released = _released(connection)
        return Figures(
            captured=len(captured),
            acknowledged=sum(row["state"] == "acked" for row in own),
            logged=sum(leaf.hash in captured and leaf.branch_id in canonical for leaf in logged),
            records=len(released),
            ready=standing.get(READY, 0) + standing.get(RELEASED, 0),
            held=standing.get(HELD, 0),
            lost=len(captured - {leaf.hash for leaf in logged}),
            billed_twice=billed_twice(released),
            forged_accepted=_forged(connection, logged, signed),
            forks=len(lines) - len(canonical),
        )


def logged_hashes(engine: Engine) -> set[bytes]:
    """The hash of every logged event, on whatever branch."""
    with reading(engine) as connection:
        return {leaf.hash for leaf in _leaves(connection) if leaf.type == leaves.EVENT}


def billed_twice(released: Iterable[Record]) -> int:
    """How often something is billed again: an event behind two lines of one kind among the records that stand, or a
    work order whose records add up to something else than the lines of the newest."""
    by_order: dict[str, list[Record]] = {}
    for each in released:
        by_order.setdefault(each.work_order, []).append(each)
    cited: Counter[tuple[str, bytes]] = Counter()
    wrong_sums = 0
    for revisions in by_order.values():
        newest = max(revisions, key=lambda record: record.revision)
        charges = [line for line in newest.line_items() if line.kind != release.ADJUSTMENT]
        cited.update((line.kind, hash) for line in charges for hash in line.events)
        billed = sum(Decimal(each.total) for each in revisions)
        wrong_sums += billed != sum((Decimal(line.amount) for line in charges), Decimal())
    return wrong_sums + sum(count - 1 for count in cited.values())


def _leaves(connection: Connection) -> Iterable[Leaf]:
    size = log.head(connection).size
    for first in range(0, size, LEAVES_AT_ONCE):
        yield from leaves.between(connection, first, min(first + LEAVES_AT_ONCE, size))


def _released(connection: Connection) -> list[Record]:
    found: list[Record] = []
    last = 0
    while page := records.after(connection, last, RECORDS_AT_ONCE):
        found += [release.decode(each) for each in page]
        last = page[-1].id
    return found


def _forged(connection: Connection, logged: Iterable[Leaf], signed: set[bytes]) -> int:
    verifier = Verifier()
    known = {key.id: public_keys.decode(key.cose_key) for key in keys.every(connection)}
    return sum(not _is_genuine(leaf, known, verifier) or leaf.hash not in signed for leaf in logged)


def _is_genuine(leaf: Leaf, known: dict[int, public_keys.Key], verifier: Verifier) -> bool:
    if leaf.bytes is None or leaf.key_id not in known or hashlib.sha256(leaf.bytes).digest() != leaf.hash:
        return False
    try:
        parsed = event.parse(leaf.bytes)
        cose.verify(parsed.envelope, cose.EVENT, known[leaf.key_id], verifier)
    except JobsealError:
        return False
    return parsed.event.seq == leaf.seq
