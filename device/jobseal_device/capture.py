"""Capture: from "this happened" to a signed event that survives a power cut. It never touches the network.

One instance per handheld (the journal's lock sees to it). An event is built from the chain's head, the clock and the
fold, signed, and appended; it is committed when :meth:`Capture.sign` returns. Objects are on the disk before the event
that names them is signed. An illegal step is refused here, before it is signed; what was signed is never taken back.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from jobseal import bodies, cbor, checkpoint, lifecycle
from jobseal import event as events
from jobseal.errors import OPERATOR, JobsealError
from jobseal.event import Event, SignedEvent
from jobseal.host.clock import Clock
from jobseal.job import Job
from jobseal.object import SALT_BYTES
from jobseal.uplink import Identity, State, state_from_list
from jobseal_device import durable
from jobseal_device.durable import REAL, Files
from jobseal_device.errors import DeviceRolledBack
from jobseal_device.fold import Fold
from jobseal_device.home import Home
from jobseal_device.journal import Journal
from jobseal_device.journal_reader import JournalReader
from jobseal_device.objects import ObjectStore
from jobseal_device.wake import Bell

if TYPE_CHECKING:
    from jobseal.cose import Signer

UPLINK_MAX_BYTES = 1048576
CLOCK_JUMP_MS = 5000  # a wall clock that moves more than this against the uptime was set by somebody
READING_MS = 1000  # the two clocks are read together if no more than this passes in between


class IllegalStep(JobsealError):
    """The job is not in a state where this can happen next. Nothing was signed."""

    def __init__(self, kind: str, job: Job, lane_state: str) -> None:
        sentence = f"{kind} is not possible while job {job.id} is {lane_state}; nothing was signed."
        super().__init__("illegal_transition", sentence, OPERATOR)


def read_uplink(home: Home, files: Files = REAL) -> State:
    """What sync last saved; an empty state before its first receipt. Raises what a damaged file raises."""
    try:
        return state_from_list(cbor.decode(durable.read(files, home.uplink), UPLINK_MAX_BYTES))
    except FileNotFoundError:
        return State()


class Capture:
    """``fold``: the open jobs; ``objects``: the object store; ``technician``: who is logged in, or None."""

    def __init__(
        self,
        home: Home,
        identity: Identity,
        signer: "Signer",
        clock: Clock,
        random: Callable[[int], bytes],
        files: Files = REAL,
    ) -> None:
        """Opens the journal. ``random(n)`` gives n random bytes, for salts.

        Raises :class:`DeviceRolledBack`, :class:`JournalDamaged`, :class:`JournalInUse`, :class:`StorageError`.
        """
        if home.rolled_back.exists():
            raise DeviceRolledBack("The gateway knows later events of this key than this handheld does")
        self._home = home
        self._identity = identity
        self._signer = signer
        self._clock = clock
        self._random = random
        self._files = files
        home.make(files)
        state = read_uplink(home, files)
        acknowledged = None if state.head is None or state.next == 0 else (state.next - 1, state.head)
        self.journal = Journal.open(home.journal, acknowledged, files=files)
        self._reader = JournalReader(home.journal, files)
        self.fold = Fold(home, self._reader, identity.thumbprint, files)
        self.objects = ObjectStore(home, files)
        self._bell = Bell(home.wake)
        self._anchor: bytes | None = None
        self._uplink_stamp: tuple[int, int, int] | None = None
        self._report_losses()

    @property
    def technician(self) -> str | None:
        return self.fold.session

    def close(self) -> None:
        """Save the fold and let go of the journal."""
        self.fold.save()
        self._bell.close()
        self.journal.close()

    def kill(self) -> None:
        """Let go of everything as a crash would: what is not on the disk is gone."""
        self._bell.close()
        self.journal.close()

    def steps(self, job: str, by: str | None = None) -> list[str]:
        """The event kinds that may come next in a job, in the order in which a screen offers them."""
        return lifecycle.legal_steps(self.fold.job(job).lane(self._identity.thumbprint), by or self.technician)

    def state(self, job: str) -> str:
        """The state of this handheld's part in a job."""
        lane = self.fold.job(job).lane(self._identity.thumbprint)
        return lifecycle.CREATED if lane is None else lane.state

    def attach(self, content: bytes, media: str) -> list[Any]:
        """Keep an object durably; the result goes into the body of the event that names it."""
        return self.objects.add(content, media, self._random(SALT_BYTES))

    def sign(
        self,
        kind: str,
        body: dict[int, Any],
        job: str | None = None,
        by: str | None = None,
        amends: bytes | None = None,
    ) -> SignedEvent:
        """Commit one event; ``by`` defaults to who is logged in.

        Raises :class:`IllegalStep`, ``malformed_body``, ``unknown_kind``, :class:`DiskFull` (nothing happened),
        :class:`StorageFailed` (it is signed and kept, and comes before anything else).
        """
        wrong = bodies.problem(kind, body)
        if wrong:
            code = "malformed_body" if kind in bodies.SHAPES else "unknown_kind"
            raise JobsealError(code, f"{kind} {wrong}; nothing was signed.", OPERATOR)
        self._settle()
        by = by or self.technician
        if job is not None and kind not in lifecycle.OF_THE_DEVICE:
            self._check_step(kind, job, by, amends)
        self._notice_clock(by)
        return self._commit(kind, body, job, by, amends)

    def _check_step(self, kind: str, job: str, by: str | None, amends: bytes | None) -> None:
        card = self.fold.job(job)
        lane = card.lane(self._identity.thumbprint)
        if kind not in lifecycle.legal_steps(lane, by):
            raise IllegalStep(kind, card, "not accepted yet" if lane is None else lane.state)
        if kind == "event.corrected" and amends not in [fact.hash for fact in card.facts]:
            raise JobsealError(
                "unknown_event", f"Job {job} has no such event to correct; nothing was signed.", OPERATOR
            )

    def _commit(
        self, kind: str, body: dict[int, Any], job: str | None, by: str | None, amends: bytes | None
    ) -> SignedEvent:
        at, up = self._read_clock()
        lane = card = None
        if job is not None:
            card = self.fold.job(job)
            lane = card.lane(self._identity.thumbprint)
        closes = card is not None and lifecycle.needs_close(lane, kind)
        last = self.fold.last
        boot = self._clock.boot()
        anchor = self._newest_checkpoint()
        restate = (
            anchor != self.fold.anchor
            or last is None
            or last.event.boot != boot
            or closes
            or (card is not None and lane is None)
        )
        event = Event(
            seq=self.journal.next_seq,
            prev=self._identity.genesis if self.journal.head is None else self.journal.head.hash,
            at=at,
            up=up,
            boot=boot,
            kind=kind,
            body=body,
            job=job,
            by=by,
            anchor=anchor if restate else None,
            close=card.close(self._identity.thumbprint) if closes and card is not None else None,
            amends=amends,
        )
        return self._append(events.sign(event, self._signer))

    def _append(self, data: bytes) -> SignedEvent:
        self.journal.append(data)
        signed = events.parse(data)
        self.fold.add(signed)
        self._bell.ring()
        return signed

    def _settle(self) -> None:
        """An event that was signed while the disk failed is committed before any other, and folded like any other."""
        in_doubt = self.journal.in_doubt
        if in_doubt is not None:
            self.journal.settle()
            self.fold.add(events.parse(in_doubt))
            self._bell.ring()

    def _read_clock(self) -> tuple[int | None, int]:
        """(claimed wall time, uptime), read at one moment even if this process is held up in between."""
        while True:
            up, at, again = self._clock.up_ms(), self._clock.wall_ms(), self._clock.up_ms()
            if again - up <= READING_MS:
                return at, up

    def _notice_clock(self, by: str | None) -> None:
        """Sign ``clock.adjusted`` when the wall clock has moved against the uptime since the event before."""
        last = self.fold.last
        if last is None or last.event.boot != self._clock.boot() or last.event.at is None:
            return
        at, up = self._read_clock()
        if at is None:
            return
        shift = (at - up) - (last.event.at - last.event.up)
        if abs(shift) > CLOCK_JUMP_MS:
            self._commit("clock.adjusted", {1: shift}, None, by, None)

    def _newest_checkpoint(self) -> bytes | None:
        """Hash of the newest checkpoint that sync has verified and kept."""
        try:
            stamp = self._files.stamp(self._home.uplink)
        except FileNotFoundError:
            return None
        if stamp != self._uplink_stamp:
            state = read_uplink(self._home, self._files)
            self._anchor = None if state.checkpoint is None else checkpoint.hash_of(state.checkpoint)
            self._uplink_stamp = stamp
        return self._anchor

    def _report_losses(self) -> None:
        """Sign ``range.lost`` for events that were on the disk and cannot be read, once for each range."""
        self._settle()
        head = self.journal.head
        if head is None or not (self.journal.damage or self._home.damaged.exists()):
            return
        for lost in self._reader.lost(0, head.seq):
            if (lost.first, lost.last) not in self.fold.holes:
                self._commit("range.lost", {1: lost.first, 2: lost.last}, None, None, None)
        self._home.damaged.unlink(missing_ok=True)
