"""Capture: what it signs, what it refuses, and that any failure leaves it, and its files, in order."""

import errno
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from jobseal import cose, event
from jobseal.errors import JobsealError
from jobseal.event import SignedEvent
from jobseal.host.crypto import Verifier
from jobseal.job import close_over
from jobseal.uplink_state import State
from jobseal_device.capture import Capture
from jobseal_device.errors import DeviceRolledBack, DiskFull, EventInDoubt, JournalInUse, StorageFailed
from jobseal_device.home import Home
from jobseal_device.identity import NotEnrolled
from jobseal_device.journal_reader import JournalReader
from jobseal_device.legality import IllegalStep
from jobseal_device.objects import ObjectStore
from jobseal_device.uplink_file import write_uplink
from tests.device.simulated_disk import KEEP, SimulatedDisk, Stopped
from tests.device.workbench import MINUTE_MS, Workbench, key_of


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    made = Workbench(tmp_path)
    yield made
    made.close()


@pytest.fixture
def disk() -> SimulatedDisk:
    return SimulatedDisk()


@pytest.fixture
def faulty(tmp_path: Path, disk: SimulatedDisk) -> Workbench:
    """A handheld that has arrived at WO-1, on a disk that can be made to fail."""
    made = Workbench(tmp_path, disk)
    made.arrive()
    return made


def journal_of(bench: Workbench) -> list[SignedEvent]:
    return [event.parse(data) for _, data in JournalReader(bench.home.journal, bench.files).readable()]


def test_events_form_one_chain_from_the_enrolment_on_and_every_signature_verifies(bench: Workbench) -> None:
    bench.visit()
    bench.crash()
    bench.visit("WO-2")
    prev, verifier = bench.identity.genesis, Verifier()
    for number, signed in enumerate(journal_of(bench)):
        assert (signed.event.seq, signed.event.prev) == (number, prev)
        cose.verify(signed.envelope, cose.EVENT, bench.signer.key, verifier)
        prev = signed.hash
    assert number == 13


def test_a_job_from_acceptance_to_sign_off_with_a_return_visit_and_a_wait(bench: Workbench) -> None:
    steps: list[tuple[str, dict[str, str], str]] = [
        ("job.accepted", {}, "dispatched"),
        ("travel.started", {}, "en_route"),
        ("travel.stopped", {"distance_m": "1200"}, "dispatched"),
        ("job.arrived", {}, "on_site"),
        ("labour.started", {"task": "FIT"}, "on_site"),
        ("labour.stopped", {"task": "FIT"}, "on_site"),
        ("job.waiting", {"reason": "parts"}, "waiting"),
        ("travel.started", {}, "en_route"),
        ("job.arrived", {}, "on_site"),
        ("part.used", {"code": "P", "quantity": "1", "unit": "pc", "source": "van"}, "on_site"),
        ("part.returned", {"code": "P", "quantity": "1", "unit": "pc", "source": "van"}, "on_site"),
        ("note.added", {"note": "leaks again"}, "on_site"),
        ("job.completed", {}, "complete"),
        ("job.reopened", {"reason": "forgot the seal"}, "on_site"),
        ("job.completed", {}, "complete"),
        ("signoff.waived", {"reason": "nobody there"}, "waived"),
    ]
    for kind, fields, state in steps:
        assert kind in bench.capture.steps("WO-1", "t-1")
        bench.sign(kind, **fields)
        assert bench.capture.state("WO-1") == state


def test_a_job_that_no_order_plans_is_accepted_on_site_and_says_so(bench: Workbench) -> None:
    signed = bench.sign("job.accepted", "UNPLANNED-7", site="SITE-9")
    assert signed.event.body == {1: None, 2: None, 3: "SITE-9"}


def test_a_job_can_be_cancelled_before_it_was_accepted(bench: Workbench) -> None:
    signed = bench.sign("job.cancelled", reason="called off")
    assert signed.event.close == close_over([])
    assert bench.capture.state("WO-1") == "cancelled"


def test_two_technicians_on_one_handheld_are_timed_each_for_himself(bench: Workbench) -> None:
    bench.arrive()
    bench.sign("labour.started", task="FIT")
    bench.technician = "t-2"
    bench.sign("labour.started", task="TEST")
    with pytest.raises(IllegalStep, match="FIT is not being timed in job WO-1, but TEST is"):
        bench.sign("labour.stopped", task="FIT")
    with pytest.raises(IllegalStep, match="is being timed already"):
        bench.sign("labour.started", task="FIT")
    bench.sign("labour.stopped", task="TEST")
    with pytest.raises(IllegalStep, match="while labour is being timed"):
        bench.sign("job.completed")
    bench.technician = "t-1"
    bench.sign("labour.stopped", task="FIT")
    bench.sign("job.completed")
    spans = [
        (entry.by, entry.code) for entry in bench.capture.fold.job("WO-1").lanes[0].entries if entry.kind == "labour"
    ]
    assert spans == [("t-1", "FIT"), ("t-2", "TEST")]


def test_who_opened_the_session_signs_until_he_closes_it(bench: Workbench) -> None:
    bench.sign("session.opened", None)
    bench.technician = None
    assert bench.sign("job.accepted").event.by == "t-1"
    bench.technician = "t-2"
    bench.sign("session.opened", None)
    bench.technician = "t-1"
    bench.sign("session.closed", None)  # the earlier one's end is not the later one's
    bench.technician = None
    bench.reopen()
    assert bench.sign("job.arrived").event.by == "t-2"
    bench.sign("session.closed", None)
    assert bench.sign("note.added", note="x").event.by is None


# What is refused


@pytest.mark.parametrize(
    ("kind", "job", "sentence"),
    [
        ("job.arrived", "WO-1", "while job WO-1 is not accepted yet; possible are: job.accepted, job.cancelled"),
        ("labour.started", None, "labour.started needs the job that it belongs to"),
        ("session.opened", "WO-1", "is about the handheld and belongs to no job"),
        ("drone.launched", "WO-1", "There is no event kind drone.launched"),
        ("job.accepted", "W\x1b[2JO", "job has a control character"),
        ("job.accepted", "W" * 65, "job is not a text of 1 to 64 characters"),
        ("job.accepted", "", "job is not a text of 1 to 64 characters"),
    ],
)
def test_what_cannot_happen_is_refused_with_a_sentence_and_nothing_is_signed(
    bench: Workbench, kind: str, job: str | None, sentence: str
) -> None:
    with pytest.raises(JobsealError) as refused:
        bench.sign(kind, job, **({"task": "FIT"} if kind == "labour.started" else {}))
    assert sentence in refused.value.sentence
    assert refused.value.sentence.endswith("nothing was signed.")
    assert refused.value.fault == "operator"
    assert bench.capture.journal.next_seq == 0


def test_an_overlong_technician_is_refused(bench: Workbench) -> None:
    bench.technician = "t" * 33
    with pytest.raises(JobsealError, match="by is not a text of 1 to 32 characters"):
        bench.sign("job.accepted")


def test_a_session_is_somebodys(bench: Workbench) -> None:
    bench.technician = None
    with pytest.raises(IllegalStep, match="needs the technician"):
        bench.sign("session.opened", None)


def test_an_event_beyond_the_cap_is_refused_and_its_objects_are_not_kept(bench: Workbench) -> None:
    bench.arrive()
    note = bench.capture.attachment(b"x", "text/plain")
    with pytest.raises(JobsealError) as refused:
        bench.capture.sign("event.corrected", {1: 9, 2: {1: "x" * 4000}}, "WO-1", "t-1", bench.signed[0].hash, [note])
    assert (refused.value.code, refused.value.fault) == ("too_large", "operator")
    assert ObjectStore(bench.home).unsigned() == []
    bench.sign("note.added", note="goes on")


def test_capture_with_another_key_than_the_enrolled_one_does_not_open(bench: Workbench) -> None:
    bench.close()
    with pytest.raises(NotEnrolled, match="not the one that was enrolled"):
        Capture(bench.home, bench.identity, key_of("somebody else"), bench.clock, bench.salt)


def test_a_second_capture_is_refused_and_the_first_goes_on(bench: Workbench) -> None:
    with pytest.raises(JournalInUse):
        Capture(bench.home, bench.identity, bench.signer, bench.clock, bench.salt)
    bench.arrive()


# Anchors and closes


def test_the_anchor_is_stated_when_it_changes_in_first_events_and_in_closes(bench: Workbench) -> None:
    assert bench.sign("job.accepted").event.anchor is None
    first = bench.checkpoint(7)
    assert bench.sign("job.arrived").event.anchor == first  # changed
    assert bench.sign("note.added", note="x").event.anchor is None  # inherited
    assert bench.sign("job.accepted", "WO-2").event.anchor == first  # the job's first event
    bench.reopen()
    assert bench.sign("note.added", note="x").event.anchor is None  # another process, the same boot
    bench.clock.restart()
    assert bench.sign("note.added", note="x").event.anchor == first  # the boot's first event
    second = bench.checkpoint(9)
    assert bench.sign("note.added", note="x").event.anchor == second
    assert bench.sign("job.completed").event.anchor == second  # a close
    assert bench.sign("signoff.waived", reason="absent").event.anchor == second


@pytest.mark.parametrize("damage", ["damaged", "gone"])
def test_without_syncs_file_the_chains_own_newest_anchor_stands_in(bench: Workbench, damage: str) -> None:
    anchor = bench.checkpoint(7)
    bench.arrive()
    bench.close()
    if damage == "gone":
        bench.home.uplink.unlink()
    else:
        bench.home.uplink.write_bytes(b"\x87garbage")
    bench.capture = bench.open()
    bench.clock.restart()
    assert bench.sign("note.added", note="x").event.anchor == anchor
    assert bench.sign("note.added", note="x").event.anchor is None


def test_no_flipped_bit_in_syncs_file_makes_an_honest_handheld_one_that_was_set_back(bench: Workbench) -> None:
    bench.arrive()
    state = State()
    state.checkpoint, state.next, state.head = bench.office.checkpoint(3), 2, bench.signed[-1].hash
    write_uplink(bench.home, state)
    whole = bench.home.uplink.read_bytes()
    for bit in range(len(whole) * 8):
        at = bit // 8
        bench.home.uplink.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << bit % 8]) + whole[at + 1 :])
        bench.crash()
    assert bench.capture.journal.next_seq == 2


def test_every_event_from_the_completion_on_closes_over_all_earlier_ones_of_its_job(bench: Workbench) -> None:
    bench.arrive("WO-2")
    bench.visit("WO-1")
    bench.reopen()
    bench.sign("note.added", "WO-2", note="in between")
    amended = next(signed for signed in bench.signed if signed.event.kind == "part.used")
    bench.sign("event.corrected", amends=amended.hash, reason="2", quantity="3")
    bench.sign("job.reopened", reason="leaks")
    bench.sign("note.added", note="again")
    seen: list[bytes] = []
    closing = False
    for signed in bench.signed:
        if signed.event.job == "WO-1":
            closing = closing or signed.event.kind == "job.completed"
            assert signed.event.close == (close_over(seen) if closing else None)
            seen.append(signed.hash)
        else:
            assert signed.event.close is None
    assert len(seen) == 10


# The clock


def test_a_clock_that_was_never_set_is_null_and_never_a_guess(bench: Workbench) -> None:
    bench.clock.wrong_ms = None
    signed = bench.sign("job.accepted")
    assert (signed.event.at, signed.event.up) == (None, 11 * MINUTE_MS)
    bench.clock.wrong_ms = 0
    bench.sign("job.arrived")
    assert bench.kinds() == ["job.accepted", "job.arrived"]  # set for the first time: nothing was shifted


@pytest.mark.parametrize("shift_ms", [-3 * 60 * MINUTE_MS, 5_001, 86_400_000])
def test_a_clock_set_by_hand_within_a_boot_is_said_before_the_next_event(bench: Workbench, shift_ms: int) -> None:
    bench.sign("job.accepted")
    bench.reopen()
    bench.clock.wrong_ms = shift_ms
    bench.sign("job.arrived")
    assert bench.kinds() == ["job.accepted", "clock.adjusted", "job.arrived"]
    said = bench.signed[1].event
    assert said.body == {1: shift_ms}
    assert (said.job, said.by) == (None, "t-1")
    bench.sign("note.added", note="x")
    assert bench.kinds().count("clock.adjusted") == 1


def test_small_corrections_and_another_boot_are_no_jumps(bench: Workbench) -> None:
    bench.sign("job.accepted")
    bench.clock.wrong_ms = 4_000
    bench.sign("job.arrived")
    bench.clock.restart()
    bench.clock.wrong_ms = -86_400_000
    bench.sign("note.added", note="x")
    assert "clock.adjusted" not in bench.kinds()
    assert bench.signed[-1].event.boot != bench.signed[0].event.boot


def test_an_event_that_is_refused_says_nothing_of_the_clock_either(bench: Workbench) -> None:
    bench.sign("job.accepted")
    bench.clock.wrong_ms = 86_400_000
    with pytest.raises(IllegalStep):
        bench.sign("job.completed")
    assert bench.kinds() == ["job.accepted"]


# Full and failing disks


def test_a_full_disk_means_that_nothing_happened_wherever_it_fills(faulty: Workbench, disk: SimulatedDisk) -> None:
    for nth in range(12):
        before, state = [each.hash for each in journal_of(faulty)], faulty.capture.state("WO-1")
        disk.fail(nth, errno.ENOSPC)
        try:
            faulty.sign("note.added", note="a note with an object")
        except (DiskFull, StorageFailed):
            assert [each.hash for each in journal_of(faulty)] == before
            assert faulty.capture.state("WO-1") == state
            assert ObjectStore(faulty.home, disk).unsigned() == []
        disk.heal()
        faulty.sign("note.added", note="there is space again")
    assert len(ObjectStore(faulty.home, disk).pending()) == faulty.kinds().count("note.added")


def test_a_disk_that_stays_full_is_said_each_time_and_capture_goes_on_when_there_is_space(
    faulty: Workbench, disk: SimulatedDisk
) -> None:
    disk.fail(0, errno.ENOSPC, times=10_000)
    for _ in range(3):
        with pytest.raises(DiskFull):
            faulty.sign("note.added", note="x")
    faulty.close()
    with pytest.raises(DiskFull):
        faulty.open()
    disk.heal()
    faulty.capture = faulty.open()  # the attempt before has let go of its lock
    faulty.visit("WO-2")


def test_after_any_single_failing_call_the_next_events_are_signed_once_each_and_in_order(tmp_path: Path) -> None:
    seen: set[str] = set()
    for error in (errno.EIO, errno.ENOSPC):
        for nth in range(14):
            disk = SimulatedDisk()
            bench = Workbench(tmp_path, disk)
            bench.arrive()
            disk.fail(nth, error)
            try:
                bench.sign("note.added", note="first")
                seen.add("signed")
            except (DiskFull, StorageFailed) as failed:
                seen.add(failed.code)
                bench.sign("note.added", note="first")
            disk.heal()
            bench.sign("note.added", note="second")
            events = journal_of(bench)
            assert [each.event.kind for each in events] == ["job.accepted", "job.arrived", "note.added", "note.added"]
            assert len(ObjectStore(bench.home, disk).pending()) == 2
            fold = bench.folded_from_scratch()
            assert bench.capture.fold.job("WO-1").to_value() == fold.job("WO-1").to_value()
    assert seen == {"signed", "disk_full", "storage_failed"}


def test_an_event_in_doubt_is_kept_and_committed_once_before_any_other(faulty: Workbench, disk: SimulatedDisk) -> None:
    disk.fail(5, errno.EIO, times=10_000)  # after the note's own file: the journal's sync, and whatever follows
    with pytest.raises(EventInDoubt, match=r"note.added is signed, but not safe yet") as doubt:
        faulty.sign("note.added", note="reality")
    assert doubt.value.final is False
    with pytest.raises(StorageFailed):  # the disk still fails: nothing else is signed
        faulty.sign("labour.started", task="FIT")
    assert [each.event.kind for each in journal_of(faulty)] == ["job.accepted", "job.arrived"]
    disk.heal()
    faulty.sign("labour.started", task="FIT")
    assert [each.event.kind for each in journal_of(faulty)][2:] == ["note.added", "labour.started"]
    assert [fact.kind for fact in faulty.capture.fold.job("WO-1").facts][2:] == ["note.added", "labour.started"]
    assert len(ObjectStore(faulty.home, disk).pending()) == 1
    faulty.crash()
    assert [each.event.kind for each in journal_of(faulty)][2:] == ["note.added", "labour.started"]


def test_an_event_in_doubt_can_be_settled_by_itself(faulty: Workbench, disk: SimulatedDisk) -> None:
    disk.fail(0, errno.EIO, times=10_000)
    with pytest.raises(EventInDoubt):
        faulty.sign("labour.started", task="FIT")
    disk.heal()
    faulty.capture.settle()
    assert faulty.capture.steps("WO-1", "t-1")[0] != "labour.started"
    with pytest.raises(IllegalStep, match="timed already"):  # what a person does who was not told to look first
        faulty.sign("labour.started", task="FIT")


def test_a_clock_event_left_in_doubt_says_that_nothing_else_was_signed(faulty: Workbench, disk: SimulatedDisk) -> None:
    faulty.clock.wrong_ms = 86_400_000
    disk.fail(0, errno.EIO, times=10_000)
    with pytest.raises(StorageFailed, match="Nothing else was signed"):
        faulty.sign("labour.started", task="FIT")
    disk.heal()
    faulty.sign("labour.started", task="FIT")
    assert [each.event.kind for each in journal_of(faulty)][2:] == ["clock.adjusted", "labour.started"]


def test_a_power_cut_keeps_every_event_that_was_said_to_be_signed_and_its_object(tmp_path: Path) -> None:
    for nth in range(40):
        disk = SimulatedDisk()
        bench = Workbench(tmp_path, disk)
        bench.arrive()
        bench.sign("note.added", note="one")
        committed = [each.hash for each in bench.signed]
        fates = iter([nth % 3, nth // 3 % 3, nth // 9 % 3, nth % 2] * 50)
        bench.files = disk.power_cut(lambda below, fates=fates: next(fates) % below)  # type: ignore[misc]
        bench.capture = bench.open()
        assert [each.hash for each in journal_of(bench)] == committed
        store = ObjectStore(bench.home, bench.files)
        assert (len(store.pending()), store.unsigned()) == (1, [])
        bench.visit("WO-2")


# Objects


def test_an_object_is_on_the_disk_before_its_event_and_to_be_sent_only_behind_it(
    faulty: Workbench, disk: SimulatedDisk
) -> None:
    for nth in range(30):
        disk.stop(nth)
        before = len(journal_of(faulty))
        with suppress(Stopped):
            faulty.sign("note.added", note=f"note {nth}")
        disk.killed()
        faulty.capture = faulty.open()
        named = {each.event.body[1][0] for each in journal_of(faulty) if each.event.kind == "note.added"}
        store = ObjectStore(faulty.home, disk)
        assert {digest for digest, _ in store.pending()} == named
        assert store.unsigned() == []
        assert len(journal_of(faulty)) - before in (0, 1)
    assert len(journal_of(faulty)) > 10


def test_a_photo_is_salted_and_the_event_does_not_hold_the_salt(bench: Workbench, tmp_path: Path) -> None:
    (tmp_path / "front.jpg").write_bytes(b"JPEG" * 1000)
    bench.arrive()
    signed = bench.sign("photo.attached", photo=f"@{tmp_path}/front.jpg", purpose="after")
    digest, size, media = signed.event.body[1]
    assert (size, media) == (4000, "image/jpeg")
    data = ObjectStore(bench.home).read(digest, 0, 9999)
    assert data[32:] == b"JPEG" * 1000
    assert data[:32] not in signed.data


# Rolled back


def test_a_handheld_that_the_gateway_knows_to_be_set_back_never_signs_again(bench: Workbench) -> None:
    bench.arrive()
    bench.home.rolled_back.write_bytes(b"receipt")  # by sync, while capture is open
    with pytest.raises(DeviceRolledBack) as refused:
        bench.sign("note.added", note="x")
    assert refused.value.code == "device_rolled_back"
    bench.close()
    with pytest.raises(DeviceRolledBack):
        bench.open()


def test_a_journal_that_ends_before_the_highest_receipt_is_refused(bench: Workbench) -> None:
    bench.visit()
    bench.close()
    state = State()
    state.next, state.head = 8, b"\1" * 32
    write_uplink(bench.home, state)
    with pytest.raises(DeviceRolledBack, match="The office holds event 7, and the journal ends at 6"):
        bench.open()
    state.next, state.head = 5, b"\1" * 32
    write_uplink(bench.home, state)
    with pytest.raises(DeviceRolledBack, match="another event 4"):
        bench.open()


def test_a_journal_that_ends_before_its_own_head_is_refused(bench: Workbench) -> None:
    bench.visit()
    bench.close()
    segment = next(bench.home.journal.glob("*.seg"))
    segment.write_bytes(segment.read_bytes()[:-100])
    with pytest.raises(DeviceRolledBack, match="ends before its head"):
        bench.open()
    for _ in range(2):  # a refusal lets go of the lock, and says the same again
        with pytest.raises(DeviceRolledBack):
            bench.open()


# Damage


def damage(bench: Workbench, *seqs: int) -> None:
    """Make these events of the last segment unreadable."""
    segment = sorted(bench.home.journal.glob("*.seg"))[-1]
    data = bytearray(segment.read_bytes())
    for signed in bench.signed:
        if signed.event.seq in seqs:
            at = data.index(signed.data)
            data[at + 60 : at + 64] = b"\0\1\2\3"
    segment.write_bytes(data)


def test_lost_events_are_announced_once_by_the_next_of_the_chain_with_the_anchor(bench: Workbench) -> None:
    anchor = bench.checkpoint(3)
    bench.visit()
    bench.close()
    damage(bench, 2, 5)
    bench.capture = bench.open()
    bench.sign("job.accepted", "WO-2")
    bench.reopen()
    bench.sign("job.arrived", "WO-2")
    said = [each.event for each in journal_of(bench) if each.event.kind == "range.lost"]
    assert [each.body for each in said] == [{1: 2, 2: 2}, {1: 5, 2: 5}]
    assert [each.anchor for each in said] == [anchor, anchor]
    assert [each.seq for each in said] == [7, 8]


def test_losses_that_only_sync_has_noticed_are_announced_with_the_next_event(bench: Workbench) -> None:
    bench.visit()
    damage(bench, 3)
    bench.home.damaged.write_bytes(b"3")
    bench.sign("job.accepted", "WO-2")
    bench.sign("job.arrived", "WO-2")
    kinds = [each.event.kind for each in journal_of(bench)]
    assert kinds[-3:] == ["range.lost", "job.accepted", "job.arrived"]


def test_a_disk_that_fills_when_losses_are_found_postpones_their_announcement(tmp_path: Path) -> None:
    postponed = 0
    for nth in range(10, 40):
        disk = SimulatedDisk()
        bench = Workbench(tmp_path, disk)
        bench.visit()
        bench.close()
        data = disk.contents(bench.home.journal / "00000000.seg")
        data[data.index(bench.signed[3].data) + 60] ^= 1
        disk.fail(nth, errno.ENOSPC, times=10_000)
        with suppress(DiskFull):
            bench.capture = bench.open()
        disk.heal()
        if bench.is_open:
            postponed += journal_of(bench)[-1].event.kind != "range.lost"
            bench.sign("job.accepted", "WO-2")
            assert [each.event.kind for each in journal_of(bench)][-2:] == ["range.lost", "job.accepted"]
    assert postponed


def test_what_sync_shares_may_be_damaged_and_events_are_signed_all_the_same(bench: Workbench) -> None:
    bench.home.work.write_text("{not json")
    bench.home.uplink.write_bytes(b"garbage")
    bench.crash()
    bench.visit()
    assert bench.signed[0].event.body == {1: None, 2: None}


def test_the_data_folder_may_have_to_be_made_first(tmp_path: Path) -> None:
    bench = Workbench(tmp_path / "a" / "b")
    bench.visit()
    bench.close()


def test_a_data_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageFailed):
        Home(tmp_path / "file" / "home" / "deeper").make()


def test_the_disk_keeps_what_a_power_cut_with_luck_would_keep(tmp_path: Path) -> None:
    """The other end of the power cut test: everything unsynced survives too."""
    disk = SimulatedDisk()
    bench = Workbench(tmp_path, disk)
    bench.visit()
    bench.files = disk.power_cut(lambda below: below - 1 if below > KEEP + 1 else min(KEEP, below - 1))
    bench.capture = bench.open()
    assert len(journal_of(bench)) == 7
