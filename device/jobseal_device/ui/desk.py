"""The desk: what pages look at and sign with: capture and its fold, the work that came down, what sync has proof of.

It reads the files of sync and never writes them; it never touches the network. Reading never raises for a damaged file:
the screen says what is missing, and everything else works.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from jobseal import bodies, cose, lifecycle, requirement
from jobseal import event as events
from jobseal.card import Card, Item
from jobseal.checkpoint import Checkpoint
from jobseal.errors import OPERATOR, JobsealError
from jobseal.event import SignedEvent
from jobseal.job import Job
from jobseal.lane import Lane
from jobseal.limits import STATEMENT_MAX_BYTES
from jobseal.work import Assignment
from jobseal_device import forms, moment, turns, upload, wake
from jobseal_device.capture import Capture
from jobseal_device.home import Home
from jobseal_device.journal_reader import JournalReader
from jobseal_device.moment import Moment
from jobseal_device.objects import ObjectStore
from jobseal_device.screen_settings import ScreenSettings
from jobseal_device.ui import machine, status
from jobseal_device.ui.catalogue import Catalogue
from jobseal_device.ui.catalogue_reader import CatalogueReader
from jobseal_device.ui.door import Door
from jobseal_device.ui.drafts import Drafts
from jobseal_device.ui.order import Order
from jobseal_device.ui.page import ACKED, SENT, SIGNED, Frame
from jobseal_device.ui.status import Standing
from jobseal_device.uplink_file import read_uplink
from jobseal_device.upload import Upload
from jobseal_device.work_file import WorkFile

if TYPE_CHECKING:
    from jobseal.host.clock import Clock

EventRow = tuple[int, SignedEvent]
SERIOUS = ("log_inconsistent", "device_rolled_back", "key_passed_over")  # alarms that every page shows


class JobView:
    """One job as the screen shows it. ``order``: None for work that nobody ordered (yet)."""

    def __init__(self, id: str, order: Order | None, job: Job, lane: Lane | None) -> None:
        self.id = id
        self.order = order
        self.job = job
        self.lane = lane
        self.state = lifecycle.CREATED if lane is None else lane.state
        self._card: Card | None = None

    @property
    def card(self) -> Card:
        if self._card is None:
            self._card = Card(self.job)
        return self._card

    @property
    def customer(self) -> str:
        return "" if self.order is None else self.order.customer

    @property
    def tasks(self) -> list[str]:
        """Of the order, and those that were worked on."""
        planned = [] if self.order is None else self.order.texts("tasks")
        worked = [item.body["task"] for item in self.card.of("labour.started")]
        return list(dict.fromkeys([*planned, *worked]))

    @property
    def missing(self) -> list[str]:
        """Required evidence that is not there yet."""
        return [] if self.order is None else requirement.missing(self.order.texts("required_evidence"), self.card)


class Desk:
    """``door``: who may sign now; ``settings``: the screen's; ``pin``, ``own_pin``: typed, and not checked yet;
    ``is_synchronised``: a time service keeps the clock."""

    def __init__(
        self, home: Home, clock: "Clock", settings: ScreenSettings, drafts: Drafts, device: str, key: str, door: Door
    ) -> None:
        self.home = home
        self.door = door
        self.pin = self.own_pin = ""
        self.clock = clock
        self.settings = settings
        self.drafts = drafts
        self.device = device
        self.key = key
        self._work = WorkFile(home)
        self._reader = JournalReader(home.journal)
        self._objects = ObjectStore(home)
        self._stamps: tuple[Any, ...] = ((), (), (), ())
        self._assignment: Assignment | None = None
        self._catalogue = CatalogueReader()
        self.orders: dict[str, Order] = {}
        self.upload: Upload | None = None
        self.acknowledged = 0
        self.sent = 0
        self.verdicts: dict[int, list[str]] = {}
        self.alarms: list[dict[str, Any]] = []
        self.trouble: dict[str, Any] | None = None
        self._unreadable: list[JobsealError | None] = [None, None]  # of the uplink's file, and of the work's
        self._checkpoint_ms: int | None = None
        self.is_synchronised = False
        self._battery: int | None = None
        self.free_bytes: int | None = None
        self._is_sync_running = False

    # What came down

    def look(self) -> bool:
        """Look at those files of sync that have changed; whether anything is new."""
        home, before = self.home, self._stamps
        stamps = tuple(_stamp(path) for path in (home.uplink, home.work, home.sent, home.uploading))
        has_read = self._catalogue.take()
        if stamps == before:
            return has_read
        self._stamps = stamps
        if stamps[0] != before[0]:
            self._unreadable[0] = self._look_at_uplink()
        if stamps[:2] != before[:2]:
            self._unreadable[1] = self._look_at_work()
        self.sent = max(self.acknowledged, _number(home.sent))
        if stamps[3] != before[3]:
            self.upload = upload.read(home)
        return True

    @property
    def catalogue(self) -> Catalogue:
        """What is known of codes now; an empty one while there is none."""
        return self._catalogue.catalogue

    @property
    def catalogue_state(self) -> str:
        """What has become of the catalogue: NONE, AWAITED, HERE or UNREADABLE."""
        return self._catalogue.state

    @property
    def unreadable(self) -> str:
        """What cannot be read of sync's files, as a sentence; "" for nothing."""
        error = self._unreadable[0] or self._unreadable[1]
        if error is None:
            return ""
        from jobseal_device.ui.verdicts import error_sentence  # not needed for the first frame

        return error_sentence(error)

    def look_around(self) -> None:
        """Look at the machine and at whether sync runs: a few times a minute is enough."""
        self._battery = machine.battery()
        self.free_bytes = machine.free_bytes(self.home.folder)
        self.is_synchronised = machine.is_clock_synchronised()
        self._is_sync_running = wake.ring(self.home.wake)

    def _look_at_uplink(self) -> JobsealError | None:
        try:
            state = read_uplink(self.home)
            self.acknowledged = state.next
            if state.checkpoint is not None:
                payload = cose.parse(state.checkpoint, STATEMENT_MAX_BYTES).payload
                self._checkpoint_ms = Checkpoint.decode(payload, STATEMENT_MAX_BYTES).at
            if state.assignment is not None:
                payload = cose.parse(state.assignment, STATEMENT_MAX_BYTES).payload
                self._assignment = Assignment.decode(payload, STATEMENT_MAX_BYTES)
        except JobsealError as error:
            return error
        return None

    def _look_at_work(self) -> JobsealError | None:
        try:
            self.orders = {row["order"]: Order(row) for row in self._work.orders()}
            self.verdicts = self._work.verdicts()
            self.alarms = self._work.alarms()
            self.trouble = self._work.trouble()
            named = [] if self._assignment is None else self._assignment.catalogue_digests()
            self._catalogue.look(named, self._work.document)
        except JobsealError as error:
            return error
        return None

    def standing(self) -> Standing:
        """What the first row says."""
        now = self.now().at
        clock = status.TRUSTED if self.is_synchronised else status.UNCONFIRMED
        if now is None:
            clock = status.UNSET
        elif self._checkpoint_ms is not None and now < self._checkpoint_ms:
            clock = status.BEHIND
        link = status.NO_SYNC
        if self._is_sync_running:
            link = status.DOWN if self.trouble is not None else status.CONNECTED
        alarms = len([row for row in self.alarms if row["code"] in SERIOUS])
        return Standing(now, clock, max(0, self.signed - self.acknowledged), link, self._battery, alarms)

    @property
    def battery(self) -> int | None:
        return self._battery

    @property
    def proven_ms(self) -> int | None:
        """The office's time in the newest checkpoint, before which it cannot be; None without one."""
        return self._checkpoint_ms

    def now(self) -> Moment:
        """One reading of the clock."""
        return moment.read(self.clock)

    # Jobs

    @property
    def capture(self) -> Capture | None:
        """None while nobody may sign."""
        return self.door.capture

    @property
    def opened(self) -> Capture:
        """Capture, which is open. Raises ``locked``."""
        if self.capture is None:
            raise JobsealError("locked", "Nobody is logged in.", OPERATOR)
        return self.capture

    @property
    def technician(self) -> str | None:
        return self.door.technician

    @property
    def signed(self) -> int:
        """How many events are signed."""
        if self.capture is not None:
            return self.capture.journal.next_seq
        head = self._reader.head()
        return 0 if head is None else head.seq + 1

    def job_ids(self) -> list[str]:
        """Every job of this handheld: unfinished ones by their time, then work without an order, then finished."""
        fold = self.opened.fold
        planned = [order for order in self.orders.values() if order.is_assigned or fold.is_open(order.id)]
        planned.sort(key=lambda order: (order.time("window_start") or 1 << 60, order.id))
        open_jobs = fold.open_jobs()
        ids = [*(order.id for order in planned), *(id for id in open_jobs if id not in self.orders)]
        return sorted(ids, key=fold.is_finished)

    def job(self, id: str) -> JobView:
        """One job."""
        fold = self.opened.fold
        return JobView(id, self.orders.get(id), fold.job(id), fold.lane(id))

    def steps(self, id: str) -> list[str]:
        """The legal next steps."""
        return self.opened.steps(id)

    def elapsed_ms(self, start: Item) -> tuple[int | None, bool]:
        """How long something has been going on, and whether that is measured (False: by the claimed times)."""
        now = self.now()
        if start.fact.boot == now.boot and not start.moved:
            return max(0, now.up - start.fact.up), True
        if start.at is None or now.at is None:
            return None, False
        return now.at - start.at, False

    # Events

    def state_of(self, seq: int) -> str:
        """SIGNED, SENT or ACKED."""
        if seq < self.acknowledged:
            return ACKED
        return SENT if seq < self.sent else SIGNED

    def newest(self, count: int, first: int = 0) -> Iterator[EventRow]:
        """(seq, event) of the newest events that can be read, newest first, not before ``first``."""
        end = self.signed
        while end > first and count > 0:
            start = max(first, end - 64)
            for seq, data in reversed(list(self._reader.readable(start, end - 1))):
                yield seq, events.parse(data)
                count -= 1
                if count == 0:
                    return
            end = start

    def behind(self, first: int) -> Iterator[EventRow]:
        """(seq, event) from ``first`` on, oldest first."""
        for seq, data in self._reader.readable(first):
            yield seq, events.parse(data)

    def event(self, seq: int) -> SignedEvent:
        """One event. Raises ``journal_damaged``, or ``unknown_event`` beyond the newest."""
        data = self._reader.event(seq)
        if data is None:
            raise JobsealError("unknown_event", "There is no such event.", OPERATOR)
        return events.parse(data)

    def uploads(self, view: JobView) -> tuple[int, int, int]:
        """Of a job's attachments: how many wait for a receipt, how many of their bytes the gateway has, and of how
        many."""
        count = done = total = 0
        for fact in view.job.facts:
            for digest, _size, _media in [] if fact.kind is None else bodies.objects(fact.kind, fact.body):
                size = self._objects.waiting_size(digest)
                count, total = count + bool(size), total + size
                done += self.upload.sent if size and self.upload is not None and self.upload.digest == digest else 0
        return count, done, total

    def is_waiting(self, digest: bytes) -> bool:
        """Whether an object has no receipt yet."""
        return self._objects.waiting_size(digest) > 0

    def waiting_objects(self) -> tuple[int, int]:
        """How many attachments wait for a receipt, and their bytes."""
        waiting = self._objects.pending()
        return len(waiting), sum(size for _digest, size in waiting)

    # Signing

    def sign(
        self,
        kind: str,
        fields: dict[str, str],
        job: str | None = None,
        amends: bytes | None = None,
        by: str | None = None,
        finish: Callable[[dict[int, Any]], Sequence[Any]] | None = None,
    ) -> SignedEvent:
        """Fill the form of ``kind`` and sign it. ``finish(body)`` puts in what no person types, and gives the objects
        that it named.

        Raises as :mod:`jobseal_device.forms` and :meth:`Capture.sign` do, ``locked``, and ``settled`` when an event
        was in doubt until now: whoever pressed the key had not seen it yet.
        """
        capture = self.opened
        if self.is_in_doubt:
            capture.settle()
            raise JobsealError("settled", "The disk has confirmed what was in doubt.", OPERATOR, final=False)
        so_far = None if job is None else capture.fold.job(job)
        if amends is not None and so_far is not None:
            filled = forms.fill_correction(fields, so_far, amends, capture.attachment)
        else:
            filled = forms.fill(kind, fields, so_far, capture.attachment, self._work)
        more = [] if finish is None else list(finish(filled.body))
        return capture.sign(kind, filled.body, job, by, amends, [*filled.attachments, *more])

    @property
    def is_superseded(self) -> bool:
        """Whether the handheld's key has given way to another since this application opened."""
        return turns.current(self.home).turn != self.home.turn

    @property
    def is_in_doubt(self) -> bool:
        """Whether an event is signed that the disk has not confirmed."""
        return self.capture is not None and self.capture.journal.in_doubt is not None

    def settle(self) -> bool:
        """Try to have the disk confirm the event in doubt; whether none is left."""
        with suppress(JobsealError):
            self.opened.settle()
        return not self.is_in_doubt

    def keep_place(self, frames: list[Frame]) -> None:
        """Write down where the person is and what is typed. Not while an event is in doubt: if the power fails before
        the disk has it, the draft that it was made of is what is left of it."""
        if not self.is_in_doubt:
            self.drafts.save(frames, self.signed)

    def new_job_id(self) -> str:
        """A number for work that nobody has ordered yet: this handheld's, and never used before."""
        return f"{self.device[:40]}-{self.signed}"


def _stamp(path: os.PathLike[str]) -> tuple[int, int, int]:
    try:
        found = os.stat(path)
    except OSError:
        return (0, 0, 0)
    return (found.st_mtime_ns, found.st_ino, found.st_size)


def _number(path: Any) -> int:
    try:
        text = path.read_text("ascii")
        return int(text) if text.strip().isdigit() else 0
    except (OSError, ValueError):
        return 0
