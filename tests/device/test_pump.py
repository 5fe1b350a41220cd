"""The pump on real files against the gateway's real ingest: what arrives, what waits, and what no failure can lose."""

import errno
import hashlib
import shutil

import pytest

from jobseal import cbor, checkpoint, frame
from jobseal.limits import OBJECT_INLINE_MAX_BYTES
from jobseal_device.back_off import BackOff
from jobseal_device.durable import Files
from jobseal_device.errors import DeviceRolledBack, JournalDamaged, StorageError
from jobseal_device.journal_reader import JournalReader
from jobseal_device.link.contract import LinkDown, LinkRefused
from jobseal_device.uplink_file import read_uplink, write_uplink
from jobseal_device.work_file import WorkFile
from jobseal_gateway.ledger import leaves
from tests.device.test_source import damage
from tests.device.wire import Wire, document_frame
from tests.stations import Station

MINUTE_MS = 60_000


def back_off(after_outage_s: float = 60.0, most_s: float = 300.0) -> BackOff:
    return BackOff(lambda: 1.0, after_outage_s, most_s)


def run_until(wire: Wire, done_ms: int, off: BackOff) -> list[tuple[str, float]]:
    """Run the sync process for so long; what it did about its connections."""
    pump = wire.start()
    wire.diary.clear()
    end = wire.station.now.up_ms + done_ms
    pump.run(off, lambda: wire.station.now.up_ms >= end)
    return wire.diary


# What arrives


def test_everything_committed_is_logged_acknowledged_and_its_objects_are_stored(wire: Wire) -> None:
    wire.bench.visit()
    wire.bench.sign("job.reopened", reason="leaks")
    for size in (10, OBJECT_INLINE_MAX_BYTES, 200_000):
        wire.bench.sign("note.added", note="x" * size)
    wire.sync()
    assert wire.logged == [each.data for each in wire.bench.signed]
    assert wire.state.next == wire.committed == 11
    assert wire.objects.pending() == []
    assert len(list(wire.home.stored.iterdir())) == 4
    assert wire.work.alarms() == []


def test_what_was_acknowledged_is_not_sent_again(wire: Wire) -> None:
    wire.bench.visit()
    wire.sync()
    wire.links[0].sent.clear()
    wire.bench.sign("job.reopened", reason="leaks")
    wire.sync()
    sent = [frame.decode_up(data) for data in wire.links[0].sent]
    assert [len(each.events) for each in sent if hasattr(each, "events")] == [1]


def test_a_process_killed_anywhere_goes_on_where_the_disk_says(wire: Wire) -> None:
    wire.bench.arrive()
    for turns in range(12):
        wire.bench.sign("note.added", note=f"note {turns}")
        pump = wire.start()
        pump.connect()
        for _ in range(turns):
            pump.turn(1)
    wire.sync()
    assert wire.logged == [each.data for each in wire.bench.signed]
    assert wire.state.next == wire.committed
    assert wire.objects.pending() == []


def test_lost_frames_are_sent_again_and_logged_once(wire: Wire) -> None:
    wire.bench.visit()
    fates = iter([True, False, True, True, False] * 3)
    wire.links[0].loses = lambda _: next(fates, False)
    wire.sync()
    assert wire.logged == [each.data for each in wire.bench.signed]


def test_an_object_of_an_event_that_was_never_committed_is_not_sent(wire: Wire) -> None:
    orphan = wire.bench.capture.attachment(b"never signed", "text/plain")
    (wire.home.unsigned / orphan.digest.hex()).write_bytes(orphan.data)
    wire.bench.visit()
    wire.sync()
    assert not any(b"never signed" in data for data in wire.links[0].sent)


# Work


ORDER = cbor.encode({"customer": "C-1"})


def test_an_assignment_and_its_documents_are_kept(wire: Wire) -> None:
    pump = wire.start()
    pump.connect()
    wire.links[0].inbox.append(wire.assign(1, ORDER))
    for _ in range(4):
        pump.turn(1)
    wire.links[0].inbox.append(document_frame(ORDER))
    for _ in range(3):
        pump.turn(1)
    [row] = WorkFile(wire.home).orders()
    assert (row["order"], row["document"]) == ("WO-1", {"customer": "C-1"})
    accepted = wire.bench.sign("job.accepted").event
    assert accepted.body == {1: hashlib.sha256(ORDER).digest(), 2: 1}


def test_work_that_a_crash_kept_from_the_work_file_gets_there_with_the_next_connection(wire: Wire) -> None:
    pump = wire.start()
    pump.connect()
    wire.links[0].inbox.append(wire.assign(7, ORDER))
    for _ in range(4):
        pump.turn(1)
    assert wire.state.assignment is not None
    wire.home.work.unlink()
    wire.start().connect()
    assert [row["order"] for row in WorkFile(wire.home).orders()] == ["WO-1"]
    pulls = [each for each in map(frame.decode_up, wire.links[0].sent) if hasattr(each, "digests")]
    assert pulls


def test_a_work_file_damaged_under_a_running_sync_is_set_aside_and_filled_again(wire: Wire) -> None:
    pump = wire.start()
    pump.connect()
    wire.links[0].inbox.append(wire.assign(1, ORDER))
    for _ in range(4):
        pump.turn(1)
    wire.home.work.write_text("{broken")
    wire.bench.visit()
    end = wire.station.now.up_ms + 2 * MINUTE_MS
    pump.run(back_off(), lambda: wire.station.now.up_ms >= end)
    assert [row["order"] for row in WorkFile(wire.home).orders()] == ["WO-1"]
    assert wire.state.next == wire.committed
    assert wire.home.work.with_name("work.json.damaged1").read_text() == "{broken"


# Set back, copied, damaged


def test_a_handheld_restored_from_a_backup_learns_it_from_the_signed_receipt_and_never_signs_again(wire: Wire) -> None:
    wire.bench.arrive()
    wire.sync()
    wire.bench.close()
    backup = wire.home.folder.with_name("backup")
    shutil.copytree(wire.home.folder, backup)
    wire.bench.capture = wire.bench.open()
    wire.bench.sign("labour.started", task="FIT")
    wire.sync()
    wire.bench.close()
    shutil.rmtree(wire.home.folder)
    shutil.copytree(backup, wire.home.folder)

    wire.bench.capture = wire.bench.open()  # nothing on this disk tells
    wire.sync()
    assert wire.home.rolled_back.exists()
    with pytest.raises(DeviceRolledBack):
        wire.bench.sign("labour.started", task="FIT")
    wire.bench.close()
    with pytest.raises(DeviceRolledBack):
        wire.bench.open()
    assert [row["code"] for row in wire.work.alarms()] == ["device_rolled_back"]
    assert len(wire.logged) == 3


def test_a_handheld_that_signed_before_it_heard_forks_its_chain_and_goes_on_being_acknowledged(wire: Wire) -> None:
    wire.bench.arrive()
    wire.sync()
    wire.bench.close()
    backup = wire.home.folder.with_name("backup")
    shutil.copytree(wire.home.folder, backup)
    wire.bench.capture = wire.bench.open()
    wire.bench.sign("labour.started", task="FIT")
    wire.sync()
    wire.bench.close()
    shutil.rmtree(wire.home.folder)
    shutil.copytree(backup, wire.home.folder)
    wire.bench.capture = wire.bench.open()
    wire.bench.sign("note.added", note="what happened meanwhile")
    wire.sync()
    wire.bench.sign("note.added", note="and then")
    wire.sync()
    assert not wire.home.rolled_back.exists()
    assert wire.state.next == wire.committed == 4
    assert len(wire.logged) == 5


def test_lost_events_are_announced_logged_as_a_hole_and_everything_behind_them_arrives(wire: Wire) -> None:
    wire.bench.visit()
    wire.bench.close()
    damage(wire.bench, 2, 3)
    pump = wire.start()
    pump.connect()
    for _ in range(6):
        pump.turn(1000)
    assert wire.home.damaged.exists()
    assert wire.state.next == 2
    wire.bench.capture = wire.bench.open()
    wire.bench.sign("job.reopened", reason="leaks")
    wire.sync()
    assert wire.state.next == wire.committed == 9
    assert not wire.home.damaged.exists()
    assert len(wire.station.leaves(leaves.HOLE)) == 1
    assert wire.logged == [data for _, data in JournalReader(wire.home.journal).readable()]
    assert not wire.home.rolled_back.exists()


def test_a_newest_event_that_cannot_be_read_is_not_taken_for_a_journal_that_was_set_back(wire: Wire) -> None:
    """With an older event as its head, HELLO would be that of a handheld restored from a backup."""
    wire.bench.visit()
    wire.sync()
    wire.bench.close()
    damage(wire.bench, 6)
    with pytest.raises(JournalDamaged):
        wire.start().connect()
    run_until(wire, MINUTE_MS, back_off())
    assert wire.work.trouble() is not None
    assert not wire.home.rolled_back.exists()
    wire.bench.capture = wire.bench.open()
    run_until(wire, MINUTE_MS, back_off())
    assert not wire.home.rolled_back.exists()
    assert wire.state.next == wire.committed == 8
    assert wire.work.trouble() is None


def test_a_log_that_does_not_continue_is_an_alarm_with_both_sides_of_the_contradiction(
    wire: Wire, station: Station
) -> None:
    wire.bench.arrive()
    wire.sync()
    state = read_uplink(wire.home)
    known = checkpoint.verify(state.checkpoint or b"", wire.identity.authority.log, lambda *_: True)
    forged = checkpoint.Checkpoint(log=known.log, size=known.size, root=bytes(32), at=known.at)
    state.checkpoint = checkpoint.sign(forged, station.keys.log)  # what the gateway had said before, to others
    write_uplink(wire.home, state)
    wire.bench.sign("note.added", note="x")
    pump = wire.start()
    pump.connect()
    for _ in range(3):
        pump.turn(1000)
    [alarm] = wire.work.alarms()
    assert alarm["code"] == "log_inconsistent"
    assert alarm["evidence"][0] == state.checkpoint.hex()
    assert len(alarm["evidence"]) == 2
    assert wire.state.next == 2  # believed is only what was consistent


def test_garbage_on_the_way_down_is_an_alarm_and_nothing_else(wire: Wire) -> None:
    wire.bench.visit()
    pump = wire.start()
    pump.connect()
    for garbage in (b"", b"\xff" * 40, frame.encode_signed(frame.RECEIPT, b"no receipt"), b"\x82\x01\x02"):
        wire.links[0].inbox.append(garbage)
    for _ in range(20):
        pump.turn(100)
    assert wire.state.next == wire.committed
    assert wire.work.alarms()


# Disks


class FullDisk(Files):
    """Real files, on a disk without space while ``full`` holds."""

    full = False

    def pwrite(self, fd: int, data: bytes, offset: int) -> int:
        if self.full:
            raise OSError(errno.ENOSPC, "no space")
        return super().pwrite(fd, data, offset)


def test_on_a_full_disk_nothing_counts_as_acknowledged_and_sync_goes_on_when_there_is_space(wire: Wire) -> None:
    disk = wire.files = FullDisk()
    wire.bench.visit()
    disk.full = True
    diary = run_until(wire, 5 * MINUTE_MS, back_off())
    assert len(diary) > 2
    assert not wire.home.uplink.exists()
    disk.full = False
    run_until(wire, 10 * MINUTE_MS, back_off())
    assert wire.state.next == wire.committed
    assert wire.work.trouble() is None


def test_what_could_not_be_saved_is_not_believed_by_the_next_connection_either(wire: Wire) -> None:
    disk = wire.files = FullDisk()
    wire.bench.visit()
    pump = wire.start()
    disk.full = True
    with pytest.raises(StorageError):
        pump.until_quiet(MINUTE_MS, lambda: False)
    pump._end(StorageError("disk_full", "x"))
    disk.full = False
    wire.links[0].sent.clear()
    pump.connect()
    assert frame.decode_up(wire.links[0].sent[0]).acked is None


# Connections


def test_the_brokers_are_tried_in_their_order_before_anybody_waits(wire: Wire) -> None:
    wire.links[0].refusals = [LinkDown("A is down")] * 3
    wire.links[1].refusals = [LinkRefused("B says no")] * 2
    diary = run_until(wire, MINUTE_MS, back_off())
    assert [name for name, _ in diary] == [
        "connect A", "connect B", "wait", "connect A", "connect B", "wait", "connect A", "connect B",
    ]  # fmt: skip
    assert [seconds for name, seconds in diary if name == "wait"] == [2.0, 4.0]
    assert wire.work.trouble() is None


def test_after_a_steady_connection_the_first_broker_is_tried_first_again(wire: Wire) -> None:
    wire.links[0].refusals = [LinkDown("A is down")]
    wire.links[1].ends_after_ms = 10_000
    diary = run_until(wire, 2 * MINUTE_MS, back_off(after_outage_s=30))
    assert diary[:4] == [("connect A", diary[0][1]), ("connect B", diary[1][1]), ("wait", 30.0), diary[3]]
    assert diary[3][0] == "connect A"


def test_two_holders_of_one_name_do_not_throw_each_other_out_ever_faster(wire: Wire) -> None:
    """On one machine there is no wait after an outage; a connection that never becomes steady is none."""
    wire.links = wire.links[:1]
    wire.links[0].ends_after_ms = 40
    diary = run_until(wire, 60 * MINUTE_MS, back_off(after_outage_s=0))
    waits = [seconds for name, seconds in diary if name == "wait"]
    assert waits[:9] == [2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 300.0]
    assert len([name for name, _ in diary if name == "connect A"]) < 25


def test_a_broker_that_accepts_and_drops_everybody_does_not_hide_the_next(wire: Wire) -> None:
    wire.links[0].ends_after_ms = 40
    wire.bench.visit()
    run_until(wire, 10 * MINUTE_MS, back_off(after_outage_s=0))
    assert wire.state.next == wire.committed
    assert wire.links[1].sent


def test_a_broker_that_is_away_for_hours_is_tried_ever_more_rarely_and_found_again(wire: Wire) -> None:
    wire.bench.visit()
    for link in wire.links:
        link.refusals = [LinkDown("away")] * 20
    diary = run_until(wire, 120 * MINUTE_MS, back_off())
    waits = [seconds for name, seconds in diary if name == "wait"]
    assert waits[:3] == [2.0, 4.0, 8.0]
    assert max(waits) == 300.0
    assert wire.state.next == wire.committed


def test_a_broker_that_says_no_is_trouble_for_a_person_until_it_says_yes(wire: Wire) -> None:
    for link in wire.links:
        link.refusals = [LinkRefused("the broker refuses HH-1")]
    pump = wire.start()
    looks: list[str] = []

    def stopped() -> bool:
        trouble = WorkFile(wire.home).trouble()
        looks.append("" if trouble is None else trouble["sentence"])
        return len(looks) > 12

    pump.run(back_off(), stopped)
    assert "the broker refuses HH-1" in looks
    assert looks[-1] == ""


@pytest.mark.parametrize(("draw", "wait"), [(0.0, 0.0), (0.25, 15.0), (1.0, 60.0)])
def test_a_fleet_comes_back_spread_over_the_time_after_an_outage(draw: float, wait: float) -> None:
    assert BackOff(lambda: draw, 60.0, 300.0).lost(3600.0) == wait


def test_failures_count_until_a_connection_was_steady() -> None:
    off = BackOff(lambda: 1.0, 60.0, 300.0)
    assert [off.failed(), off.failed(), off.lost(4.9), off.lost(5.0), off.failed()] == [2.0, 4.0, 8.0, 60.0, 2.0]
    for _ in range(5000):
        off.failed()
    assert off.failed() == 300.0


def test_until_quiet_says_when_time_ran_out_and_when_there_is_no_broker(wire: Wire) -> None:
    wire.bench.visit()
    wire.links[0].loses = lambda _: True
    assert not wire.start().until_quiet(20_000, lambda: False)
    for link in wire.links:
        link.refusals = [LinkDown("away")]
    with pytest.raises(LinkDown):
        wire.start().until_quiet(20_000, lambda: False)
    assert [name for name, _ in wire.diary][-2:] == ["connect A", "connect B"]


def test_until_quiet_waits_for_what_the_gateway_says_behind_its_receipt(wire: Wire) -> None:
    pump = wire.start()
    real = wire.links[0].publish

    def and_then_work(topic: str, payload: bytes) -> bool:
        done = real(topic, payload)
        decoded = frame.decode_up(payload)
        if hasattr(decoded, "digests"):
            wire.links[0].inbox.append(document_frame(ORDER))
        elif len(wire.links[0].sent) == 1:
            wire.links[0].inbox.append(wire.assign(1, ORDER))
        return done

    wire.links[0].publish = and_then_work  # type: ignore[method-assign]
    assert pump.until_quiet(MINUTE_MS, lambda: False)
    assert [row["document"] for row in WorkFile(wire.home).orders()] == [{"customer": "C-1"}]
