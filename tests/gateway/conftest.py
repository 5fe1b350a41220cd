"""Databases for the gateway's tests: whatever holds on SQLite must hold on PostgreSQL, on a real server of each.

``url`` and ``engine`` are a fresh, migrated database, and a test that uses one runs once on each kind. So does one that
uses what stands on it: ``station`` for what ingest does, ``bureau`` for what an operator does, ``office`` for what is
billed of real handhelds. A file that needs another one of these has a fixture of its own.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from jobseal_gateway.ledger.database import connect, migrate
from tests.field import Office
from tests.gateway.billed import PRICES
from tests.gateway.bureaus import Bureau
from tests.gateway.doors import OpenDoor
from tests.postgres import PostgresServer
from tests.stations import Station


def migrated(url: str) -> None:
    """Bring the database at ``url`` to the present schema and leave no connection behind."""
    engine = connect(url)
    migrate(engine)
    engine.dispose()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One PostgreSQL server for the whole run, with a migrated template."""
    server = PostgresServer()
    try:
        server.start()
        server.template(migrated)
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("template") / "ledger.db"
    migrated(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A fresh, migrated SQLite database."""
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'ledger.db')}"


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> Iterator[str]:
    """A fresh, migrated PostgreSQL database."""
    url = postgres.database()
    yield url
    postgres.give_back(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    """A fresh, migrated database of each kind."""
    fixture = {"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param]
    return str(request.getfixturevalue(fixture))


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    """That database, opened as the gateway opens it."""
    opened = connect(url)
    yield opened
    opened.dispose()


@pytest.fixture
def station(engine: Engine, tmp_path: Path) -> Station:
    """A gateway as devices see it, with an empty ledger."""
    return Station(engine, tmp_path)


@pytest.fixture
def bureau(engine: Engine, tmp_path: Path) -> Bureau:
    """A gateway as its operator has it."""
    return Bureau(engine, tmp_path)


@pytest.fixture
def office(engine: Engine, tmp_path: Path) -> Iterator[Office]:
    """A gateway with prices, and handhelds in the field."""
    found = Office(engine, tmp_path)
    found.prices(PRICES)
    yield found
    found.close()


@pytest.fixture
def open_door(tmp_path: Path) -> Iterator[OpenDoor]:
    """A gateway of its own whose door is open."""
    opened = OpenDoor(tmp_path)
    yield opened
    opened.close()
