"""A handheld on a workbench: the real capture on a data folder (or a simulated disk), a clock that only moves when told
to, and an office that can say anything, since its keys are here.
"""

import hashlib
import itertools
from pathlib import Path

from jobseal import authority, checkpoint, enrolment, event, key, office
from jobseal.authority import Certification
from jobseal.checkpoint import Checkpoint
from jobseal.enrolling import Grant, open_request
from jobseal.enrolment import Welcome
from jobseal.event import SignedEvent
from jobseal.host.crypto import Ed25519Signer, Verifier
from jobseal.uplink_state import Identity, State
from jobseal_device import identity
from jobseal_device.capture import Capture
from jobseal_device.command import capture_event
from jobseal_device.durable import REAL, Files
from jobseal_device.fold import Fold
from jobseal_device.home import Home
from jobseal_device.journal_reader import JournalReader
from jobseal_device.uplink_file import write_uplink
from jobseal_device.work_file import WorkFile
from jobseal_gateway import ca

MINUTE_MS = 60_000
MONDAY_MS = 1_767_600_000_000  # 2026-01-05 08:00 UTC
LOG_ID = bytes(16)


def key_of(name: str) -> Ed25519Signer:
    return Ed25519Signer(hashlib.sha256(name.encode()).digest())


class HandClock:
    """``wrong_ms``: what the wall clock is off by, None if it was never set."""

    def __init__(self) -> None:
        self.now_ms = MONDAY_MS
        self.booted_ms = MONDAY_MS - 10 * MINUTE_MS
        self.boots = 0
        self.wrong_ms: int | None = 0

    def wall_ms(self) -> int | None:
        return None if self.wrong_ms is None else self.now_ms + self.wrong_ms

    def up_ms(self) -> int:
        return self.now_ms - self.booted_ms

    def boot(self) -> bytes:
        return hashlib.sha256(b"%d" % self.boots).digest()[:8]

    def sleep(self, seconds: float) -> None:
        self.now_ms += int(seconds * 1000)

    def restart(self) -> None:
        self.boots += 1
        self.booted_ms = self.now_ms


class TestOffice:
    """The gateway's keys. Everything that they sign is genuine."""

    __test__ = False

    def __init__(self, name: str = "office") -> None:
        self.root, self.log, self.office = (key_of(f"{name} {role}") for role in ("root", "log", "office"))
        roles = ((authority.LOG, self.log), (authority.OFFICE, self.office))
        self.certifications = [
            authority.certify(Certification(role=role, key=signer.key.encode(), at=MONDAY_MS), self.root)
            for role, signer in roles
        ]
        self.trusted = authority.verify(self.root.key, self.certifications, Verifier())

    @property
    def fingerprint(self) -> str:
        return self.root.key.thumbprint.hex()

    def enrolment(self, public: key.Key, device: str = "HH-1", at: int = MONDAY_MS) -> bytes:
        said = enrolment.statement(device, public, "none", LOG_ID, at, "boss", device)
        return office.sign(said, self.office)

    def welcome(self, public: bytes, device: str = "HH-1", port: int = 1883, at: int = MONDAY_MS) -> bytes:
        """What a device is handed that asked with this public key."""
        return Welcome(
            statement=self.enrolment(key.decode(public), device, at),
            root=self.root.key.encode(),
            authority=self.certifications,
            brokers=[["127.0.0.1", port]],
        ).encode()

    def grant(self, request: bytes, device: str = "HH-1", port: int = 1883) -> bytes:
        """What a device is handed that asked with these complete bytes, over the network or in a file."""
        asked, _, link = open_request(request, Verifier())
        issuer = ca.found(ca.new_key(), "Test CA", MONDAY_MS)
        certified = Certification(role=authority.CA, key=issuer.key.encode(), at=MONDAY_MS)
        welcome = Welcome(
            statement=self.enrolment(key.decode(asked.key), device),
            root=self.root.key.encode(),
            authority=[*self.certifications, authority.certify(certified, self.root)],
            brokers=[["127.0.0.1", port]],
        )
        certificate = ca.der(issuer.issue_link(device, link, MONDAY_MS))
        doors = [["127.0.0.1", 8443]]
        return Grant(welcome=welcome.encode(), certificate=certificate, ca=issuer.der, doors=doors).encode()

    def checkpoint(self, size: int) -> bytes:
        said = Checkpoint(log=LOG_ID, size=size, root=hashlib.sha256(b"%d" % size).digest(), at=MONDAY_MS + size)
        return checkpoint.sign(said, self.log)


class Workbench:
    """One handheld; ``capture`` is open until :meth:`close`."""

    def __init__(self, folder: Path, files: Files = REAL, name: str = "HH-1", identity: Identity | None = None) -> None:
        """``identity``: as another office has enrolled ``key_of(name)``; by default as ours has."""
        self.home = Home(folder / name)
        self.files = files
        self.clock = HandClock()
        self.office = TestOffice()
        self.signer = key_of(name)
        statement = self.office.enrolment(self.signer.key, name)
        ours = Identity(name, self.signer.key.thumbprint, office.hash_of(statement), self.office.trusted)
        self.identity = identity or ours
        self._salts = itertools.count()
        self.technician: str | None = "t-1"
        self.signed: list[SignedEvent] = []  # what capture said is committed
        self.capture = self.open()

    def salt(self, count: int) -> bytes:
        return hashlib.shake_128(b"salt %d" % next(self._salts)).digest(count)

    def open(self) -> Capture:
        self.is_open = False
        opened = Capture(self.home, self.identity, self.signer, self.clock, self.salt, self.files)
        self.is_open = True
        return opened

    def reopen(self) -> None:
        """The capture process ends as processes do, and starts again."""
        self.close()
        self.capture = self.open()

    def close(self) -> None:
        """The capture process ends as processes do."""
        if self.is_open:
            self.capture.close()
            self.is_open = False

    def crash(self) -> None:
        """The capture process ends without a goodbye, and starts again."""
        self.capture.kill()
        self.capture = self.open()

    def sign(self, kind: str, job: str | None = "WO-1", amends: bytes | None = None, **fields: str) -> SignedEvent:
        """A minute later, this happens."""
        self.clock.now_ms += MINUTE_MS
        work = WorkFile(self.home)
        before = self.capture.journal.next_seq
        try:
            signed = capture_event(self.capture, work, kind, fields, job, self.technician, amends)
        finally:
            self._note(before)
        return signed

    def _note(self, first: int) -> None:
        """What the journal has by now, the handheld's own events included."""
        reader = JournalReader(self.home.journal, self.files)
        self.signed += [event.parse(data) for _, data in reader.readable(first)]

    def arrive(self, job: str = "WO-1") -> None:
        self.sign("job.accepted", job)
        self.sign("job.arrived", job)

    def visit(self, job: str = "WO-1", task: str = "FIT") -> None:
        """From acceptance to sign-off."""
        self.arrive(job)
        self.sign("labour.started", job, task=task)
        self.sign("labour.stopped", job, task=task)
        self.sign("part.used", job, code="P-1", quantity="2", unit="pc", source="van")
        self.sign("job.completed", job)
        self.sign("job.signed_off", job, method="typed", name="R. Customer")

    def checkpoint(self, size: int) -> bytes:
        """Sync has verified a checkpoint of this size; its hash."""
        state = State()
        state.checkpoint = self.office.checkpoint(size)
        write_uplink(self.home, state, self.files)
        return checkpoint.hash_of(state.checkpoint)

    def folded_from_scratch(self) -> Fold:
        """What the journal says, without any cache."""
        elsewhere = Home(self.home.folder / "nowhere")
        return Fold(elsewhere, JournalReader(self.home.journal, self.files), self.identity.thumbprint, self.files)

    def kinds(self) -> list[str]:
        return [signed.event.kind for signed in self.signed]


def enrolled_home(folder: Path, test_office: TestOffice, port: int = 1883, device: str = "HH-1") -> Home:
    """A data folder as enrolment leaves it."""
    home = Home(folder)
    public = identity.make_key(home, hashlib.sha256(device.encode()).digest())
    identity.accept(home, test_office.welcome(public, device, port), test_office.fingerprint)
    return home
