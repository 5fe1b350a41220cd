"""The journal on real files: what is there after reopening, what damage costs, and when a handheld must not sign."""

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from itertools import accumulate
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobseal.errors import JobsealError
from jobseal.limits import EVENT_MAX_BYTES
from jobseal_device.durable import REAL, Files
from jobseal_device.errors import DeviceRolledBack, JournalDamaged, JournalInUse, StorageFailed
from jobseal_device.journal import Journal
from jobseal_device.journal_frames import HEADER_BYTES, Stretch, place
from jobseal_device.journal_head import HEAD_NAME, HeadFile, HeadReader, Position
from jobseal_device.journal_reader import JournalReader

SEGMENT_BYTES = 200
ALL = 10**9


def event(number: int) -> bytes:
    """Of different lengths, so that no frame is found by stepping over another."""
    return b"event %d " % number + b"." * (number * 7 % 19)


def digest(number: int) -> bytes:
    return sha256(event(number)).digest()


def fill(folder: Path, count: int, segment_bytes: int = SEGMENT_BYTES) -> None:
    journal = Journal.open(folder, segment_bytes=segment_bytes)
    for number in range(journal.next_seq, count):
        journal.append(event(number))
    journal.close()


def segments(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.seg"))


def readable(folder: Path) -> dict[int, bytes]:
    """Every event that can be read, by number, the way a caller goes on behind damage."""
    reader = JournalReader(folder)
    found: dict[int, bytes] = {}
    seq = 0
    while seq <= (reader.head() or Position(-1, b"", 0, 0)).seq:
        try:
            events = reader.read(seq, 3, ALL)
        except JournalDamaged as damaged:
            first, last = damaged.lost or (0, 0)
            seq = last + 1 if first == seq else ALL
            continue
        assert events, f"nothing at {seq}, and nothing said to be lost"
        found.update(enumerate(events, seq))
        seq += len(events)
    return found


def flip(path: Path, at: int, mask: int = 0x10) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= mask
    path.write_bytes(data)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "journal"


def test_what_was_appended_is_there_after_reopening_in_order_and_across_segments(folder: Path) -> None:
    fill(folder, 30)
    fill(folder, 60)
    assert len(segments(folder)) > 5
    assert JournalReader(folder).read(0, ALL, ALL) == [event(number) for number in range(60)]


def test_a_new_journal_is_empty_and_starts_at_zero(folder: Path) -> None:
    journal = Journal.open(folder)
    assert (journal.head, journal.next_seq, journal.damage) == (None, 0, [])
    assert JournalReader(folder).read(0, 1, 1) == []
    assert journal.append(event(0)) == Position(0, digest(0), 0, HEADER_BYTES + len(event(0)))
    journal.close()


def test_a_segment_is_named_by_its_first_number_and_holds_no_more_than_it_may(folder: Path) -> None:
    fill(folder, 40)
    for path in segments(folder):
        assert JournalReader(folder).event(int(path.stem)) == event(int(path.stem))
        assert path.stat().st_size <= SEGMENT_BYTES


def test_a_frame_costs_eight_bytes_beside_its_event(folder: Path) -> None:
    fill(folder, 10, segment_bytes=100_000)
    [path] = segments(folder)
    assert path.stat().st_size == sum(len(event(number)) + 8 for number in range(10))


def test_a_reader_sees_an_event_as_soon_as_it_is_committed_and_reads_on_from_there(folder: Path) -> None:
    reader = JournalReader(folder)
    journal = Journal.open(folder, segment_bytes=SEGMENT_BYTES)
    for number in range(40):
        journal.append(event(number))
        assert reader.head() == journal.head
        assert reader.read(number, 64, ALL) == [event(number)]
    journal.close()


def test_a_reader_returns_at_most_what_was_asked_for_and_always_one(folder: Path) -> None:
    fill(folder, 40)
    reader = JournalReader(folder)
    assert len(reader.read(0, 7, ALL)) == 7
    assert reader.read(5, 64, len(event(5)) + len(event(6))) == [event(5), event(6)]
    assert reader.read(5, 64, 1) == [event(5)]
    assert reader.event(39) == event(39)
    assert reader.event(40) is None


def test_a_second_writer_is_refused_until_the_first_one_closes(folder: Path) -> None:
    first = Journal.open(folder)
    with pytest.raises(JournalInUse) as refused:
        Journal.open(folder)
    assert refused.value.code == "journal_in_use"
    first.close()
    Journal.open(folder).close()


@pytest.mark.parametrize("size", [0, EVENT_MAX_BYTES + 1])
def test_an_event_that_could_not_be_read_back_is_not_taken(folder: Path, size: int) -> None:
    journal = Journal.open(folder)
    with pytest.raises(JobsealError) as refused:
        journal.append(bytes(size))
    assert refused.value.code == "too_large"
    journal.append(bytes(EVENT_MAX_BYTES))
    assert JournalReader(folder).event(0) == bytes(EVENT_MAX_BYTES)
    journal.close()


def test_a_writer_killed_between_two_system_calls_loses_nothing_that_it_reported(folder: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from jobseal_device.journal import Journal\n"
        "journal = Journal.open(Path(sys.argv[1]), segment_bytes=5000)\n"
        "while True: print(journal.append(b'event %d' % journal.next_seq).seq, flush=True)\n"
    )
    reported = -1
    for _ in range(3):
        with subprocess.Popen([sys.executable, "-c", program, str(folder)], stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            for _ in range(120):
                assert int(writer.stdout.readline()) == reported + 1
                reported += 1
            writer.kill()
            reported += len(writer.stdout.read().splitlines())
        journal = Journal.open(folder)
        # One more may be there: committed, and killed before it could be reported.
        assert journal.next_seq in (reported + 1, reported + 2)
        reported = journal.next_seq - 1
        journal.close()
        assert JournalReader(folder).read(0, ALL, ALL) == [b"event %d" % number for number in range(reported + 1)]


def with_head_behind(folder: Path, count: int, behind: int, segment_bytes: int = SEGMENT_BYTES) -> None:
    """A journal as a power cut leaves it that took the last writes of the head."""
    fill(folder, count - behind, segment_bytes)
    head = (folder / HEAD_NAME).read_bytes()
    fill(folder, count, segment_bytes)
    (folder / HEAD_NAME).write_bytes(head)


@pytest.mark.parametrize("behind", [0, 1, 2, 9, 25])
def test_intact_events_beyond_the_head_are_committed(folder: Path, behind: int) -> None:
    with_head_behind(folder, 30, behind)
    journal = Journal.open(folder, (29, digest(29)), SEGMENT_BYTES)
    assert journal.next_seq == 30
    journal.close()
    fill(folder, 35)
    assert JournalReader(folder).read(0, ALL, ALL) == [event(number) for number in range(35)]


def test_every_event_is_kept_when_the_head_is_lost(folder: Path) -> None:
    fill(folder, 30)
    (folder / HEAD_NAME).unlink()
    fill(folder, 35)
    assert JournalReader(folder).read(0, ALL, ALL) == [event(number) for number in range(35)]


@pytest.mark.parametrize("behind", [1, 2, 3])
def test_a_tail_cut_at_any_byte_beyond_the_head_costs_only_the_torn_event(tmp_path: Path, behind: int) -> None:
    with_head_behind(tmp_path / "whole", 8, behind, segment_bytes=10_000)
    [whole] = segments(tmp_path / "whole")
    data = whole.read_bytes()
    ends = [sum(HEADER_BYTES + len(event(n)) for n in range(count)) for count in range(9)]
    for cut in range(ends[8 - behind], ends[8] + 1):
        folder = tmp_path / str(cut)
        folder.mkdir()
        (folder / HEAD_NAME).write_bytes((tmp_path / "whole" / HEAD_NAME).read_bytes())
        (folder / whole.name).write_bytes(data[:cut])
        intact = sum(end <= cut for end in ends) - 1
        journal = Journal.open(folder)
        assert journal.next_seq == intact
        assert (folder / whole.name).stat().st_size in (cut, ends[intact])
        journal.append(event(intact))
        journal.close()
        assert JournalReader(folder).read(0, ALL, ALL) == [event(number) for number in range(intact + 1)]


def test_torn_bytes_are_cut_from_the_file(folder: Path) -> None:
    fill(folder, 3)
    [path] = segments(folder)
    whole = path.read_bytes()
    path.write_bytes(whole + b"\0\0\0\x50torn")
    Journal.open(folder).close()
    assert path.read_bytes() == whole


def test_a_journal_cut_at_any_byte_before_its_head_was_rolled_back_and_is_left_as_it_is(folder: Path) -> None:
    fill(folder, 4, segment_bytes=10_000)
    [path] = segments(folder)
    data = path.read_bytes()
    for cut in range(len(data)):
        path.write_bytes(data[:cut])
        with pytest.raises(DeviceRolledBack) as refused:
            Journal.open(folder)
        assert refused.value.code == "device_rolled_back"
        assert path.read_bytes() == data[:cut]


def remove(paths: list[Path]) -> None:
    for path in paths:
        path.unlink()


def name_another_event(folder: Path) -> None:
    head = HeadReader(REAL, folder).read()
    assert head is not None
    HeadFile(REAL, folder).publish(head._replace(hash=digest(28)))


def nothing(folder: Path) -> None:
    assert folder.is_dir()


ROLLED_BACK: dict[str, tuple[Callable[[Path], None], tuple[int, bytes] | None]] = {
    "the last segment is gone": (lambda folder: remove(segments(folder)[-1:]), None),
    "all segments are gone": (lambda folder: remove(segments(folder)), None),
    "everything is gone but a receipt": (lambda folder: remove(list(folder.iterdir())), (0, digest(0))),
    "the receipt names a later event": (nothing, (30, digest(30))),
    "the receipt names another last event": (nothing, (29, digest(28))),
    "the receipt names another early event": (nothing, (3, digest(2))),
    "the head names another event": (name_another_event, None),
}


@pytest.mark.parametrize("how", ROLLED_BACK)
def test_a_journal_older_than_what_was_signed_never_signs_again(folder: Path, how: str) -> None:
    fill(folder, 30)
    damage, acknowledged = ROLLED_BACK[how]
    damage(folder)
    for _ in range(2):
        with pytest.raises(DeviceRolledBack):
            Journal.open(folder, acknowledged)


def test_a_journal_copied_back_from_an_old_backup_is_found_out_by_its_receipts(folder: Path) -> None:
    fill(folder, 12)
    backup = {path: path.read_bytes() for path in folder.iterdir()}
    fill(folder, 20)
    for path in folder.iterdir():
        path.unlink()
    for path, data in backup.items():
        path.write_bytes(data)
    with pytest.raises(DeviceRolledBack):
        Journal.open(folder, (15, digest(15)))
    Journal.open(folder, (11, digest(11))).close()


def test_a_flipped_bit_anywhere_costs_exactly_the_event_that_it_hits(folder: Path) -> None:
    fill(folder, 20)
    for path in segments(folder):
        data = path.read_bytes()
        owner = [
            number
            for number in range(int(path.stem), 20)
            for _ in range(HEADER_BYTES + len(event(number)))
        ]  # fmt: skip
        for at in range(len(data)):
            flip(path, at)
            lost = owner[at]
            journal = Journal.open(folder)
            assert journal.next_seq == 20
            journal.close()
            assert JournalReader(folder).lost(0, ALL) == [(lost, lost)]
            assert readable(folder) == {number: event(number) for number in range(20) if number != lost}
            assert path.read_bytes() != data
            path.write_bytes(data)


def test_a_damaged_journal_reports_its_last_segment_on_opening_and_goes_on(folder: Path) -> None:
    fill(folder, 5, segment_bytes=10_000)
    flip(segments(folder)[0], 3 * HEADER_BYTES)
    journal = Journal.open(folder)
    assert journal.damage == [(1, 1)]
    journal.append(event(5))
    journal.close()
    assert set(readable(folder)) == {0, 2, 3, 4, 5}


def test_a_damaged_head_event_does_not_change_what_comes_next(folder: Path) -> None:
    fill(folder, 5, segment_bytes=10_000)
    path = segments(folder)[0]
    flip(path, path.stat().st_size - 1)
    journal = Journal.open(folder, (4, digest(4)))
    assert journal.damage == [(4, 4)]
    assert journal.head is not None
    assert journal.head.hash == digest(4)
    journal.append(event(5))
    journal.close()
    assert readable(folder) == {number: event(number) for number in range(6) if number != 4}


@given(st.data())
def test_whatever_is_damaged_no_event_is_read_under_another_number(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("damaged") / "journal"
    fill(folder, 16)
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(segments(folder)))
        size = path.stat().st_size
        start = data.draw(st.integers(0, size - 1))
        length = data.draw(st.integers(1, 60))
        filling = data.draw(st.sampled_from([b"\0", b"\xff", b"event"]))
        contents = path.read_bytes()
        path.write_bytes((contents[:start] + (filling * length)[:length] + contents[start + length :])[:size])
    journal = Journal.open(folder)
    assert journal.next_seq == 16
    journal.append(event(16))
    journal.close()
    found = readable(folder)
    assert found.items() <= {number: event(number) for number in range(17)}.items()
    lost = {seq for first, last in JournalReader(folder).lost(0, ALL) for seq in range(first, last + 1)}
    assert lost == set(range(17)) - set(found)


def test_a_lost_segment_in_the_middle_is_one_lost_range(folder: Path) -> None:
    fill(folder, 30)
    gone, following = segments(folder)[1:3]
    gone.unlink()
    first, last = int(gone.stem), int(following.stem) - 1
    reader = JournalReader(folder)
    assert reader.lost(0, ALL) == [(first, last)]
    with pytest.raises(JournalDamaged) as damaged:
        reader.read(first, 1, ALL)
    assert damaged.value.lost == (first, last)
    assert reader.read(last + 1, 1, ALL) == [event(last + 1)]
    assert reader.read(0, ALL, ALL) == [event(number) for number in range(first)]


def test_damage_in_a_file_that_was_left_after_a_failed_sync_is_counted_without_its_copies(folder: Path) -> None:
    with_head_behind(folder, 10, 3, segment_bytes=10_000)
    fill(folder, 12)  # opening copied 7, 8, 9 to a new segment; the first one still holds them too
    old, new = segments(folder)
    assert int(new.stem) == 7
    assert event(9) in old.read_bytes()
    flip(old, old.read_bytes().index(event(2)))
    flip(old, old.read_bytes().index(event(3)))
    assert JournalReader(folder).lost(0, ALL) == [(2, 3)]
    assert readable(folder) == {number: event(number) for number in range(12) if number not in (2, 3)}


def test_what_is_counted_from_the_front_needs_no_end_and_what_needs_one_is_lost_without(folder: Path) -> None:
    with_head_behind(folder, 10, 3, segment_bytes=10_000)
    fill(folder, 12)
    old, new = segments(folder)
    for number in (2, 3, 4, 5):
        flip(old, old.read_bytes().index(event(number)))
    flip(new, new.read_bytes().index(event(7)))  # so that it cannot be told where the copies in the old file begin
    assert JournalReader(folder).lost(0, ALL) == [(2, 7)]
    assert readable(folder) == {number: event(number) for number in (0, 1, 8, 9, 10, 11)}


def chained(count: int) -> list[bytes]:
    """Events that name the one before, as real ones do."""
    found = [b"first"]
    while len(found) < count:
        found.append(b"%d " % len(found) + sha256(found[-1]).digest())
    return found


@pytest.mark.parametrize("cut", [False, True])
def test_behind_damage_the_end_of_a_file_counts_only_where_the_next_event_names_its_last(
    folder: Path, cut: bool
) -> None:
    events = chained(8)
    journal = Journal.open(folder, segment_bytes=4 * (HEADER_BYTES + len(events[1])))
    for each in events:
        journal.append(each)
    journal.close()
    first, ends = segments(folder)[0], list(accumulate(HEADER_BYTES + len(each) for each in events[:4]))
    assert first.stat().st_size == ends[-1]
    flip(first, HEADER_BYTES)  # event 0
    if cut:
        first.write_bytes(
            first.read_bytes()[: ends[2]]
        )  # event 3: what is left has the length of 1 and 2, or of 2 and 3
    else:
        flip(first, ends[0] + HEADER_BYTES)  # event 1
    found = readable(folder)
    assert found == {number: events[number] for number in found}
    assert set(found) == ({4, 5, 6, 7} if cut else {2, 3, 4, 5, 6, 7})
    assert JournalReader(folder).lost(0, ALL) == ([(0, 3)] if cut else [(0, 1)])


def test_a_segment_claims_no_number_that_belongs_to_the_next() -> None:
    assert place([[0, 10, 20, 30]], 5, 2, None, lambda _: None) == [Stretch(5, [0, 10, 20])]


def test_a_reader_follows_a_journal_that_goes_on_behind_damage(folder: Path) -> None:
    fill(folder, 5, segment_bytes=10_000)
    path = segments(folder)[0]
    flip(path, path.stat().st_size - 1)
    reader = JournalReader(folder)
    assert reader.lost(0, ALL) == [(4, 4)]
    for count in (6, 7):
        fill(folder, count, segment_bytes=10_000)
        assert reader.read(5, ALL, ALL) == [event(number) for number in range(5, count)]
        assert reader.lost(0, ALL) == [(4, 4)]


def test_damage_behind_the_head_of_unknown_extent_stops_signing_and_changes_nothing(folder: Path) -> None:
    with_head_behind(folder, 10, 4, segment_bytes=10_000)
    [path] = segments(folder)
    flip(path, path.read_bytes().index(event(7)))
    before = path.read_bytes()
    with pytest.raises(JournalDamaged) as refused:
        Journal.open(folder)
    assert refused.value.lost is None
    assert path.read_bytes() == before
    assert JournalReader(folder).read(0, ALL, ALL) == [event(number) for number in range(6)]


def test_an_unreadable_segment_behind_the_head_is_damage_since_none_is_made_without_its_first_event(
    folder: Path,
) -> None:
    fill(folder, 30)
    last = segments(folder)[-1]
    count = int(last.stem)
    head = folder / HEAD_NAME
    for path in folder.iterdir():
        path.unlink()
    fill(folder, count)
    before = head.read_bytes()
    fill(folder, count + 1)
    head.write_bytes(before)
    flip(last, HEADER_BYTES)
    with pytest.raises(JournalDamaged):
        Journal.open(folder)


class DeadSegments(Files):
    """The disk gives up the head, and nothing of any segment."""

    def __init__(self) -> None:
        self.dead: set[int] = set()

    def open(self, path: Path, flags: int) -> int:
        fd = super().open(path, flags)
        (self.dead.add if path.suffix == ".seg" else self.dead.discard)(fd)
        return fd

    def pread(self, fd: int, count: int, offset: int) -> bytes:
        if fd in self.dead:
            raise OSError(errno.EIO, "unreadable")
        return super().pread(fd, count, offset)


def test_what_the_disk_does_not_give_up_behind_the_head_is_not_taken_for_torn(folder: Path) -> None:
    with_head_behind(folder, 5, 2, segment_bytes=10_000)
    [path] = segments(folder)
    before = path.read_bytes()
    with pytest.raises(StorageFailed):
        Journal.open(folder, files=DeadSegments())
    assert path.read_bytes() == before
    fill(folder, 5)
    assert JournalReader(folder).read(0, ALL, ALL) == [event(number) for number in range(5)]


def test_what_the_disk_does_not_give_up_before_the_head_is_lost_and_the_journal_goes_on(folder: Path) -> None:
    fill(folder, 5, segment_bytes=10_000)
    journal = Journal.open(folder, files=DeadSegments())
    assert journal.damage == [(0, 4)]
    assert journal.append(event(5)).seq == 5
    journal.close()


def test_the_head_survives_damage_to_the_slot_that_was_written_last(folder: Path) -> None:
    folder.mkdir()
    positions = [Position(number, digest(number), 0, 100 + number) for number in range(7)]
    for number, position in enumerate(positions):
        head = HeadFile(REAL, folder)
        head.publish(position)
        head.close()
        assert HeadReader(REAL, folder).read() == position
        if number:
            data = (folder / HEAD_NAME).read_bytes()
            newest = data.index(position.hash)
            (folder / HEAD_NAME).write_bytes(data[:newest] + b"torn" + data[newest + 4 :])
            assert HeadReader(REAL, folder).read() == positions[number - 1]
            (folder / HEAD_NAME).write_bytes(data)


def test_opening_reads_only_the_last_segment_however_long_the_history(folder: Path) -> None:
    fill(folder, 200)
    for path in segments(folder)[:-1]:
        os.truncate(path, 0)
    journal = Journal.open(folder)
    assert journal.next_seq == 200
    assert journal.damage == []
    journal.close()
