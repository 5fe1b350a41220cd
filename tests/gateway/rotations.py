"""Handhelds whose keys give way to others, and what the office sees and says of them."""

from jobseal import rotating
from jobseal_device import identity, turns
from jobseal_device.rotating import rotate
from jobseal_gateway import succession
from jobseal_gateway.ledger import branches, keys
from jobseal_gateway.ledger.database import reading
from jobseal_gateway.office import Office as Bench
from tests.devices import Device, signer_of
from tests.field import FieldClock, Office, Phone
from tests.gateway.bureaus import Bureau
from tests.stations import Station


def begun(office: Office) -> Phone:
    """A handheld in the middle of WO-1; nothing of it is sent."""
    office.order("WO-1", ("t-1",))
    phone = Phone(office, "hh-1", "t-1")
    phone.sign("session.opened", None)
    phone.sign("job.accepted")
    phone.sign("travel.started")
    phone.sign("job.arrived")
    phone.sign("labour.started", task="FIT")
    return phone


def finished(phone: Phone) -> None:
    """It finishes that job."""
    phone.sign("labour.stopped", task="FIT")
    phone.sign("part.used", code="P-1", quantity="2", unit="pc", source="van")
    phone.sign("job.completed")
    phone.sign("job.signed_off", method="typed", name="R. Customer")


def rotated(phone: Phone) -> Phone:
    """Have the handheld go on with another key; the same phone, with that."""
    phone.capture.close()
    signer = identity.signer(phone.home)
    phone.home = rotate(phone.home, phone.enrolled, signer, phone.clock, phone._salt, phone.technician)
    phone.enrolled = identity.load(phone.home)
    phone.capture = phone._open()
    return phone


def sync_all(phone: Phone) -> None:
    """As sync does it: what earlier keys have signed goes first."""
    newest, enrolled = phone.home, phone.enrolled
    for turn in turns.every(newest):
        phone.home, phone.enrolled = turn, identity.load(turn)
        phone.sync()
    phone.home, phone.enrolled = newest, enrolled


def status(station: Station, device: Device) -> str | None:
    """The status of a device's key, None where it is not enrolled."""
    with reading(station.engine) as connection:
        row = keys.by_kid(connection, device.key.kid)
        return None if row is None else row.status


def named_by(device: Device, name: str) -> Device:
    """The device's last word: it goes on with the key of this name, which is returned."""
    heir = signer_of(name)
    word = rotating.succession(device.key.thumbprint, "none", heir)
    device.capture(rotating.KIND, raw=rotating.body(heir.key, word), job=None)
    return Device(device.name, device.prev, device.trusted, heir)


def head_of_the_fork(at: Bureau | Office, device: Device) -> str:
    """What an operator names the first fork of this key by."""
    with reading(at.engine) as connection:
        row = keys.by_kid(connection, device.key.kid)
        assert row is not None
        return branches.of_key(connection, row.id)[1].head_hash.hex()


def digits(device: Device) -> str:
    """What an operator names this key by."""
    return device.key.thumbprint.hex()


def bench(office: Office) -> Bench:
    """Where the office acts on keys."""
    return Bench(office.station.log, office.station.keys.office, FieldClock(office), lambda: None)


def present(at: Bureau | Office) -> bytes | None:
    """The key that hh-1 goes on with."""
    with reading(at.engine) as connection:
        found = succession.present(connection, "hh-1")
        return None if found is None else found.thumbprint
