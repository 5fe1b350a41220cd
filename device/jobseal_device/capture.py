"""Capture: from "this happened" to a signed event that survives a power cut. It never touches the network.

One instance per handheld (the journal's lock sees to it). An event is built from the chain's head, the clock and the
fold, signed, and appended; it is committed when :meth:`Capture.sign` returns. Objects are on the disk before the event
that names them is signed. An illegal step is refused here, before it is signed; what was signed is never taken back.

Whatever :meth:`Capture.sign` raises, the next call finds everything in order.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from jobseal import event as events
from jobseal import lifecycle, rotating
from jobseal.errors import OPERATOR, JobsealError, Malformed
from jobseal.event import Event, SignedEvent
from jobseal.host.clock import Clock
from jobseal.object import SALT_BYTES
from jobseal.uplink_state import Identity
from jobseal_device import legality, moment, objects, turns, wake
from jobseal_device.anchor import Anchor
from jobseal_device.durable import REAL, Files
from jobseal_device.errors import DeviceRolledBack, EventInDoubt, StorageError, StorageFailed
from jobseal_device.fold import Fold
from jobseal_device.home import Home
from jobseal_device.identity import NotEnrolled
from jobseal_device.journal import Journal
from jobseal_device.journal_reader import BATCH_EVENTS, JournalReader
from jobseal_device.losses import Losses
from jobseal_device.objects import Attachment, ObjectStore
from jobseal_device.turns import KeyEnded
from jobseal_device.uplink_file import UplinkDamaged, read_uplink

if TYPE_CHECKING:
    from jobseal.cose import Signer
    from jobseal.key import Key

SAVE_AFTER_EVENTS = 512
_RESTATES_ANCHOR = "range.lost"  # what the lost events said of the anchor is lost with them


class Capture:
    """``fold``: what happened so far; ``technician``: who is logged in, or None."""

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

        Raises :class:`NotEnrolled`, :class:`DeviceRolledBack`, :class:`KeyEnded`, :class:`JournalDamaged`,
        :class:`JournalInUse`, :class:`StorageError`.
        """
        if signer.key.thumbprint != identity.thumbprint:
            raise NotEnrolled("The signing key is not the one that was enrolled; this handheld needs a new enrolment.")
        self._home = home
        self._identity = identity
        self._signer = signer
        self._clock = clock
        self._random = random
        self._files = files
        self._refuse_if_rolled_back()
        home.make(files)
        self._follows = identity.genesis if turns.is_rotated_to(home, files) else None
        self.journal = Journal.open(home.journal, _acknowledged(home, files), files=files)
        try:
            self._reader = JournalReader(home.journal, files)
            self.fold = Fold(home, self._reader, identity.thumbprint, files)
            self._objects = ObjectStore(home, files)
            self._anchor = Anchor(home, files)
            self._losses = Losses(home, self._reader, files)
            self._in_doubt: tuple[SignedEvent, list[bytes]] | None = None
            self._put_objects_in_order()
            self._refuse_if_ended()
            if self._follows is not None and self.journal.head is not None:
                turns.forget(home.earlier_turn(), files)
        except BaseException:
            self.journal.close()
            raise
        with suppress(StorageError):  # said with the next event then
            self._report_losses()
        wake.ring(home.wake)  # opening may have confirmed events of the boot before

    @property
    def technician(self) -> str | None:
        return self.fold.session

    def close(self) -> None:
        """Save the fold and let go of the journal."""
        self.fold.save()
        self.kill()

    def kill(self) -> None:
        """Let go of everything and write nothing, as a crash would."""
        self.journal.close()

    def steps(self, job: str, by: str | None = None) -> list[str]:
        """The event kinds that may come next in a job, in the order in which a screen offers them."""
        return lifecycle.legal_steps(self.fold.lane(job), by or self.technician)

    def state(self, job: str) -> str:
        """The state of this handheld's part in a job."""
        lane = self.fold.lane(job)
        return lifecycle.CREATED if lane is None else lane.state

    def attachment(self, content: bytes, media: str) -> Attachment:
        """An object for an event that is being filled in; kept when that is signed. Raises ``object`` if too large."""
        return objects.attachment(content, media, self._random(SALT_BYTES))

    def sign(
        self,
        kind: str,
        body: dict[int, Any],
        job: str | None = None,
        by: str | None = None,
        amends: bytes | None = None,
        attachments: Sequence[Attachment] = (),
    ) -> SignedEvent:
        """Commit one event; ``by`` defaults to who is logged in; ``attachments``: the objects that its body names.

        Raises :class:`EventInDoubt`: it is signed and kept, and comes before anything else (:meth:`settle`).
        Anything else that it raises means that nothing of it was signed: :class:`IllegalStep`, ``malformed_body``,
        ``unknown_kind``, ``unknown_event``, ``malformed``, ``too_large``, :class:`DiskFull`, :class:`StorageFailed`,
        :class:`DeviceRolledBack`.
        """
        self._refuse_if_rolled_back()
        self.settle()
        self._refuse_if_ended()
        by = by or self.technician
        legality.check_words(kind, body, job, by, amends)
        if job is not None:
            legality.check_step(kind, body, self.fold.job(job), self._identity.thumbprint, by, amends)
        self._report_losses()
        if self.journal.head is None and self._follows is not None:
            if kind == "session.opened":
                body = {**body, 2: self._follows}
            else:
                self.begin(by)
        self._notice_clock(by)
        return self._commit(kind, body, job, by, amends, attachments)

    def end(self, key: "Key", succession: bytes, by: str | None) -> SignedEvent:
        """Sign the last that this key says: that ``key`` follows, which has said so itself in ``succession``.

        Before it, each unfinished job is handed over, and an open session closed. When it returns, nothing can be
        signed here any more. Raises as :meth:`sign`; until the last event is committed this key goes on.
        """
        self._refuse_if_rolled_back()
        self.settle()
        self._refuse_if_ended()
        self._losses.look_again()  # what this key does not say of them, no other can
        self._report_losses()
        for job in self.fold.unfinished():
            own = self.fold.job(job).lane(self._identity.thumbprint)
            if own is None or own.successor != key.thumbprint:
                self._commit(lifecycle.HANDED_OVER, {1: key.thumbprint}, job, by, None, ())
        if self.technician is not None:
            self._commit("session.closed", {1: "shutdown"}, None, self.technician, None, ())
        ended = self._commit(rotating.KIND, rotating.body(key, succession), None, by, None, ())
        self._give_way(ended)
        return ended

    def begin(self, by: str | None) -> None:
        """Sign the first event of a key that follows another, if that is missing: ``by`` opens a session with it."""
        self._refuse_if_rolled_back()
        self.settle()
        if self.journal.head is None and self._follows is not None:
            self._commit_own("session.opened", {2: self._follows}, by)

    def settle(self) -> None:
        """Commit the event in doubt, if there is one. Raises :class:`StorageFailed` while the disk still fails."""
        if self._in_doubt is not None:
            self.journal.settle()
            signed, named = self._in_doubt
            self._in_doubt = None
            self._took(signed, named)

    def _refuse_if_rolled_back(self) -> None:
        try:
            self._files.stamp(self._home.rolled_back)
        except OSError:
            return
        raise DeviceRolledBack("The gateway knows later events of this key than this handheld does")

    def _refuse_if_ended(self) -> None:
        last = self.fold.last
        if last is not None and last.event.kind == rotating.KIND:
            self._give_way(last)
            raise KeyEnded

    def _give_way(self, ended: SignedEvent) -> None:
        """The next turn begins. Its jobs, and what sync still has to send, are read up to this journal's head: one that
        a power cut sets back would hide the end from both, and nobody opens this journal to put that right."""
        self.journal.seal()
        turns.note_end(self._home, ended, self._files)

    # What comes first

    def _report_losses(self) -> None:
        """Sign ``range.lost`` for events that were on the disk and cannot be read, once for each range."""
        for lost in self._losses.unreported(self.journal, self.fold.holes):
            self._commit_own("range.lost", {1: lost.first, 2: lost.last}, None)

    def _notice_clock(self, by: str | None) -> None:
        last = self.fold.last
        shift = moment.read(self._clock).shift_since(None if last is None else last.event)
        if shift:
            self._commit_own("clock.adjusted", {1: shift}, by)

    def _commit_own(self, kind: str, body: dict[int, Any], by: str | None) -> None:
        """An event of the handheld's own; if it is left in doubt, nothing of the technician's was signed."""
        try:
            self._commit(kind, body, None, by, None, ())
        except EventInDoubt as doubt:
            raise StorageFailed(f"{doubt.sentence} Nothing else was signed.") from doubt

    # The event

    def _commit(
        self,
        kind: str,
        body: dict[int, Any],
        job: str | None,
        by: str | None,
        amends: bytes | None,
        attachments: Sequence[Attachment],
    ) -> SignedEvent:
        signed = self._signed(self._event(kind, body, job, by, amends))
        named = [each.digest for each in attachments]
        self._objects.keep(attachments)
        try:
            self.journal.append(signed.data)
        except StorageError as error:
            if self.journal.in_doubt != signed.data:
                self._objects.discard(named)
                raise
            self._in_doubt = signed, named
            raise EventInDoubt(kind, error.sentence) from error
        self._took(signed, named)
        return signed

    def _event(self, kind: str, body: dict[int, Any], job: str | None, by: str | None, amends: bytes | None) -> Event:
        now = moment.read(self._clock)
        head = self.journal.head
        lane = None if job is None else self.fold.lane(job)
        begun = job is None or self.fold.job(job).lane(self._identity.thumbprint) is not None
        closes = job is not None and lifecycle.needs_close(lane, kind)
        last = self.fold.last
        # Without news from sync, the newest is what this chain itself has stated.
        anchor = self._anchor.newest() or self.fold.anchor
        is_first = last is None or last.event.boot != now.boot or not begun
        restated = is_first or closes or anchor != self.fold.anchor or kind == _RESTATES_ANCHOR
        return Event(
            seq=self.journal.next_seq,
            prev=self._identity.genesis if head is None else head.hash,
            at=now.at,
            up=now.up,
            boot=now.boot,
            kind=kind,
            body=body,
            job=job,
            by=by,
            anchor=anchor if restated else None,
            close=self.fold.job(job).close(self._identity.thumbprint) if closes and job is not None else None,
            amends=amends,
        )

    def _signed(self, event: Event) -> SignedEvent:
        try:
            return events.signed(event, self._signer)
        except Malformed as error:
            raise JobsealError(error.code, f"{error.sentence}; nothing was signed.", OPERATOR) from error

    def _took(self, signed: SignedEvent, named: list[bytes]) -> None:
        """It is committed: all that follows can be done again on the next opening."""
        self._objects.release(named)
        self.fold.add(signed)
        wake.ring(self._home.wake)
        if self.fold.unsaved >= SAVE_AFTER_EVENTS:
            self.fold.save()

    def _put_objects_in_order(self) -> None:
        """After a crash between an object and its event: send it if the event is there, else take it away."""
        wanted = set(self._objects.unsigned())
        end = self.journal.next_seq
        while wanted and end > 0:  # the event is the last one, unless the power failed
            first = max(0, end - BATCH_EVENTS)
            for _, data in self._reader.readable(first, end - 1):
                found = {digest for digest in wanted if digest in data}
                self._objects.release(found)
                wanted -= found
            end = first
        self._objects.discard(wanted)


def _acknowledged(home: Home, files: Files) -> tuple[int, bytes] | None:
    """Number and hash of the highest event with a verified receipt, as far as sync's file can be read."""
    try:
        state = read_uplink(home, files)
    except UplinkDamaged:
        return None
    highest = state.past.highest()  # of a log that lost it since: this handheld must still have what it had then
    if state.head is not None and state.next > 0 and (highest is None or highest[0] <= state.next):
        highest = (state.next, state.head)
    return None if highest is None or highest[0] == 0 else (highest[0] - 1, highest[1])
