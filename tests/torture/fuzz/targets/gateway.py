"""The gateway's ingest as a whole: whatever is published on a handheld's topic, up to the job that is folded from it.

Nothing makes it fall over; only what a handheld's key signed is logged; what cannot be attributed is kept aside with
its code; and what was logged can be folded, whatever it says.
"""

import json
import shutil
from hashlib import sha256
from random import Random
from typing import Any

from jobseal import bodies, cbor, cose, event, frame, receipt
from jobseal.batch import Batch
from jobseal.errors import JobsealError
from jobseal.event import Event
from jobseal.hello import Hello
from jobseal.limits import FRAME_MAX_BYTES
from jobseal.object import Chunk, reference, salted
from jobseal.work import Pull
from jobseal_gateway.ingest import Ingest, Moment, Outcome
from jobseal_gateway.ingest.round import DEFECT
from jobseal_gateway.ledger import branches, jobs, keys, leaves, quarantine, verdicts
from jobseal_gateway.ledger.database import reading
from jobseal_gateway.ledger.folded import RATINGS
from jobseal_gateway.log import LogWriter
from jobseal_gateway.projector import Projector
from tests.system import stand_in
from tests.system.ground import TERMS, Ground, Issued
from tests.system.world import START_MS
from tests.torture.fuzz import mutation
from tests.torture.fuzz.targets.contract import hold
from tests.torture.fuzz.targets.people import Signers

SESSION = b"session1"
MESSAGES_MOST = 6
WIDE_AFTER_MS = 7 * 86_400_000
ALL_AT_ONCE = 1 << 40


class Clock:
    """Where the projector asks for the time."""

    def wall_ms(self) -> int | None:
        return START_MS + 1_000

    def up_ms(self) -> int:
        return 1_000

    def boot(self) -> bytes:
        return b"gateway!"

    def sleep(self, seconds: float) -> None:
        raise AssertionError(seconds)


class Gateway:
    """[[number of the handheld, frame], ...], each a round of its own; other bytes are a frame of the first."""

    most_bytes = 8_192
    limit_s = 3.0

    def __init__(self) -> None:
        self._ground = Ground(2)
        self._ground.reset()
        shutil.rmtree(self._ground._folder)  # it is in memory by now
        self._issued = self._ground.issued
        self._signed = Signers(*(each.signer for each in self._issued), self._ground.keys.office, self._ground.keys.log)

    def seeds(self) -> list[bytes]:
        first, second = (_Chain(each) for each in self._issued)
        hello = first.hello()
        visit = [first.batch(first.visit())]
        late = first.batch([first.make("note.added", {1: first.object}), first.make("job.resumed", {})])
        odd = second.batch([second.make("labour.levitated", {}), second.make("labour.started", {9: "x"})])
        both = [[0, visit[0]], [1, second.batch(second.visit())], [0, late], [0, hello]]
        return [
            *(cbor.encode([[0, data]]) for data in (hello, *visit, first.chunk(), first.pull())),
            cbor.encode([[1, odd], [1, second.hello()]]),
            cbor.encode(both),
            cbor.encode([[0, visit[0]], [0, visit[0]]]),
        ]

    def mutate(self, data: bytes, chance: Random) -> bytes:
        return mutation.item(data, chance, self._frame)

    def _frame(self, data: bytes, chance: Random) -> bytes:
        return mutation.item(data, chance, self._signed.statement)

    def run(self, data: bytes) -> None:
        self._ground.reset()
        engine, held = self._ground.engine, self._ground.keys
        log = LogWriter(engine, held.log_id, held.log)
        ingest = Ingest(engine, held, log, stand_in.verify)
        for number, message in _messages(data):
            topic = frame.up_topic(self._issued[number].device)
            outcome = ingest.handle([(topic, message)], Moment(START_MS + 1_000, 1_000))
            hold(outcome.problem is None, "not_taken", str(outcome.problem))
            self._answers(outcome)
            self._kept(message)
        self._logged()
        projector = Projector(engine, log, held, Clock(), TERMS, WIDE_AFTER_MS, lambda: None)
        while projector.run():
            pass
        self._folded()

    def _answers(self, outcome: Outcome) -> None:
        for topic, data in outcome.replies:
            hold(topic in {frame.down_topic(each.device) for each in self._issued}, "answered_stranger", topic)
            name, message = frame.decode_down(data)
            if name == frame.RECEIPT:
                receipt.verify(message, self._ground.keys.authority.log, stand_in.verify)

    def _kept(self, message: bytes) -> None:
        """What is no frame is in quarantine, with a code that is not our own failure."""
        with reading(self._ground.engine) as connection:
            kept = quarantine.after(connection, 0, 1_000)
        hold(all(each.code != DEFECT for each in kept), "defect", "ingest failed on a message")
        try:
            frame.decode_up(message)
        except JobsealError as error:
            hold((error.code, message) in {(each.code, each.bytes) for each in kept}, "not_kept", error.code)

    def _logged(self) -> None:
        """Everything logged was signed by the key that it stands under, and what is odd about it is said."""
        with reading(self._ground.engine) as connection:
            by_number = {row.id: row for each in self._issued if (row := _row(connection, each)) is not None}
            for leaf in leaves.between(connection, 0, ALL_AT_ONCE):
                if leaf.type != leaves.EVENT or leaf.bytes is None or leaf.key_id is None:
                    continue
                signer = next(each.signer for each in self._issued if each.device == by_number[leaf.key_id].device)
                signed = event.parse(leaf.bytes)
                cose.verify(signed.envelope, cose.EVENT, signer.key, stand_in.verify)
                lines = [line.id for line in branches.of_key(connection, leaf.key_id)]
                said = {each.code for each in verdicts.of_branches(connection, lines, 0, 1_000)}
                kind, body = signed.event.kind, signed.event.body
                if kind not in bodies.SHAPES:
                    hold("unknown_kind" in said, "verdict_missing", kind)
                elif bodies.problem(kind, body):
                    hold("malformed_body" in said, "verdict_missing", kind)

    def _folded(self) -> None:
        with reading(self._ground.engine) as connection:
            for number, name in jobs.every(connection):
                found = RATINGS.of_job(connection, number)
                if found is not None:
                    hold(DEFECT not in json.loads(found.document)["blocking"], "cannot_be_folded", name)


class _Chain:
    """What an honest handheld would send."""

    def __init__(self, issued: Issued) -> None:
        self._issued = issued
        self._events: list[bytes] = []
        self.salted = salted(b"R. Customer", bytes(32))
        self.object = reference(self.salted, "text/plain")

    def make(self, kind: str, body: dict[Any, Any]) -> bytes:
        number = len(self._events)
        said = Event(
            seq=number, prev=sha256(self._events[-1]).digest() if self._events else self._issued.genesis,
            at=START_MS + 60_000 * number, up=60_000 * number, boot=bytes(8), kind=kind, body=body,
            job=None if kind.startswith("session") else "WO-1", by=self._issued.technician,
            close=[number, sha256(b"".join(sha256(each).digest() for each in self._events)).digest()]
            if kind in ("job.completed", "job.signed_off") else None,
        )  # fmt: skip
        data = event.sign(said, self._issued.signer)
        self._events.append(data)
        return data

    def visit(self) -> list[bytes]:
        name = reference(salted(b"A. Customer", bytes(32)), "text/plain")
        steps: list[tuple[str, dict[Any, Any]]] = [
            ("job.accepted", {1: None, 2: None}), ("job.arrived", {}), ("labour.started", {1: "FIT"}),
            ("labour.stopped", {1: "FIT"}), ("part.used", {1: "P-1", 2: "2", 3: "pc", 4: "van"}),
            ("job.completed", {1: []}), ("job.signed_off", {1: "typed", 2: name}),
        ]  # fmt: skip
        return [self.make(kind, body) for kind, body in steps]

    def _plain(self) -> dict[str, Any]:
        return {"session": SESSION, "kid": self._issued.signer.key.kid, "size": 0}

    def batch(self, events: list[bytes]) -> bytes:
        said = Batch(events=events, acked=None, verdicts=0, objects=[self.salted], **self._plain())
        return frame.encode(said)

    def hello(self) -> bytes:
        head = self._events[-1] if self._events else None
        return frame.encode(Hello(head=head, acked=None, work=0, verdicts=0, **self._plain()))

    def chunk(self) -> bytes:
        data = self.salted
        return frame.encode(Chunk(digest=self.object[0], offset=0, total=len(data), data=data, **self._plain()))

    def pull(self) -> bytes:
        return frame.encode(Pull(digests=[self.object[0]], **self._plain()))


def _messages(data: bytes) -> list[tuple[int, bytes]]:
    try:
        value = cbor.decode(data, FRAME_MAX_BYTES)
    except JobsealError:
        return [(0, data)]
    rows = value if type(value) is list else []
    if rows and type(rows[0]) is list:
        found = [row for row in rows if type(row) is list and len(row) == 2]
        return [(row[0] & 1 if type(row[0]) is int else 0, row[1]) for row in found if type(row[1]) is bytes][
            :MESSAGES_MOST
        ]
    return [(0, data)]


def _row(connection: Any, issued: Issued) -> keys.Key | None:
    return keys.by_kid(connection, issued.signer.key.kid)
