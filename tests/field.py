"""A field and an office for tests: the real capture and uplink on a data folder, against the real ingest and
the real projector, joined without a broker and on a clock that tests move.
"""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from jobseal import cbor, frame, key, office
from jobseal.enrolment import Enrolment, Welcome, statement
from jobseal.event import SignedEvent
from jobseal.host.crypto import Verifier
from jobseal.uplink import Uplink
from jobseal.uplink_state import Delays
from jobseal_device import durable, identity, turns
from jobseal_device.capture import Capture
from jobseal_device.command import capture_event
from jobseal_device.durable import REAL
from jobseal_device.home import Home
from jobseal_device.objects import ObjectStore
from jobseal_device.source import DeviceSource
from jobseal_device.uplink_file import read_uplink, write_uplink
from jobseal_device.work_file import WorkFile
from jobseal_gateway.ledger import assignments, branches, dirty, jobs, keys, leaves, orders, price_lists
from jobseal_gateway.ledger import office as acts
from jobseal_gateway.ledger.database import reading, writing
from jobseal_gateway.ledger.folded import CARDS, RATINGS
from jobseal_gateway.orders.work_order import WorkOrder
from jobseal_gateway.pricing import canonical, digest, parse_price_lists
from jobseal_gateway.projector import Projector
from tests.stations import Station

MINUTE_MS = 60_000
WEEK_MS = 7 * 86_400_000


class FieldClock:
    """One true time for everybody; ``wrong_ms`` is what this handheld's wall clock is off by, None if never set."""

    def __init__(self, office: "Office") -> None:
        self._office = office
        self.wrong_ms: int | None = 0
        self.boot_id = b"\x01" * 8

    def wall_ms(self) -> int | None:
        return None if self.wrong_ms is None else self._office.now_ms + self.wrong_ms

    def up_ms(self) -> int:
        return self._office.now_ms - self._office.start_ms

    def boot(self) -> bytes:
        return self.boot_id

    def sleep(self, seconds: float) -> None:
        self._office.station.pass_ms(int(seconds * 1000))


class Office:
    """The gateway: a :class:`Station`, a projector, orders, prices and people."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.folder = folder
        self.engine = engine
        self.station = Station(engine, folder)
        self.start_ms = self.now_ms - 60 * MINUTE_MS
        self.told = 0
        self.phones: list[Phone] = []
        self.restart()

    def restart(self) -> None:
        station = self.station
        self.projector = Projector(
            self.engine, station.log, station.keys, FieldClock(self), "STANDARD", WEEK_MS, self._hear
        )

    def _hear(self) -> None:
        self.told += 1

    def close(self) -> None:
        """Let go of every handheld's files."""
        for phone in self.phones:
            phone.capture.close()

    @property
    def now_ms(self) -> int:
        wall = self.station.now.wall_ms
        assert wall is not None
        return wall

    def order(self, id: str, technicians: tuple[str, ...], **fields: Any) -> WorkOrder:
        """Import an order and assign it."""
        plain: dict[str, Any] = {"customer": "C-1", "currency": "EUR", "time_zone": "UTC", "tasks": ("FIT",)}
        order = WorkOrder(id=id, technicians=technicians, revision=1, **{**plain, **fields})
        document = cbor.encode(order.snapshot())
        named = hashlib.sha256(document).digest()
        with writing(self.engine) as connection:
            number = orders.add_import(
                connection, at_ms=self.now_ms, source="test", digest=named, person="test", summary="{}"
            )
            orders.keep_document(connection, named, orders.ORDER, document)
            snapshot = cbor.encode(order.record())
            orders.put(connection, id, snapshot=snapshot, digest=named, import_id=number, imported_ms=self.now_ms)
            for technician in technicians:
                assignments.say(connection, id, technician, assignments.ASSIGNED, at_ms=self.now_ms)
            dirty.mark(connection, jobs.numbers(connection, [id]).values(), self.now_ms)
        return order

    def prices(self, csv: bytes) -> None:
        """Take up the price lists in this CSV."""
        lists, problems = parse_price_lists(csv, "prices.csv")
        assert not problems, problems
        with writing(self.engine) as connection:
            for each in lists:
                row = price_lists.PriceList(each.id, each.version, digest(each), canonical(each).decode(), self.now_ms)
                price_lists.add(connection, row)
            dirty.mark_unreleased(connection, self.now_ms)

    def act(self, kind: str, body: dict[str, Any], job: str) -> bytes:
        """Log an office statement about a job; its hash."""
        data = office.sign(office.act(kind, self.now_ms, "boss", body, job), self.station.keys.office)
        hashed = office.hash_of(data)
        with self.station.log.appending(self.now_ms) as end:
            number = jobs.numbers(end.connection, [job])[job]
            leaf = end.add(leaves.OFFICE, hashed, data, job_id=number)
            acts.add(end.connection, leaf, kind, job)
            dirty.mark(end.connection, [number], self.now_ms)
        return hashed

    def project(self) -> None:
        """Fold everything that changed."""
        while self.projector.run():
            pass

    def documents(self) -> dict[str, tuple[bytes, bytes]]:
        """(card, rating) of every job, as stored."""
        found: dict[str, tuple[bytes, bytes]] = {}
        with reading(self.engine) as connection:
            for number, name in jobs.every(connection):
                card, rating = CARDS.of_job(connection, number), RATINGS.of_job(connection, number)
                if card is not None and rating is not None:
                    found[name] = (card.document, rating.document)
        return found

    def rating(self, job: str) -> dict[str, Any]:
        """What the job would bill, decoded."""
        decoded: dict[str, Any] = json.loads(self.documents()[job][1])
        return decoded


class Phone:
    """One handheld with its data folder; ``capture`` is open until :meth:`crash`."""

    def __init__(self, office: Office, name: str, technician: str, folder: Path | None = None) -> None:
        self.office = office
        self.name = name
        self.technician = technician
        self.clock = FieldClock(office)
        self.home = turns.current(Home(folder or office.folder / name))
        self._salts = 0
        if folder is None:
            self._enrol()
        self.enrolled = identity.load(self.home)
        self.capture = self._open()
        office.phones.append(self)

    def _open(self) -> Capture:
        return Capture(self.home, self.enrolled.identity, identity.signer(self.home), self.clock, self._salt)

    def _salt(self, count: int) -> bytes:
        self._salts += 1
        return hashlib.shake_128(f"{self.name} {self._salts}".encode()).digest(count)

    def _enrol(self) -> None:
        station = self.office.station
        public = key.decode(identity.make_key(self.home, hashlib.sha256(self.name.encode()).digest()))
        said = statement(self.name, public, "none", station.keys.log_id, self.office.now_ms, "boss", self.name)
        data = office.sign(said, station.keys.office)
        with station.log.appending(self.office.now_ms) as end:
            leaf = end.add(leaves.OFFICE, office.hash_of(data), data)
            acts.add(end.connection, leaf, said.kind, self.name)
            row = keys.enrol(
                end.connection,
                thumbprint=public.thumbprint,
                cose_key=public.encode(),
                device=self.name,
                enrolment_leaf=leaf,
                enrolment_hash=Enrolment(data, said).hash,
            )
            branches.begin(end.connection, row.id, office.hash_of(data))
            assignments.bind(end.connection, self.technician, self.name, self.office.now_ms)
        trusted = station.keys
        welcome = Welcome(
            statement=data,
            root=trusted.authority.root.encode(),
            authority=trusted.certifications,
            brokers=[["localhost", 1883]],
        )
        identity.accept(self.home, welcome.encode(), trusted.fingerprint)

    def sign(self, kind: str, job: str | None = "WO-1", amends: bytes | None = None, **fields: str) -> SignedEvent:
        """A minute later, this happens."""
        self.office.station.pass_ms(MINUTE_MS)
        return capture_event(self.capture, WorkFile(self.home), kind, fields, job, self.technician, amends)

    def work(self, job: str = "WO-1", task: str = "FIT", minutes: int = 30) -> None:
        """A plain visit, from acceptance to sign-off."""
        self.sign("job.accepted", job)
        self.sign("travel.started", job)
        self.sign("job.arrived", job)
        self.sign("labour.started", job, task=task)
        self.office.station.pass_ms((minutes - 1) * MINUTE_MS)
        self.sign("labour.stopped", job, task=task)
        self.sign("part.used", job, code="P-1", quantity="2", unit="pc", source="van")
        self.sign("job.completed", job)
        self.sign("job.signed_off", job, method="typed", name="R. Customer")

    def sync(self, lost: Callable[[bytes], bool] = lambda _: False) -> Uplink:
        """Talk with the office until neither has anything to say; ``lost`` says which frames get lost on the way."""
        station = self.office.station
        objects, work = ObjectStore(self.home), WorkFile(self.home)
        source = DeviceSource(self.home, objects, work)
        session = self._salt(8)
        delays = Delays(1000, 8000, WEEK_MS)
        uplink = Uplink(
            self.enrolled.identity, session, read_uplink(self.home), source, Verifier(), lambda: 0.5, delays
        )
        effects = uplink.connected(station.now.up_ms)
        for _ in range(400):
            sent: list[bytes] = []
            self._carry_out(effects, sent, objects, work)
            effects = []
            for data in sent:
                if lost(data):
                    continue
                for topic, reply in station.handle((self.name, data)).replies:
                    if topic == frame.down_topic(self.name) and not lost(reply):
                        effects += uplink.handle(reply, station.now.up_ms)
            self._carry_out(effects, [], objects, work)
            effects = uplink.tick(station.now.up_ms)
            if not effects and uplink.is_idle(station.now.up_ms):
                return uplink
            if not effects:
                station.pass_ms(1000)
                effects = uplink.tick(station.now.up_ms)
        raise AssertionError("the sync never comes to an end")

    def _carry_out(self, effects: list[Any], sent: list[bytes], objects: ObjectStore, work: WorkFile) -> None:
        for effect in effects:
            if effect[0] == "send":
                sent.append(effect[1])
            elif effect[0] == "save":
                write_uplink(self.home, effect[1])
            elif effect[0] == "document":
                work.keep(effect[1])
            elif effect[0] == "stored":
                for named in effect[1]:
                    objects.mark_stored(named)
            elif effect[0] == "verdicts":
                work.judge(effect[1])
            elif effect[0] == "alarm":
                work.raise_alarm(*effect[1:])
            elif effect[0] == "restarted":
                objects.offer_again()
            elif effect[0] == "rolled_back":
                durable.replace(REAL, self.home.rolled_back, effect[1])

    @property
    def signed(self) -> int:
        """How many events it has committed."""
        head = self.capture.journal.head
        return 0 if head is None else head.seq + 1

    @property
    def acknowledged(self) -> int:
        """How many of them it knows to be logged."""
        return read_uplink(self.home).next

    def crash(self) -> None:
        """The capture process ends without a goodbye, and starts again."""
        self.capture.kill()
        self.capture = self._open()
