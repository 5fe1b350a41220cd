"""The handheld's data folder: what lies where, and which of the two processes writes it.

Capture and sync share this folder and nothing else. Every file has one writer, named here; the other side only reads.
Objects change hands: capture makes them, sync moves what the gateway keeps out of the way.
"""

from pathlib import Path

from jobseal_device import durable
from jobseal_device.durable import REAL, Files


class Home:
    """Paths below one folder. Making a ``Home`` touches nothing; :meth:`make` creates the folders."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # Written once, at enrolment; the configuration by hand.
        self.config = folder / "device.toml"
        self.welcome = folder / "enrolment" / "welcome.cbor"
        self.seed = folder / "keys" / "signing.seed"
        self.request = folder / "enrolment" / "request.cbor"
        self.link_key = folder / "enrolment" / "link.key"
        self.link_certificate = folder / "enrolment" / "link.pem"
        self.renewal = folder / "enrolment" / "renewal.cbor"
        self.doors = folder / "enrolment" / "doors.cbor"
        # Written by capture.
        self.vault = folder / "keys" / "signing.vault"
        self.attempts = folder / "keys" / "attempts.cbor"
        self.login_lock = folder / "keys" / "login.lock"
        self.roster = folder / "keys" / "roster.cbor"
        self.journal = folder / "journal"
        self.fold = folder / "fold.cbor"
        self.archive = folder / "archive"
        self.objects = folder / "objects"
        self.unsigned = self.objects / "unsigned"
        self.waiting = self.objects / "waiting"
        self.drafts = folder / "drafts.json"
        self.camera = folder / "camera"
        # Written by sync.
        self.stored = self.objects / "stored"
        self.uplink = folder / "uplink.cbor"
        self.work = folder / "work.json"
        self.large = folder / "documents"
        self.sent = folder / "sent"
        self.uploading = folder / "uploading"
        self.rolled_back = folder / "rolled_back"
        self.damaged = folder / "damaged"
        self.sync_lock = folder / "sync.lock"
        self.wake = folder / "wake.sock"

    def make(self, files: Files = REAL) -> None:
        """Create the folders that are missing. Raises :class:`StorageError`."""
        above = [folder for folder in reversed(self.folder.parents) if not folder.exists()]
        parents = (self.folder, self.welcome.parent, self.seed.parent, self.archive, self.objects)
        for folder in (*above, *parents, self.unsigned, self.waiting, self.stored):
            durable.make_folder(files, folder)
