"""What the uplink reads: the journal up to its head, the objects that its events name, the documents that are here."""

import hashlib
from contextlib import suppress

from jobseal import bodies
from jobseal import event as events
from jobseal.errors import JobsealError
from jobseal.limits import BATCH_MAX_HOLES, OBJECT_CHUNK_MAX_BYTES
from jobseal_device import durable, upload
from jobseal_device.durable import REAL, Files
from jobseal_device.errors import JournalDamaged
from jobseal_device.home import Home
from jobseal_device.journal_reader import JournalReader
from jobseal_device.objects import ObjectStore
from jobseal_device.upload import Upload
from jobseal_device.work_file import WorkFile

_LOST_KIND = b"range.lost"


class DeviceSource:
    """:class:`jobseal.uplink_state.Source` over one data folder. It only reads, but for what it leaves for the other
    side: ``sent`` and ``uploading`` for the screen, and ``damaged``, which stands in the folder as long as an event
    cannot be read that no ``range.lost`` speaks of, and asks capture to sign one."""

    def __init__(self, home: Home, objects: ObjectStore, work: WorkFile, files: Files = REAL) -> None:
        self._home = home
        self._files = files
        self._reader = JournalReader(home.journal, files)
        self._objects = objects
        self._work = work
        self._head: tuple[int, bytes] | None = None
        self._announcements: list[bytes] = []  # every range.lost of this journal, once one was looked for
        self._sent = 0
        self._searched = 0  # where the search for more goes on
        self._holes: list[bytes] = []  # those about the event that could not be read when last asked for

    def head(self) -> tuple[int, bytes] | None:
        """Raises :class:`JournalDamaged` when the newest event cannot be read. An older one must not stand in for it:
        the gateway would take this handheld for one that was set back."""
        position = self._reader.head()
        if position is None:
            return None
        if self._head is None or self._head[0] != position.seq:
            try:
                data = self._reader.event(position.seq)
            except JournalDamaged:
                self._ask_for_announcement(position.seq)
                raise
            self._head = None if data is None else (position.seq, data)
        return self._head

    def events(self, first: int, count: int, max_bytes: int) -> list[bytes]:
        try:
            found = self._reader.read(first, count, max_bytes)
        except JournalDamaged:
            self._find_announcement(first)
            return []
        self._holes = []
        self._show_sent(first + len(found))
        return found

    def _show_sent(self, following: int) -> None:
        """Leave a number for the screen: everything before it is on its way. Nobody waits for it or relies on it."""
        if following > self._sent:
            self._sent = following
            with suppress(JobsealError):
                durable.show(self._files, self._home.sent, b"%d" % following)

    def hash_at(self, seq: int) -> bytes | None:
        position = self._reader.head()
        if position is not None and position.seq == seq:
            return position.hash
        try:
            data = self._reader.event(seq)
        except JournalDamaged:
            return None
        return None if data is None else hashlib.sha256(data).digest()

    def holes(self) -> list[bytes]:
        return self._holes[-BATCH_MAX_HOLES:]

    def pending(self) -> list[tuple[bytes, int]]:
        return self._objects.pending()

    def object(self, digest: bytes, offset: int, count: int) -> bytes:
        if offset > 0 or count == OBJECT_CHUNK_MAX_BYTES:  # one of several chunks
            self._show_upload(digest, offset)
        return self._objects.read(digest, offset, count)

    def _show_upload(self, digest: bytes, offset: int) -> None:
        """Leave for the screen how much of an object the gateway has. Nobody waits for it or relies on it."""
        total = self._objects.waiting_size(digest)
        if offset <= total:
            with suppress(JobsealError):
                upload.show(self._home, Upload(digest, offset, total), self._files)

    def missing(self, digests: list[bytes]) -> list[bytes]:
        return self._work.missing(digests)

    def _find_announcement(self, lost: int) -> None:
        """The ``range.lost`` event about a number that cannot be read; without one, capture is asked to sign it."""
        for seq, data in self._reader.readable(self._searched):
            self._searched = seq + 1
            if _LOST_KIND in data and events.parse(data).event.kind == "range.lost":
                self._announcements.append(data)
        self._holes = [data for data in self._announcements if _announces(data, lost)]
        if not self._holes:
            self._ask_for_announcement(lost)
            return
        with suppress(OSError):
            self._files.unlink(self._home.damaged)

    def _ask_for_announcement(self, lost: int) -> None:
        try:
            self._files.stamp(self._home.damaged)
        except OSError:
            durable.replace(self._files, self._home.damaged, b"%d\n" % lost)


def _announces(data: bytes, lost: int) -> bool:
    event = events.parse(data).event
    return not bodies.problem(event.kind, event.body) and bool(event.body[1] <= lost <= event.body[2])
