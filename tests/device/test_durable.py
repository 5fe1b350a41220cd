"""Durable writes: whole or not at all, whatever fails, and what is said about it."""

import errno
from pathlib import Path

import pytest

from jobseal_device import durable
from jobseal_device.durable import REAL
from jobseal_device.errors import DiskFull, StorageError, StorageFailed
from tests.device.simulated_disk import SimulatedDisk, Stopped

PATH = Path("/folder/file")
CALLS = 5  # create, write, sync, rename, sync the folder


def nothing_unsynced_survives(_: int) -> int:
    return 0


def contents(disk: SimulatedDisk) -> bytes:
    return durable.read(disk, PATH)


def with_old_contents() -> SimulatedDisk:
    disk = SimulatedDisk()
    durable.replace(disk, PATH, b"old")
    return disk


def test_replaced_contents_survive_a_power_cut() -> None:
    disk = with_old_contents()
    durable.replace(disk, PATH, b"new contents")
    assert contents(disk.power_cut(nothing_unsynced_survives)) == b"new contents"
    assert disk.names(PATH.parent) == [PATH.name]


def test_replacing_takes_the_calls_that_these_tests_break_one_by_one() -> None:
    disk = with_old_contents()
    before = disk.calls
    durable.replace(disk, PATH, b"new contents")
    assert disk.calls - before == CALLS


@pytest.mark.parametrize("nth", range(CALLS))
@pytest.mark.parametrize("cut", [False, True])
def test_a_crash_at_any_step_leaves_the_old_contents_or_the_new(nth: int, cut: bool) -> None:
    disk = with_old_contents()
    disk.stop(nth)
    with pytest.raises(Stopped):
        durable.replace(disk, PATH, b"new contents")
    disk = disk.power_cut(nothing_unsynced_survives) if cut else disk.killed()
    assert contents(disk) in (b"old", b"new contents")
    durable.replace(disk, PATH, b"newer")  # whatever the crash left does not stand in the way
    assert contents(disk) == b"newer"
    assert disk.names(PATH.parent) == [PATH.name]


@pytest.mark.parametrize("nth", range(CALLS))
@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
def test_a_full_disk_at_any_step_means_that_nothing_happened_and_else_it_is_not_called_full(
    nth: int, error: int
) -> None:
    disk = with_old_contents()
    disk.fail(nth, error)
    with pytest.raises(StorageError) as reported:
        durable.replace(disk, PATH, b"new contents")
    visible = nth == CALLS - 1  # the new name is there, and only its durability is unknown
    full = error != errno.EIO and not visible
    assert isinstance(reported.value, DiskFull if full else StorageFailed)
    assert reported.value.code == ("disk_full" if full else "storage_failed")
    assert (reported.value.fault, reported.value.final) == ("ours", False)
    assert contents(disk) == (b"new contents" if visible else b"old")
    assert disk.names(PATH.parent) == [PATH.name]


def test_appended_bytes_survive_a_power_cut() -> None:
    disk = with_old_contents()
    durable.append(disk, disk.open(PATH, 0), b" and new", 3)
    assert contents(disk.power_cut(nothing_unsynced_survives)) == b"old and new"


def test_appending_to_a_full_disk_takes_the_half_that_was_written_back() -> None:
    disk = with_old_contents()
    disk.fail(0, errno.ENOSPC)
    with pytest.raises(DiskFull):
        durable.append(disk, disk.open(PATH, 0), b" and new", 3)
    assert contents(disk) == b"old"


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO])
def test_a_failed_sync_is_never_called_a_full_disk(error: int) -> None:
    disk = with_old_contents()
    disk.fail(1, error)
    with pytest.raises(StorageFailed):
        durable.append(disk, disk.open(PATH, 0), b" and new", 3)


def test_half_written_bytes_that_cannot_be_taken_back_are_never_called_a_full_disk() -> None:
    disk = with_old_contents()
    disk.fail(0, errno.ENOSPC)
    disk.fail(2, errno.EIO)
    with pytest.raises(StorageFailed):
        durable.append(disk, disk.open(PATH, 0), b" and new", 3)


class BadBlock(SimulatedDisk):
    """The disk does not give up its second block."""

    def pread(self, fd: int, count: int, offset: int) -> bytes:
        if offset < 2 * durable.BLOCK_BYTES and offset + count > durable.BLOCK_BYTES:
            raise OSError(errno.EIO, "unreadable")
        return super().pread(fd, count, offset)


def test_reading_a_bad_block_fails_and_salvaging_gives_all_the_others() -> None:
    disk = BadBlock()
    block = durable.BLOCK_BYTES
    durable.replace(disk, PATH, b"a" * block + b"b" * block + b"c" * 10)
    with pytest.raises(StorageFailed):
        durable.read(disk, PATH)
    assert durable.salvage(disk, PATH) == b"a" * block + bytes(block) + b"c" * 10
    assert durable.salvage(disk, PATH, 2 * block) == b"c" * 10


def test_the_real_files_do_what_the_simulated_ones_do(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    durable.make_folder(REAL, folder)
    durable.make_folder(REAL, folder)
    path = folder / "file"
    (folder / "file.new").write_bytes(b"left by a crash")
    durable.replace(REAL, path, b"old")
    durable.replace(REAL, path, b"new")
    assert durable.read(REAL, path) == b"new"
    assert durable.read(REAL, path, 1, 2) == b"e"
    assert durable.read(REAL, path, 1, 99) == b"ew"
    assert REAL.names(folder) == ["file"]
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileNotFoundError):
        durable.read(REAL, folder / "none")
    with pytest.raises(StorageFailed):
        durable.make_folder(REAL, tmp_path / "no" / "parent")
