"""A bureau for tests: a gateway as its operator has it, over a real database, on a clock that tests move.

It stands on a ``Station``, so that handhelds can be enrolled by the operator's own code and then send real events.
"""

from pathlib import Path, PurePath

from sqlalchemy import Engine

from jobseal import enrolment, work
from jobseal import office as statements
from jobseal.enrolment import Welcome
from jobseal.limits import FRAME_MAX_BYTES
from jobseal_gateway import enrol, office
from jobseal_gateway.enrol import Enrolled, Request
from jobseal_gateway.home import Gateway, Home
from jobseal_gateway.ledger import assignments, dirty, jobs, keys, leaves
from jobseal_gateway.ledger import office as acts
from jobseal_gateway.ledger.database import reading, writing
from jobseal_gateway.ledger.keys import Key
from jobseal_gateway.orders import parse_csv
from jobseal_gateway.settings import parse_settings
from jobseal_gateway.work import Imported, store
from tests.devices import Device, signer_of
from tests.stations import Station

COLUMNS = "id,customer,currency,time_zone,tasks,technicians"
OPERATOR = "op"


class StationClock:
    """The station's time."""

    def __init__(self, station: Station) -> None:
        self._station = station

    def wall_ms(self) -> int | None:
        return self._station.now.wall_ms

    def up_ms(self) -> int:
        return self._station.now.up_ms

    def boot(self) -> bytes:
        return b"\x01" * 8

    def sleep(self, seconds: float) -> None:
        self._station.pass_ms(int(seconds * 1000))


class Bureau:
    """``gateway`` is opened, ``office`` acts, ``station`` takes what handhelds send."""

    def __init__(self, engine: Engine, folder: Path, settings: str = "") -> None:
        self.engine = engine
        self.station = Station(engine, folder)
        chosen, problems = parse_settings(
            f'organisation = "Test"\n{settings}'.encode(), "gateway.toml", PurePath(folder)
        )
        assert chosen is not None, problems
        self.gateway = Gateway(Home(folder, folder), chosen, engine, self.station.keys, StationClock(self.station))
        self.office = office.open_office(self.gateway)

    def enrol(self, name: str, *technicians: str) -> Device:
        """Enrol a handheld by the operator's own code."""
        welcome = self.welcome(name, *technicians).welcome
        signer = signer_of(name)
        statement = Welcome.decode(welcome, FRAME_MAX_BYTES).statement
        found = enrolment.verify(statement, self.station.trusted.office, self.station.verifier)
        return Device(found.device, found.hash, self.station.trusted, signer)

    def welcome(self, name: str, *technicians: str) -> Enrolled:
        """Enrol the key that goes by this name, for the device of this name."""
        request = Request(signer_of(name).key.encode(), name, name, technicians=technicians)
        return enrol.enrol(self.gateway, request, OPERATOR)

    def orders(self, *rows: str) -> Imported:
        """Import these rows: id, customer, currency, time zone, tasks, technicians."""
        data = "\n".join([COLUMNS, *rows]).encode()
        found, problems = parse_csv(data, file="orders.csv")
        assert not problems, problems
        return store(self.gateway, found, "orders.csv", data, OPERATOR)

    def order(self, id: str, *technicians: str) -> Imported:
        """Import one order."""
        return self.orders(f"{id},C-1,EUR,UTC,FIT,{'|'.join(technicians)}")

    def key(self, device: str) -> Key:
        """The device's newest key."""
        with reading(self.engine) as connection:
            return keys.of_device(connection, device)[-1]

    def said(self, kind: str, subject: str) -> list[leaves.Leaf]:
        """What the office logged of this kind about this subject."""
        with reading(self.engine) as connection:
            return acts.about(connection, kind, subject)

    def act(self, leaf: leaves.Leaf) -> statements.Act:
        """What the office says in this leaf, verified."""
        return statements.verify(leaf.bytes or b"", self.station.trusted.office, self.station.verifier)

    def clean(self) -> None:
        """As if every changed job had been folded."""
        with writing(self.engine) as connection:
            while dirty.take(connection, 100):
                pass

    def dirty(self) -> set[str]:
        """The jobs that are to be folded again."""
        with writing(self.engine) as connection:
            taken = dirty.take(connection, 1_000)
            return {jobs.work_order(connection, number) for number in taken}

    def told(self, device: str) -> work.Assignment | None:
        """The newest assignment of the device, verified as the device does it."""
        with reading(self.engine) as connection:
            newest = assignments.newest_snapshot(connection, device)
        if newest is None:
            return None
        return work.verify(newest.bytes, device, self.station.trusted.office, self.station.verifier)
