"""What the uplink reads: the journal up to its head, the objects that its events name, the documents that are here."""

import hashlib

from jobseal import bodies
from jobseal import event as events
from jobseal.event import Event
from jobseal.limits import BATCH_MAX_HOLES
from jobseal_device.errors import JournalDamaged
from jobseal_device.home import Home
from jobseal_device.journal_reader import JournalReader
from jobseal_device.objects import ObjectStore
from jobseal_device.work_file import WorkFile

SCAN_EVENTS = 512
SCAN_BYTES = 262144


class DeviceSource:
    """:class:`jobseal.uplink.Source` over one data folder; reads only, but for the mark that asks capture for a
    ``range.lost``."""

    def __init__(self, home: Home, objects: ObjectStore, work: WorkFile) -> None:
        self._home = home
        self._reader = JournalReader(home.journal)
        self._objects = objects
        self._work = work
        self._head: tuple[int, bytes] | None = None
        self._holes: list[bytes] = []
        self._named: set[bytes] = set()  # objects that committed events name, as far as anybody asked
        self._scanned = 0  # every event from here on has been looked at for objects
        self._looked_back = False

    def head(self) -> tuple[int, bytes] | None:
        position = self._reader.head()
        if position is None:
            return None
        if self._head is None or self._head[0] != position.seq:
            data = self._event(position.seq)
            if data is None:
                return None
            self._head = (position.seq, data)
        return self._head

    def events(self, first: int, count: int, max_bytes: int) -> list[bytes]:
        try:
            return self._reader.read(first, count, max_bytes)
        except JournalDamaged:
            self._find_announcement(first)
            return []

    def hash_at(self, seq: int) -> bytes | None:
        position = self._reader.head()
        if position is not None and position.seq == seq:
            return position.hash
        data = self._event(seq)
        return None if data is None else hashlib.sha256(data).digest()

    def holes(self) -> list[bytes]:
        return self._holes

    def pending(self) -> list[tuple[bytes, int]]:
        waiting = self._objects.pending()
        if not waiting:
            return []
        self._look_forward()
        if not self._looked_back:
            self._look_back({digest for digest, _ in waiting})
        return [(digest, size) for digest, size in waiting if digest in self._named]

    def object(self, digest: bytes, offset: int, count: int) -> bytes:
        return self._objects.read(digest, offset, count)

    def missing(self, digests: list[bytes]) -> list[bytes]:
        return self._work.missing(digests)

    def _event(self, seq: int) -> bytes | None:
        try:
            return self._reader.event(seq)
        except JournalDamaged:
            return None

    def _find_announcement(self, lost: int) -> None:
        """The ``range.lost`` event about a number that cannot be read; without one, capture is asked to sign it."""
        seq = lost + 1
        while self._head is not None and seq <= self._head[0]:
            data = self._event(seq)
            event = None if data is None else events.parse(data).event
            if data is not None and event is not None and _announces(event, lost):
                self._holes = [*self._holes, data][-BATCH_MAX_HOLES:]
                return
            seq += 1
        self._home.damaged.touch()

    def _look_forward(self) -> None:
        position = self._reader.head()
        if position is None:
            return
        if not self._scanned:
            self._scanned = position.seq + 1
            return
        while self._scanned <= position.seq:
            found = self.events(self._scanned, SCAN_EVENTS, SCAN_BYTES)
            self._note(found)
            self._scanned += max(1, len(found))

    def _look_back(self, wanted: set[bytes]) -> None:
        """Once: from the newest event backwards until every waiting object is explained. Usually a few events."""
        self._looked_back = True
        end = self._scanned
        while end > 0 and not wanted <= self._named:
            first = max(0, end - SCAN_EVENTS)
            seq = first
            while seq < end:
                found = self.events(seq, end - seq, SCAN_BYTES)
                self._note(found)
                seq += max(1, len(found))
            end = first

    def _note(self, found: list[bytes]) -> None:
        for data in found:
            event = events.parse(data).event
            self._named.update(named[0] for named in bodies.objects(event.kind, event.body))


def _announces(event: Event, lost: int) -> bool:
    if event.kind != "range.lost" or bodies.problem(event.kind, event.body):
        return False
    return bool(event.body[1] <= lost <= event.body[2])
