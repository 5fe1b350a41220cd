"""A key in doubt that gives way to another, and what an operator may make of it: one handheld goes on with one key.

The real capture, uplink, ingest, projector, office and evidence; there is no broker in between.
"""

import pytest

from jobseal import event as events
from jobseal_device import identity
from jobseal_device.journal_reader import JournalReader
from jobseal_gateway.ledger import branches, keys, links
from jobseal_gateway.ledger.database import reading, writing
from jobseal_gateway.office import OfficeRefused
from tests.devices import Device, digest, signer_of
from tests.field import Office
from tests.gateway.billed import hold_up, kept
from tests.gateway.bureaus import OPERATOR, Bureau
from tests.gateway.ingest.talk import send, verdicts_of
from tests.gateway.rotations import (
    begun,
    bench,
    digits,
    finished,
    head_of_the_fork,
    named_by,
    present,
    rotated,
    status,
    sync_all,
)


def two_heirs(bureau: Bureau, copy_ends_first: bool = False) -> tuple[Device, Device, Device]:
    """(a handheld, the key that it went on with, the key that its copy went on with): both have sent all they had."""
    old = bureau.enrol("hh-1", "t-1")
    copy = old.clone()
    old.capture()
    copy.capture(job="WO-2")
    own, other = named_by(old, "own"), named_by(copy, "other")
    copy.capture(job="WO-2")  # behind its end
    own.capture()
    other.capture(job="WO-2")
    send(bureau.station, old, old.events(0, 1, 9999))
    for each in (copy, old) if copy_ends_first else (old, copy):
        send(bureau.station, each, each.events(0, 9, 9999))
    for each in (own, other):
        bureau.station.sync(each)
    return old, own, other


def refused(bureau: Bureau, device: Device) -> str:
    with pytest.raises(OfficeRefused) as raised:
        bureau.office.reinstate(digits(device), "looked into it", OPERATOR)
    return raised.value.code


def test_a_suspended_key_that_rotated_is_reinstated_and_its_work_is_billed(office: Office) -> None:
    phone = begun(office)
    phone.sync()
    old = phone.enrolled.key.thumbprint
    bench(office).suspend("hh-1", "somebody saw a copy", OPERATOR)
    phone.sign("note.added", note="still at it")
    rotated(phone)
    finished(phone)
    sync_all(phone)
    office.project()
    assert kept(office) == []
    bench(office).reinstate("hh-1", "there was none", OPERATOR)
    office.project()
    assert kept(office) == [], "of what the earlier key signed while it was suspended nobody has said anything"
    bench(office).reinstate(old.hex(), "there was none", OPERATOR)
    office.project()
    assert hold_up(office) == 1
    with reading(office.engine) as connection:
        assert [row.status for row in keys.of_device(connection, "hh-1")] == [keys.ROTATED, keys.ACTIVE]
    with pytest.raises(OfficeRefused, match="not suspended"):
        bench(office).reinstate(old.hex(), "once more", OPERATOR)


def test_of_two_keys_that_one_named_the_forks_is_kept_and_counts_for_nothing(bureau: Bureau) -> None:
    old, own, other = two_heirs(bureau)
    station = bureau.station
    assert [status(station, each) for each in (own, other)] == [keys.SUSPENDED, keys.SUSPENDED]
    assert station.events(other) == other.frames, "its bytes are kept"
    assert other.state.next == len(other.frames)
    assert present(bureau) == own.key.thumbprint
    assert verdicts_of(station, old)[(1, 2)] == ["key_revoked"], "the copy had ended, too"
    assert refused(bureau, other) == "key_of_fork"
    bureau.office.reinstate("hh-1", "the copy is found", OPERATOR)
    bureau.office.reinstate(digits(old), "the copy is found", OPERATOR)
    assert [status(station, each) for each in (old, own, other)] == [keys.ROTATED, keys.ACTIVE, keys.SUSPENDED]


@pytest.mark.parametrize("copy_ends_first", [False, True])
def test_once_its_fork_is_adopted_a_key_counts_if_the_other_does_not(bureau: Bureau, copy_ends_first: bool) -> None:
    old, own, other = two_heirs(bureau, copy_ends_first)
    assert present(bureau) == own.key.thumbprint
    bureau.office.reinstate(digits(own), "it looked honest", OPERATOR)
    with reading(bureau.engine) as connection:
        row = keys.by_kid(connection, old.key.kid)
        assert row is not None
        head = branches.of_key(connection, row.id)[1].head_hash
    bureau.office.adopt(digits(old), head.hex(), "the copy was the handheld", OPERATOR)
    assert refused(bureau, other) == "key_has_rival"
    bureau.office.revoke(digits(own), "compromised", OPERATOR, -1)
    bureau.office.reinstate(digits(other), "the copy was the handheld", OPERATOR)
    assert status(bureau.station, other) == keys.ACTIVE
    assert present(bureau) == other.key.thumbprint


def test_a_line_ends_once_whatever_its_key_says_behind_that(bureau: Bureau) -> None:
    old, own, other = two_heirs(bureau)
    third, fourth = named_by(old, "third"), named_by(other, "fourth")
    send(bureau.station, old, old.events(2, 9, 9999))
    send(bureau.station, other, other.events(1, 9, 9999))
    assert status(bureau.station, third) is None
    assert verdicts_of(bureau.station, old)[(0, 2)] == ["key_revoked"]
    assert status(bureau.station, fourth) == keys.SUSPENDED
    assert refused(bureau, fourth) == "key_of_fork", "who follows a fork's key follows the fork"
    assert present(bureau) == own.key.thumbprint


def test_a_copy_that_ends_after_the_handheld_has_brings_in_nothing_that_counts(bureau: Bureau) -> None:
    old = bureau.enrol("hh-1", "t-1")
    old.capture()
    copy = old.clone()
    own = named_by(old, "own")
    bureau.station.sync(old)
    assert status(bureau.station, own) == keys.ACTIVE
    other = named_by(copy, "other")
    send(bureau.station, copy, copy.events(1, 9, 9999))
    assert [status(bureau.station, each) for each in (own, other)] == [keys.SUSPENDED, keys.SUSPENDED]
    assert refused(bureau, other) == "key_of_fork"
    bureau.office.reinstate(digits(own), "the copy is found", OPERATOR)
    bureau.office.reinstate(digits(old), "the copy is found", OPERATOR)
    assert refused(bureau, old) == "key_not_suspended"
    other.capture()
    bureau.station.sync(other)
    assert bureau.station.events(other) == other.frames


def test_the_end_of_a_copy_casts_no_doubt_on_the_evidence_of_the_handheld(office: Office) -> None:
    phone = begun(office)
    copy = Device("hh-1", phone.enrolled.identity.genesis, office.station.trusted, identity.signer(phone.home))
    _, first = next(JournalReader(phone.home.journal).readable())
    copy.frames, copy.prev = [first], digest(first)
    finished(phone)
    phone.sync()
    named_by(copy, "other")
    send(office.station, copy, copy.events(1, 9, 9999))
    bench(office).reinstate("hh-1", "the copy is found", OPERATOR)
    office.project()
    assert hold_up(office) == 1
    assert events.parse(copy.frames[1] or b"").event.seq == 1, "far before what is billed"


def test_adopting_a_fork_alone_does_not_make_what_it_named_the_handhelds_present_key(bureau: Bureau) -> None:
    old, own, other = two_heirs(bureau)
    bureau.office.adopt(digits(old), head_of_the_fork(bureau, old), "one job of it was real", OPERATOR)
    assert present(bureau) == own.key.thumbprint
    bureau.office.reinstate("hh-1", "the copy is found", OPERATOR)
    assert status(bureau.station, own) == keys.ACTIVE
    assert refused(bureau, other) == "key_has_rival"


def test_a_handheld_never_has_two_active_keys(bureau: Bureau) -> None:
    """Only its copy has ended; the handheld goes on with the first key, and that is reinstated."""
    old = bureau.enrol("hh-1", "t-1")
    copy = old.clone()
    old.capture()
    copy.capture(job="WO-2")
    other = named_by(copy, "other")
    other.capture(job="WO-2")
    for each in (old, copy):
        send(bureau.station, each, each.events(0, 9, 9999))
    bureau.station.sync(other)
    bureau.office.reinstate(digits(old), "the copy is found", OPERATOR)
    assert status(bureau.station, old) == keys.ACTIVE
    bureau.office.adopt(digits(old), head_of_the_fork(bureau, old), "one job of it was real", OPERATOR)
    assert refused(bureau, other) == "key_has_rival"


def test_the_end_of_an_adopted_fork_does_not_end_the_handheld_that_goes_on_beside_it(bureau: Bureau) -> None:
    old = bureau.enrol("hh-1", "t-1")
    copy = old.clone()
    old.capture()
    copy.capture(job="WO-2")
    named_by(copy, "other")
    for each in (old, copy):
        send(bureau.station, each, each.events(0, 9, 9999))
    bureau.office.adopt(digits(old), head_of_the_fork(bureau, old), "one job of it was real", OPERATOR)
    bureau.office.reinstate(digits(old), "the copy is found", OPERATOR)
    assert status(bureau.station, old) == keys.ACTIVE
    old.capture()
    copy.capture(job="WO-2")
    for each in (old, copy):
        send(bureau.station, each, each.events(1, 9, 9999))
    said = verdicts_of(bureau.station, old)
    assert (0, 1) not in said, "it goes on"
    assert said[(1, 2)] == ["key_revoked"], "and its copy has ended"


def test_a_key_that_has_ended_is_revoked_behind_its_end_and_not_on_a_fork_beside_that(bureau: Bureau) -> None:
    """Whoever adopts a fork, and says with it that the copy was the handheld, finds nothing said against its events."""
    old = bureau.enrol("hh-1", "t-1")
    old.capture()
    copy = old.clone()
    named_by(old, "own")
    bureau.station.sync(old)
    copy.capture(job="WO-2")
    copy.capture(job="WO-2")
    old.capture()
    for each in (copy, old):
        send(bureau.station, each, each.events(1, 9, 9999))
    said = verdicts_of(bureau.station, old)
    assert status(bureau.station, old) == keys.ROTATED
    assert (said[(1, 1)], said.get((1, 2))) == (["chain_fork"], None)
    assert said[(0, 2)] == ["key_revoked"]


def test_an_old_copy_does_not_suspend_a_key_that_a_person_enrolled_since(bureau: Bureau) -> None:
    old = bureau.enrol("hh-1", "t-1")
    copy = old.clone()
    old.capture()
    own = named_by(old, "own")
    own.capture()
    for each in (old, own):
        bureau.station.sync(each)
    bureau.office.revoke("hh-1", "lost", OPERATOR)
    fresh = bureau.station.enrol("hh-1", signer_of("fresh"))
    fresh.capture()
    bureau.station.sync(fresh)
    copy.capture(job="WO-2")
    send(bureau.station, copy, copy.events(0, 9, 9999))
    assert [status(bureau.station, each) for each in (old, own, fresh)] == [keys.ROTATED, keys.REVOKED, keys.ACTIVE]


def test_who_is_revoked_connects_no_more_and_who_goes_on_does(bureau: Bureau) -> None:
    old, own, other = two_heirs(bureau)
    with writing(bureau.engine) as connection:
        for each in (old, own, other):
            row = keys.by_kid(connection, each.key.kid)
            assert row is not None
            name = digits(each)[:8]
            links.add(connection, name, "hh-1", row.id, name.encode(), b"certificate", 1, 2)

    def connects() -> list[bool]:
        with reading(bureau.engine) as connection:
            gone = {each.serial for each in links.ended(connection)}
        return [digits(each)[:8] not in gone for each in (old, own, other)]

    bureau.office.revoke(digits(other), "lost", OPERATOR)
    assert connects() == [True, True, False]
    bureau.office.revoke(digits(old), "compromised", OPERATOR, -1)
    assert connects() == [False, False, False]
