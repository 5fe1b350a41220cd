"""What must hold once everything has come to rest, checked from outside: handhelds' words, database rows, books.

Nothing of the gateway's own reading is used but the tables' names; roots are computed leaf by leaf, by RFC 9162.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import NamedTuple

from sqlalchemy import Engine, text

from jobseal import checkpoint as checkpoints
from jobseal import cose
from jobseal import event as events
from jobseal.limits import STATEMENT_MAX_BYTES
from jobseal_device.work_file import WorkFile
from jobseal_gateway.ledger.database import reading
from tests.torture.network.consumer import Consumer
from tests.torture.network.hand import VISIT_TOTAL, Hand

Found = Iterator[tuple[str, str]]
LOST = ("committed_lost", "acknowledged_missing")


class Ledger:
    """All that the database can show at one moment."""

    def __init__(self, engine: Engine) -> None:
        with reading(engine) as connection:
            rows = connection.execute(text("SELECT idx, type, hash, bytes FROM leaves ORDER BY idx")).all()
            self.checkpoints = list(connection.execute(text("SELECT bytes FROM checkpoints ORDER BY id")).scalars())
            released = text("SELECT work_order, revision, bytes FROM released_records ORDER BY id")
            self.records = connection.execute(released).all()
            self.feed = list(connection.execute(text("SELECT position FROM feed ORDER BY position")).scalars())
            said = text("SELECT r.work_order, r.revision, a.status FROM acknowledgements a"
                        " JOIN released_records r ON r.id = a.record_id")  # fmt: skip
            self.acknowledged = Counter(f"{row.work_order}~{row.revision}" for row in connection.execute(said))
            self.quarantined = connection.execute(text("SELECT code, link FROM quarantine")).all()
            self.forked = connection.execute(text("SELECT count(*) FROM verdicts WHERE code = 'chain_fork'")).scalar()
        self.indexes = [row.idx for row in rows]
        self.leaves = [(row.type, row.hash, row.bytes) for row in rows]
        self.events = [row.hash for row in rows if row.type == 1]
        self._roots: dict[int, bytes] = {}

    def root(self, size: int) -> bytes | None:
        """MTH over the first ``size`` leaves; None when there are not so many."""
        if not self._roots:
            self._roots = dict(
                _roots(sha256(b"\0" + bytes([kind]) + digest).digest() for kind, digest, _ in self.leaves)
            )
        return self._roots.get(size)


class Witness(NamedTuple):
    """What the handhelds have seen: every checkpoint that they verified."""

    checkpoints: set[bytes]


def check(ledger: Ledger, hands: list[Hand], consumer: Consumer, witness: Witness) -> Found:
    """Every disagreement, as (check, words)."""
    yield from _events(ledger, hands)
    yield from _log(ledger, witness)
    yield from _billing(ledger, hands, consumer)
    for code, link in ledger.quarantined:
        check = "defect" if code == "gateway_defect" else "quarantined"
        yield check, f"something that {link} sent was set aside as {code}"
    for hand in hands:
        for row in WorkFile(hand.home).alarms():
            check = "log_rewritten" if row["code"] == "log_inconsistent" else "refused"
            yield check, f"{hand.name} raised an alarm: {row['code']}: {row['sentence']}"


def _events(ledger: Ledger, hands: list[Hand]) -> Found:
    logged = Counter(ledger.events)
    for hand in hands:
        missing = [seq for seq, digest in enumerate(hand.signed) if digest not in logged]
        if missing:
            check = "acknowledged_missing" if missing[0] < hand.acknowledged else "committed_lost"
            yield check, f"{hand.name} signed {missing}, which the ledger does not have"
        if hand.acknowledged != len(hand.signed):
            yield "converges", f"{hand.name} has {hand.acknowledged} of {len(hand.signed)} events acknowledged"
    for digest, count in logged.items():
        if count > 1:
            yield "duplicate_row", f"event {digest.hex()[:8]} is logged {count} times"
    for digest in set(logged) - {digest for hand in hands for digest in hand.signed}:
        yield "forged_accepted", f"event {digest.hex()[:8]} was signed by nobody here"
    if ledger.forked:
        yield "honest_fork", f"{ledger.forked} events are called a fork, and nobody was copied"


def _log(ledger: Ledger, witness: Witness) -> Found:
    if ledger.indexes != list(range(len(ledger.indexes))):
        yield "log_rewritten", "the log has gaps"
    for index, (kind, digest, data) in enumerate(ledger.leaves):
        if sha256(data).digest() != digest:
            yield "log_rewritten", f"leaf {index} does not hold what its hash says"
        if kind == 1 and events.parse(data).hash != digest:
            yield "log_rewritten", f"leaf {index} is another event than its hash says"
    latest = 0
    for number, data in enumerate([*ledger.checkpoints, *sorted(witness.checkpoints)]):
        payload = cose.parse(data, STATEMENT_MAX_BYTES).payload
        said = checkpoints.Checkpoint.decode(payload, STATEMENT_MAX_BYTES)
        if ledger.root(said.size) != said.root:
            who = "the gateway" if number < len(ledger.checkpoints) else "a handheld"
            yield "log_rewritten", f"the checkpoint over {said.size} leaves that {who} has is not of this log"
        if number < len(ledger.checkpoints):
            if said.at < latest:
                yield "log_rewritten", "a checkpoint is older than the one before it"
            latest = said.at


def _billing(ledger: Ledger, hands: list[Hand], consumer: Consumer) -> Found:
    released = {f"{row.work_order}~{row.revision}": sha256(row.bytes).hexdigest() for row in ledger.records}
    for id, count in Counter(f"{row.work_order}~{row.revision}" for row in ledger.records).items():
        if count > 1:
            yield "billed_twice", f"{id} was released {count} times"
    for job in (job for hand in hands for job in hand.jobs):
        own = [row.revision for row in ledger.records if row.work_order == job]
        if own != [1]:
            yield "billed_twice" if own else "unbilled", f"{job} is finished and has the records {own}"
    booked = {id: digest for id, (digest, _) in consumer.books.items()}
    for id in sorted(set(released) ^ set(booked)):
        yield "books_differ", f"{id} is {'released and not booked' if id in released else 'booked and not released'}"
    for id in sorted(set(released) & set(booked)):
        if released[id] != booked[id]:
            yield "books_differ", f"{id} is not what was booked"
        if ledger.acknowledged[id] != 1 or id not in consumer.acknowledged:
            yield "books_differ", f"{id} was acknowledged, and the ledger has {ledger.acknowledged[id]} such statements"
    for id, (_, total) in consumer.books.items():
        if total != VISIT_TOTAL:
            yield "money_wrong", f"{id} comes to {total} instead of {VISIT_TOTAL}"
    if consumer.seen != ledger.feed[: len(consumer.seen)] or len(set(consumer.seen)) != len(consumer.seen):
        yield "feed_missed", "the consumer did not see the feed's entries, each once and in order"
    for words in consumer.conflicts:
        yield "books_differ", words


def _roots(hashes: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """(size, root) of every beginning of the log, from complete subtrees only: RFC 9162 section 2.1."""
    peaks: list[tuple[int, bytes]] = []
    for size, leaf in enumerate(hashes, 1):
        peaks.append((1, leaf))
        while len(peaks) > 1 and peaks[-1][0] == peaks[-2][0]:
            (width, left), (_, right) = peaks[-2:]
            peaks[-2:] = [(2 * width, sha256(b"\1" + left + right).digest())]
        root = peaks[-1][1]
        for _, left in reversed(peaks[:-1]):
            root = sha256(b"\1" + left + root).digest()
        yield size, root
