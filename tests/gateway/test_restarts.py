"""A gateway restored from a backup with a declared restart: handhelds follow it and send again what it lost."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from jobseal import checkpoint, office, restart
from jobseal.authority import Authority
from jobseal.enrolling import Anchors
from jobseal.host.crypto import SEED_BYTES, Ed25519Signer
from jobseal_device import trusting
from jobseal_gateway import authority, restarts
from jobseal_gateway.ledger import feed
from jobseal_gateway.ledger.database import connect, reading, writing
from jobseal_gateway.ledger.feed import News
from tests.devices import Device, Sync, digest
from tests.gateway.ingest.talk import assignment
from tests.stations import MINUTE_MS, Station

if TYPE_CHECKING:
    from jobseal.cose import Signer

HOUR_MS = 60 * MINUTE_MS


class Site:
    """A station whose ledger is one file: ``back_up`` copies it, ``restore`` goes on with a copy."""

    def __init__(self, template: Path, folder: Path) -> None:
        self.folder = folder
        self.copies = 0
        self.station = self._on(template)
        self.root: Signer = authority.root_signer(folder / "keys", self.station.keys)

    def _on(self, file: Path) -> Station:
        self.copies += 1
        engine = connect(f"sqlite:///{shutil.copy(file, self.folder / f'ledger-{self.copies}.db')}")
        return Station(engine, self.folder)

    def back_up(self) -> Path:
        self.station.engine.dispose()
        return Path(shutil.copy(self.folder / f"ledger-{self.copies}.db", self.folder / f"backup-{self.copies}.db"))

    def restore(self, backup: Path, root: "Signer | None" = None) -> restarts.Restart:
        """The gateway is gone; a new one goes on from the backup, an hour later."""
        before = self.station
        before.engine.dispose()
        self.station = self._on(backup)
        self.station.now = before.now
        self.station.pass_ms(HOUR_MS)
        new_log = digest(b"log %d" % self.copies)[:16]
        wall_ms = self.station.now.wall_ms
        assert wall_ms is not None
        made = restarts.restart(
            self.station.engine, self.station.keys, root or self.root, new_log, "test", "disk broke", wall_ms
        )
        self.station.keys.log_id = new_log
        self.station.restart()
        return made

    def come_back(self, sync: Sync) -> None:
        """The same sync process connects again and says everything; what it waits for passes."""
        sync.disconnect()
        sync.sent.clear()
        sync.connect()
        self.station.talk(sync)

    def whole(self, *devices: Device) -> bool:
        """Whether everything that these have captured is acknowledged and in the log, once and in order."""
        return all(
            self.station.events(device) == device.frames and device.state.next == device.committed for device in devices
        )


@pytest.fixture
def site(sqlite_template: Path, tmp_path: Path) -> Iterator[Site]:
    site = Site(sqlite_template, tmp_path)
    yield site
    site.station.engine.dispose()


def work(site: Site, device: Device, sync: Sync, events: int = 3) -> None:
    """Capture some events and a note, and have all of it acknowledged."""
    for _ in range(events):
        device.capture()
    device.note(b"note %d" % device.committed)
    site.come_back(sync)
    assert site.whole(device)


def test_what_was_lost_with_the_gateway_is_sent_again_and_logged_once(site: Site) -> None:
    device = site.station.enrol("van-1")
    sync = device.start()
    work(site, device, sync)
    backup = site.back_up()
    work(site, device, sync)
    kept = device.state
    made = site.restore(backup)
    site.come_back(sync)
    assert site.whole(device)
    assert device.alarms == ["gateway_restored"]
    assert device.stored == set(device.objects)
    (row,) = device.state.past.rows
    assert row == [[made.statement], kept.checkpoint, kept.receipt, kept.next, kept.head]
    assert device.state.checkpoint is not None
    newest = checkpoint.verify(device.state.checkpoint, site.station.trusted.log, site.station.verifier)
    assert (newest.log, newest.size) == (made.log, len(site.station.leaves()))


def test_a_handheld_that_hears_of_it_in_a_batch_or_only_after_a_restart_of_its_own_follows_as_well(site: Site) -> None:
    first, second = site.station.enrol("van-1"), site.station.enrol("van-2")
    syncs = [first.start(), second.start()]
    for device, sync in zip((first, second), syncs, strict=True):
        work(site, device, sync)
    backup = site.back_up()
    for device, sync in zip((first, second), syncs, strict=True):
        work(site, device, sync)
    site.restore(backup)
    first.capture()
    syncs[0].tick()  # still connected, as far as it knows: the next frame is no HELLO
    site.station.talk(syncs[0])
    again = second.start(seed=9)
    site.come_back(again)
    assert site.whole(first, second)
    assert {*first.alarms, *second.alarms} == {"gateway_restored"}


def test_a_handheld_that_was_never_ahead_of_the_backup_follows_too(site: Site) -> None:
    device = site.station.enrol("van-1")
    sync = device.start()
    work(site, device, sync)
    backup = site.back_up()
    device.capture()
    site.restore(backup)
    site.come_back(sync)
    assert site.whole(device)


def test_an_older_backup_restored_twice_and_a_handheld_that_missed_a_restart(site: Site) -> None:
    always, seldom = site.station.enrol("van-1"), site.station.enrol("van-2")
    syncs = [always.start(), seldom.start()]
    work(site, always, syncs[0])
    work(site, seldom, syncs[1])
    backup = site.back_up()
    for _ in range(2):  # the same backup: the second restart knows nothing of the first
        work(site, always, syncs[0])
        site.restore(backup)
        site.come_back(syncs[0])
        assert site.whole(always)
    later = site.back_up()
    site.restore(later)  # and one that has a restart in it
    work(site, always, syncs[0])
    site.come_back(syncs[1])
    assert site.whole(always, seldom)
    assert [len(row[0]) for row in always.state.past.rows] == [1, 1, 1]
    assert [len(row[0]) for row in seldom.state.past.rows] == [2]


def test_nobody_but_the_root_can_declare_it(site: Site) -> None:
    device = site.station.enrol("van-1")
    sync = device.start()
    work(site, device, sync)
    backup = site.back_up()
    work(site, device, sync)
    acknowledged = device.state.next
    for thief in (site.station.keys.office, site.station.keys.log, Ed25519Signer(bytes(SEED_BYTES))):
        site.restore(backup, thief)
        site.come_back(sync)
        assert device.alarms[-1] == "signature_invalid"
        assert device.state.next == acknowledged


def test_an_undeclared_restore_is_alarmed_as_ever(site: Site) -> None:
    device = site.station.enrol("van-1")
    sync = device.start()
    work(site, device, sync)
    backup = site.back_up()
    work(site, device, sync)
    site.station.engine.dispose()
    site.station = site._on(backup)
    site.come_back(sync)
    assert device.alarms == ["log_restarted"]


def test_a_declared_restart_hides_no_change_before_the_restored_size(site: Site) -> None:
    device = site.station.enrol("van-1")
    empty = site.back_up()
    sync = device.start()
    work(site, device, sync)
    acknowledged = device.state.next
    site.station.engine.dispose()
    site.station = site._on(empty)
    for number in range(20):  # other leaves where the handheld has proven its own, and the root vouches for them
        site.station.enrol(f"other-{number}")
    site.restore(site.back_up())
    site.come_back(sync)
    assert device.alarms == ["log_inconsistent"]
    assert device.state.next == acknowledged
    assert device.state.past.rows == []


def test_what_was_proven_days_before_still_binds_when_the_newest_checkpoint_was_lost(site: Site) -> None:
    device = site.station.enrol("van-1")
    empty = site.back_up()
    sync = device.start()
    for _ in range(4):
        work(site, device, sync)
        site.station.pass_ms(26 * HOUR_MS)
    site.station.engine.dispose()
    site.station = site._on(empty)
    site.station.pass_ms(200 * HOUR_MS)
    for number in range(8):  # more than it had proven on the first day, less than it has by now
        site.station.enrol(f"other-{number}")
    site.restore(site.back_up())
    site.come_back(sync)
    assert device.alarms == ["log_inconsistent"]


def test_versions_of_work_and_positions_of_the_feed_are_never_given_twice(site: Site) -> None:
    station = site.station
    device = station.enrol("van-1")
    with writing(station.engine) as connection:
        feed.append(connection, [News("jobcard.changed", "WO-1", "{}", 1)])
    backup = site.back_up()
    assignment(station, device, 1, {})
    with writing(station.engine) as connection:
        feed.append(connection, [News("jobcard.changed", "WO-2", "{}", 1)] * 5)
    sync = device.start()
    site.come_back(sync)
    made = site.restore(backup)
    with reading(site.station.engine) as connection:
        (told,) = feed.after(connection, 6, 10)  # who had read position 6 misses nothing and hears of the restart first
    assert told.type == restarts.FEED_TYPE
    assert made.log.hex() in told.data
    assert told.position > 6


def test_the_statement_is_the_leaf_behind_what_was_restored_and_its_path_shows_the_root(site: Site) -> None:
    device = site.station.enrol("van-1")
    sync = device.start()
    work(site, device, sync)
    made = site.restore(site.back_up())
    site.come_back(sync)
    act = office.verify_restart(made.statement, site.station.trusted.root, site.station.verifier)
    sealed = site.station.log.newest
    assert sealed is not None
    stated = checkpoint.verify(sealed.checkpoint, site.station.trusted.log, site.station.verifier)
    path = site.station.log.inclusion(made.leaf, stated.size)
    assert restart.shows(act, made.statement, path, stated)
    for wrong in ({"size": made.leaf - 1}, {"root": bytes(32)}):
        changed = office.act("log.restarted", act.at, "test", {**act.named(), **wrong})
        assert not restart.shows(changed, made.statement, path, stated)


def rotated(site: Site) -> Authority:
    """The root gives way to another, at the station's time; what a handheld trusts once it has heard of that."""
    first, now_ms = site.station.trusted.root, site.station.now.wall_ms
    assert now_ms is not None
    keys, seed = site.folder / "keys", site.folder / "second.seed"
    made = authority.rotate_root(keys, keys / "root.seed", seed, now_ms, site.station.verifier)
    said = Anchors(
        root=made.authority.root.encode(), authority=made.certifications, certificate=b"x", rotations=made.rotations
    )
    return trusting.follow(first, said)


def test_a_restart_that_the_root_of_its_day_declared_is_followed_by_who_trusts_a_later_root(site: Site) -> None:
    device = site.station.enrol("van-1")
    sync = device.start()
    work(site, device, sync)
    backup = site.back_up()
    work(site, device, sync)
    site.restore(backup)
    device.trusted = rotated(site)
    site.come_back(device.start(seed=9))
    assert site.whole(device)
    assert device.alarms == ["gateway_restored"]


def test_a_root_that_gave_way_declares_no_restart_any_more(site: Site) -> None:
    device = site.station.enrol("van-1")
    sync = device.start()
    work(site, device, sync)
    backup = site.back_up()
    work(site, device, sync)
    device.trusted = rotated(site)
    before = device.state.checkpoint
    site.restore(backup)  # an hour later, by whoever has the seed of the earlier root
    site.come_back(device.start(seed=9))
    assert device.state.checkpoint == before
    assert device.alarms
    assert "gateway_restored" not in device.alarms
