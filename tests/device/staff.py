"""People with badges and PINs, and the roster on its way to a handheld, as sync would have left it."""

import hashlib
import itertools
from collections.abc import Iterable

from jobseal import enrolment, roster, work
from jobseal.host import pin
from jobseal.host.crypto import Verifier
from jobseal.host.pin import Cost, PinLock
from jobseal.roster import SUPERVISOR, TECHNICIAN, Person
from jobseal.uplink_state import State
from jobseal_device import vault
from jobseal_device.durable import REAL, Files
from jobseal_device.home import Home
from jobseal_device.identity import Enrolled
from jobseal_device.uplink_file import write_uplink
from jobseal_device.vault import SETUP
from jobseal_device.work_file import WorkFile
from tests.device.workbench import MONDAY_MS, TestOffice, key_of

CHEAP = Cost(memory_kib=64, passes=1, lanes=1)  # the tests try many PINs
SETUP_PIN = "778899"
SEED = hashlib.sha256(b"HH-1").digest()  # of key_of("HH-1")


def lock_of(digits: str, salt: str = "") -> PinLock:
    return pin.lock(digits, hashlib.sha256(f"{digits} {salt}".encode()).digest()[:16], CHEAP)


def person(id: str, digits: str | None, role: str = TECHNICIAN, badge: str | None = None) -> Person:
    """With this PIN; ``id`` doubles as the name."""
    lock = None if digits is None else lock_of(digits, id).to_value()
    return Person(id=id, name=f"Name of {id}", role=role, badge=badge, pin=lock)


ANNA = person("t-1", "4821", badge="BADGE-1")
BERT = person("t-2", "9035", badge="BADGE-2")
CHIEF = person("s-1", "60514", role=SUPERVISOR)


class Van:
    """A handheld behind PINs, enrolled, and an office that sends rosters to it."""

    def __init__(self, home: Home, files: Files = REAL) -> None:
        self.home = home
        self.files = files
        self.office = TestOffice()
        self.version = 0
        self._randoms = itertools.count()

    def set_up(self) -> Enrolled:
        """Made with :data:`SETUP_PIN` and enrolled."""
        signer = key_of("HH-1")
        vault.write(self.home, vault.ED25519, signer.key, SEED, {SETUP: lock_of(SETUP_PIN)}, self.random, self.files)
        statement = enrolment.verify(self.office.enrolment(signer.key), self.office.office.key, Verifier())
        return Enrolled(statement, self.office.trusted, [("127.0.0.1", 1883)])

    def welcome(self) -> bytes:
        """What the gateway answered when it was enrolled."""
        return self.office.welcome(key_of("HH-1").key.encode())

    def random(self, count: int) -> bytes:
        return hashlib.shake_128(b"random %d" % next(self._randoms)).digest(count)

    def send(self, people: Iterable[Person], version: int | None = None, by: TestOffice | None = None) -> None:
        """What sync has when a roster has arrived."""
        self.version = self.version + 1 if version is None else version
        document = roster.encode(list(people))
        said = work.Assignment(
            device="HH-1", version=self.version, at=MONDAY_MS, orders=[], catalogue=None, roster=work.digest(document)
        )
        state = State()
        state.assignment = work.sign(said, (by or self.office).office)
        write_uplink(self.home, state, self.files)
        kept = WorkFile(self.home, self.files)
        kept.assign(said)
        kept.keep(document)
        kept.flush()
