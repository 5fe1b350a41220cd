"""Doubts about an earlier key that come, or end, after its handheld has gone on with another: what becomes of that one,
and of the jobs that wait for it.
"""

import pytest

from jobseal_device import identity
from jobseal_gateway.ledger import assignments, keys
from jobseal_gateway.ledger.database import reading, writing
from tests.devices import Device
from tests.field import Office
from tests.gateway.billed import hold_up, kept
from tests.gateway.bureaus import OPERATOR, Bureau
from tests.gateway.ingest.talk import send
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
from tests.stations import Station


def forked(station: Station, old: Device) -> Device:
    """Another holder of the key signs another first event, after the handheld's is logged."""
    copy = old.clone()
    copy.frames, copy.prev = [], copy.genesis
    old.capture()
    station.sync(old)
    return another(station, copy)


def another(station: Station, old: Device, seed: int = 0) -> Device:
    """One more holder, with a first event that nobody else has."""
    copy = old.clone()
    copy.frames, copy.prev = [], copy.genesis
    copy.technician = f"t-{seed + 7}"
    copy.capture(job="WO-2")
    send(station, copy, copy.events(0, 1, 9999))
    return copy


def ended_in_doubt(bureau: Bureau) -> tuple[Device, Device]:
    """(a key that was suspended for a fork and then ended, the key that it named, which a person has reinstated)."""
    old = bureau.enrol("hh-1", "t-1")
    forked(bureau.station, old)
    own = named_by(old, "own")
    own.capture(job="WO-3")
    for each in (old, own):
        bureau.station.sync(each)
    assert [status(bureau.station, each) for each in (old, own)] == [keys.SUSPENDED, keys.SUSPENDED]
    bureau.office.reinstate("hh-1", "the copy is found", OPERATOR)
    assert [status(bureau.station, each) for each in (old, own)] == [keys.SUSPENDED, keys.ACTIVE]
    return old, own


def test_one_more_holder_of_a_key_that_ended_in_doubt_suspends_the_key_that_goes_on(bureau: Bureau) -> None:
    old, own = ended_in_doubt(bureau)
    bureau.order("WO-9", "t-1")
    bureau.clean()
    another(bureau.station, old, 1)
    assert status(bureau.station, own) == keys.SUSPENDED
    assert bureau.dirty() >= {"WO-1", "WO-2", "WO-3", "WO-9"}


def test_one_more_holder_of_a_compromised_key_says_nothing_new_of_what_a_person_trusts(bureau: Bureau) -> None:
    old, own = ended_in_doubt(bureau)
    bureau.office.revoke(digits(old), "compromised", OPERATOR, 1)  # 1 names the next key
    another(bureau.station, old, 1)
    assert status(bureau.station, own) == keys.ACTIVE


def test_a_reinstated_key_that_goes_on_beside_an_ended_fork_is_suspended_itself(bureau: Bureau) -> None:
    old = bureau.enrol("hh-1", "t-1")
    copy = forked(bureau.station, old)
    named_by(copy, "other")
    bureau.station.sync(copy)
    bureau.office.reinstate("hh-1", "the copy is found", OPERATOR)
    assert (present(bureau), status(bureau.station, old)) == (old.key.thumbprint, keys.ACTIVE)
    another(bureau.station, old, 1)
    assert status(bureau.station, old) == keys.SUSPENDED
    assert bureau.act(bureau.said("device.suspended", digits(old))[-1]).named()["reason"] == "chain_fork"


def test_a_key_that_was_reinstated_ends_with_its_line_and_the_next_can_be_reinstated(bureau: Bureau) -> None:
    old = bureau.enrol("hh-1", "t-1")
    copy = forked(bureau.station, old)
    bureau.office.reinstate("hh-1", "the copy is found", OPERATOR)
    named_by(copy, "other")
    bureau.station.sync(copy)
    assert status(bureau.station, old) == keys.ACTIVE, "its copy has ended, and it has not"
    own = named_by(old, "own")
    bureau.station.sync(old)
    assert [status(bureau.station, each) for each in (old, own)] == [keys.ROTATED, keys.SUSPENDED]
    bureau.office.reinstate("hh-1", "it is the handheld's", OPERATOR)
    assert [status(bureau.station, each) for each in (old, own)] == [keys.ROTATED, keys.ACTIVE]


def rebuilt(office: Office) -> bool:
    """Whether everything that changed was folded again: all from scratch gives the same bytes."""
    office.project()
    before = office.documents()
    office.projector.rebuild()
    return office.documents() == before


def test_a_job_that_waits_for_a_handheld_hears_which_key_it_goes_on_with_when_a_fork_takes_that_back(
    office: Office,
) -> None:
    """The key that an adopted fork named is reinstated; then one more holder of the first suspends it, and what the
    first-logged line named is the handheld's present key again."""
    old = office.station.enrol("hh-1")
    with writing(office.engine) as connection:
        assignments.bind(connection, "t-1", "hh-1", office.now_ms)
    office.order("WO-9", ("t-1",))
    copy = forked(office.station, old)
    own, other = named_by(old, "own"), named_by(copy, "other")
    for each in (old, copy):
        office.station.sync(each)
    desk = bench(office)
    desk.adopt(digits(old), head_of_the_fork(office, old), "the copy was the handheld", OPERATOR)
    desk.reinstate(digits(other), "the copy was the handheld", OPERATOR)
    office.project()
    assert digits(other)[:16] in office.documents()["WO-9"][0].decode()
    another(office.station, old, 1)
    assert rebuilt(office)
    assert digits(own)[:16] in office.documents()["WO-9"][0].decode()


@pytest.mark.parametrize("heir_first", [False, True])
def test_of_a_key_suspended_before_it_ended_each_half_counts_once_its_own_key_is_reinstated(
    office: Office, heir_first: bool
) -> None:
    phone = begun(office)
    phone.sync()
    old = phone.enrolled.key.thumbprint.hex()
    bench(office).suspend("hh-1", "somebody saw a copy", OPERATOR)
    phone.sign("note.added", note="still at it")
    rotated(phone)
    finished(phone)
    sync_all(phone)
    assert rebuilt(office)
    for name in ["hh-1", old] if heir_first else [old, "hh-1"]:
        assert kept(office) == []
        bench(office).reinstate(name, "there was none", OPERATOR)
        assert rebuilt(office)
    assert hold_up(office) == 1


def test_a_key_reinstated_before_it_ended_is_billed_and_the_next_waits_for_its_own_reinstatement(
    office: Office,
) -> None:
    phone = begun(office)
    phone.sync()
    copied = Device("hh-1", phone.enrolled.identity.genesis, office.station.trusted, identity.signer(phone.home))
    another(office.station, copied)
    bench(office).reinstate("hh-1", "the copy is found", OPERATOR)
    rotated(phone)
    finished(phone)
    sync_all(phone)
    assert rebuilt(office)
    assert kept(office) == [], "nobody has said whose word the next key was"
    bench(office).reinstate("hh-1", "it is the handheld's", OPERATOR)
    assert rebuilt(office)
    assert hold_up(office) == 1
    another(office.station, copied, 1)
    assert rebuilt(office)
    with reading(office.engine) as connection:
        assert [row.status for row in keys.of_device(connection, "hh-1")] == [keys.ROTATED, keys.SUSPENDED]
