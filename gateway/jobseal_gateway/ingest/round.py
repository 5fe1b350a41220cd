"""One round of ingest: the messages taken together, in one transaction, and what is published after its COMMIT.

broker -> caps -> registry -> rate limit -> place and verify -> transaction -> receipts -> acknowledgement

Rules:

- ``handle`` never raises for anything that a peer sent, nor for a database that fails: it says in ``problem`` why
  the messages were not taken, and then they must be handed in again.
- Nothing is answered by a receipt before what it says is committed. A crash anywhere before COMMIT loses only work;
  a crash between COMMIT and the last reply loses only replies, which the devices' next frames bring again.
- An ``Ingest`` belongs to one thread. Several may share one PostgreSQL ledger.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError

from jobseal import frame
from jobseal.errors import JobsealError, Malformed
from jobseal.hello import Hello
from jobseal.limits import RETRY_AFTER_MAX_S
from jobseal.refusal import Refusal
from jobseal.shape import DEVICE
from jobseal_gateway import restarts
from jobseal_gateway.authority import GatewayKeys
from jobseal_gateway.ingest import replies
from jobseal_gateway.ingest.allowance import AS_DESIGNED, Bounds, Frames, Refusals
from jobseal_gateway.ingest.bulletin import Bulletin
from jobseal_gateway.ingest.chains import Chains
from jobseal_gateway.ingest.frames import KINDS, BatchFrame, Desk, Frame
from jobseal_gateway.ingest.moment import Moment
from jobseal_gateway.ingest.restarted import StrayHello
from jobseal_gateway.ingest.settling import Numbers, Settling
from jobseal_gateway.ledger import log as log_rows
from jobseal_gateway.ledger.database import reading, writing
from jobseal_gateway.ledger.errors import LedgerUnavailable
from jobseal_gateway.ledger.quarantine import put_all
from jobseal_gateway.log import ClockUnsynchronised, LogWriter
from jobseal_gateway.merkle_log import LogDamaged
from jobseal_gateway.registry import Registry
from jobseal_gateway.restarts import Restart

if TYPE_CHECKING:
    from jobseal.cose import Verifier

Message = tuple[str, bytes]  # topic and payload, in either direction

STRANGERS = "?"  # the one link identity of all names that no device has: a flood of names fills one share only
DEFECT = "gateway_defect"

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Counts:
    """What ingest has seen since it started."""

    frames: int = 0
    logged: int = 0
    duplicates: int = 0
    early: int = 0
    refused: int = 0
    forks: int = 0
    overloads: int = 0


@dataclass(slots=True)
class Outcome:
    """``replies`` to publish, ``dirty`` jobs to fold; ``problem`` if nothing was taken and all must come again."""

    replies: list[Message] = field(default_factory=list)
    dirty: list[int] = field(default_factory=list)
    problem: JobsealError | None = None


@dataclass(slots=True)
class _Refused:
    """A message that is no frame of any enrolled key: who brought it, on whose topic, and why it was refused."""

    link: str
    device: str
    session: bytes | None
    data: bytes
    error: JobsealError
    retry_after_s: int | None = None


class Ingest:
    """The gateway's answer to what devices send."""

    def __init__(
        self, engine: Engine, keys: GatewayKeys, log: LogWriter, verifier: "Verifier", bounds: Bounds = AS_DESIGNED
    ) -> None:
        self._engine = engine
        self._keys = keys
        self._log = log
        self._registry = Registry(engine)
        self._chains = Chains(engine)
        self._desk = Desk(self._chains, verifier)
        self._numbers = Numbers()
        self._frames = Frames()
        self._bounds = bounds
        self._refusals = Refusals(bounds.refusals_per_minute)
        self._bulletin = Bulletin()
        self._restarts: list[Restart] | None = None  # they change only while no gateway runs
        self.counts = Counts()

    def handle(self, messages: Sequence[Message], now: Moment) -> Outcome:
        """Take these together. Either all of them are settled when this returns, or ``problem`` says why none is."""
        try:
            return self._round(messages, now)
        except (LedgerUnavailable, ClockUnsynchronised, LogDamaged) as problem:
            return self.decline(messages, now, problem)
        except (IntegrityError, ProgrammingError):
            return self._apart(messages, now)
        except DBAPIError as error:
            return self.decline(messages, now, LedgerUnavailable(f"The database failed ({error.orig})."))
        except Exception:  # a defect of ours: it must not hold up everything behind the message that shows it
            return self._apart(messages, now)

    def decline(self, messages: Sequence[Message], now: Moment, problem: JobsealError) -> Outcome:
        """Take nothing now, and ask whoever can be asked to come again later."""
        self._forget()
        brought = [(_device(topic), data) for topic, data in messages]
        wait_s = self._bounds.retry_after_s
        refused = [_later(device, data, problem, wait_s) for device, data in brought if device is not None]
        return Outcome(self._tell(refused, now), problem=problem)

    def _apart(self, messages: Sequence[Message], now: Moment) -> Outcome:
        """One message at a time, and aside with the one that we cannot handle."""
        _log.exception("A message cannot be handled; %d are tried one by one.", len(messages))
        self._forget()
        if len(messages) == 1:
            return self._set_aside(messages[0], now)
        together = Outcome()
        for message in messages:
            alone = self.handle([message], now)
            together.replies += alone.replies
            together.dirty += alone.dirty
            if alone.problem is not None:  # what was taken before stays taken, and is a duplicate next time
                together.problem = alone.problem
                break
        return together

    def _set_aside(self, message: Message, now: Moment) -> Outcome:
        try:
            with writing(self._engine) as connection:
                link = _device(message[0]) or STRANGERS
                put_all(connection, link, now.wall_ms or 0, [(DEFECT, message[1])], *self._bounds.quarantine)
        except LedgerUnavailable as problem:
            return self.decline([message], now, problem)
        return Outcome()

    @property
    def checkpoint(self) -> bytes | None:
        """The newest checkpoint that a round here left, complete bytes."""
        return None if self._log.newest is None else self._log.newest.checkpoint

    def new_work(self) -> list[Message]:
        """What devices were assigned since this was last asked, to be sent without waiting for their next HELLO.

        Nothing while the ledger cannot be read: then their HELLO brings it.
        """
        try:
            with reading(self._engine) as connection:
                return self._bulletin.fresh(connection)
        except LedgerUnavailable:
            return []

    # One round

    def _round(self, messages: Sequence[Message], now: Moment) -> Outcome:
        self._registry.watch(now.up_ms)
        frames: list[Frame] = []
        refused: list[_Refused] = []
        for topic, data in messages:
            opened = self._open(topic, data, now)
            if isinstance(opened, Frame):
                frames.append(opened)
            elif opened is not None:
                refused.append(opened)
        for each in frames:
            each.place()
        with self._log.appending(now.wall_ms) as end:
            if not self._chains.write(end.connection, end.found.size):
                self._registry.refresh(end.connection)
                for each in frames:
                    each.place()
            settling = Settling(end, self._numbers, self._keys.office, self._desk.verifier, self._bounds)
            self._numbers.learn(end.connection, {job for each in frames for job in each.jobs()})
            for each in frames:
                each.settle(settling)
            for stranger in refused:
                if stranger.retry_after_s is None:
                    settling.quarantine(stranger.link, stranger.error.code, stranger.data)
            settling.finish()
            for each in frames:
                each.conclude(end.connection)
        # COMMIT has returned. What follows can be lost and comes again.
        return self._published(frames, refused, settling, now)

    def _published(self, frames: Sequence[Frame], refused: list[_Refused], settling: Settling, now: Moment) -> Outcome:
        sealed = self._log.newest
        assert sealed is not None, "the round's own transaction has just left it"
        self._chains.committed(sealed.size)
        self._numbers.committed()
        if settling.heirs:
            self._registry.forget()  # their first frames may be the next that come
        self._count(frames, refused, settling)
        answers = [each.answer for each in frames if each.answer is not None]
        out = replies.sign(answers, self._log, sealed, self._keys.log)
        for each in frames:
            topic = frame.down_topic(each.enrolled.device)
            out += [(topic, data) for data in each.replies]
            if isinstance(each, StrayHello):
                out.append((topic, each.told(self._log, sealed)))
            if each.refused:
                problem = Malformed(each.refused[0], "something in this frame was refused; it was kept for the office")
                refused.append(_Refused(each.enrolled.device, each.enrolled.device, each.session, b"", problem))
        return Outcome(out + self._tell(refused, now), list(settling.dirty))

    def _open(self, topic: str, data: bytes, now: Moment) -> Frame | _Refused | None:
        """The frame, or why it is none; None for what is dropped without a word."""
        device = _device(topic)
        if device is None:
            return None
        self.counts.frames += 1
        link = device if self._registry.knows_device(device) else STRANGERS
        if not self._frames.allow(link, now.up_ms):
            self.counts.overloads += 1
            error: JobsealError = Malformed("overloaded", "too many frames came at once; send fewer")
            return _Refused(link, device, _session(data), data, error, self._bounds.retry_after_s)
        try:
            message = frame.decode_up(data)
        except JobsealError as malformed:
            return _Refused(link, device, None, data, malformed)
        enrolled = self._registry.find(message.kid, now.up_ms)
        if enrolled is None:
            error = Malformed("unknown_kid", "no key of this name is enrolled here; enrol the device again")
            return _Refused(link, device, message.session, data, error)
        if enrolled.device != device:
            error = Malformed("foreign_key", "this key belongs to another device than the one whose topic this is")
            return _Refused(link, device, message.session, data, error)
        if isinstance(message, Hello) and message.log not in (None, self._keys.log_id) and self._known_restarts():
            return StrayHello(self._desk, enrolled, message, self._known_restarts())
        if message.size > self._log_size(message.size):
            error = Malformed("log_restarted", "the device has seen a larger log than this one; a person must look")
            return _Refused(link, device, message.session, data, error, RETRY_AFTER_MAX_S)
        return KINDS[type(message)](self._desk, enrolled, message)

    def _known_restarts(self) -> list[Restart]:
        """How this log was restarted, if it was. Only a HELLO of another log asks."""
        if self._restarts is None:
            self._restarts = restarts.every(self._chains.connection())
        return self._restarts

    def _log_size(self, wanted: int) -> int:
        """The committed log's size; looked up only if what is known of it is less than what somebody names."""
        newest = self._log.newest
        if newest is not None and newest.size >= wanted:
            return newest.size
        return log_rows.head(self._chains.connection()).size

    def _tell(self, refused: Sequence[_Refused], now: Moment) -> list[Message]:
        """The unsigned refusals that may be sent now."""
        out = []
        for each in refused:
            if self._refusals.allow(each.link, now.up_ms):
                said = Refusal(
                    session=each.session,
                    code=each.error.code,
                    sentence=each.error.sentence[:256],
                    retry_after=each.retry_after_s,
                )
                out.append((frame.down_topic(each.device), frame.encode(said)))
        return out

    def _count(self, frames: Sequence[Frame], refused: Sequence[_Refused], settling: Settling) -> None:
        self.counts.logged += settling.logged
        self.counts.forks += settling.forks
        self.counts.refused += len(refused)
        for each in frames:
            if isinstance(each, BatchFrame):
                self.counts.duplicates += each.plan.duplicates
                self.counts.early += each.plan.early
                self.counts.refused += len(each.plan.refused)

    def _forget(self) -> None:
        """A transaction was undone or its outcome is unknown: what the next round finds is what counts."""
        self._chains.forget()
        self._registry.forget()
        self._numbers.forget()
        self._desk.forget()


def _device(topic: str) -> str | None:
    """Whose up topic this is, or None."""
    levels = topic.split("/")
    fits = len(levels) == 4 and levels[:2] == ["jobseal", "1"] and levels[3] == "up"
    return levels[2] if fits and not DEVICE.problem(levels[2]) else None


def _session(data: bytes) -> bytes | None:
    """The session that a frame names, if it is one."""
    try:
        session: bytes = frame.decode_up(data).session
    except JobsealError:
        return None
    return session


def _later(device: str, data: bytes, problem: JobsealError, wait_s: int) -> _Refused:
    return _Refused(device, device, _session(data), data, problem, wait_s)
