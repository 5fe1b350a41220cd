"""A gateway for each test, on SQLite and on PostgreSQL."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.stations import Station


@pytest.fixture
def station(engine: Engine, tmp_path: Path) -> Station:
    """A gateway with an empty ledger."""
    return Station(engine, tmp_path)
