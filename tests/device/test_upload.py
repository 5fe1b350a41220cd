"""How far an attachment has come: sync leaves it, the screen reads it, and neither relies on it."""

from pathlib import Path

import pytest

from jobseal.limits import OBJECT_CHUNK_MAX_BYTES
from jobseal_device import upload
from jobseal_device.home import Home
from jobseal_device.objects import ObjectStore, attachment
from jobseal_device.source import DeviceSource
from jobseal_device.upload import Upload
from jobseal_device.work_file import WorkFile

LARGE, SMALL = 100_000, 2_000


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path)
    made.make()
    return made


def waiting(home: Home, size: int) -> bytes:
    """The digest of an object of this size whose event is committed."""
    store, made = ObjectStore(home), attachment(bytes(size), "image/jpeg", bytes(32))
    store.keep([made])
    store.release([made.digest])
    return made.digest


def source(home: Home) -> DeviceSource:
    return DeviceSource(home, ObjectStore(home), WorkFile(home))


def test_each_piece_that_is_read_for_the_gateway_is_shown(home: Home) -> None:
    digest = waiting(home, LARGE)
    reader = source(home)
    for offset in range(0, LARGE, OBJECT_CHUNK_MAX_BYTES):
        count = min(OBJECT_CHUNK_MAX_BYTES, LARGE + 32 - offset)
        assert len(reader.object(digest, offset, count)) == count
        assert upload.read(home) == Upload(digest, offset, LARGE + 32)


def test_what_goes_in_one_piece_is_not_shown(home: Home) -> None:
    source(home).object(waiting(home, SMALL), 0, SMALL + 32)
    assert upload.read(home) is None
    assert not home.uploading.exists()


@pytest.mark.parametrize("text", ["", "x", "00 1 2", f"{'0' * 64} 5 4", f"{'0' * 64} -1 4", f"{'0' * 64} 1", "\udcff"])
def test_what_cannot_be_read_is_nothing(home: Home, text: str) -> None:
    home.uploading.write_bytes(text.encode(errors="surrogateescape"))
    assert upload.read(home) is None
