"""A gateway's ingest for handhelds to talk to."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from jobseal_gateway.ledger.database import connect, migrate
from tests.device.wire import Wire
from tests.stations import Station


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    folder = tmp_path / "gateway"
    folder.mkdir()
    engine = connect(f"sqlite:///{folder / 'ledger.db'}")
    migrate(engine)
    yield Station(engine, folder)
    engine.dispose()


@pytest.fixture
def wire(station: Station, tmp_path: Path) -> Iterator[Wire]:
    made = Wire(station, tmp_path)
    yield made
    made.close()
