"""What is settled of one event bears on other jobs of its key: all that rest on it are folded again, and no others."""

from jobseal_gateway import standing
from jobseal_gateway.ledger import branches, keys
from jobseal_gateway.ledger.database import reading
from tests.devices import Device, digest
from tests.gateway.bureaus import OPERATOR, Bureau
from tests.gateway.ingest.talk import send

JOBS = {"WO-1", "WO-2", "WO-3"}


def working(bureau: Bureau) -> Device:
    """A handheld with one event of each job, all logged; beside it another, whose job must never be marked."""
    other = bureau.enrol("hh-2")
    other.capture(job="WO-9")
    bureau.station.sync(other)
    device = bureau.enrol("hh-1")
    for job in sorted(JOBS):
        device.capture(job=job)
    bureau.station.sync(device)
    bureau.clean()
    return device


def copied(bureau: Bureau) -> tuple[Device, Device]:
    """The handheld, and a copy of it that made a fork with one event."""
    device = working(bureau)
    copy = device.clone()
    device.capture(job="WO-1")
    copy.capture(job="WO-2")
    bureau.station.sync(device)
    bureau.station.sync(copy, seed=1)
    bureau.clean()
    return device, copy


def test_a_fork_that_goes_on_after_a_reinstatement_marks_every_job_of_its_key_and_once(bureau: Bureau) -> None:
    _, copy = copied(bureau)
    bureau.office.reinstate("hh-1", "the copy is destroyed", OPERATOR)
    bureau.clean()
    copy.capture(job="WO-3")
    bureau.station.sync(copy, seed=2)
    assert bureau.dirty() == JOBS
    copy.capture(job="WO-3")
    bureau.station.sync(copy, seed=3)
    assert bureau.dirty() == {"WO-3"}, "the others are held already"


def test_a_fork_that_goes_on_with_a_loss_is_no_longer_left_out(bureau: Bureau) -> None:
    _, copy = copied(bureau)
    bureau.office.reinstate("hh-1", "the copy is destroyed", OPERATOR)
    bureau.clean()
    for _ in range(3):
        copy.capture(job="WO-3")
    lost = copy.lose(4, 6)
    send(bureau.station, copy, [], acked=[4, digest(copy.frames[3] or b"")], holes=[lost])
    with reading(bureau.engine) as connection:
        key = bureau.key("hh-1")
        assert standing.left_out(connection, key, branches.of_key(connection, key.id)) == frozenset()
    assert bureau.dirty() == JOBS


def test_a_fork_of_a_key_that_is_suspended_already_marks_every_job_of_it(bureau: Bureau) -> None:
    device = working(bureau)
    copy = device.clone()
    device.capture(job="WO-1")
    bureau.station.sync(device)
    bureau.office.suspend("hh-1", "somebody saw a copy", OPERATOR)
    assert bureau.key("hh-1").status == keys.SUSPENDED
    bureau.clean()
    copy.capture(job="WO-2")
    bureau.station.sync(copy, seed=1)
    assert bureau.dirty() == JOBS


def test_a_loss_marks_every_job_of_its_key_and_so_does_the_last_event_that_turns_up(bureau: Bureau) -> None:
    """What was lost may have been of any of them; once all has turned up, none has to wait for it."""
    device = working(bureau)
    found = [device.capture(job="WO-1"), device.capture(job="WO-1")]
    device.lose(3, 4)
    bureau.station.sync(device)
    assert bureau.dirty() == JOBS
    device.frames[3] = found[0]
    send(bureau.station, device, [found[0]], acked=[3, digest(device.frames[2] or b"")])
    assert bureau.dirty() == {"WO-1"}, "something is lost as before"
    send(bureau.station, device, [found[1]], acked=[3, digest(device.frames[2] or b"")])
    assert bureau.dirty() == JOBS
