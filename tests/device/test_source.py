"""What sync reads: exactly what is committed, and what it does about what it cannot read."""

import hashlib
from pathlib import Path

import pytest

from jobseal import event
from jobseal_device.errors import JournalDamaged
from jobseal_device.objects import ObjectStore
from jobseal_device.source import DeviceSource
from jobseal_device.work_file import WorkFile
from tests.device.workbench import Workbench


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    made = Workbench(tmp_path)
    made.visit()
    made.close()
    return made


def source_of(bench: Workbench) -> DeviceSource:
    return DeviceSource(bench.home, ObjectStore(bench.home), WorkFile(bench.home))


def damage(bench: Workbench, *seqs: int) -> None:
    segment = sorted(bench.home.journal.glob("*.seg"))[-1]
    data = bytearray(segment.read_bytes())
    for signed in bench.signed:
        if signed.event.seq in seqs:
            data[data.index(signed.data) + 60] ^= 1
    segment.write_bytes(data)


def test_an_empty_folder_has_nothing_to_say(tmp_path: Path) -> None:
    bench = Workbench(tmp_path)
    source = source_of(bench)
    assert source.head() is None
    assert source.events(0, 64, 32768) == source.holes() == source.pending() == []
    assert source.hash_at(0) is None
    bench.close()


def test_it_gives_the_events_up_to_the_head_and_sees_new_ones_at_once(bench: Workbench) -> None:
    source = source_of(bench)
    assert source.head() == (6, bench.signed[6].data)
    assert source.events(2, 3, 32768) == [each.data for each in bench.signed[2:5]]
    assert source.hash_at(3) == hashlib.sha256(bench.signed[3].data).digest()
    bench.capture = bench.open()
    signed = bench.sign("job.reopened", reason="leaks")
    bench.close()
    assert source.head() == (7, signed.data)
    assert source.events(7, 64, 32768) == [signed.data]


def test_frames_beyond_the_head_are_not_there(bench: Workbench) -> None:
    segment = next(bench.home.journal.glob("*.seg"))
    with segment.open("ab") as file:
        file.write(segment.read_bytes()[:300])
    assert source_of(bench).events(0, 64, 32768) == [each.data for each in bench.signed]


def test_an_unreadable_event_asks_capture_for_its_announcement_and_then_gives_it(bench: Workbench) -> None:
    damage(bench, 2, 3)
    source = source_of(bench)
    assert len(source.events(0, 64, 32768)) == 2
    assert not bench.home.damaged.exists()  # nobody has come to it yet
    assert source.events(2, 64, 32768) == []
    assert bench.home.damaged.exists()
    assert source.holes() == []
    bench.capture = bench.open()
    bench.close()
    assert source.events(2, 64, 32768) == []
    assert [event.parse(data).event.body for data in source.holes()] == [{1: 2, 2: 3}]
    assert not bench.home.damaged.exists()
    assert len(source.events(4, 64, 32768)) == 4
    assert source.holes() == []  # nothing is asked for any more that is missing


def test_each_hole_is_announced_by_its_own_event(bench: Workbench) -> None:
    damage(bench, 1, 4)
    bench.capture = bench.open()
    bench.close()
    for source in (source_of(bench), source_of(bench)):
        for lost in (4, 1, 4):
            assert source.events(lost, 64, 32768) == []
            assert [event.parse(data).event.body for data in source.holes()] == [{1: lost, 2: lost}]


def test_a_head_that_cannot_be_read_is_an_error_and_no_older_event_stands_in_for_it(bench: Workbench) -> None:
    damage(bench, 6)
    source = source_of(bench)
    with pytest.raises(JournalDamaged):
        source.head()
    assert bench.home.damaged.exists()
    assert source.hash_at(6) == bench.signed[6].hash  # the head file still says so
    bench.capture = bench.open()
    bench.close()
    head = source.head()
    assert head is not None
    assert event.parse(head[1]).event.kind == "range.lost"


def test_the_hash_of_an_event_that_cannot_be_read_is_unknown(bench: Workbench) -> None:
    damage(bench, 3)
    assert source_of(bench).hash_at(3) is None
