"""Who may log in here: the newest roster that the office has signed for this handheld, on the disk and verified.

Sync brings it, and capture believes only what the office's key says: the assignment that names the roster by its
digest is verified here again, since whoever got into the networked process could write himself into the file that
sync keeps. The newest one is copied to a file of capture's own, ``keys/roster.cbor``, and an older one is never taken
again: so a colleague who was removed stays removed, and login works whatever happens to sync's files.
"""

from typing import NamedTuple

from jobseal import cbor, roster, work
from jobseal.errors import JobsealError
from jobseal.host.crypto import Verifier
from jobseal.limits import STATEMENT_MAX_BYTES
from jobseal.roster import Person
from jobseal.work import Assignment
from jobseal_device import durable
from jobseal_device.durable import REAL, Files
from jobseal_device.errors import DocumentsDamaged, StorageError
from jobseal_device.home import Home
from jobseal_device.identity import Enrolled
from jobseal_device.uplink_file import read_uplink
from jobseal_device.work_file import WorkFile

_MOST_BYTES = 2 * STATEMENT_MAX_BYTES


class _Known(NamedTuple):
    """A roster with its proof: ``assignment`` and ``document`` as they came, ``version``, ``people``."""

    assignment: bytes
    document: bytes
    version: int
    people: list[Person]


class RosterFile:
    """The people of one handheld; reads again what sync has when asked."""

    def __init__(self, home: Home, enrolled: Enrolled, files: Files = REAL) -> None:
        self._home = home
        self._device = enrolled.identity.device
        self._office = enrolled.identity.authority.office
        self._files = files
        self._known: _Known | None = None
        self._seen: bytes | None = None  # the assignment that was last looked at
        self._verifier = Verifier()

    def people(self) -> list[Person]:
        """Everybody who may log in, by the newest roster that is here; nobody before the first has come."""
        if self._known is None:
            self._known = self._own()
        newer = self._from_sync()
        if newer is not None and (self._known is None or newer.version > self._known.version):
            self._known = newer
            self._keep(newer)
        return [] if self._known is None else self._known.people

    def _own(self) -> _Known | None:
        try:
            value = cbor.decode(durable.read(self._files, self._home.roster), _MOST_BYTES)
            assignment, document = value
            said = self._verified(assignment)
            return self._known_from(said, assignment, document)
        except (FileNotFoundError, TypeError, ValueError, JobsealError):
            return None  # sync has it too, or will

    def _from_sync(self) -> _Known | None:
        try:
            assignment = read_uplink(self._home, self._files).assignment
            if assignment is None or assignment == self._seen:
                return None
            said = self._verified(assignment)
            document = b"" if said.roster is None else WorkFile(self._home, self._files).document(said.roster)
            if document is None:
                return None  # it is on its way
            found = self._known_from(said, assignment, document)
        except (StorageError, DocumentsDamaged, JobsealError):
            return None  # what sync has cannot be read now, or is not the office's word
        self._seen = assignment
        return found

    def _verified(self, assignment: bytes) -> Assignment:
        return work.verify(assignment, self._device, self._office, self._verifier)

    def _known_from(self, said: Assignment, assignment: bytes, document: bytes) -> _Known | None:
        if said.roster is None:
            return _Known(assignment, b"", said.version, [])
        if work.digest(document) != said.roster:
            return None
        return _Known(assignment, document, said.version, roster.decode(document))

    def _keep(self, known: _Known) -> None:
        try:
            durable.replace(self._files, self._home.roster, cbor.encode([known.assignment, known.document]))
        except StorageError:
            self._seen = None  # tried again when somebody asks again
