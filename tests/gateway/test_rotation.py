"""Keys that end and keys that follow: the whole way from a handheld's own command to a record that a stranger verifies.

The real capture, uplink, ingest, projector and office; there is no broker in between.
"""

import pytest

from jobseal import office as statements
from jobseal import rotating
from jobseal.host.crypto import Verifier
from jobseal_device import identity, turns
from jobseal_device.capture import Capture
from jobseal_device.journal_reader import JournalReader
from jobseal_device.turns import KeyEnded
from jobseal_gateway.ledger import keys, leaves, links
from jobseal_gateway.ledger.database import reading, writing
from tests.devices import Device, digest, signer_of
from tests.field import Office
from tests.gateway.billed import hold_up, kept, stated
from tests.gateway.bureaus import Bureau
from tests.gateway.ingest.talk import batch, quarantined, send, verdicts_of
from tests.gateway.rotations import begun, finished, rotated, status, sync_all
from tests.stations import Station


def test_a_job_begun_under_one_key_and_finished_under_the_next_is_billed_once_and_verified_by_a_stranger(
    office: Office,
) -> None:
    whole = begun(office)
    finished(whole)
    sync_all(whole)
    office.project()
    (plain,) = stated(office)
    office.order("WO-2", ("t-1",))
    phone = whole
    for kind, fields in (("job.accepted", {}), ("travel.started", {}), ("job.arrived", {})):
        phone.sign(kind, "WO-2", **fields)
    phone.sign("labour.started", "WO-2", task="FIT")
    rotated(phone)  # nobody is asked, and no network is there
    phone.sign("labour.stopped", "WO-2", task="FIT")
    phone.sign("part.used", "WO-2", code="P-1", quantity="2", unit="pc", source="van")
    phone.sign("job.completed", "WO-2")
    phone.sign("job.signed_off", "WO-2", method="typed", name="R. Customer")
    sync_all(phone)
    office.project()
    (record,) = stated(office, "WO-2")
    assert record.total == plain.total, "a rotation changes no money"
    assert len(record.closes) == 2, "each key has closed its part"
    assert hold_up(office, "WO-1") == hold_up(office, "WO-2") == 1
    assert phone.acknowledged == phone.signed


def test_the_next_key_is_enrolled_by_the_gateway_with_the_word_of_both(office: Office) -> None:
    phone = begun(office)
    old = phone.enrolled.key
    rotated(phone)
    sync_all(phone)
    with reading(office.engine) as connection:
        earlier, newest = keys.of_device(connection, "hh-1")
        said = statements.verify(
            leaves.at(connection, newest.enrolment_leaf).bytes or b"",  # type: ignore[union-attr]
            office.station.trusted.office,
            Verifier(),
        )
    assert (earlier.status, newest.status) == (keys.ROTATED, keys.ACTIVE)
    named = said.named()
    assert (named["earlier"], named["device"], said.operator) == (old.thumbprint, "hh-1", "gateway")
    assert named["follows"] == [turns.ending(phone.home).event.seq, turns.ending(phone.home).hash]
    assert quarantined(office.station) == []


def test_open_jobs_states_and_times_go_on_on_the_handheld_even_when_its_caches_are_lost(office: Office) -> None:
    phone = begun(office)
    rotated(phone)
    assert phone.capture.state("WO-1") == "on_site"
    assert phone.capture.fold.lane("WO-1").open_tasks("t-1") == ["FIT"]  # type: ignore[union-attr]
    phone.sign("labour.stopped", task="FIT")
    phone.crash()
    phone.capture.close()
    for cached in phone.home.own.rglob("*.cbor"):
        if cached.name == "fold.cbor":
            cached.unlink()
    phone.capture = phone._open()
    assert "job.completed" in phone.capture.steps("WO-1", "t-1")
    rotated(phone)
    rotated(phone)  # handed over twice, the second time by a key that has said nothing else of it
    phone.sign("job.completed")
    phone.sign("signoff.waived", reason="away")
    sync_all(phone)
    office.project()
    assert len(stated(office)[0].closes) == 4
    assert hold_up(office) == 1


def test_the_old_key_signs_nothing_any_more_on_the_handheld(office: Office) -> None:
    phone = begun(office)
    old, enrolled, signer = phone.home, phone.enrolled, identity.signer(phone.home)
    rotated(phone)
    assert not old.seed.exists()
    with pytest.raises(KeyEnded):
        Capture(old, enrolled.identity, signer, phone.clock, phone._salt)


def _both(station: Station, name: str = "van-1") -> tuple[Device, Device]:
    """A handheld, and what it is under its next key once it has rotated."""
    old = station.enrol(name)
    old.capture()
    old.capture("job.handed_over", {"to": signer_of(name + " 2").key.thumbprint})
    succession = rotating.succession(old.key.thumbprint, "none", signer_of(name + " 2"))
    old.capture(rotating.KIND, raw=rotating.body(signer_of(name + " 2").key, succession), job=None)
    return old, Device(name, old.prev, station.trusted, signer_of(name + " 2"))


def test_the_next_keys_first_frame_right_behind_is_answered_without_any_refusal(station: Station) -> None:
    old, new = _both(station)
    station.sync(old)
    new.capture("session.opened", {"follows": new.genesis}, job=None)
    new.capture()
    station.sync(new)
    assert (new.state.next, new.alarms, quarantined(station)) == (2, [], [])


def test_what_the_old_key_signs_behind_its_end_is_logged_with_a_verdict_and_never_billed(station: Station) -> None:
    old, new = _both(station)
    old.capture()
    old.capture(job="WO-7")
    assert send(station, old, old.events(0, 9, 9999)).next == 5
    assert verdicts_of(station, old) == {(0, 3): ["key_revoked"], (0, 4): ["key_revoked"]}
    assert status(station, new) == keys.ACTIVE


def test_what_fills_a_hole_from_before_the_end_is_late_and_not_mistrusted(station: Station) -> None:
    old = station.enrol("van-1")
    for _ in range(3):
        old.capture()
    kept = old.frames[:]
    old.lose(1, 1)
    heir = signer_of("van-1 2")
    succession = rotating.succession(old.key.thumbprint, "none", heir)
    old.capture(rotating.KIND, raw=rotating.body(heir.key, succession), job=None)
    station.sync(old)
    assert status(station, old) == keys.ROTATED
    send(station, old, [kept[1] or b""])
    assert verdicts_of(station, old)[(0, 1)] == ["late_event"]


@pytest.mark.parametrize("wrong", ["forged", "other_key", "taken"])
def test_a_key_that_did_not_say_that_it_follows_is_not_enrolled_and_the_chain_has_ended_all_the_same(
    station: Station, wrong: str
) -> None:
    old, other = station.enrol("van-1"), station.enrol("van-2")
    heir = other.signer if wrong == "taken" else signer_of("heir")
    earlier = other.key.thumbprint if wrong == "other_key" else old.key.thumbprint
    succession = rotating.succession(earlier, "none", heir)
    if wrong == "forged":
        succession = succession[:-1] + bytes([succession[-1] ^ 1])
    old.capture(rotating.KIND, raw=rotating.body(heir.key, succession), job=None)
    old.capture()
    station.sync(old)
    assert verdicts_of(station, old) == {(0, 0): ["malformed_body"], (0, 1): ["key_revoked"]}
    with reading(station.engine) as connection:
        assert [row.device for row in keys.every(connection)] == ["van-1", "van-2"]


def test_the_key_after_a_suspended_one_is_suspended_and_that_after_a_revoked_one_is_revoked(station: Station) -> None:
    old, new = _both(station, "van-1")
    clone = old.clone()
    send(station, old, old.events(0, 1, 9999))
    clone.frames[0:] = []
    clone.prev = clone.genesis
    clone.capture(job="WO-2")
    send(station, clone, clone.events(0, 1, 9999))  # two holders
    send(station, old, old.events(1, 9, 9999))
    assert (status(station, old), status(station, new)) == (keys.SUSPENDED, keys.SUSPENDED)
    revoked, heir = _both(station, "van-2")
    send(station, revoked, revoked.events(0, 1, 9999))
    station.revoke(revoked)
    send(station, revoked, revoked.events(1, 9, 9999))
    assert status(station, heir) == keys.REVOKED
    assert verdicts_of(station, revoked) == {(0, 1): ["key_revoked"], (0, 2): ["key_revoked"]}
    heir.capture("session.opened", {"follows": heir.genesis}, job=None)
    station.sync(heir)
    assert (heir.state.next, verdicts_of(station, heir)) == (1, {(0, 0): ["key_revoked"]})
    assert station.events(heir) == heir.frames, "its bytes are kept"


def test_a_second_holder_who_shows_up_after_the_end_suspends_the_key_that_goes_on(station: Station) -> None:
    old, new = _both(station)
    clone = old.clone()
    station.sync(old)
    assert status(station, new) == keys.ACTIVE
    clone.frames[1:] = []
    clone.prev = digest(clone.frames[0] or b"")
    clone.capture(job="WO-2")
    send(station, clone, clone.events(1, 1, 9999))
    assert status(station, new) == keys.SUSPENDED


def test_a_revocation_after_a_rotation_cuts_the_handheld_off_and_one_of_the_earlier_key_alone_does_not(
    bureau: Bureau,
) -> None:
    old = bureau.enrol("van-1", "t-1")
    heir = signer_of("heir")
    succession = rotating.succession(old.key.thumbprint, "none", heir)
    with writing(bureau.engine) as connection:
        links.add(connection, "a1", "van-1", bureau.key("van-1").id, b"1" * 32, b"certificate", 1, 2**50)
    old.capture()
    old.capture(rotating.KIND, raw=rotating.body(heir.key, succession), job=None)
    bureau.station.sync(old)

    def connected() -> int:
        with reading(bureau.engine) as connection:
            return len(links.of_device(connection, "van-1"))

    bureau.office.revoke(old.key.thumbprint.hex(), "retired", "op")
    assert (connected(), status(bureau.station, Device("van-1", b"", old.trusted, heir))) == (1, keys.ACTIVE)
    bureau.office.revoke("van-1", "lost", "op")
    assert connected() == 0


@pytest.mark.parametrize(("last_trusted_seq", "goes_on"), [(0, False), (1, True)])
def test_who_did_not_hold_the_key_any_more_when_it_named_the_next_did_not_bring_that_in(
    bureau: Bureau, last_trusted_seq: int, goes_on: bool
) -> None:
    old = bureau.enrol("van-1", "t-1")
    heir = signer_of("heir")
    old.capture()
    succession = rotating.succession(old.key.thumbprint, "none", heir)
    old.capture(rotating.KIND, raw=rotating.body(heir.key, succession), job=None)  # event 1
    bureau.station.sync(old)
    bureau.office.revoke(old.key.thumbprint.hex(), "compromised", "op", last_trusted_seq)
    newest = bureau.key("van-1")
    assert (newest.status == keys.ACTIVE) is goes_on
    assert newest.trusted_seq == (None if goes_on else -1)


def test_a_key_cannot_make_itself_better_kept_by_rotating(station: Station) -> None:
    old = station.enrol("van-1")
    heir = signer_of("heir")
    succession = rotating.succession(old.key.thumbprint, "hardware", heir)
    old.capture(rotating.KIND, raw=rotating.body(heir.key, succession), job=None)
    station.sync(old)
    said = station.leaves(leaves.OFFICE)[-1].bytes or b""
    assert statements.verify(said, station.trusted.office, station.verifier).named()["assurance"] == "none"


def test_what_an_old_key_says_of_a_job_behind_its_end_holds_what_would_be_billed_of_it(office: Office) -> None:
    phone = begun(office)
    finished(phone)
    old, signer = phone.home, identity.signer(phone.home)
    rotated(phone)
    sync_all(phone)
    office.project()
    assert len(kept(office)) == 1
    thief = Device("hh-1", phone.enrolled.identity.genesis, office.station.trusted, signer)
    thief.frames = [data for _, data in JournalReader(old.journal).readable()]
    thief.prev = digest(thief.frames[-1] or b"")
    close = phone.capture.fold.job("WO-1").close(signer.key.thumbprint)
    more = {"code": "P-1", "quantity": "200", "unit": "pc", "source": "van"}
    thief.capture("part.used", more, close=close)
    send(office.station, thief, thief.events(len(thief.frames) - 1, 1, 9999))
    office.project()
    assert len(kept(office)) == 1, "nothing more is billed"
    assert "key_revoked" in str(office.documents()["WO-1"][0])
    assert hold_up(office) == 1


def test_a_word_on_the_next_key_that_turns_up_in_a_hole_brings_no_key_that_is_trusted(station: Station) -> None:
    """Whoever lost that event has gone on with this key since: it was not his last word, or not his."""
    old, new = _both(station)
    late = old.frames[2] or b""
    assert status(station, new) is None
    old.frames[2] = None
    old.lose(2, 2)
    old.capture()
    station.sync(old)
    assert status(station, old) == keys.ACTIVE
    send(station, old, [late])
    assert verdicts_of(station, old)[(0, 2)] == ["late_event"]
    assert status(station, new) is None
    assert status(station, old) != keys.ROTATED, "the events behind it are as good as before"


def test_the_key_after_one_that_was_suspended_a_moment_ago_is_suspended_too(station: Station) -> None:
    """A copy of the first key shows up in the very round in which the second names the third."""
    first, second = _both(station)
    copy = first.clone()
    station.sync(first)
    second.capture("session.opened", {"follows": second.genesis}, job=None)
    station.sync(second)
    third = signer_of("van-1 3")
    second.capture(
        rotating.KIND,
        raw=rotating.body(third.key, rotating.succession(second.key.thumbprint, "none", third)),
        job=None,
    )
    copy.frames[1:] = []
    copy.prev = digest(copy.frames[0] or b"")
    copy.capture(job="WO-2")
    station.handle(batch(copy, copy.events(1, 1, 9999)), batch(second, second.events(1, 1, 9999)))
    assert status(station, second) in (keys.SUSPENDED, keys.ROTATED)
    assert status(station, Device("van-1", second.prev, station.trusted, third)) == keys.SUSPENDED
