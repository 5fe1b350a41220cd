"""The object store: an object is sent once a committed event names it, and stays until long after it was stored."""

import errno
import hashlib
from pathlib import Path

import pytest

from jobseal.errors import JobsealError
from jobseal.limits import OBJECT_MAX_BYTES
from jobseal_device.errors import DiskFull, StorageFailed
from jobseal_device.home import Home
from jobseal_device.objects import Attachment, ObjectStore, attachment
from tests.device.simulated_disk import SimulatedDisk


def note(text: str) -> Attachment:
    return attachment(text.encode(), "text/plain", hashlib.sha256(text.encode()).digest())


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    home = Home(tmp_path)
    home.make()
    return ObjectStore(home)


def test_what_no_committed_event_names_is_never_to_be_sent(store: ObjectStore) -> None:
    first, second = note("first"), note("second")
    store.keep([first, second])
    assert store.pending() == []
    assert store.read(first.digest, 0, 99) == b""
    store.release([first.digest])
    store.discard([second.digest])
    assert store.pending() == [(first.digest, 37)]
    assert store.unsigned() == []


def test_the_smallest_goes_first(store: ObjectStore) -> None:
    kept = [note("x" * size) for size in (9, 3, 27)]
    store.keep(kept)
    store.release([each.digest for each in kept])
    assert [size for _, size in store.pending()] == [35, 41, 59]


def test_a_stored_object_waits_no_longer_and_its_bytes_stay(store: ObjectStore) -> None:
    kept = note("a photo")
    store.keep([kept])
    store.release([kept.digest])
    store.mark_stored(kept.digest)
    store.mark_stored(kept.digest)
    store.mark_stored(bytes(32))  # never heard of
    assert store.pending() == []
    assert store.read(kept.digest, 0, 99) == kept.data
    assert store.read(kept.digest, 30, 4) == kept.data[30:34]
    assert store.read(kept.digest, 99, 4) == b""


def test_another_process_sees_each_object_from_its_release_on(tmp_path: Path, store: ObjectStore) -> None:
    beside = ObjectStore(Home(tmp_path))
    for number in range(50):  # faster than a file system's clock ticks
        kept = note(f"note {number}")
        store.keep([kept])
        assert kept.digest not in dict(beside.pending())
        store.release([kept.digest])
        assert kept.digest in dict(beside.pending())


def test_half_written_files_and_strangers_are_no_objects(tmp_path: Path, store: ObjectStore) -> None:
    for folder in ("unsigned", "waiting"):
        (tmp_path / "objects" / folder / ("0" * 64 + ".new")).write_bytes(b"half")
        (tmp_path / "objects" / folder / "README").write_bytes(b"x")
    assert (store.pending(), store.unsigned()) == ([], [])


def test_all_of_an_events_objects_are_kept_or_none() -> None:
    for error, raised in ((errno.ENOSPC, DiskFull), (errno.EIO, StorageFailed)):
        for nth in range(5, 9):
            disk = SimulatedDisk()
            home = Home(Path("/nowhere"))
            store = ObjectStore(home, disk)
            disk.fail(nth, error)
            with pytest.raises((raised, StorageFailed)):
                store.keep([note("first"), note("second")])
            assert store.unsigned() == []


def test_what_cannot_be_moved_now_is_moved_with_the_next() -> None:
    disk = SimulatedDisk()
    store = ObjectStore(Home(Path("/nowhere")), disk)
    first, second = note("first"), note("second")
    store.keep([first, second])
    disk.fail(0, errno.EIO)
    store.release([first.digest])
    assert store.pending() == []
    store.release([second.digest])
    assert {digest for digest, _ in store.pending()} == {first.digest, second.digest}


def test_content_beyond_the_cap_is_refused() -> None:
    with pytest.raises(JobsealError) as refused:
        attachment(bytes(OBJECT_MAX_BYTES + 1), "image/jpeg", bytes(32))
    assert refused.value.code == "object"
