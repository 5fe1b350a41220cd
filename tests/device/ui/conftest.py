"""A hand before a screen of the floor's size."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from jobseal_device.ui import words
from tests.device.ui.hand import Hand


@pytest.fixture
def hand(tmp_path: Path) -> Iterator[Hand]:
    made = Hand(tmp_path)
    yield made
    made.close()
    words.use("en")
    words.use_zone(None)
