"""The cached fold: what the journal says of the open jobs, without reading the journal again at each start.

Everything here can be thrown away and follows again from the journal. ``fold.cbor`` holds the open jobs as of one
event; on opening, only the events behind it are folded. A job that is done leaves for a file of its own in ``archive``,
written before the fold that no longer has it, and comes back when a later event names it. Folding an event twice
changes nothing, so a crash between any two of these writes costs time only.
"""

import hashlib
from pathlib import Path
from typing import Any

from jobseal import bodies, cbor
from jobseal import event as events
from jobseal.errors import JobsealError
from jobseal.event import SignedEvent
from jobseal.job import Job, job_from_value
from jobseal.lifecycle import DONE
from jobseal_device import durable
from jobseal_device.durable import Files
from jobseal_device.errors import JournalDamaged
from jobseal_device.home import Home
from jobseal_device.journal_reader import JournalReader

FORM = 1
SAVE_AFTER_EVENTS = 64
READ_EVENTS = 512
READ_BYTES = 262144
CACHE_MAX_BYTES = 67108864


class Fold:
    """``jobs``: open jobs by id; ``done``: ids of the others; ``last``: newest folded event or None; ``anchor``: the
    newest stated; ``session``: technician of the open session or None; ``holes``: (first, last) of each signed
    ``range.lost``; ``next``: seq of the next event."""

    def __init__(self, home: Home, reader: JournalReader, thumbprint: bytes, files: Files) -> None:
        """Folds what is behind the cache; unreadable events are passed over. Raises :class:`StorageFailed`."""
        self._home = home
        self._reader = reader
        self._thumbprint = thumbprint
        self._files = files
        self._unsaved = 0
        self._reset()
        if not self._restore():
            self._reset()
        self._catch_up()

    def _reset(self) -> None:
        self.jobs: dict[str, Job] = {}
        self.done: set[str] = set()
        self.next = 0
        self.last: SignedEvent | None = None
        self.anchor: bytes | None = None
        self.session: str | None = None
        self.holes: list[tuple[int, int]] = []

    def job(self, id: str) -> Job:
        """The job so far; an empty one where the journal says nothing of it."""
        if id in self.jobs:
            return self.jobs[id]
        return (self._from_archive(id) or self._from_journal(id)) if id in self.done else Job(id)

    def add(self, signed: SignedEvent) -> None:
        """Fold in the next event of the journal."""
        event = signed.event
        if event.job is not None:
            self._add_to_job(event.job, signed)
        if event.kind == "session.opened":
            self.session = event.by
        elif event.kind == "session.closed":
            self.session = None
        elif event.kind == "range.lost" and not bodies.problem(event.kind, event.body):
            self.holes.append((event.body[1], event.body[2]))
        if event.anchor is not None:
            self.anchor = event.anchor
        self.last = signed
        self.next = event.seq + 1
        self._unsaved += 1
        if self._unsaved >= SAVE_AFTER_EVENTS:
            self.save()

    def _add_to_job(self, id: str, signed: SignedEvent) -> None:
        job = self.job(id)
        job.add(signed, self._thumbprint)
        lane = job.lane(self._thumbprint)
        if lane is not None and lane.state in DONE and self._write(self._archived(id), cbor.encode(job.to_value())):
            self.done.add(id)
            self.jobs.pop(id, None)
        else:
            self.done.discard(id)
            self.jobs[id] = job

    def save(self) -> None:
        """Write the cache, if anything changed. A disk that is full or failing costs the next start some time only."""
        if not self._unsaved or self.last is None:
            return
        state = [self.next, self.last.data, self.anchor, self.session, [list(hole) for hole in self.holes]]
        # Each job is encoded on its own: a signed body may be as deep as the codec allows.
        jobs = [cbor.encode(job.to_value()) for job in self.jobs.values()]
        value = [FORM, self._thumbprint, state, sorted(self.done), jobs]
        if self._write(self._home.fold, cbor.encode(value)):
            self._unsaved = 0

    def _restore(self) -> bool:
        value = self._read(self._home.fold)
        if not isinstance(value, list) or len(value) != 5 or value[:2] != [FORM, self._thumbprint]:
            return False
        self.next, last, self.anchor, self.session, holes = value[2]
        try:
            if self._reader.event(self.next - 1) != last:
                return False  # not this journal's, or ahead of it
            self.last = events.parse(last)
            loaded = [job_from_value(cbor.decode(each, CACHE_MAX_BYTES)) for each in value[4]]
        except JobsealError:
            return False
        self.jobs = {job.id: job for job in loaded}
        self.done = set(value[3])
        self.holes = [(first, end) for first, end in holes]
        return True

    def _catch_up(self) -> None:
        while batch := self._batch():
            for signed in batch:
                self.add(signed)

    def _batch(self) -> list[SignedEvent]:
        """The next events of the journal, behind what cannot be read."""
        try:
            return [events.parse(data) for data in self._reader.read(self.next, READ_EVENTS, READ_BYTES)]
        except JournalDamaged as damaged:
            if damaged.lost is None:
                raise
            self.next = damaged.lost[1] + 1
            return self._batch()

    def _archived(self, id: str) -> Path:
        return self._home.archive / hashlib.sha256(id.encode()).hexdigest()[:32]

    def _from_archive(self, id: str) -> Job | None:
        value = self._read(self._archived(id))
        try:
            job = None if value is None else job_from_value(value)
        except JobsealError:
            return None
        return job if job is not None and job.id == id else None

    def _from_journal(self, id: str) -> Job:
        """The slow way, for an archive that is gone: every event up to here is looked at."""
        job, seq = Job(id), 0
        while seq < self.next:
            try:
                batch = self._reader.read(seq, READ_EVENTS, READ_BYTES)
            except JournalDamaged as damaged:
                seq = self.next if damaged.lost is None else damaged.lost[1] + 1
                continue
            for signed in map(events.parse, batch[: self.next - seq]):
                if signed.event.job == id:
                    job.add(signed, self._thumbprint)
            seq += len(batch)
        return job

    def _write(self, path: Path, data: bytes) -> bool:
        try:
            durable.replace(self._files, path, data)
        except JobsealError:
            return False
        return True

    def _read(self, path: Path) -> Any:
        try:
            return cbor.decode(durable.read(self._files, path), CACHE_MAX_BYTES)
        except (FileNotFoundError, JobsealError):
            return None
