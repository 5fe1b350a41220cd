"""The power cuts of the block campaign, without a block device: what a cut leaves, and that its judges can see."""

import shutil
from pathlib import Path

import pytest

from jobseal.uplink_state import Identity
from tests.device.workbench import key_of
from tests.stations import Station
from tests.torture.storage import gateway_work, handheld_work
from tests.torture.storage.handheld_sync import sync
from tests.torture.storage.power_cuts import ALL, NONE, SOME, TORN, Cut, Disk, Recording, in_order
from tests.torture.storage.promises import Promise
from tests.torture.storage.recorded_disk import _ENTRY_OF_LOG, FLUSHED, WRITTEN

BLOCK = 4096
EVENTS = 6


def written(folder: Path, *entries: tuple[int, int, int, bytes]) -> Recording:
    base, log = folder / "base", folder / "log"
    base.write_bytes(bytes(4 * BLOCK))
    packed = (_ENTRY_OF_LOG.pack(kind, made, at, len(data)) + data for kind, made, at, data in entries)
    log.write_bytes(b"".join(packed))
    return Recording(base, log)


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    """A is flushed, B and C are not; a second B overwrites the first."""
    return written(
        tmp_path,
        (WRITTEN, 0, 0, b"A" * BLOCK),
        (FLUSHED, 0, 0, b""),
        (WRITTEN, 1, BLOCK, b"B" * BLOCK),
        (WRITTEN, 1, 2 * BLOCK, b"C" * BLOCK),
        (WRITTEN, 2, BLOCK, b"b" * BLOCK),
    )


def image(recording: Recording, cut: Cut, folder: Path) -> bytes:
    Disk(recording, folder / "master").state(cut, folder / "image")
    return (folder / "image").read_bytes()


def test_what_was_flushed_is_there_after_every_cut(recording: Recording, tmp_path: Path) -> None:
    for number in range(100):
        cut = recording.cut(number)
        if cut.after >= 1:
            assert image(recording, cut, tmp_path)[:BLOCK] == b"A" * BLOCK


def test_all_and_nothing_of_the_rest_are_among_the_states(recording: Recording, tmp_path: Path) -> None:
    assert image(recording, Cut(1, 4, ALL), tmp_path) == b"A" * BLOCK + b"b" * BLOCK + b"C" * BLOCK + bytes(BLOCK)
    assert image(recording, Cut(1, 4, NONE), tmp_path) == b"A" * BLOCK + bytes(3 * BLOCK)


def test_what_was_not_flushed_survives_in_any_combination_and_torn(recording: Recording, tmp_path: Path) -> None:
    seen = {image(recording, Cut(number, 4, SOME), tmp_path)[BLOCK : 3 * BLOCK : BLOCK] for number in range(60)}
    assert seen == {b"\0\0", b"\0C", b"B\0", b"BC", b"b\0", b"bC"}
    torn = [image(recording, Cut(number, 4, TORN), tmp_path)[BLOCK : 2 * BLOCK] for number in range(60)]
    assert any(len(set(block)) > 1 for block in torn)
    for block in torn:  # never within a sector
        assert all(len(set(block[at : at + 512])) == 1 for at in range(0, BLOCK, 512))


def test_a_promise_counts_from_the_moment_it_was_made(recording: Recording) -> None:
    assert [recording.promised(Cut(0, after, ALL), 3) for after in range(5)] == [0, 1, 1, 2, 3]


def test_states_are_the_same_whether_made_one_by_one_or_on_the_way(recording: Recording, tmp_path: Path) -> None:
    cuts = in_order(recording.cut(number) for number in range(20))
    disk = Disk(recording, tmp_path / "forwards")
    for cut in cuts:
        disk.state(cut, tmp_path / "state")
        assert (tmp_path / "state").read_bytes() == image(recording, cut, tmp_path)


@pytest.fixture
def gateway(tmp_path: Path) -> tuple[Path, list[Promise]]:
    folder, promises = tmp_path / "gateway", list[Promise]()
    folder.mkdir()
    gateway_work.work(folder, EVENTS, promises.append, restarts=1)
    return folder, promises


def test_a_gateway_that_keeps_its_promises_passes(gateway: tuple[Path, list[Promise]]) -> None:
    folder, promises = gateway
    assert {promise[0] for promise in promises} == {"keys", "enrolled", "receipt", "checkpoint", "stored"}
    assert list(gateway_work.judge(folder, promises, EVENTS)) == []


def test_a_gateway_that_lost_what_it_acknowledged_is_seen(gateway: tuple[Path, list[Promise]], tmp_path: Path) -> None:
    folder, promises = gateway
    earlier = tmp_path / "earlier"
    earlier.mkdir()
    shutil.copytree(folder / "keys", earlier / "keys")
    gateway_work.work(earlier, EVENTS // 2, lambda _: None)
    found = {wrong.check for wrong in gateway_work.judge(earlier, promises, EVENTS)}
    assert {"acknowledged_missing", "log_rewritten", "object_lost"} <= found


@pytest.fixture
def handheld(station: Station, tmp_path: Path) -> tuple[Path, Identity, list[Promise]]:
    device = station.enrol("HH-1", key_of("HH-1"))
    identity = Identity("HH-1", device.key.thumbprint, device.genesis, device.trusted)
    (tmp_path / "photo.jpg").write_bytes(b"photo")
    promises: list[Promise] = []
    worker = handheld_work.Worker(tmp_path / "HH-1", tmp_path / "photo.jpg", identity, promises.append)
    worker.work(["WO-1"], handheld_work.VISIT)
    worker.close()
    assert sync(tmp_path / "HH-1", identity, station, promises.append)
    return tmp_path / "HH-1", identity, promises


def test_a_handheld_that_keeps_its_promises_passes_and_enters_nothing_twice(
    handheld: tuple[Path, Identity, list[Promise]], tmp_path: Path
) -> None:
    folder, identity, promises = handheld
    again: list[Promise] = []
    worker = handheld_work.Worker(folder, tmp_path / "photo.jpg", identity, again.append)
    worker.work(["WO-1"], handheld_work.VISIT)
    worker.close()
    assert again == []
    assert promises[-1][:2] == ("receipt", len(handheld_work.VISIT))
    assert list(handheld_work.judge(folder, promises, identity)) == []


def test_a_handheld_that_lost_something_is_seen(handheld: tuple[Path, Identity, list[Promise]]) -> None:
    folder, identity, promises = handheld
    stored = next((folder / "objects" / "stored").iterdir())
    stored.write_bytes(b"something else")
    (folder / "uplink.cbor").unlink()
    found = {wrong.check for wrong in handheld_work.judge(folder, promises, identity)}
    assert found == {"object_lost", "receipt_lost"}
    shutil.rmtree(folder / "journal")
    assert "committed_lost" in {wrong.check for wrong in handheld_work.judge(folder, promises, identity)}
