"""Strangers at the gateway: what bears no good signature is neither logged nor believed, takes nobody's place and fills
neither disk nor wire; and a key with two holders, or none that counts any more, is found out.
"""

from pathlib import Path

from jobseal import frame
from jobseal import object as objects
from jobseal.object import Chunk
from jobseal_gateway.ingest import Bounds
from jobseal_gateway.ledger import keys
from jobseal_gateway.ledger.database import reading
from tests.devices import Device, digest, signer_of
from tests.gateway.ingest.talk import SESSION, batch, messages, quarantined, receipts, send, verdicts_of
from tests.stations import Station
from tests.system.sentinels import Found
from tests.system.sentinels.ledger import captured, station_in

GARBAGE = 30


def _flipped(data: bytes) -> bytes:
    """With one bit of its signature the other way."""
    bad = bytearray(data)
    bad[-5] ^= 1
    return bytes(bad)


def forged(folder: Path) -> Found:
    """``forged_accepted``: an event is logged that its key never signed; ``slot_given_away``: bytes that do not verify
    settle a place which the genuine event then cannot have; ``honest_fork``: or make it a fork."""
    with station_in(folder) as station:
        device = captured(station)
        events = device.events(0, 4, 1 << 20)
        station.handle(batch(device, [_flipped(events[0]), *events[1:]]))
        station.handle(batch(device, [_flipped(each) for each in events]))
        thief = Device(device.name, device.genesis, device.trusted, signer_of("thief"))
        stolen = bytearray(thief.capture())
        stolen[8:16] = device.key.kid
        station.handle(batch(device, [bytes(stolen)]))
        foreign = {data for data in station.events(device) if data not in device.frames}
        if foreign:
            yield "forged_accepted", f"{len(foreign)} events are logged that their key never signed"
        send(station, device, events)
        if station.ingest.counts.forks:
            yield "honest_fork", "genuine events that came behind forged ones are taken for a second holder's"
        if station.events(device) != events:
            yield "slot_given_away", "a genuine event cannot be logged since forged bytes have its place"


def topics(folder: Path) -> Found:
    """``foreign_topic``: a frame counts that came on another device's topic."""
    with station_in(folder) as station:
        device, other = captured(station), station.enrol("hh-2")
        _, data = batch(device, device.events(0, 4, 1 << 20))
        for name in (other.name, "nobody"):
            station.handle((name, data))
        if station.events(device):
            yield "foreign_topic", "events are taken from a topic that is not their device's"


def floods(folder: Path) -> Found:
    """``quarantine_unbounded``: garbage is kept without end; ``refusals_unbounded``: and answered without end."""
    with station_in(folder) as station:
        station.bounds = Bounds(quarantine_items_per_day=5, quarantine_bytes_per_day=300)
        station.restart()
        station.enrol("hh-1")
        told = 0
        for number in range(GARBAGE):
            told += len(messages(station.handle(("hh-1", b"garbage %d" % number)), "refusal"))
        station.handle(*(("hh-1", b"more" * 20) for _ in range(GARBAGE)))
        kept = quarantined(station)
        if len(kept) > 5 or sum(len(data) for _, _, data in kept) > 300:
            yield "quarantine_unbounded", f"{len(kept)} pieces of garbage are kept where 5 may be"
        if told > 1:
            yield "refusals_unbounded", f"{told} refusals were sent within a minute"


def holders(folder: Path) -> Found:
    """``fork_undetected``: a second holder of a key signs on, and nobody says so."""
    with station_in(folder) as station:
        device = captured(station)
        clone = device.clone()
        device.capture()
        clone.capture()
        station.sync(device)
        station.sync(clone, 7)
        said = {code for codes in verdicts_of(station, device).values() for code in codes}
        if clone.frames[-1] not in station.events(device):
            yield "fork_undetected", "the second event of one number is not logged as the evidence that it is"
        if "chain_fork" not in said or _status(station, device) == keys.ACTIVE:
            yield "fork_undetected", "two events have one number, and the key goes on as if nothing had happened"


def _status(station: Station, device: Device) -> str:
    with reading(station.engine) as connection:
        row = keys.by_kid(connection, device.key.kid)
    assert row is not None
    return row.status


def revoked(folder: Path) -> Found:
    """``revoked_unsaid``: what a revoked key signs is logged behind its revocation without a word."""
    with station_in(folder) as station:
        device = captured(station)
        station.sync(device)
        station.revoke(device)
        data = device.capture()
        station.handle(batch(device, [data]))  # at once: the registry was read a moment ago
        said = verdicts_of(station, device).get((0, device.committed - 1), [])
        if "key_revoked" not in said:
            yield "revoked_unsaid", "an event behind the revocation of its key has no verdict"


def contents(folder: Path) -> Found:
    """``object_forged``: an object is stored that is not the one its event names."""
    with station_in(folder) as station:
        device = station.enrol("hh-1")
        salted = device.note(b"the customer's words")
        send(station, device, device.events(0, 1, 1 << 20))
        lie = objects.salted(b"the customer's lies!", digest(b"salt"))
        assert len(lie) == len(salted)
        chunk = Chunk(
            session=SESSION, kid=device.key.kid, digest=digest(salted), offset=0, total=len(lie), data=lie, size=0
        )
        outcome = station.handle((device.name, frame.encode(chunk)))
        if any(digest(salted) in answer.stored for answer in receipts(station, outcome)):
            yield "object_forged", "a receipt says that an object is stored, and other bytes are"


SENTINELS = {each.__name__: each for each in (forged, topics, floods, holders, revoked, contents)}
