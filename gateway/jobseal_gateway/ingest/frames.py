"""Frames from devices, one class a kind: what each is in the ledger, and what it is answered.

A round first calls ``place`` on each frame, outside its transaction (and again inside, if somebody else has appended
meanwhile), then ``settle`` inside it, then ``conclude`` when all are settled. Each frame is for one enrolled key of
the device whose topic it came on; whoever makes them has seen to that.
"""

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from jobseal import cose, event, frame
from jobseal.batch import Batch
from jobseal.errors import JobsealError
from jobseal.hello import Hello
from jobseal.limits import STATEMENT_MAX_BYTES
from jobseal.object import Chunk, Want
from jobseal.work import Assignment, Document, Pull
from jobseal_gateway.ingest import objects
from jobseal_gateway.ingest.chains import Chains
from jobseal_gateway.ingest.key_chain import KeyChain, Position
from jobseal_gateway.ingest.line import begin
from jobseal_gateway.ingest.placing import Entry, Item, Placer, Plan
from jobseal_gateway.ingest.replies import Answer
from jobseal_gateway.ingest.settling import Settling
from jobseal_gateway.ledger import assignments, orders
from jobseal_gateway.registry import Enrolled

if TYPE_CHECKING:
    from jobseal.cose import Verifier

SESSIONS_KEPT = 10_000


class Desk:
    """What frames work with: the ``chains``, the ``verifier``, and where each session was last told that it stands."""

    __slots__ = ("_told", "chains", "verifier")

    def __init__(self, chains: Chains, verifier: "Verifier") -> None:
        self.chains = chains
        self.verifier = verifier
        self._told: dict[tuple[bytes, bytes], Position] = {}

    def tell(self, kid: bytes, session: bytes, position: Position) -> None:
        """This session is being told this. Only a hint: a told place is a true one whether or not it arrives."""
        self._told.pop((kid, session), None)
        self._told[kid, session] = position
        if len(self._told) > SESSIONS_KEPT:
            del self._told[next(iter(self._told))]

    def told(self, kid: bytes, session: bytes) -> Position | None:
        """What this session was told last, unless that was long ago or before a restart."""
        return self._told.get((kid, session))

    def forget(self) -> None:
        """A round was undone: what was told of it was never sent."""
        self._told.clear()


class Frame:
    """What all kinds have: ``replies`` to publish as they are, an ``answer`` to sign, ``refused`` codes to tell."""

    def __init__(self, desk: Desk, enrolled: Enrolled, message: Any) -> None:
        self.desk = desk
        self.enrolled = enrolled
        self.session: bytes = message.session
        self.since: int = message.size
        self.replies: list[bytes] = []
        self.answer: Answer | None = None
        self.refused: list[str] = []

    @property
    def keyed(self) -> KeyChain:
        """The chain of the frame's key, as this round has it by now."""
        return self.desk.chains.of(self.enrolled)

    def place(self) -> None:
        """Work out what does not need the transaction. May be called again, on chains read anew."""

    def jobs(self) -> Iterable[str]:
        """The jobs that settling this will name."""
        return ()

    def settle(self, settling: Settling) -> None:
        """Write what this frame brings."""

    def conclude(self, connection: Connection) -> None:
        """Look up what its answer says of all that is settled by now."""

    def _answer(self, position: Position) -> Answer:
        """He stands there; where refused bytes of his wait behind that, he is to go on behind them."""
        answer = self._answer_behind(position)
        run = self.keyed.refused_run(position.head)
        if run is not None and run.first_seq == position.next:
            answer.resume = run.next_seq
        return answer

    def _answer_behind(self, position: Position) -> Answer:
        """He stands there, and nothing waits."""
        self.answer = Answer(self.enrolled, self.session, self.since, position)
        self.desk.tell(self.enrolled.key.kid, self.session, position)
        return self.answer

    def _quarantine(self, settling: Settling, code: str, data: bytes) -> None:
        settling.quarantine(self.enrolled.device, code, data)
        if code not in self.refused:
            self.refused.append(code)


class HelloFrame(Frame):
    """Where a device stands, and what it does not know yet. A hint: nothing in it is verified or believed."""

    def __init__(self, desk: Desk, enrolled: Enrolled, message: Hello) -> None:
        super().__init__(desk, enrolled, message)
        self.message = message

    def settle(self, settling: Settling) -> None:
        keyed, acked = self.keyed, self.message.acked
        head = self._head(keyed)
        if head is not None:
            tip = keyed.tip(head.number)
            self._answer(tip).superseded = tip.next > head.next
        else:
            known = keyed.find(acked[0], acked[1]) if acked else None
            answer = self._answer(known or keyed.tip(0))
            # An empty journal beside a log that is not: superseded. A head nobody knows yet: about to be sent.
            answer.superseded = self.message.head is None and answer.position.next > 0
        self._send_work(settling.end.connection)

    def conclude(self, connection: Connection) -> None:
        if self.answer is not None:
            self.answer.look_up_verdicts(connection, self.keyed, self.message.verdicts)

    def _head(self, keyed: KeyChain) -> Position | None:
        if self.message.head is None:
            return None
        try:
            head = event.parse(self.message.head)
        except JobsealError:
            return None
        return keyed.find(head.event.seq + 1, head.hash)

    def _send_work(self, connection: Connection) -> None:
        newest = assignments.newest_snapshot(connection, self.enrolled.device)
        if newest is not None and newest.version > self.message.work:
            self.replies.append(frame.encode_signed(frame.ASSIGNMENT, newest.bytes))


class BatchFrame(Frame):
    """Events, with the holes and small objects that go with them."""

    def __init__(self, desk: Desk, enrolled: Enrolled, message: Batch) -> None:
        super().__init__(desk, enrolled, message)
        self.message = message
        kid = enrolled.key.kid
        self._items = [Item(data, kid) for data in message.events]
        self._holes = [Item(data, kid) for data in message.holes or ()]
        self.plan = Plan()

    def place(self) -> None:
        line = begin(self.keyed, self.message.acked, self.message.first)
        self.plan = Placer(self.keyed, self._check, line).place(self._items, self._holes)

    def jobs(self) -> Iterable[str]:
        # Of verified events only: a stranger must not be able to name jobs.
        events = [step.signed.event for step in self.plan.steps if type(step) is Entry]
        return {event.job for event in events if event.job is not None}

    def settle(self, settling: Settling) -> None:
        keyed, acked = self.keyed, self.message.acked
        settling.settle(keyed, self.plan)
        for code, data in self.plan.refused:
            self._quarantine(settling, code, data)
        reached = self.plan.reached or self.plan.start or (keyed.find(acked[0], acked[1]) if acked else None)
        position = keyed.behind_lost(reached or keyed.tip(0), self.plan.lost)
        is_behind_logged = self.plan.reached is not None and not self.plan.is_waiting
        answer = self._answer_behind(position) if is_behind_logged else self._answer(position)
        answer.stored = self._stored(settling, keyed)

    def conclude(self, connection: Connection) -> None:
        if self.answer is not None:
            # A late event stands before what the device has heard of already.
            told = [step.signed.event.seq for step in self.plan.steps if type(step) is Entry and step.codes]
            self.answer.look_up_verdicts(connection, self.keyed, min([self.message.verdicts, *told]))

    def _stored(self, settling: Settling, keyed: KeyChain) -> list[bytes]:
        stored = []
        for data in self.message.objects or ():
            digest = hashlib.sha256(data).digest()
            taken = objects.take_rider(settling, keyed, digest, data)
            if taken.stored:
                stored.append(digest)
            else:
                self._quarantine(settling, taken.code, data)
        return stored

    def _check(self, signed: event.SignedEvent) -> None:
        cose.verify(signed.envelope, cose.EVENT, self.enrolled.key, self.desk.verifier)


class ChunkFrame(Frame):
    """A piece of an object: answered by the offset that is wanted next, or by a receipt once it is all here."""

    def __init__(self, desk: Desk, enrolled: Enrolled, message: Chunk) -> None:
        super().__init__(desk, enrolled, message)
        self.message = message

    def settle(self, settling: Settling) -> None:
        taken = objects.take_chunk(settling, self.keyed, self.message)
        if taken.code:
            self._quarantine(settling, taken.code, self.message.data)
        elif taken.stored:
            told = self.desk.told(self.enrolled.key.kid, self.session)
            self._answer(told or self.keyed.tip(0)).stored = [self.message.digest]
        else:
            want = Want(session=self.session, digest=self.message.digest, offset=taken.wanted)
            self.replies.append(frame.encode(want))


class PullFrame(Frame):
    """A request for documents of the device's newest work; what that does not name is not given."""

    def __init__(self, desk: Desk, enrolled: Enrolled, message: Pull) -> None:
        super().__init__(desk, enrolled, message)
        self.message = message

    def settle(self, settling: Settling) -> None:
        connection = settling.end.connection
        newest = assignments.newest_snapshot(connection, self.enrolled.device)
        if newest is None:
            return
        payload = cose.parse(newest.bytes, STATEMENT_MAX_BYTES).payload
        named = set(Assignment.decode(payload, STATEMENT_MAX_BYTES).digests())
        found = orders.pulled(connection, [digest for digest in self.message.digests if digest in named])
        self.replies += [frame.encode(Document(data=data)) for data in found.values()]


KINDS: dict[type, type[Frame]] = {Hello: HelloFrame, Batch: BatchFrame, Chunk: ChunkFrame, Pull: PullFrame}
