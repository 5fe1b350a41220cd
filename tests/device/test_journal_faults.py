"""The journal against everything a disk can do: each call failing, each moment a crash, each crash a power cut."""

import errno
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from jobseal_device.errors import DiskFull, StorageError, StorageFailed
from jobseal_device.journal import Journal
from jobseal_device.journal_reader import JournalReader
from tests.device.simulated_disk import DROP, TEAR, SimulatedDisk, Stopped

FOLDER = Path("/journal")
SEGMENT_BYTES = 200  # five or six events, so that every script crosses into new segments
POWER_CUTS: dict[str, Callable[[int], int]] = {
    "nothing unsynced survives": lambda _: DROP,
    "everything unsynced is torn": lambda _: TEAR,
    "everything unsynced survives": lambda below: below - 1,
}


def cutting(choose: Callable[[int], int]) -> Callable[[SimulatedDisk], SimulatedDisk]:
    return lambda disk: disk.power_cut(choose)


NEXT_PROCESS = {"kill": SimulatedDisk.killed} | {name: cutting(choose) for name, choose in POWER_CUTS.items()}
ATTEMPTS = count()


def fresh(number: int) -> bytes:
    """Another event for this number at each attempt, as signing it again would give."""
    return b"event %d, attempt %d" % (number, next(ATTEMPTS))


def opened(disk: SimulatedDisk) -> Journal:
    return Journal.open(FOLDER, segment_bytes=SEGMENT_BYTES, files=disk)


def stored(disk: SimulatedDisk) -> list[bytes]:
    reader = JournalReader(FOLDER, disk)
    assert reader.lost(0, 10**9) == []
    return reader.read(0, 10**9, 10**9)


class Technician:
    """Captures events one after another and remembers what the journal said about each."""

    def __init__(self) -> None:
        self.committed: list[bytes] = []
        self.in_doubt: bytes | None = None

    def capture(self, journal: Journal) -> None:
        frame = fresh(len(self.committed))
        self.in_doubt = frame  # while the call runs, a crash may leave it or not
        try:
            journal.append(frame)
        except DiskFull:
            self.in_doubt = None
            assert journal.in_doubt is None
            raise
        except StorageFailed:
            assert journal.in_doubt == frame
            raise
        self.committed.append(frame)
        self.in_doubt = None

    def settle(self, journal: Journal) -> None:
        journal.settle()
        if self.in_doubt is not None:
            self.committed.append(self.in_doubt)
            self.in_doubt = None

    def accept(self, found: list[bytes]) -> None:
        """Everything committed is there, in order, and beyond it nothing but what was in doubt."""
        assert found[: len(self.committed)] == self.committed
        beyond = found[len(self.committed) :]
        assert beyond in ([], [self.in_doubt])
        self.committed = found
        self.in_doubt = None


def capture_five(disk: SimulatedDisk, technician: Technician) -> None:
    journal = opened(disk)
    for _ in range(5):
        technician.capture(journal)
    journal.close()


def assert_durable(disk: SimulatedDisk, technician: Technician) -> None:
    """All that was committed is there even if a power cut takes everything that was not synced."""
    after = disk.power_cut(POWER_CUTS["nothing unsynced survives"])
    opened(after).close()
    assert stored(after) == technician.committed


def calls_of(script: Callable[[SimulatedDisk, Technician], None], disk: SimulatedDisk, who: Technician) -> int:
    before = disk.calls
    script(disk, who)
    return disk.calls - before


def with_history() -> tuple[SimulatedDisk, Technician]:
    disk, technician = SimulatedDisk(), Technician()
    capture_five(disk, technician)
    return disk, technician


CALLS = calls_of(capture_five, *with_history())
FIRST_CALLS = calls_of(capture_five, SimulatedDisk(), Technician())


@pytest.mark.parametrize("next_process", NEXT_PROCESS)
def test_a_crash_in_any_call_loses_no_committed_event_and_invents_none(next_process: str) -> None:
    for history, calls in ((with_history, CALLS), (lambda: (SimulatedDisk(), Technician()), FIRST_CALLS)):
        for nth in range(calls):
            disk, technician = history()
            disk.stop(nth)
            with pytest.raises(Stopped):
                capture_five(disk, technician)
            disk = NEXT_PROCESS[next_process](disk)
            opened(disk).close()
            technician.accept(stored(disk))
            capture_five(disk, technician)
            technician.accept(stored(disk))
            assert_durable(disk, technician)


@pytest.mark.parametrize("next_process", NEXT_PROCESS)
@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize("times", [1, 2, 4, 8])
def test_a_failure_of_any_call_is_reported_and_what_was_committed_survives_it(
    error: int, times: int, next_process: str
) -> None:
    for nth in range(CALLS):
        disk, technician = with_history()
        disk.fail(nth, error, times)
        with suppress(StorageError):
            capture_five(disk, technician)
        disk = NEXT_PROCESS[next_process](disk)
        disk.heal()
        opened(disk).close()
        technician.accept(stored(disk))
        assert_durable(disk, technician)
        capture_five(disk, technician)
        technician.accept(stored(disk))


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize("times", [1, 2, 3, 5, 9])
def test_the_same_process_goes_on_after_a_failure(error: int, times: int) -> None:
    for nth in range(CALLS - 5):
        disk, technician = with_history()
        journal = opened(disk)
        disk.fail(nth, error, times)
        while len(technician.committed) < 15:
            try:
                technician.settle(journal)
                technician.capture(journal)
            except StorageError:
                assert stored(disk) == technician.committed
        assert stored(disk) == technician.committed
        assert_durable(disk, technician)


def test_a_full_disk_leaves_nothing_half_written_and_the_number_free() -> None:
    disk, technician = with_history()
    journal = opened(disk)
    before = {name: bytes(disk.contents(FOLDER / name)) for name in disk.names(FOLDER)}
    disk.fail(0, errno.ENOSPC)
    with pytest.raises(DiskFull) as full:
        technician.capture(journal)
    assert full.value.code == "disk_full"
    assert {name: bytes(disk.contents(FOLDER / name)) for name in disk.names(FOLDER)} == before
    assert journal.next_seq == 5
    technician.capture(journal)
    assert stored(disk) == technician.committed


def test_a_file_whose_sync_failed_is_never_written_again() -> None:
    disk, technician = with_history()
    journal = opened(disk)
    [old] = [name for name in disk.names(FOLDER) if name.endswith(".seg")]
    disk.fail(1, errno.EIO)  # the pwrite succeeds, its fdatasync fails
    technician.capture(journal)
    distrusted = bytes(disk.contents(FOLDER / old))
    technician.capture(journal)
    assert bytes(disk.contents(FOLDER / old)) == distrusted
    assert_durable(disk, technician)


def test_nothing_else_is_taken_while_an_event_is_in_doubt_but_the_same_bytes_are() -> None:
    disk, technician = with_history()
    journal = opened(disk)
    disk.fail(1, errno.EIO, 50)
    frame = fresh(5)
    with pytest.raises(StorageFailed):
        journal.append(frame)
    with pytest.raises(StorageFailed):
        journal.append(frame)
    assert journal.next_seq == 5
    disk.heal()
    with pytest.raises(StorageFailed):
        journal.append(fresh(5))
    assert stored(disk) == technician.committed
    assert journal.append(frame).seq == 5
    assert journal.in_doubt is None
    assert stored(disk) == [*technician.committed, frame]


def test_readers_never_see_what_is_in_doubt() -> None:
    disk, technician = with_history()
    journal = opened(disk)
    disk.fail(1, errno.EIO, 50)
    with pytest.raises(StorageFailed):
        journal.append(fresh(5))
    assert stored(disk) == technician.committed


class JournalOnABadDisk(RuleBasedStateMachine):
    """Captures, failures, kills and power cuts in any order; a reader remembers all that it was ever shown."""

    @initialize()
    def start(self) -> None:
        self.disk = SimulatedDisk()
        self.technician = Technician()
        self.journal: Journal | None = None
        self.shown: list[bytes] = []
        self.reader = JournalReader(FOLDER, self.disk)

    @precondition(lambda self: self.journal is None)
    @rule()
    def open(self) -> None:
        try:
            self.journal = opened(self.disk)
        except StorageError:
            self.disk = self.disk.killed()
            return
        self.technician.accept(stored(self.disk))

    @precondition(lambda self: self.journal is not None)
    @rule()
    def capture(self) -> None:
        assert self.journal is not None
        try:
            self.technician.settle(self.journal)
            self.technician.capture(self.journal)
        except StorageError:
            return
        except Stopped:
            self.journal = None
            self.disk = self.disk.killed()

    @rule(nth=st.integers(0, 12), error=st.sampled_from([errno.ENOSPC, errno.EIO]), times=st.integers(1, 8))
    def break_something(self, nth: int, error: int, times: int) -> None:
        self.disk.fail(nth, error, times)

    @precondition(lambda self: self.journal is not None)
    @rule(nth=st.integers(0, 8))
    def crash_soon(self, nth: int) -> None:
        self.disk.stop(nth)

    @precondition(lambda self: self.journal is not None)
    @rule()
    def kill(self) -> None:
        self.journal = None
        self.disk = self.disk.killed()

    @rule(randomness=st.randoms(use_true_random=False))
    def power_cut(self, randomness: Random) -> None:
        self.journal = None
        self.disk = self.disk.power_cut(randomness.randrange)
        self.reader = JournalReader(FOLDER, self.disk)

    @invariant()
    def what_a_reader_was_shown_stays_true(self) -> None:
        seen = self.reader.read(0, 10**9, 10**9)
        agreed = min(len(seen), len(self.shown))
        assert seen[:agreed] == self.shown[:agreed]
        assert seen[:agreed] == self.technician.committed[:agreed]
        assert len(seen) <= len(self.technician.committed) + (self.technician.in_doubt is not None)
        self.shown = max(seen, self.shown, key=len)


JournalOnABadDisk.TestCase.settings = settings(max_examples=150, stateful_step_count=40)
TestJournalOnABadDisk = JournalOnABadDisk.TestCase


@given(st.randoms(use_true_random=False), st.integers(0, CALLS - 1))
def test_a_power_cut_that_keeps_any_part_of_what_was_unsynced_loses_no_committed_event(
    randomness: Random,
    nth: int,
) -> None:
    disk, technician = with_history()
    disk.stop(nth)
    with pytest.raises(Stopped):
        capture_five(disk, technician)
    for _ in range(3):
        disk = disk.power_cut(randomness.randrange)
        opened(disk).close()
        technician.accept(stored(disk))
        technician.capture(opened(disk))
