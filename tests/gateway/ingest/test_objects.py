"""Objects beside events: taken only when named, whole only when right, and never lost half way."""

import pytest

from jobseal import frame
from jobseal.object import Chunk
from jobseal_gateway.ingest import Outcome
from jobseal_gateway.ledger import objects
from jobseal_gateway.ledger.database import reading, writing
from tests.devices import Device, digest
from tests.gateway.ingest.talk import SESSION, batch, job_ids, messages, quarantined, receipts, send, verdicts_of
from tests.stations import Station


def chunk(device: Device, whole: bytes, at: int, count: int = 32_768, **fields: object) -> tuple[str, bytes]:
    """(name, frame) of a piece of the object ``whole``."""
    said = {"session": SESSION, "kid": device.key.kid, "digest": digest(whole), "total": len(whole), "size": 0}
    piece = whole[at : at + count]
    return device.name, frame.encode(Chunk(**{**said, "offset": at, "data": piece, **fields}))


def stored(station: Station, outcome: Outcome) -> list[list[bytes]]:
    """What each receipt of this round says is kept."""
    return [answer.stored for answer in receipts(station, outcome)]


def content(station: Station, data: bytes) -> bytes:
    """What the ledger keeps of an object."""
    with reading(station.engine) as connection:
        known = objects.by_digests(connection, [digest(data)])[digest(data)]
        return objects.content(connection, known.id)


@pytest.fixture
def device(station: Station) -> Device:
    return station.enrol("van-1")


def test_a_small_object_rides_with_its_event(station: Station, device: Device) -> None:
    data = device.note(b"pressure vessel is older than the plate says")
    answer = send(station, device, device.events(0, 1, 9999), objects=[data])
    assert answer.stored == [digest(data)]
    assert content(station, data) == data


def test_a_rider_that_comes_again_is_listed_again(station: Station, device: Device) -> None:
    data = device.note(b"note")
    send(station, device, device.events(0, 1, 9999), objects=[data])
    assert send(station, device, device.events(0, 1, 9999), objects=[data]).stored == [digest(data)]
    assert stored(station, station.handle(chunk(device, data, 0))) == [[digest(data)]]


def test_an_object_nobody_named_is_refused_and_its_neighbours_are_taken(station: Station, device: Device) -> None:
    data, stray = device.note(b"note"), bytes(40)
    outcome = station.handle(batch(device, device.events(0, 1, 9999), objects=[stray, data]))
    assert stored(station, outcome) == [[digest(data)]]
    assert [said.code for said in messages(outcome, "refusal")] == ["object_unnamed"]
    assert quarantined(station) == [("van-1", "object_unnamed", stray)]
    assert receipts(station, outcome)[0].next == 1


def test_an_object_that_only_another_key_names_is_refused(station: Station, device: Device) -> None:
    data = device.note(b"note")
    send(station, device, device.events(0, 1, 9999))
    other = station.enrol("van-2")
    outcome = station.handle(chunk(other, data, 0))
    assert [said.code for said in messages(outcome, "refusal")] == ["object_unnamed"]


def test_pieces_in_order_make_an_object_and_mark_its_jobs(station: Station, device: Device) -> None:
    data = device.note(bytes(range(256)) * 400)
    send(station, device, device.events(0, 1, 9999))
    total, wanted = len(data), []
    for offset in range(0, total, 32_768):
        outcome = station.handle(chunk(device, data, offset))
        wanted += [said.offset for said in messages(outcome, "want")]
    assert wanted == [32_768, 65_536, 98_304]
    assert stored(station, outcome) == [[digest(data)]]
    assert outcome.dirty == [job_ids(station)["WO-1"]]
    assert content(station, data) == data


def test_a_piece_at_any_other_offset_is_answered_by_the_one_that_is_wanted(station: Station, device: Device) -> None:
    data = device.note(bytes(100_000))
    send(station, device, device.events(0, 1, 9999))
    station.handle(chunk(device, data, 0))
    for offset in (0, 65_536):
        (said,) = messages(station.handle(chunk(device, data, offset)), "want")
        assert said.offset == 32_768
    station.restart()
    (said,) = messages(station.handle(chunk(device, data, 0, 0)), "want")
    assert said.offset == 32_768


@pytest.mark.parametrize("change", [{"total": 99_999}, {"offset": 90_000, "data": bytes(30_000)}])
def test_a_piece_that_does_not_fit_what_the_event_names_is_a_mismatch(
    station: Station, device: Device, change: dict[str, object]
) -> None:
    data = device.note(bytes(100_000))
    send(station, device, device.events(0, 1, 9999))
    outcome = station.handle(chunk(device, data, 0, **change))
    assert [said.code for said in messages(outcome, "refusal")] == ["attachment_mismatch"]
    assert verdicts_of(station, device) == {(0, 0): ["attachment_mismatch"]}


def test_pieces_that_come_to_another_digest_are_forgotten_and_wanted_again(station: Station, device: Device) -> None:
    data = device.note(bytes(40_000))
    send(station, device, device.events(0, 1, 9999))
    station.handle(chunk(device, data, 0))
    outcome = station.handle(chunk(device, data, 32_768, data=b"\xff" * (len(data) - 32_768)))
    assert [said.code for said in messages(outcome, "refusal")] == ["attachment_mismatch"]
    assert content(station, data) == b""
    station.handle(chunk(device, data, 0))
    assert stored(station, station.handle(chunk(device, data, 32_768))) == [[digest(data)]]


def test_a_rider_of_another_size_than_its_event_names_is_a_mismatch(station: Station, device: Device) -> None:
    data = bytes(50)
    device.capture("note.added", {"note": [digest(data), 999, "text/plain"]})
    outcome = station.handle(batch(device, device.events(0, 1, 9999), objects=[data]))
    (answer,) = receipts(station, outcome)
    assert (answer.next, answer.stored) == (1, [])
    assert answer.verdicts == [[0, ["attachment_mismatch"]]]


def test_a_rider_completes_an_object_of_which_pieces_are_here(station: Station, device: Device) -> None:
    data = device.note(bytes(7_000))
    send(station, device, device.events(0, 1, 9999))
    station.handle(chunk(device, data, 0, 3_000))
    assert send(station, device, [], objects=[data]).stored == [digest(data)]
    assert content(station, data) == data


def test_an_object_erased_by_the_office_is_never_wanted_again(station: Station, device: Device) -> None:
    data = device.note(b"note")
    send(station, device, device.events(0, 1, 9999), objects=[data])
    with writing(station.engine) as connection:
        objects.erase(connection, objects.by_digests(connection, [digest(data)])[digest(data)].id)
    assert stored(station, station.handle(chunk(device, data, 0))) == [[digest(data)]]
    assert content(station, data) == b""


def test_a_correction_names_objects_too(station: Station, device: Device) -> None:
    wrong = digest(device.capture())
    data = bytes(64)
    named = [digest(data), 32, "text/plain"]
    device.capture("event.corrected", {"reason": 9, "body": {1: named}}, amends=wrong)
    answer = send(station, device, device.events(0, 2, 9999), objects=[data])
    assert answer.stored == [digest(data)]
