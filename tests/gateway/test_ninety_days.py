"""Ninety days without a network: work every week behind a PIN, and then everything is there at once.

The real session, capture, journal, pump and renewal on a real folder; the real ingest, projector and door (over TLS).
Only time is made up: the link certificate, not renewed in its first hundred days, ends while the handheld is away.
"""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn

from jobseal.enrolling import parse_code
from jobseal.host import pin
from jobseal.host.crypto import SEED_BYTES, Ed25519Signer, Verifier
from jobseal.host.pin import Cost
from jobseal.proof import verify_bundle
from jobseal.uplink import Uplink
from jobseal.uplink_state import Delays
from jobseal_device import enrolling, identity, link_identity, renewing, vault
from jobseal_device.command import capture_event
from jobseal_device.home import Home as DeviceHome
from jobseal_device.objects import ObjectStore
from jobseal_device.pump import Pump
from jobseal_device.session import Session
from jobseal_device.source import DeviceSource
from jobseal_device.unlock import LoginRefused, Voucher
from jobseal_device.uplink_file import read_uplink
from jobseal_device.work_file import WorkFile
from jobseal_gateway import admission, ca, door, door_process, evidence, people
from jobseal_gateway.admission import Invited
from jobseal_gateway.home import Gateway, Home
from jobseal_gateway.ledger import acknowledgements, records
from jobseal_gateway.ledger import exceptions as raised
from jobseal_gateway.ledger import jobs as job_rows
from jobseal_gateway.ledger.database import connect, reading
from jobseal_gateway.listening import listening
from tests.device.wire import StationLink, VirtualSleeper
from tests.field import MINUTE_MS, FieldClock, Office
from tests.gateway.api.billing import settings_of
from tests.gateway.billed import PRICES
from tests.servers import eventually, free_port

DAY_MS = 86_400_000
HOUR_MS = 60 * MINUTE_MS
CHEAP = Cost(64, 1, 1)
SETUP_PIN, PIN = "778899", "4821"
WEEKS = 13  # 91 days
PHOTO = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 160  # two chunks of it
VISIT = (
    ("job.accepted", {}),
    ("travel.started", {}),
    ("job.arrived", {}),
    ("labour.started", {"task": "FIT"}),
    ("labour.stopped", {"task": "FIT"}),
    ("note.added", {"note": "as ordered"}),
    ("job.completed", {}),
    ("job.signed_off", {"method": "typed", "name": "R. Customer"}),
)


@contextmanager
def doorway(gateway: Gateway) -> Iterator[None]:
    """The gateway's HTTPS for handhelds, open."""
    context = door_process._context(gateway)
    app = door.make_app(gateway, lambda _: None, time.monotonic)
    config = uvicorn.Config(app, log_config=None, lifespan="off", ssl_context_factory=lambda *_: context)
    server = uvicorn.Server(config)
    listener = listening("127.0.0.1", gateway.settings.enrolment.port, "enrolment")
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        eventually(lambda: server.started)
        yield
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


class Van:
    """A handheld behind a PIN, at an office; ``photo`` is a file that its camera left."""

    def __init__(self, office: Office, gateway: Gateway, photo: Path) -> None:
        self.office = office
        self.gateway = gateway
        self.photo = photo
        self.home = DeviceHome(office.folder / "van")
        self.clock = FieldClock(office)
        seed = os.urandom(SEED_BYTES)
        identity.make_vault(self.home, seed, pin.lock(SETUP_PIN, bytes(16), CHEAP), os.urandom)
        [ticket] = admission.invite(gateway, [Invited("Van 7", "hh-1", ["t-1"])], "op", HOUR_MS, "boss")
        with doorway(gateway):
            self.enrolled = enrolling.enrol(
                self.home, parse_code(ticket.code), Ed25519Signer(seed), identity.PIN_ASSURANCE, lambda _: None, 30.0
            )
        self.session = Session(self.home, self.enrolled, self.clock, os.urandom)
        self.sync()  # brings who may log in
        self.session.unlock("t-1", PIN, Voucher(vault.SETUP, SETUP_PIN))
        self.session.lock("logout")

    def sync(self) -> None:
        """One sync process, until neither side has anything to say."""
        station = self.office.station
        objects, work = ObjectStore(self.home), WorkFile(self.home)
        source = DeviceSource(self.home, objects, work)
        session = os.urandom(8)

        def begin() -> Uplink:
            state, delays = read_uplink(self.home), Delays(1000, 8000, 600_000)
            return Uplink(self.enrolled.identity, session, state, source, Verifier(), lambda: 0.5, delays)

        sleeper = VirtualSleeper(self.home.wake, station, [])
        link = StationLink(station, "hh-1", "A", [])
        pump = Pump(self.home, begin, [link], sleeper, work, objects, lambda: station.now.up_ms)
        try:
            assert pump.until_quiet(HOUR_MS, lambda: False)
        finally:
            sleeper.close()

    def works(self, day: int, *orders: str) -> None:
        """A day of visits, after a night in which the battery went empty."""
        self.clock.boot_id = day.to_bytes(8, "big")
        self.session.unlock("t-1", PIN)
        for job in orders:
            for kind, fields in VISIT:
                if kind == "job.completed" and job == orders[0]:
                    self.sign("photo.attached", job, photo=f"@{self.photo}", purpose="AFTER")
                self.sign(kind, job, **fields)
        self.session.lock("logout")

    def sign(self, kind: str, job: str, **fields: str) -> None:
        assert self.session.capture is not None
        self.office.station.pass_ms(5 * MINUTE_MS)
        capture_event(self.session.capture, WorkFile(self.home), kind, fields, job, "t-1")

    @property
    def acknowledged(self) -> int:
        return read_uplink(self.home).next


@pytest.fixture
def office(sqlite_url: str, tmp_path: Path) -> Iterator[Office]:
    found = Office(connect(sqlite_url), tmp_path)
    found.prices(PRICES)
    yield found
    found.engine.dispose()


@pytest.fixture
def van(office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Van]:
    monkeypatch.setattr("jobseal_device.link_identity.time.time_ns", lambda: office.now_ms * 1_000_000)
    settings = settings_of(tmp_path, b'organisation = "Test"\n[enrolment]\nport = %d\n' % free_port())
    home = Home(tmp_path, tmp_path / "data")
    home.run.mkdir(parents=True)
    gateway = Gateway(home, settings, office.engine, office.station.keys, FieldClock(office))
    people.add(gateway, "t-1", "Anna", "op", PIN, cost=CHEAP)
    photo = tmp_path / "after.jpg"
    photo.write_bytes(PHOTO)
    made = Van(office, gateway, photo)
    yield made
    made.session.lock("shutdown")


def codes(office: Office, job: str) -> set[tuple[str, bool]]:
    """(code, whether it holds the release) of what was raised about a job."""
    with reading(office.engine) as connection:
        number = job_rows.known(connection, [job])[job]
        return {(each.code, bool(each.blocking)) for each in raised.of_job(connection, number)}


def test_a_handheld_that_was_away_for_ninety_days_comes_back_and_everything_is_billable(
    office: Office, van: Van
) -> None:
    office.station.pass_ms(100 * DAY_MS)  # nobody renewed its certificate in all that time
    van.sync()
    orders = [f"WO-{week}-{number}" for week in range(WEEKS) for number in (1, 2)]
    for order in orders:
        office.order(order, ("t-1",))

    for week in range(WEEKS):
        van.works(week, *(order for order in orders if order.startswith(f"WO-{week}-")))
        office.station.pass_ms(7 * DAY_MS - (office.now_ms - office.start_ms) % DAY_MS)
    committed = read_head(van)
    assert committed > WEEKS * (2 * len(VISIT) + 1)
    assert van.acknowledged < committed - WEEKS * 2 * len(VISIT)

    with doorway(van.gateway):
        van.home.renewal.unlink()  # as if its word had never been written: whoever comes back has only the PIN
        assert ca.ends_ms(link_identity.certificates(van.home)[0]) < office.now_ms
        assert not renewing.renew(van.home), "sync alone cannot"
        with pytest.raises(LoginRefused):
            van.session.unlock("t-1", "0000")
        assert not renewing.renew(van.home), "nor can whoever does not know the PIN"
        office.station.pass_ms(HOUR_MS)
        van.session.unlock("t-1", PIN)
        assert renewing.renew(van.home)
    assert ca.ends_ms(link_identity.certificates(van.home)[0]) > office.now_ms + 150 * DAY_MS
    assert link_identity.context(van.home) is not None
    van.session.lock("logout")

    van.sync()
    assert van.acknowledged == read_head(van) == len(logged(van))
    assert ObjectStore(van.home).pending() == []
    assert len(list(van.home.stored.iterdir())) == WEEKS * 5  # in a week two notes, two names and a photo
    office.project()
    for order in orders:
        rating = office.rating(order)
        assert (order, rating["status"], rating["blocking"]) == (order, "released", [])
        assert codes(office, order) == {("interval_wide", False)}
    assert_proven(office, van, orders[0], orders[-1])


def read_head(van: Van) -> int:
    """How many events the handheld has committed."""
    source = DeviceSource(van.home, ObjectStore(van.home), WorkFile(van.home))
    head = source.head()
    return 0 if head is None else head[0] + 1


def logged(van: Van) -> list[bytes]:
    """The hash of each of its events in the log, each once."""
    found = [leaf.hash for leaf in van.office.station.leaves(1)]
    assert len(set(found)) == len(found)
    return found


def assert_proven(office: Office, van: Van, *orders: str) -> None:
    for order in orders:
        with reading(office.engine) as connection:
            [released] = records.of_work_order(connection, order)
            assert acknowledgements.of_record(connection, released.id) == []
            bundle = evidence.bundle(connection, office.station.log, office.station.keys, released)
        found = verify_bundle(bundle, Verifier(), van.enrolled.identity.authority.root.thumbprint)
        assert (order, found.status, found.sentence) == (order, "ok", "everything holds")
