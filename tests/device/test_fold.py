"""The cached fold: whatever happens to its files, it says what the journal says."""

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobseal_device import cache_file
from jobseal_device.durable import REAL
from jobseal_device.fold import Fold
from jobseal_device.journal_reader import JournalReader
from tests.device.simulated_disk import SimulatedDisk, Stopped
from tests.device.workbench import Workbench

JOBS = ["WO-1", "WO-2", "WO-3"]
FIELDS = {
    "labour.started": {"task": "FIT"},
    "labour.stopped": {"task": "FIT"},
    "part.used": {"code": "P", "quantity": "1", "unit": "pc", "source": "van"},
    "part.returned": {"code": "P", "quantity": "1", "unit": "pc", "source": "van"},
    "expense.added": {"code": "parking", "amount": "4.20", "currency": "EUR"},
    "note.added": {"note": "x"},
    "reading.taken": {"code": "bar", "value": "1.5", "unit": "bar"},
    "checklist.answered": {"item": "leak", "answer": "no"},
    "safety.acknowledged": {"item": "gas"},
    "position.logged": {"position": "48.2,16.4"},
    "job.waiting": {"reason": "parts"},
    "job.signed_off": {"method": "typed", "name": "R. Customer"},
    "signoff.waived": {"reason": "absent"},
    "job.reopened": {"reason": "leaks"},
    "job.cancelled": {"reason": "storm"},
}


def any_step(bench: Workbench, chance: random.Random) -> None:
    """Whatever is legal next in some job, with a preference for what gets it done."""
    job = chance.choice(JOBS)
    steps = bench.capture.steps(job, bench.technician)
    usual = [kind for kind in steps if kind.startswith("job.") or "signed" in kind or "labour" in kind]
    kind = chance.choice(usual if usual and chance.random() < 0.7 else steps)
    if kind in ("event.corrected", "photo.attached"):
        return
    bench.sign(kind, job, **FIELDS.get(kind, {}))


def assert_as_from_scratch(bench: Workbench) -> None:
    fold, scratch = bench.capture.fold, bench.folded_from_scratch()
    for job in [*JOBS, "WO-never"]:
        assert fold.job(job).to_value() == scratch.job(job).to_value()
    for name in ("next", "anchor", "session", "holes"):
        assert getattr(fold, name) == getattr(scratch, name), name
    assert (fold.last and fold.last.data) == (scratch.last and scratch.last.data)
    assert fold.open_jobs() == scratch.open_jobs()


@given(seed=st.integers(0, 10**6), stops=st.lists(st.integers(0, 400), max_size=6))
def test_killed_at_any_moment_and_reopened_it_is_the_fold_of_the_journal(seed: int, stops: list[int]) -> None:
    chance = random.Random(seed)
    disk = SimulatedDisk()
    bench = Workbench(Path("/nowhere"), disk)
    bench.sign("session.opened", None)
    for stop in [*stops, None]:
        if stop is not None:
            disk.stop(stop)
        try:
            for _ in range(25):
                any_step(bench, chance)
                if chance.random() < 0.15:
                    bench.capture.fold.save()
            bench.close()
        except Stopped:
            pass
        disk.killed()
        bench.capture = bench.open()
        assert_as_from_scratch(bench)


@given(seed=st.integers(0, 10**6), error=st.sampled_from([5, 28]), places=st.lists(st.integers(0, 200), max_size=8))
def test_a_cache_that_cannot_be_written_is_kept_in_memory(seed: int, error: int, places: list[int]) -> None:
    chance = random.Random(seed)
    disk = SimulatedDisk()
    bench = Workbench(Path("/nowhere"), disk)
    for place in [*places, None]:
        for _ in range(8):
            any_step(bench, chance)
        if place is not None:
            disk.fail(place % 12, error, times=1 + place % 5)
        bench.capture.fold.save()
        disk.heal()
        assert_as_from_scratch(bench)
    bench.reopen()
    assert_as_from_scratch(bench)


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    """WO-1 is signed off, WO-2 is open, and the cache says so."""
    made = Workbench(tmp_path)
    made.visit("WO-1")
    made.arrive("WO-2")
    made.close()
    return made


def test_the_cache_is_what_opening_uses(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    real = JournalReader.read
    monkeypatch.setattr(JournalReader, "read", lambda self, seq, *rest: (read.append(seq), real(self, seq, *rest))[1])
    bench.capture = bench.open()
    bench.close()
    assert [seq for seq in read if seq < 9] == []


@pytest.mark.parametrize("name", ["fold.cbor", "archive", "both"])
@pytest.mark.parametrize("how", ["removed", "cut", "one bit", "other bytes"])
def test_a_cache_that_is_gone_or_damaged_is_made_again(bench: Workbench, name: str, how: str) -> None:
    files = list(bench.home.archive.iterdir()) if name != "fold.cbor" else []
    files += [bench.home.fold] if name != "archive" else []
    assert files
    for path in files:
        data = bytearray(path.read_bytes())
        if how == "removed":
            path.unlink()
        elif how == "cut":
            path.write_bytes(data[: len(data) // 2])
        elif how == "one bit":
            data[-40] ^= 1  # inside a job: no decoder would notice
            path.write_bytes(data)
        else:
            path.write_bytes(b"\x83\x01\x02\x03")
    bench.capture = bench.open()
    assert_as_from_scratch(bench)
    bench.sign("job.reopened", "WO-1", reason="leaks")
    assert_as_from_scratch(bench)
    bench.close()


def test_the_cache_of_another_journal_is_not_believed(tmp_path: Path, bench: Workbench) -> None:
    other = Workbench(tmp_path / "other")
    other.clock.now_ms += 1  # the same key, another history
    other.arrive("WO-3")
    other.close()
    other.home.fold.write_bytes(bench.home.fold.read_bytes())
    other.capture = other.open()
    assert other.capture.state("WO-2") == "created"
    assert_as_from_scratch(other)
    other.close()


def test_the_cache_of_an_older_form_is_made_again(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobseal_device.fold.FORM", 99)
    bench.capture = bench.open()
    assert_as_from_scratch(bench)
    bench.close()


def test_what_the_cache_knows_of_events_that_became_unreadable_stays_known(bench: Workbench) -> None:
    """Only the cache can still close over them, as the gateway will."""
    segment = next(bench.home.journal.glob("*.seg"))
    data = bytearray(segment.read_bytes())
    for lost in (bench.signed[3], bench.signed[8]):  # in the middle, and the newest
        data[data.index(lost.data) + 50] ^= 1
    segment.write_bytes(data)
    bench.capture = bench.open()
    assert bench.capture.fold.job("WO-1").lanes[0].count == 7
    assert bench.capture.state("WO-2") == "on_site"
    bench.close()


def test_without_a_cache_what_cannot_be_read_is_passed_over(bench: Workbench) -> None:
    segment = next(bench.home.journal.glob("*.seg"))
    data = bytearray(segment.read_bytes())
    data[data.index(bench.signed[3].data) + 50] ^= 1
    segment.write_bytes(data)
    bench.home.fold.unlink()
    bench.capture = bench.open()
    assert [fact.seq for fact in bench.capture.fold.job("WO-1").facts] == [0, 1, 2, 4, 5, 6]
    assert bench.capture.fold.holes == [(3, 3)]
    assert_as_from_scratch(bench)
    bench.close()


def test_a_job_leaves_for_the_archive_when_it_is_done_and_comes_back_when_it_is_reopened(bench: Workbench) -> None:
    bench.capture = bench.open()
    assert bench.capture.fold.open_jobs() == ["WO-2"]
    bench.sign("job.reopened", "WO-1", reason="leaks")
    assert bench.capture.fold.open_jobs() == ["WO-1", "WO-2"]
    bench.reopen()
    assert bench.capture.fold.open_jobs() == ["WO-1", "WO-2"]
    bench.sign("job.completed", "WO-1")
    bench.reopen()
    assert bench.capture.fold.open_jobs() == ["WO-2"]
    assert_as_from_scratch(bench)
    bench.close()


def test_an_archive_that_a_power_cut_set_back_is_not_believed(bench: Workbench) -> None:
    """Files are not synced in the order of their writing: the cache can be newer than the archive."""
    [path] = bench.home.archive.iterdir()
    older = path.read_bytes()
    bench.capture = bench.open()
    bench.sign("job.reopened", "WO-1", reason="leaks")
    bench.sign("job.completed", "WO-1")
    bench.close()
    path.write_bytes(older)
    bench.capture = bench.open()
    assert_as_from_scratch(bench)
    signed = bench.sign("signoff.waived", "WO-1", reason="absent")
    assert signed.event.close == bench.folded_from_scratch().job("WO-1").facts[-1].close
    assert (signed.event.close or [0])[0] == 9
    bench.close()


def test_a_reader_beside_the_writer_sees_the_same(bench: Workbench) -> None:
    bench.capture = bench.open()
    bench.sign("note.added", "WO-2", note="x")
    beside = Fold(bench.home, JournalReader(bench.home.journal), bench.identity.thumbprint)
    assert beside.job("WO-2").to_value() == bench.capture.fold.job("WO-2").to_value()
    bench.close()


def test_the_cache_is_saved_every_so_often_so_that_a_crash_costs_little(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobseal_device.capture.SAVE_AFTER_EVENTS", 10)
    bench.capture = bench.open()
    for _ in range(25):
        bench.sign("note.added", "WO-2", note="x")
    bench.capture.kill()
    stored = cache_file.read(REAL, bench.home.fold)
    assert stored is not None
    assert bench.signed[28].data in stored


def test_a_cache_file_is_whole_or_nothing(tmp_path: Path) -> None:
    path = tmp_path / "cache"
    assert cache_file.read(REAL, path) is None
    assert cache_file.write(REAL, path, b"contents")
    assert cache_file.read(REAL, path) == b"contents"
    for at in range(len(path.read_bytes())):
        data = bytearray(path.read_bytes())
        data[at] ^= 0x10
        path.with_name("flipped").write_bytes(data)
        assert cache_file.read(REAL, path.with_name("flipped")) is None
