"""The standing of keys: forks suspend, revocations take effect at their place in the log, and others' leaves count."""

from jobseal import office
from jobseal_gateway.ledger import keys, leaves
from jobseal_gateway.ledger.database import reading
from tests.devices import Device, digest
from tests.gateway.ingest.talk import job_ids, send, verdicts_of
from tests.stations import Station


def status(station: Station, device: Device) -> str:
    with reading(station.engine) as connection:
        row = keys.by_kid(connection, device.key.kid)
        assert row is not None
        return row.status


def forked(station: Station, device: Device) -> tuple[Device, list[bytes]]:
    """Log three events, then another holder's second and third: (the other holder, what he sent)."""
    device.capture()
    clone = device.clone()
    device.capture()
    device.capture()
    send(station, device, device.events(0, 3, 9999))
    clone.capture(job="WO-2")
    clone.capture(job="WO-2")
    return clone, clone.events(1, 2, 9999)


def test_both_branches_of_a_fork_are_logged_and_the_key_is_suspended_by_a_signed_leaf(station: Station) -> None:
    device = station.enrol("van-1")
    clone, others = forked(station, device)
    answer = send(station, clone, others, session=b"session2")
    assert (answer.next, answer.head) == (3, clone.prev)
    assert station.events(device) == [*device.frames, *others]
    assert verdicts_of(station, device) == {(1, 1): ["chain_fork"]}
    assert status(station, device) == keys.SUSPENDED
    act = office.verify(station.leaves(leaves.OFFICE)[-1].bytes or b"", station.trusted.office, station.verifier)
    assert (act.kind, act.named()) == (
        "device.suspended",
        {"key": device.key.thumbprint, "reason": "chain_fork"},
    )


def test_a_suspended_key_is_acknowledged_as_before_and_suspended_only_once(station: Station) -> None:
    device = station.enrol("van-1")
    clone, others = forked(station, device)
    third = clone.clone()
    send(station, clone, others)
    third.frames[2:] = []
    third.prev = digest(third.frames[1] or b"")
    third.technician = "t-3"
    third.capture()
    send(station, third, third.events(2, 1, 9999))
    device.capture()
    assert send(station, device, device.events(3, 1, 9999)).next == 4
    assert station.ingest.counts.forks == 2
    assert len(station.leaves(leaves.OFFICE)) == 2  # the enrolment and one suspension


def test_a_fork_marks_every_job_of_its_key(station: Station) -> None:
    device = station.enrol("van-1")
    clone, others = forked(station, device)
    outcome = station.handle(*[(clone.name, data) for data in _batches(clone, others)])
    assert set(outcome.dirty) == set(job_ids(station).values())
    assert set(job_ids(station)) == {"WO-1", "WO-2"}


def _batches(device: Device, events: list[bytes]) -> list[bytes]:
    from tests.gateway.ingest.talk import batch

    return [batch(device, events)[1]]


def test_what_is_logged_after_the_revocation_is_logged_with_a_verdict_and_acknowledged(station: Station) -> None:
    device = station.enrol("van-1")
    device.capture()
    send(station, device, device.events(0, 1, 9999))
    station.revoke(device)  # by another process, an instant ago
    device.capture()
    answer = send(station, device, device.events(1, 1, 9999))
    assert answer.next == 2
    assert verdicts_of(station, device) == {(0, 1): ["key_revoked"]}


def test_a_revoked_key_that_forks_stays_revoked(station: Station) -> None:
    device = station.enrol("van-1")
    clone, others = forked(station, device)
    station.revoke(device)
    send(station, clone, others)
    assert status(station, device) == keys.REVOKED


def test_a_key_enrolled_by_another_process_is_known_at_its_first_frame(station: Station) -> None:
    first = station.enrol("van-1")
    first.capture()
    send(station, first, first.events(0, 1, 9999))
    second = station.enrol("van-2")
    second.capture()
    station.pass_ms(300)
    assert send(station, second, second.events(0, 1, 9999)).next == 1


def test_a_fork_goes_on_after_a_restart_on_its_own_branch(station: Station) -> None:
    device = station.enrol("van-1")
    clone, others = forked(station, device)
    send(station, clone, others)
    station.restart()
    clone.capture()
    answer = send(station, clone, clone.events(3, 1, 9999), acked=[3, digest(others[-1])])
    assert (answer.next, answer.head) == (4, clone.prev)
    assert station.ingest.counts.forks == 0
