"""What a device is told: receipts and their proofs, verdicts in portions, and its work."""

from typing import Any

import pytest

from jobseal import checkpoint, frame, merkle
from jobseal.hello import Hello
from jobseal.work import Pull
from jobseal_gateway.ledger.database import reading
from jobseal_gateway.ledger.log import checkpoint_by_digest
from tests.devices import Device, digest
from tests.gateway.ingest.talk import SESSION, assignment, batch, messages, receipts, send
from tests.stations import Station


def hello(device: Device, **fields: Any) -> tuple[str, bytes]:
    """(name, frame) of what the device says on connecting."""
    head = device.frames[-1] if device.frames else None
    said = {"session": SESSION, "kid": device.key.kid, "head": head, "acked": None, "size": 0, "work": 0, "verdicts": 0}
    return device.name, frame.encode(Hello(**{**said, **fields}))


@pytest.fixture
def device(station: Station) -> Device:
    return station.enrol("van-1")


def test_a_receipt_names_the_key_the_session_and_a_checkpoint_over_what_was_committed(
    station: Station, device: Device
) -> None:
    device.capture()
    answer = send(station, device, device.events(0, 1, 9999))
    newest = checkpoint.verify(answer.checkpoint, station.trusted.log, station.verifier)
    assert (answer.key, answer.session, answer.since) == (device.key.thumbprint, SESSION, 0)
    assert (newest.size, newest.log) == (len(station.leaves()), station.keys.log_id)
    entries = [merkle.leaf_hash(merkle.entry(bytes([leaf.type]), leaf.hash)) for leaf in station.leaves()]
    assert newest.root == merkle.root(entries)
    with reading(station.engine) as connection:
        assert checkpoint_by_digest(connection, checkpoint.hash_of(answer.checkpoint)) is not None


def test_each_receipt_proves_that_the_log_continues_the_one_that_the_device_saw(
    station: Station, device: Device
) -> None:
    known = None
    for _ in range(12):
        device.capture()
        sent = device.events(device.committed - 1, 1, 9999)
        answer = send(station, device, sent, size=known.size if known else 0)
        newest = checkpoint.verify(answer.checkpoint, station.trusted.log, station.verifier)
        if known is not None:
            assert answer.since == known.size
            assert merkle.verify_consistency(known.size, newest.size, known.root, newest.root, answer.proof)
        known = newest


def test_a_device_that_saw_a_larger_log_is_not_taken_from_but_asked_to_wait(station: Station, device: Device) -> None:
    device.capture()
    outcome = station.handle(batch(device, device.events(0, 1, 9999), size=1_000))
    (said,) = messages(outcome, "refusal")
    assert (said.code, said.retry_after, said.session) == ("log_restarted", 300, SESSION)
    assert station.events(device) == []


def test_a_hello_is_answered_by_where_its_head_stands(station: Station, device: Device) -> None:
    for _ in range(3):
        device.capture()
    (first,) = receipts(station, station.handle(hello(device)))
    assert (first.next, first.head, first.superseded) == (0, device.genesis, False)
    send(station, device, device.events(0, 3, 9999))
    (then,) = receipts(station, station.handle(hello(device)))
    assert (then.next, then.head, then.superseded) == (3, device.prev, False)
    (behind,) = receipts(station, station.handle(hello(device, head=device.frames[1])))
    assert (behind.next, behind.superseded) == (3, True)


@pytest.mark.parametrize("head", [b"garbage", b"\xd2" * 300])
def test_a_hello_whose_head_is_garbage_is_a_hello_all_the_same(station: Station, device: Device, head: bytes) -> None:
    device.capture()
    send(station, device, device.events(0, 1, 9999))
    (answer,) = receipts(station, station.handle(hello(device, head=head)))
    assert (answer.next, answer.superseded) == (1, False)


def test_verdicts_come_sixteen_at_a_time_lowest_first(station: Station, device: Device) -> None:
    for number in range(40):
        device.capture("labour.levitated" if number % 2 else "labour.started", raw={1: "FIT"})
    answer = send(station, device, device.events(0, 40, 99_999))
    heard = list(answer.verdicts)
    assert (len(heard), answer.more) == (16, True)
    while answer.more:
        (answer,) = receipts(station, station.handle(hello(device, verdicts=heard[-1][0] + 1)))
        heard += answer.verdicts
    assert heard == [[seq, ["unknown_kind"]] for seq in range(1, 40, 2)]


def test_verdicts_survive_a_restart(station: Station, device: Device) -> None:
    device.capture("labour.levitated", raw={})
    send(station, device, device.events(0, 1, 9999))
    station.restart()
    (answer,) = receipts(station, station.handle(hello(device)))
    assert answer.verdicts == [[0, ["unknown_kind"]]]


def test_a_hello_with_older_work_is_sent_the_newest(station: Station, device: Device) -> None:
    assignment(station, device, 1, [])
    newest = assignment(station, device, 2, [b"an order"])
    assert newest in [frame.decode_down(data)[1] for _, data in station.handle(hello(device, work=1)).replies]
    assert len(station.handle(hello(device, work=2)).replies) == 1  # the receipt alone


def test_documents_are_given_when_the_newest_work_names_them(station: Station, device: Device) -> None:
    assignment(station, device, 1, [b"an old order"])
    assignment(station, device, 2, [b"an order", b"another"])
    asked = [digest(data) for data in (b"an order", b"an old order", b"another", b"a secret")]
    pull = Pull(session=SESSION, kid=device.key.kid, digests=asked, size=0)
    found = messages(station.handle((device.name, frame.encode(pull))), "document")
    assert sorted(document.data for document in found) == [b"an order", b"another"]


def test_a_device_gets_no_documents_of_another_ones_work(station: Station, device: Device) -> None:
    other = station.enrol("van-2")
    assignment(station, other, 1, [b"an order"])
    pull = Pull(session=SESSION, kid=device.key.kid, digests=[digest(b"an order")], size=0)
    assert station.handle((device.name, frame.encode(pull))).replies == []


def test_the_uplink_gets_its_work_and_all_documents(station: Station, device: Device) -> None:
    orders = [b"order %d" % number for number in range(40)]
    assignment(station, device, 1, orders)
    station.sync(device)
    assert sorted(device.documents.values()) == sorted(orders)


def test_new_work_is_told_without_being_asked_and_only_once(station: Station, device: Device) -> None:
    assignment(station, device, 1, [])
    assert station.ingest.new_work() == []
    newest = assignment(station, device, 2, [b"an order"])
    ((topic, data),) = station.ingest.new_work()
    assert (topic, frame.decode_down(data)[1]) == (frame.down_topic("van-1"), newest)
    assert station.ingest.new_work() == []
