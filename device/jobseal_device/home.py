"""The handheld's data folder: what lies where, and which of the two processes writes it.

Capture and sync share this folder and nothing else. Every file has one writer, named here; the other side only reads.
Objects change hands: capture makes them, sync moves what the gateway keeps out of the way.

What belongs to one signing key lies together, see :mod:`jobseal_device.turns`; the rest is the handheld's.
"""

from pathlib import Path

from jobseal_device import durable
from jobseal_device.durable import REAL, Files


class Home:
    """Paths below one folder. Making a ``Home`` touches nothing; :meth:`make` creates the folders."""

    def __init__(self, folder: Path, turn: int = 0) -> None:
        """``turn``: which of the handheld's keys, counted from 0."""
        self.folder = folder
        self.turn = turn
        self.own = own = folder / "turns" / str(turn) if turn else folder
        # Written once, at enrolment; the configuration by hand.
        self.config = folder / "device.toml"
        self.welcome = own / "enrolment" / "welcome.cbor"
        self.seed = own / "keys" / "signing.seed"
        self.request = own / "enrolment" / "request.cbor"
        self.link_key = folder / "enrolment" / "link.key"
        self.link_certificate = folder / "enrolment" / "link.pem"
        self.renewal = own / "enrolment" / "renewal.cbor"
        self.doors = folder / "enrolment" / "doors.cbor"
        self.anchors = folder / "enrolment" / "anchors.cbor"
        # Written by capture.
        self.rotated = own / "rotated.cbor"
        self.vault = own / "keys" / "signing.vault"
        self.attempts = folder / "keys" / "attempts.cbor"
        self.login_lock = folder / "keys" / "login.lock"
        self.roster = folder / "keys" / "roster.cbor"
        self.journal = own / "journal"
        self.fold = own / "fold.cbor"
        self.archive = own / "archive"
        self.objects = own / "objects"
        self.unsigned = self.objects / "unsigned"
        self.waiting = self.objects / "waiting"
        self.drafts = folder / "drafts.json"
        self.camera = folder / "camera"
        # Written by sync.
        self.stored = self.objects / "stored"
        self.refused = self.objects / "refused"
        self.uplink = own / "uplink.cbor"
        self.work = folder / "work.json"
        self.large = folder / "documents"
        self.sent = own / "sent"
        self.uploading = own / "uploading"
        self.rolled_back = own / "rolled_back"
        self.passed_over = own / "passed_over"
        self.damaged = own / "damaged"
        self.sync_lock = folder / "sync.lock"
        self.wake = folder / "wake.sock"
        self._next: Home | None = None

    def next_turn(self) -> "Home":
        """The same handheld under the key after this one, whether or not there is one."""
        if self._next is None:  # kept: it is asked for again and again, and forty paths take a while to put together
            self._next = Home(self.folder, self.turn + 1)
        return self._next

    def first_turn(self) -> "Home":
        """The same handheld under its first key."""
        return Home(self.folder) if self.turn else self

    def earlier_turn(self) -> "Home":
        """The same handheld under the key before this one."""
        return Home(self.folder, self.turn - 1)

    def make(self, files: Files = REAL) -> None:
        """Create the folders that are missing. Raises :class:`StorageError`."""
        above = [folder for folder in reversed(self.folder.parents) if not folder.exists()]
        first = (self.folder, self.link_key.parent, self.attempts.parent)
        turn = (self.own.parent, self.own) if self.turn else ()
        parents = (*first, *turn, self.welcome.parent, self.seed.parent, self.archive, self.objects)
        for folder in (*above, *dict.fromkeys(parents), self.unsigned, self.waiting, self.stored, self.refused):
            durable.make_folder(files, folder)
