"""Bad input, item by item: refused with a stable code or logged with a verdict, and never at a neighbour's cost."""

from collections.abc import Callable

import pytest

from jobseal import cbor, cose, event, frame
from jobseal.batch import Batch
from jobseal.limits import EVENT_MAX_BYTES
from jobseal_gateway.ledger import jobs, leaves
from jobseal_gateway.ledger.database import reading
from tests.devices import Device, digest, signer_of
from tests.gateway.ingest.talk import batch, messages, quarantined, receipts, send, verdicts_of
from tests.stations import MINUTE_MS, Station
from tests.vectors.keys import Esp256Signer, seed


def wrong_signature(device: Device) -> bytes:
    data = device.make()
    return data[:-1] + bytes([data[-1] ^ 1])


def wrong_domain(device: Device) -> bytes:
    return cose.sign(event.parse(device.make()).envelope.payload, cose.RECEIPT, device.signer)


def another_key(device: Device) -> bytes:
    return cose.sign(event.parse(device.make()).envelope.payload, cose.EVENT, signer_of("stranger"))


def not_an_event(device: Device) -> bytes:
    return cose.sign(cbor.encode({1: "no"}), cose.EVENT, device.signer)


def duplicate_key(device: Device) -> bytes:
    return cose.sign(b"\xa2\x01\x00\x01\x00", cose.EVENT, device.signer)


def flipped_s(device: Device) -> bytes:
    """The same signature with L added to S: it fits the equation, and is refused all the same."""
    data = device.make()
    order = 2**252 + 27742317777372353535851937790883648493
    scalar = int.from_bytes(data[-32:], "little") + order
    return data[:-32] + scalar.to_bytes(32, "little")


BAD: dict[str, tuple[Callable[[Device], bytes], str]] = {
    "empty": (lambda _: b"", "envelope"),
    "truncated": (lambda device: device.make()[:-9], "envelope"),
    "trailing byte": (lambda device: device.make() + b"\x00", "envelope"),
    "too large": (lambda device: device.make() + bytes(EVENT_MAX_BYTES), "too_large"),
    "random bytes": (lambda _: b"\x17" * 250, "envelope"),
    "another shape": (not_an_event, "malformed"),
    "a key twice": (duplicate_key, "cbor_duplicate_key"),
    "another kid": (another_key, "foreign_key"),
    "wrong signature": (wrong_signature, "signature_invalid"),
    "wrong domain": (wrong_domain, "signature_invalid"),
    "flipped S": (flipped_s, "signature_invalid"),
}


@pytest.mark.parametrize("name", BAD)
def test_an_item_that_cannot_be_attributed_is_refused_alone(station: Station, name: str) -> None:
    make, code = BAD[name]
    device = station.enrol("van-1")
    first = device.capture()
    bad = make(device)
    second = device.capture()
    outcome = station.handle(batch(device, [first, bad, second]))
    (answer,) = receipts(station, outcome)
    assert (answer.next, answer.head) == (2, digest(second))
    assert station.events(device) == [first, second]
    assert quarantined(station) == [("van-1", code, bad)]
    assert [said.code for said in messages(outcome, "refusal")] == [code]


def test_bytes_that_do_not_verify_name_no_job(station: Station) -> None:
    device = station.enrol("van-1")
    invented = device.make(job="WO-INVENTED")
    station.handle(batch(device, [invented[:-1] + bytes([invented[-1] ^ 1]), device.capture(job="WO-1")]))
    with reading(station.engine) as connection:
        assert [name for _, name in jobs.every(connection)] == ["WO-1"]


@pytest.mark.parametrize(
    ("kind", "fields", "code"),
    [
        ("labour.levitated", {"raw": {1: "x"}}, "unknown_kind"),
        ("labour.started", {"raw": {9: "x"}}, "malformed_body"),
        ("range.lost", {"raw": {1: 5, 2: "x"}}, "malformed_body"),
    ],
)
def test_what_is_validly_signed_is_logged_with_a_verdict(
    station: Station, kind: str, fields: dict[str, object], code: str
) -> None:
    device = station.enrol("van-1")
    odd = device.capture(kind, **fields)
    after = device.capture()
    answer = send(station, device, [odd, after])
    assert station.events(device) == [odd, after]
    assert answer.verdicts == [[0, [code]]]
    assert verdicts_of(station, device) == {(0, 0): [code]}


@pytest.mark.parametrize("at", [631_152_000_000, 4_922_726_400_000, None])
def test_a_time_in_1990_or_2126_or_none_is_a_claim_and_logged(station: Station, at: int | None) -> None:
    device = station.enrol("van-1")
    device.capture(at=at)
    assert send(station, device, device.events(0, 9, 9999)).next == 1


def test_early_events_are_neither_stored_nor_logged_and_the_receipt_says_what_is_expected(station: Station) -> None:
    device = station.enrol("van-1")
    for _ in range(5):
        device.capture()
    send(station, device, device.events(0, 2, 9999))
    answer = send(station, device, device.events(3, 2, 9999))
    assert answer.next == 2
    assert len(station.events(device)) == 2
    assert quarantined(station) == []


def test_an_early_event_costs_no_verification(station: Station) -> None:
    device = station.enrol("van-1")
    device.capture()
    device.capture()
    early = wrong_signature(device)
    assert send(station, device, [early]).next == 0
    assert quarantined(station) == []


def test_the_same_batch_again_changes_nothing_and_is_answered_the_same(station: Station) -> None:
    device = station.enrol("van-1")
    for _ in range(40):
        device.capture()
    events = device.events(0, 40, 99999)
    first = send(station, device, events)
    size = len(station.leaves())
    again = send(station, device, events)
    assert (again.next, again.head) == (first.next, first.head)
    assert len(station.leaves()) == size
    assert station.ingest.counts.duplicates == 40


def test_the_same_batch_twice_in_one_round_is_logged_once(station: Station) -> None:
    device = station.enrol("van-1")
    events = [device.capture(), device.capture()]
    outcome = station.handle(batch(device, events), batch(device, events))
    assert [answer.next for answer in receipts(station, outcome)] == [2, 2]
    assert station.events(device) == events


def test_a_part_of_a_batch_again_is_answered_by_its_own_end(station: Station) -> None:
    device = station.enrol("van-1")
    for _ in range(6):
        device.capture()
    send(station, device, device.events(0, 6, 9999))
    answer = send(station, device, device.events(1, 2, 9999))
    assert (answer.next, answer.head) == (3, device.hash_at(2))


def test_nothing_new_is_answered_by_what_the_device_was_told_before(station: Station) -> None:
    device = station.enrol("van-1")
    for _ in range(4):
        device.capture()
    send(station, device, device.events(0, 4, 9999))
    answer = send(station, device, [], acked=[2, device.hash_at(1)])
    assert (answer.next, answer.head) == (2, device.hash_at(1))
    answer = send(station, device, [], acked=[2, bytes(32)])
    assert (answer.next, answer.head) == (4, device.prev)


def test_bytes_refused_for_a_slot_are_settled_when_a_valid_follower_proves_them(station: Station) -> None:
    device = station.enrol("van-1")
    device.capture()
    bad = device.keep(wrong_signature(device))
    worse = device.keep(wrong_signature(device))
    device.capture()
    answer = send(station, device, device.events(0, 9, 9999))
    assert (answer.next, answer.head) == (4, device.prev)
    assert answer.verdicts == [[1, ["signature_invalid"]], [2, ["signature_invalid"]]]
    assert station.events(device) == [device.frames[0], device.frames[3]]
    size = len(station.leaves())
    station.restart()
    again = send(station, device, device.events(0, 9, 9999))
    assert again.next == 4
    assert len(station.leaves()) == size
    assert [data for _, _, data in quarantined(station)] == [bad, worse]  # known, so not refused once more


def test_bytes_refused_for_a_slot_do_not_settle_it_while_nothing_follows(station: Station) -> None:
    device = station.enrol("van-1")
    device.capture()
    device.keep(wrong_signature(device))
    assert send(station, device, device.events(0, 9, 9999)).next == 1


def test_garbage_before_refused_bytes_does_not_keep_them_from_being_settled(station: Station) -> None:
    device = station.enrol("van-1")
    first = device.capture()
    bad = device.keep(wrong_signature(device))
    after = device.capture()
    assert send(station, device, [first, b"garbage", bad, after]).next == 3


def test_an_unknown_kid_is_quarantined_whole_and_told_so_once_a_minute(station: Station) -> None:
    stranger = Device("stranger", bytes(32), station.trusted)
    stranger.capture()
    said = batch(stranger, stranger.events(0, 9, 9999))
    codes = [message.code for _ in range(3) for message in messages(station.handle(said), "refusal")]
    assert codes == ["unknown_kid"]
    station.pass_ms(MINUTE_MS)
    assert [message.code for message in messages(station.handle(said), "refusal")] == ["unknown_kid"]
    assert [(link, code) for link, code, _ in quarantined(station)] == [("?", "unknown_kid")] * 4
    assert station.leaves(leaves.EVENT) == []


def test_a_stranger_who_changes_his_name_has_one_share_of_quarantine_and_refusals(station: Station) -> None:
    outcomes = [station.handle((f"name-{n}", b"garbage")) for n in range(5)]
    assert sum(len(outcome.replies) for outcome in outcomes) == 1
    assert {link for link, _, _ in quarantined(station)} == {"?"}


def test_quarantine_is_bounded_and_counts_what_is_beyond(station: Station) -> None:
    device = station.enrol("van-1")
    junk = [b"junk" + bytes([n]) * 4_000 for n in range(20)]
    for _ in range(20):
        send(station, device, junk)
        station.pass_ms(1_000)
    kept = quarantined(station)
    assert 0 < sum(len(data) for _, _, data in kept) <= 1_048_576
    assert len(kept) < 400


def test_a_key_on_the_topic_of_another_device_is_refused(station: Station) -> None:
    device, other = station.enrol("van-1"), station.enrol("van-2")
    device.capture()
    outcome = station.handle((other.name, batch(device, device.events(0, 9, 9999))[1]))
    assert receipts(station, outcome) == []
    assert [topic for topic, _ in outcome.replies] == [frame.down_topic("van-2")]
    assert station.events(device) == []
    assert [code for _, code, _ in quarantined(station)] == ["foreign_key"]


@pytest.mark.parametrize("topic", ["jobseal/1/van-1/down", "jobseal/2/van-1/up", "jobseal/1/a/b/up", "x", ""])
def test_what_comes_on_any_other_topic_is_dropped(station: Station, topic: str) -> None:
    device = station.enrol("van-1")
    device.capture()
    data = batch(device, device.events(0, 9, 9999))[1]
    assert station.ingest.handle([(topic, data)], station.now).replies == []
    assert station.events(device) == []


def test_too_many_frames_at_once_are_put_off_and_do_not_hurt_a_neighbour(station: Station) -> None:
    loud, quiet = station.enrol("van-1"), station.enrol("van-2")
    quiet.capture()
    flood = [batch(loud, []) for _ in range(600)]
    outcome = station.handle(*flood, batch(quiet, quiet.events(0, 9, 9999)))
    answers = receipts(station, outcome)
    assert len(answers) < 600
    assert answers[-1].next == 1
    (put_off,) = messages(outcome, "refusal")
    assert put_off.code == "overloaded"
    assert put_off.retry_after > 0


def test_a_batch_at_its_limits_is_taken(station: Station) -> None:
    device = station.enrol("van-1")
    for _ in range(64):
        device.capture()
    events = device.events(0, 64, 1 << 20)
    said = Batch(session=bytes(8), kid=device.key.kid, events=events, acked=None, size=0, verdicts=0)
    (answer,) = receipts(station, station.handle((device.name, frame.encode(said))))
    assert answer.next == 64


def test_an_esp256_event_with_its_s_flipped_is_refused_and_makes_no_fork(station: Station) -> None:
    device = station.enrol("tpm-1", Esp256Signer(seed("a key in hardware")))
    data = device.capture()
    r, s = data[-64:-32], int.from_bytes(data[-32:], "big")
    flipped = data[:-64] + r + (cose.P256_ORDER - s).to_bytes(32, "big")
    assert send(station, device, [flipped]).next == 0
    assert send(station, device, [data]).next == 1
    send(station, device, [flipped])
    assert station.events(device) == [data]
    assert station.ingest.counts.forks == 0
