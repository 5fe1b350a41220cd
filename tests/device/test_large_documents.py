"""Documents of a large catalogue: kept beside the work file, listed in it, and fetched again when they are damaged."""

import errno
from pathlib import Path

import pytest

from jobseal.work import Assignment, digest
from jobseal_device.durable import NEW_SUFFIX
from jobseal_device.errors import DiskFull
from jobseal_device.home import Home
from jobseal_device.large_documents import LARGE_BYTES
from jobseal_device.work_file import WorkFile
from tests.device.simulated_disk import SimulatedDisk, Stopped

LARGE = [bytes([number]) * (LARGE_BYTES + 1) for number in range(3)]
SMALL = b"\x80"


def assignment(version: int, *documents: bytes) -> Assignment:
    first, *others = [digest(document) for document in documents] or [None]
    return Assignment(
        device="HH-1", version=version, at=0, orders=[], catalogue=first, roster=None, pages=others or None
    )


@pytest.fixture
def work(tmp_path: Path) -> WorkFile:
    return WorkFile(Home(tmp_path))


def test_large_documents_come_and_go_with_the_assignment(work: WorkFile, tmp_path: Path) -> None:
    said = assignment(1, *LARGE, SMALL)
    work.assign(said)
    assert work.missing(said.digests()) == said.digests()
    for document in (*LARGE, SMALL):
        work.keep(document)
    assert not work.is_flushed
    work.flush()
    assert work.is_flushed
    assert work.missing(said.digests()) == []
    beside = WorkFile(Home(tmp_path))
    assert [beside.document(named) for named in said.digests()] == [*LARGE, SMALL]
    assert (tmp_path / "work.json").stat().st_size < LARGE_BYTES
    work.assign(assignment(2, LARGE[1]))
    assert work.missing(said.digests()) == [digest(document) for document in (LARGE[0], LARGE[2], SMALL)]


def test_the_work_file_changes_with_every_document_so_that_the_screen_looks_again(
    work: WorkFile, tmp_path: Path
) -> None:
    work.assign(assignment(1, *LARGE))
    seen = set()
    for document in LARGE:
        work.keep(document)
        work.flush()
        seen.add((tmp_path / "work.json").read_bytes())
    assert len(seen) == len(LARGE)


def test_a_document_that_a_crash_left_unlisted_is_listed_at_the_next_start(work: WorkFile, tmp_path: Path) -> None:
    said = assignment(1, LARGE[0])
    work.assign(said)
    work.keep(LARGE[0])  # and the power goes
    again = WorkFile(Home(tmp_path))
    assert not (tmp_path / "work.json").exists()
    assert not again.start_anew_if_damaged()
    again.assign(said)
    assert digest(LARGE[0]).hex() in (tmp_path / "work.json").read_text()
    assert again.missing(said.digests()) == []


@pytest.mark.parametrize("damage", [b"", LARGE[0][:-1], LARGE[1]])
def test_a_damaged_document_is_not_shown_and_is_fetched_again(work: WorkFile, tmp_path: Path, damage: bytes) -> None:
    said = assignment(1, LARGE[0])
    work.assign(said)
    work.keep(LARGE[0])
    work.flush()
    (tmp_path / "documents" / digest(LARGE[0]).hex()).write_bytes(damage)
    assert work.document(digest(LARGE[0])) is None
    again = WorkFile(Home(tmp_path))
    again.start_anew_if_damaged()
    assert again.missing(said.digests()) == said.digests()


def test_a_full_disk_keeps_what_was_there() -> None:
    disk = SimulatedDisk()
    work = WorkFile(Home(Path("/nowhere")), disk)
    said = assignment(1, *LARGE)
    work.assign(said)
    work.keep(LARGE[0])
    work.flush()
    disk.fail(0, errno.ENOSPC, times=100)
    with pytest.raises(DiskFull):
        work.keep(LARGE[1])
    disk.heal()
    assert work.missing(said.digests()) == [digest(document) for document in LARGE[1:]]
    assert work.document(digest(LARGE[0])) == LARGE[0]


@pytest.mark.parametrize("survives", [False, True])
def test_a_power_cut_at_any_step_leaves_a_document_whole_or_missing(survives: bool) -> None:
    said = assignment(1, *LARGE[:2])
    is_through = False
    for nth in range(40):
        disk = SimulatedDisk()
        work = WorkFile(Home(Path("/nowhere")), disk)
        work.assign(said)
        work.keep(LARGE[0])
        work.flush()
        disk.stop(nth)
        try:
            work.keep(LARGE[1])
            work.flush()
            is_through = True
        except Stopped:
            pass
        cut = disk.power_cut((lambda below: below - 1) if survives else (lambda _: 0))
        again = WorkFile(Home(Path("/nowhere")), cut)
        again.start_anew_if_damaged()
        again.assign(said)
        lacking = again.missing(said.digests())
        assert again.document(digest(LARGE[0])) == LARGE[0]
        assert lacking in ([], [digest(LARGE[1])])
        assert (again.document(digest(LARGE[1])) is None) == bool(lacking)
        for document in LARGE[1:2] if lacking else ():
            again.keep(document)
        again.flush()
        assert again.missing(said.digests()) == []
    assert is_through


def test_what_a_power_cut_left_half_written_is_taken_away(work: WorkFile, tmp_path: Path) -> None:
    said = assignment(1, *LARGE)
    work.assign(said)
    work.keep(LARGE[0])
    work.flush()
    [kept] = [path for path in tmp_path.rglob("*") if path.name == digest(LARGE[0]).hex()]
    left = kept.with_name(digest(LARGE[1]).hex() + NEW_SUFFIX)
    left.write_bytes(LARGE[1][:100])
    work.assign(assignment(2, *LARGE[:2]))
    assert not left.exists()
    assert kept.exists()
