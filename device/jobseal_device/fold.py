"""The cached fold: what the journal says of each job, without reading the journal again at each start.

Everything here follows from the journal and can be thrown away. ``fold.cbor`` holds the open jobs as of one event; on
opening, only the events behind it are folded. A job that is done leaves for a file of its own in ``archive``, written
before the fold that no longer has it, and comes back when a later event names it. Folding an event twice changes
nothing, so a crash between any two of these writes costs time only.

A key that follows another begins with the jobs that were handed over to it, as the earlier journal tells them.

Jobs stay encoded until somebody asks for them, and are encoded again only when they changed. Any process may make a
``Fold``; only the journal's writer may :meth:`Fold.save` it.
"""

import hashlib
from pathlib import Path

from jobseal import bodies, cbor
from jobseal import event as events
from jobseal.errors import JobsealError
from jobseal.event import SignedEvent
from jobseal.job import VALUE_VERSION, Job, job_from_value
from jobseal.lane import Lane
from jobseal.lifecycle import COMPLETE, DONE, HANDED_OVER, WORKING
from jobseal_device import cache_file, turns
from jobseal_device.durable import REAL, Files
from jobseal_device.home import Home
from jobseal_device.journal_reader import JournalReader

FORM = 3
CACHE_MAX_BYTES = 67108864
_MARK_BYTES = 8  # of a finished job's id: two ids with one mark cost time, no more
_SEQ_BYTES = 8


class Fold:
    """``last``: newest folded event or None; ``anchor``: the newest stated; ``session``: technician of the open
    session or None; ``holes``: (first, last) of each signed ``range.lost``; ``next``: seq of the next event;
    ``unsaved``: events folded since the cache was written."""

    def __init__(self, home: Home, reader: JournalReader, thumbprint: bytes, files: Files = REAL) -> None:
        """Folds what is behind the cache; unreadable events are passed over. Raises :class:`StorageFailed`."""
        self._home = home
        self._reader = reader
        self._thumbprint = thumbprint
        self._files = files
        self._heritage: dict[str, Job] | None = None
        self._reset()
        if not self._restore():
            self._reset()
            self._packed.update({id: cbor.encode(job.to_value()) for id, job in self._inherited().items()})
        self.catch_up()

    def _reset(self) -> None:
        self.next = 0
        self.last: SignedEvent | None = None
        self.anchor: bytes | None = None
        self.session: str | None = None
        self.holes: list[tuple[int, int]] = []
        self.unsaved = 0
        self._packed: dict[str, bytes] = {}  # open jobs as of the last save
        self._jobs: dict[str, Job] = {}  # jobs that somebody asked for since
        self._changed: set[str] = set()  # those of them with a later event
        self._done: dict[bytes, int] = {}  # jobs in the archive: mark, and seq of the last event there

    def open_jobs(self) -> list[str]:
        """Ids of the jobs in which this handheld still has something to do."""
        ids = self._changed | set(self._packed)
        return sorted(id for id in ids if id not in self._changed or not self._is_done(self._jobs[id]))

    def is_open(self, id: str) -> bool:
        """Whether this handheld has begun the job and still has something to do in it; looks at no disk."""
        return not self.is_finished(id) and (id in self._jobs or id in self._packed)

    def is_finished(self, id: str) -> bool:
        """Whether this handheld's part in the job is done; looks at no disk."""
        if id in self._jobs:
            return self._is_done(self._jobs[id])
        return id not in self._packed and _mark(id) in self._done

    def job(self, id: str) -> Job:
        """The job so far; an empty one where the journal says nothing of it. Only to look at."""
        if id not in self._jobs:
            if id in self._packed:
                self._jobs[id] = self._unpacked(id, self._packed[id])
            elif _mark(id) in self._done:
                self._jobs[id] = self._fetched(id, self._done[_mark(id)])
            else:
                return Job(id)
        return self._jobs[id]

    def lane(self, id: str) -> Lane | None:
        """This handheld's part in a job; None before its first event."""
        return self.job(id).part(self._thumbprint)

    def unfinished(self) -> list[str]:
        """Ids of the jobs that somebody may go on with: open ones, and those that nobody has signed off. Slow: it looks
        at the whole journal."""
        ids = set(self._packed) | set(self._jobs)
        for _, data in self._reader.readable():
            job = events.parse(data).event.job
            if job is not None:
                ids.add(job)
        lanes = {id: self.lane(id) for id in ids}
        return sorted(id for id, lane in lanes.items() if lane is not None and lane.state in (*WORKING, COMPLETE))

    def add(self, signed: SignedEvent) -> None:
        """Fold in the next event of the journal."""
        event = signed.event
        if event.job is not None:
            job = self._jobs[event.job] = self.job(event.job)
            job.add(signed, self._thumbprint)
            self._changed.add(event.job)
        if event.kind == "session.opened":
            self.session = event.by
        elif event.kind == "session.closed" and event.by in (None, self.session):
            self.session = None
        elif event.kind == "range.lost" and not bodies.problem(event.kind, event.body):
            self.holes.append((event.body[1], event.body[2]))
        if event.anchor is not None:
            self.anchor = event.anchor
        self.last = signed
        self.next = event.seq + 1
        self.unsaved += 1

    def catch_up(self) -> None:
        """Fold in what the journal has beyond :attr:`next`; what cannot be read is passed over."""
        for _, data in self._reader.readable(self.next):
            self.add(events.parse(data))

    def save(self) -> None:
        """Write the cache, if anything changed. Where that fails, everything stays in memory."""
        if not self.unsaved or self.last is None:
            return
        packed, done = dict(self._packed), dict(self._done)
        for id in self._changed:
            job = self._jobs[id]
            data = cbor.encode(job.to_value())
            if not self._is_done(job):
                packed[id] = data
            elif cache_file.write(self._files, self._archived(id), data):
                packed.pop(id, None)
                done[_mark(id)] = self._last(job)
            else:
                return
        state = [self.next, self.last.data, self.anchor, self.session, [list(hole) for hole in self.holes]]
        # Each job is encoded on its own: a signed body may be as deep as the codec allows.
        jobs = [[id, packed[id]] for id in sorted(packed)]
        value = [
            FORM,
            VALUE_VERSION,
            self._thumbprint,
            state,
            b"".join(mark + done[mark].to_bytes(_SEQ_BYTES, "big") for mark in sorted(done)),
            jobs,
        ]
        if cache_file.write(self._files, self._home.fold, cbor.encode(value)):
            self._packed, self._done, self._jobs, self._changed, self.unsaved = packed, done, {}, set(), 0

    def _restore(self) -> bool:
        """Take up the cache, if it is of this journal."""
        data = cache_file.read(self._files, self._home.fold)
        value = None if data is None else cbor.decode(data, CACHE_MAX_BYTES)
        if not isinstance(value, list) or value[:3] != [FORM, VALUE_VERSION, self._thumbprint]:
            return False
        _, _, _, state, done, jobs = value
        self.next, last, self.anchor, self.session, holes = state
        self.last = events.parse(last)
        if self._hash_at(self.last.event.seq) != self.last.hash:
            return False  # not this journal's, or ahead of it
        self.holes = [(first, end) for first, end in holes]
        rows = (done[at : at + _MARK_BYTES + _SEQ_BYTES] for at in range(0, len(done), _MARK_BYTES + _SEQ_BYTES))
        self._done = {row[:_MARK_BYTES]: int.from_bytes(row[_MARK_BYTES:], "big") for row in rows}
        self._packed = dict(jobs)
        return True

    def _hash_at(self, seq: int) -> bytes | None:
        """The hash of a committed event, even if it can no longer be read: its follower or the head names it."""
        head = self._reader.head()
        if head is not None and head.seq == seq:
            return head.hash
        for place in (seq, seq + 1):
            try:
                data = self._reader.event(place)
            except JobsealError:
                continue
            if data is not None:
                return hashlib.sha256(data).digest() if place == seq else events.parse(data).event.prev
        return None

    def _fetched(self, id: str, last: int) -> Job:
        """A job from the archive, which must go as far as the cache says: a power cut can bring an older one back, and
        a close over that would not match."""
        job = self._unpacked(id, cache_file.read(self._files, self._archived(id)))
        return job if self._last(job) >= last else self._from_journal(id)

    def _last(self, job: Job) -> int:
        lane = job.lane(self._thumbprint)
        return -1 if lane is None else lane.last

    def _unpacked(self, id: str, data: bytes | None) -> Job:
        if data is not None:
            try:
                job = job_from_value(cbor.decode(data, CACHE_MAX_BYTES))
            except JobsealError:
                job = None
            if job is not None and job.id == id:
                return job
        return self._from_journal(id)

    def _from_journal(self, id: str) -> Job:
        """The slow way, for an archive that is gone: every event up to here is looked at."""
        job, wanted = self._inherited().get(id, Job(id)), id.encode()
        for _, data in self._reader.readable(0, self.next - 1):
            if wanted in data:  # looking is cheap, parsing is not
                signed = events.parse(data)
                if signed.event.job == id:
                    job.add(signed, self._thumbprint)
        return job

    def _inherited(self) -> dict[str, Job]:
        """Fresh copies of the jobs that the key before this one handed over to it."""
        if not turns.is_rotated_to(self._home, self._files):
            return {}
        if self._heritage is None:
            earlier = self._home.earlier_turn()
            reader = JournalReader(earlier.journal, self._files)
            fold = Fold(earlier, reader, turns.earlier_key(turns.ending(self._home, self._files)), self._files)
            handed = [events.parse(data).event for _, data in reader.readable() if HANDED_OVER.encode() in data]
            ids = [event.job for event in handed if event.kind == HANDED_OVER and event.job is not None]
            jobs = {id: fold.job(id) for id in ids}
            self._heritage = {id: job for id, job in jobs.items() if job.part(self._thumbprint) is not None}
        return {id: job_from_value(job.to_value()) for id, job in self._heritage.items()}

    def _is_done(self, job: Job) -> bool:
        lane = job.lane(self._thumbprint)
        return lane is not None and lane.state in DONE

    def _archived(self, id: str) -> Path:
        return self._home.archive / hashlib.sha256(id.encode()).hexdigest()[:32]


def _mark(id: str) -> bytes:
    return hashlib.sha256(id.encode()).digest()[:_MARK_BYTES]
