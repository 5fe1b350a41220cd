"""The uplink: what a device sends next, and what it may believe of the answers. Pure: bytes and times in, effects out.

One frame is in flight at a time, of whatever kind: HELLO first on every connect, then events, then the documents of
new work, then objects. What is not answered is built again from the state and sent again, later each time. Nothing
here trusts the broker: only a receipt that verifies moves the state. Work and verdicts are handed over before the
state that has them is saved, so that a crash in between brings them again; everything else rests on what is saved.

Times are milliseconds of one monotonic clock. Effects are tuples, to be carried out in order:

    ("send", frame)                      publish on the device's up topic
    ("save", State)                      make durable, before acting on what comes behind it
    ("work", statement)                  a newer verified assignment
    ("document", bytes)                  a document that the assignment names
    ("stored", [digest])                 objects that the gateway now keeps
    ("verdicts", [[seq, [code]]])        what the gateway has to say of events
    ("restarted", [bytes])               the log was restarted: offer every object again; the bytes are evidence
    ("alarm", code, sentence, [bytes])   a person must look; the bytes are the evidence
    ("rolled_back", receipt)             never sign with this key again
"""

import hashlib

from jobseal import bodies, checkpoint, frame, merkle, receipt, restart, work
from jobseal import event as events
from jobseal.batch import Batch
from jobseal.errors import JobsealError
from jobseal.hello import Hello
from jobseal.limits import (
    BATCH_MAX_BYTES,
    BATCH_MAX_EVENTS,
    BATCH_MAX_HOLES,
    OBJECT_CHUNK_MAX_BYTES,
    OBJECT_INLINE_MAX_BYTES,
    PULL_MAX,
)
from jobseal.object import SALT_BYTES, Chunk
from jobseal.uplink_state import Delays, Identity, State
from jobseal.work import Pull

MYPY = False
if MYPY:
    from collections.abc import Callable
    from typing import Any

    from jobseal.checkpoint import Checkpoint
    from jobseal.cose import Verifier
    from jobseal.object import Want
    from jobseal.receipt import Receipt
    from jobseal.refusal import Refusal
    from jobseal.restart import Followed, Restarted
    from jobseal.uplink_state import Source


HELLO, EVENTS, PULL, OBJECT = "hello", "events", "pull", "object"
_LOG_RESTARTED = "log_restarted"  # the gateway has less than it has proven to us: a deletion, or an old backup
_INCONSISTENT = "log_inconsistent"
_OF_OBJECTS = ("object_unnamed", "attachment_mismatch")  # refusals that no resend can change


class Uplink:
    """The sender of one device and one sync process. ``draw()`` gives a random number from 0 to 1 for jitter.

    After carrying out the effects of any call, the caller calls :meth:`tick` until it returns none.
    """

    def __init__(
        self,
        identity: Identity,
        session: bytes,
        state: State,
        source: "Source",
        verifier: "Verifier",
        draw: "Callable[[], float]",
        delays: Delays,
    ) -> None:
        """Raises what the verification of the state's own checkpoint and assignment raises."""
        self.identity = identity
        self.session = session
        self.state = state
        self.cursor = state.next  # seq to send from: 0 after a divergence, beyond state.next where bytes were refused
        self._source = source
        self._verifier = verifier
        self._draw = draw
        self._delays = delays
        self._connected = False
        self._in_flight: "str | None" = None
        self._deadline = 0  # of the answer to what is in flight
        self._paused_until = 0
        self._hello_at = 0
        self._tries = {HELLO: 0, EVENTS: 0, PULL: 0, OBJECT: 0}  # sent without an answer, by kind
        self._failed: "str | None" = None  # the kind that last went unanswered lets the others go first
        self._is_quiet = False  # nothing was due when last looked, and nothing was heard since
        self._pulled: "list[bytes]" = []  # documents asked for and not yet here
        self._offsets: "dict[bytes, int]" = {}  # object digest -> offset that the gateway wants next
        self._object = b""  # digest of the object in flight
        self._unwanted: "list[bytes]" = []  # objects that the gateway refused in this session
        self._is_fresh = True
        self._doubts_log = False  # it was refused, or answered from another log: nothing goes before HELLO now
        self._asks_first = False  # the gateway may have most objects: ask before sending bytes
        self._shown: "Checkpoint | None" = None  # an older checkpoint that HELLO names, for a restarted log to prove
        self._checkpoint: "Checkpoint | None" = None
        if state.checkpoint is not None:
            self._checkpoint = checkpoint.verify(state.checkpoint, identity.authority.log, verifier)
        self._assignment: "work.Assignment | None" = None
        if state.assignment is not None:
            self._assignment = self._verified_work(state.assignment)

    # What happens to it

    def connected(self, now: int) -> "list[Any]":
        """The link is up: say HELLO."""
        self._connected = True
        self._tries = dict.fromkeys(self._tries, 0)
        self._shown = None
        if not self._is_fresh:
            self._begin_session()
        return self._send(HELLO, now)

    def disconnected(self) -> None:
        """The link is down: whatever was in flight may or may not have arrived."""
        self._connected = False
        self._in_flight = None

    def tick(self, now: int) -> "list[Any]":
        """Time has passed, something was committed, or effects were carried out: send what is due."""
        if not self._connected or now < self._paused_until:
            return []
        if self._in_flight is not None:
            if now < self._deadline:
                return []
            self._failed = self._in_flight
            self._in_flight = None
        due = self._due(now)
        self._is_quiet = not due
        if not due:
            return []
        gives_way = len(due) > 1 and due[0] == self._failed and not self._doubts_log
        return self._send(due[1] if gives_way else due[0], now)

    def wake_at(self, now: int) -> "int | None":
        """When :meth:`tick` has something to do next without any input, or None. Whoever commits something wakes it."""
        if not self._connected:
            return None
        if self._in_flight is not None:
            return max(self._paused_until, self._deadline)
        return max(self._paused_until, self._hello_at if self._is_quiet else now)

    def is_idle(self, now: int) -> bool:
        """Connected, answered, and nothing due."""
        return self._connected and self._in_flight is None and not self._due(now)

    @property
    def is_fresh(self) -> bool:
        """Whether nothing but HELLO was sent in this session: whatever is said in it answers that."""
        return self._is_fresh

    @property
    def unwanted(self) -> "list[bytes]":
        """Digests of the objects that the gateway refused in this session, by what no resend can change."""
        return self._unwanted

    def handle(self, data: bytes, now: int) -> "list[Any]":
        """A frame came down. Whatever is wrong with it ends here, as an alarm at most."""
        self._is_quiet = False
        try:
            name, message = frame.decode_down(data)
            if name == frame.RECEIPT:
                return self._on_receipt(message)
            if name == frame.ASSIGNMENT:
                return self._on_work(message)
            if name == "document":
                return self._on_document(message.data)
            if name == "want":
                return self._on_want(message)
            if name == frame.RESTARTED:
                return self._on_restarted(message, data)
            return self._on_refusal(message, now)
        except JobsealError as error:
            return [("alarm", error.code, error.sentence, [data])]

    # What to send

    def _due(self, now: int) -> "list[str]":
        """The kinds of frame that are due, most urgent first."""
        due = []
        if now >= self._hello_at or self._failed is not None:
            due.append(HELLO)  # an unanswered frame may mean that the gateway forgot us: say where we are
        head = self._source.head()
        if head is not None and self.cursor <= head[0]:
            due.append(EVENTS)
        if self._assignment is not None and self._source.missing(self._assignment.digests()):
            due.append(PULL)
        if EVENTS not in due and self._next_object() is not None:
            due.append(OBJECT)  # only behind its event: an object that no logged event names is not accepted
        return due

    def _send(self, what: str, now: int) -> "list[Any]":
        wait = min(self._delays.resend_first << min(self._tries[what], 16), self._delays.resend_most)
        self._deadline = now + self._jittered(wait)
        self._tries[what] += 1
        self._in_flight = what
        self._is_fresh = self._is_fresh and what == HELLO
        if what == HELLO:
            self._hello_at = now + self._delays.hello
        return [("send", frame.encode(self._message(what)))]

    def _jittered(self, wait: int) -> int:
        """Between half of it and the whole: many who were told to wait must not come back as one."""
        return wait // 2 + int(self._draw() * (wait - wait // 2))

    def _message(self, what: str) -> "Any":
        if what == HELLO:
            return self._hello()
        if what == EVENTS:
            return self._batch()
        if what == PULL and self._assignment is not None:
            self._pulled = self._source.missing(self._assignment.digests())[:PULL_MAX]
            return Pull(session=self.session, kid=self._kid(), digests=self._pulled, size=self._size())
        return self._chunk()

    def _kid(self) -> bytes:
        return self.identity.thumbprint[:8]

    def _size(self) -> int:
        return 0 if self._checkpoint is None else self._checkpoint.size

    def _acked(self) -> "list[Any] | None":
        return None if self.state.head is None else [self.state.next, self.state.head]

    def _hello(self) -> Hello:
        head = self._source.head()
        return Hello(
            session=self.session,
            kid=self._kid(),
            head=None if head is None else head[1],
            acked=self._acked(),
            size=self._size() if self._shown is None else self._shown.size,
            work=0 if self._assignment is None else self._assignment.version,
            verdicts=self.state.verdicts,
            log=None if self._checkpoint is None else self._checkpoint.log,
        )

    def _batch(self) -> Batch:
        announced = self._source.holes()[:BATCH_MAX_HOLES]
        room = BATCH_MAX_BYTES - sum([len(data) for data in announced])
        batch = self._source.events(self.cursor, BATCH_MAX_EVENTS, room)
        room -= sum([len(data) for data in batch])
        return Batch(
            session=self.session,
            kid=self._kid(),
            events=batch,
            acked=self._acked(),
            size=self._size(),
            verdicts=self.state.verdicts,
            holes=announced or None,
            objects=self._riders(batch, room) or None,
            first=None if self.state.head is not None and self.cursor == self.state.next else self.cursor,
        )

    def _riders(self, batch: "list[bytes]", room: int) -> "list[bytes]":
        """Small objects that these events name, as far as there is room."""
        most = OBJECT_INLINE_MAX_BYTES + SALT_BYTES
        small = {digest: size for digest, size in self._source.pending() if size <= most}
        riders = []
        for data in batch if small else []:
            event = events.parse(data).event
            for digest, _, _ in bodies.objects(event.kind, event.body):
                size = small.pop(digest, room + 1)
                if size <= room:
                    riders.append(self._source.object(digest, 0, size))
                    room -= size
        return [data for data in riders if data]

    def _next_object(self) -> "tuple[bytes, int] | None":
        for digest, total in self._source.pending():
            if digest not in self._unwanted:
                return digest, total
        return None

    def _chunk(self) -> Chunk:
        self._object, total = self._next_object() or (b"", 0)
        offset = min(self._offsets.get(self._object, 0), total)
        is_question = self._asks_first and self._object not in self._offsets
        count = 0 if is_question else min(OBJECT_CHUNK_MAX_BYTES, total - offset)
        return Chunk(
            session=self.session,
            kid=self._kid(),
            digest=self._object,
            offset=offset,
            total=total,
            data=self._source.object(self._object, offset, count) if count else b"",
            size=self._size(),
        )

    # What to believe

    def _answered(self) -> None:
        if self._in_flight is not None:
            self._tries[self._in_flight] = 0
        self._in_flight = None
        self._failed = None
        self._doubts_log = False

    def _on_receipt(self, data: bytes) -> "list[Any]":
        signed = receipt.verify(data, self.identity.authority.log, self._verifier)
        if signed.key != self.identity.thumbprint or signed.session != self.session:
            return []  # for another key, an earlier process, or another holder of this key
        newest = checkpoint.verify(signed.checkpoint, self.identity.authority.log, self._verifier)
        if signed.since != self._size():
            return []  # an answer that was overtaken: the one behind it says more
        known = self._checkpoint
        if known is not None and known.log != newest.log and not self._is_fresh:
            return self._say_hello()  # it may answer what we sent before: only HELLO says which log we know
        if known is not None and not consistent(known, newest, signed.proof):
            evidence = [self.state.checkpoint or b"", data]
            return [("alarm", "log_inconsistent", "the gateway's log does not continue what it was", evidence)]
        self._checkpoint = newest
        self.state.checkpoint = signed.checkpoint
        self.state.past.note(signed.checkpoint, newest)
        sent_from = self.cursor
        effects = self._settle(signed, data)
        if signed.stored:
            effects.append(("stored", signed.stored))
        self._paused_until = 0  # whoever answers is not overloaded
        if self._in_flight != EVENTS or self.cursor > sent_from:
            self._answered()  # events that got nowhere wait for their deadline, or this would spin
        return effects

    def _begin_session(self) -> None:
        """From here on no late answer to anything sent before can be taken for an answer to what comes now."""
        self.session = hashlib.sha256(self.session).digest()[: len(self.session)]
        self._is_fresh = True

    def _say_hello(self) -> "list[Any]":
        """Nothing comes of what is in flight: HELLO is due at once, in a session of its own."""
        self._begin_session()
        self._doubts_log = True
        self._in_flight = None
        self._failed = None
        self._hello_at = 0
        return []

    def _on_restarted(self, message: "Restarted", data: bytes) -> "list[Any]":
        """The log is another one. What we had proven of it, as far as it is left, must be how the new one begins."""
        known, named = self._checkpoint, self._checkpoint if self._shown is None else self._shown
        if message.session != self.session or known is None or named is None or message.since != named.size:
            return []  # not for us, or an answer that was overtaken
        found = restart.follow(message, known, self._logs(), self.identity.authority, self._verifier)
        if found is None:
            return []
        newest = found.checkpoint
        proven = known if known.size <= found.kept else self.state.past.witness(found.kept)
        if proven is not None and proven.size != named.size:
            self._shown = proven  # the newest cannot be proven any more; an older one can
            return self._say_hello()
        if proven is not None and not merkle.verify_consistency(
            proven.size, newest.size, proven.root, newest.root, message.proof
        ):
            sentence = "the restarted log does not begin with what it was"
            return [("alarm", _INCONSISTENT, sentence, [self.state.checkpoint or b"", data])]
        return self._follow(found, message.checkpoint)

    def _logs(self) -> "list[bytes]":
        """The ids that this device knows its log by: the present one, those before, that of its enrolment."""
        known = self.state.past.logs() + ([] if self._checkpoint is None else [self._checkpoint.log])
        return known + ([] if self.identity.log is None else [self.identity.log])

    def _follow(self, found: "Followed", signed: bytes) -> "list[Any]":
        """Go on with the new log: what it acknowledges is for its receipts to say; those before are kept as evidence.

        The objects are offered again before the state that says why is saved: after a crash in between, all of this
        comes again.
        """
        state = self.state
        before = state.checkpoint or b""
        state.past.rows = state.past.rows + [[found.statements, before, state.receipt, state.next, state.head]]
        state.past.forget_beyond(found.kept)
        evidence = found.statements + [before] + ([] if state.receipt is None else [state.receipt])
        state.checkpoint, state.receipt, state.next, state.head, state.verdicts = signed, None, 0, None, 0
        self._checkpoint = found.checkpoint
        self.cursor = 0
        self._offsets = {}
        self._unwanted = []
        self._asks_first = True
        self._shown = None
        self._answered()
        self._say_hello()
        return [("restarted", evidence), ("save", state)]

    def _settle(self, signed: "Receipt", data: bytes) -> "list[Any]":
        head = self._source.head()
        newest = -1 if head is None else head[0]
        last = signed.next - 1
        if signed.superseded and last > newest:
            return [("save", self.state), ("rolled_back", data)]
        own = self.identity.genesis if last < 0 else self._source.hash_at(last)
        # What can no longer be read differs from nothing, but only an answer to events of ours speaks of our history.
        is_ours = own == signed.head or (own is None and (self._in_flight == EVENTS or signed.next == self.state.next))
        if last > newest or not (is_ours or self._is_announced(signed)):
            self.cursor = 0  # our histories differ: show ours from the start; what is known there costs little
            return [("save", self.state)]
        if signed.next != self.cursor:
            self._unwanted = []  # what was refused may be named by an event that has arrived only now
        self.cursor = signed.next
        # While nothing follows what was refused, it may be somebody else's copy of our newest, spoilt: shown again with
        # each HELLO.
        most = newest if self._in_flight == HELLO else newest + 1
        if signed.resume is not None and signed.next < signed.resume <= most:
            self.cursor = signed.resume  # what lies between was refused, and settles with what follows it
        self.state.next = signed.next
        self.state.head = signed.head
        self.state.receipt = data
        return self._verdicts(signed) + [("save", self.state)]

    def _is_announced(self, signed: "Receipt") -> bool:
        """Whether this place is behind a range that we have said is lost: it goes by the hash of what said so, though
        the end of the range may be readable all the same, again or to us alone."""
        if signed.next == self.state.next and signed.head == self.state.head:
            return True
        return signed.head in [hashlib.sha256(data).digest() for data in self._source.holes()]

    def _verdicts(self, signed: "Receipt") -> "list[Any]":
        """They are told before the state that says so is saved: after a crash in between they come again."""
        if signed.verdicts or not signed.more:  # else nothing was looked up for this answer
            self.state.verdicts = signed.verdicts[-1][0] + 1 if signed.more else signed.next
            if signed.more:
                self._hello_at = 0  # there is more to hear, and nothing else may be left to say
        return [("verdicts", signed.verdicts)] if signed.verdicts else []

    def _verified_work(self, data: bytes) -> "work.Assignment":
        return work.verify(data, self.identity.device, self.identity.authority.office, self._verifier)

    def _on_work(self, data: bytes) -> "list[Any]":
        newer = self._verified_work(data)
        if self._assignment is not None and newer.version <= self._assignment.version:
            return []
        self._assignment = newer
        self.state.assignment = data
        return [("work", data), ("save", self.state)]

    def _on_document(self, data: bytes) -> "list[Any]":
        digest = work.digest(data)
        if self._assignment is None or digest not in self._assignment.digests():
            return []
        self._pulled = [wanted for wanted in self._pulled if wanted != digest]
        if self._in_flight == PULL and not self._pulled:
            self._answered()
        return [("document", data)]

    def _on_want(self, want: "Want") -> "list[Any]":
        if want.session == self.session and want.digest == self._object and self._in_flight == OBJECT:
            asked = self._asks_first and want.digest not in self._offsets
            if asked or self._offsets.get(want.digest, 0) != want.offset:
                self._answered()  # else it got nowhere: wait for the deadline
            self._offsets[want.digest] = want.offset
        return []

    def _on_refusal(self, refusal: "Refusal", now: int) -> "list[Any]":
        if refusal.session != self.session:
            return []
        if refusal.code == _LOG_RESTARTED and not self._is_fresh:
            return self._say_hello()  # the answer to that may be how the log was restarted
        if refusal.retry_after is not None:
            self._in_flight = None
            self._paused_until = now + self._jittered(refusal.retry_after * 1000)
            # Overload passes by itself; a log that is shorter than it was is for a person to look at.
            return [("alarm", refusal.code, refusal.sentence, [])] if refusal.code == _LOG_RESTARTED else []
        if self._in_flight == OBJECT and refusal.code in _OF_OBJECTS:
            self._unwanted.append(self._object)
            self._answered()
        return [("alarm", refusal.code, refusal.sentence, [])]


def consistent(known: "Checkpoint", newer: "Checkpoint", proof: list[bytes]) -> bool:
    """Whether ``newer`` continues the log that ``known`` describes: same log, no smaller, proven append-only."""
    if known.log != newer.log or newer.at < known.at:
        return False
    return merkle.verify_consistency(known.size, newer.size, known.root, newer.root, proof)
