"""A gateway's ingest at work on a real SQLite ledger, and what must be there afterwards.

Devices and wire are in memory; ledger and keys are on the disk. After an interruption the devices come back with all
that they signed and no receipt at all, which is the most that they can ask of a gateway.
"""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from sqlalchemy import Engine, text

from jobseal import checkpoint, frame, receipt
from jobseal.host.crypto import Ed25519Signer
from jobseal_gateway.ingest import Outcome
from jobseal_gateway.ledger import keys, leaves, objects
from jobseal_gateway.ledger.database import connect, migrate, reading
from jobseal_gateway.log import _ENTRY_KINDS
from jobseal_gateway.merkle_log import LogHead, append
from tests.devices import Device, Sync, signer_of
from tests.stations import Station
from tests.torture.storage.promises import Promise, Say, Wrong

DEVICES = ("HH-1", "HH-2", "HH-3")
_NOTE_EACH = 4


class Refused(Exception):
    """The gateway did not take a round; its device would come again."""


class TellingStation(Station):
    """A station that reports what it hands out."""

    def __init__(self, engine: Engine, folder: Path, say: Say) -> None:
        self.say = say
        super().__init__(engine, folder)

    def handle(self, *frames: tuple[str, bytes]) -> Outcome:
        outcome = super().handle(*frames)
        if outcome.problem is not None:
            raise Refused(str(outcome.problem))
        for topic, data in outcome.replies:
            kind, said = frame.decode_down(data)
            if kind == frame.RECEIPT:
                self._promise(topic.split("/")[2], said)
        return outcome

    def _promise(self, device: str, data: bytes) -> None:
        signed = receipt.verify(data, self.trusted.log, self.verifier)
        newest = checkpoint.verify(signed.checkpoint, self.trusted.log, self.verifier)
        self.say(("receipt", device, signed.next, signed.head))
        self.say(("checkpoint", newest.size, newest.root))
        for digest in signed.stored:
            self.say(("stored", digest))


def opened(folder: Path) -> Engine:
    """The ledger in ``folder``, made or brought up to date as the gateway does."""
    engine = connect(f"sqlite:///{folder / 'ledger.db'}")
    migrate(engine)
    return engine


def work(folder: Path, events: int, say: Say, restarts: int = 0) -> None:
    """Every device signs and syncs, one event at a time; ``restarts``: how often the gateway ends in between."""
    engine = opened(folder)
    try:
        station = TellingStation(engine, folder, say)
    except OSError as error:  # its keys could not be written, and the command says so
        raise Refused(str(error)) from error
    say(("keys", station.keys.fingerprint))
    devices = [enrolled(station, name) for name in DEVICES]
    syncs = [device.start(nth) for nth, device in enumerate(devices)]
    for sync in syncs:
        sync.connect()
        station.talk(sync)
    for number in range(events):
        if restarts and number and number % (events // (restarts + 1)) == 0:
            engine.dispose()
            engine = opened(folder)
            station = TellingStation(engine, folder, say)
        for device, sync in zip(devices, syncs, strict=True):
            signs(device, number)
            sync.tick(1)
            _talk(station, sync)
    engine.dispose()


def _talk(station: Station, sync: Sync) -> None:
    station.talk(sync)
    while sync.uplink.wake_at(sync.now) is not None and not sync.uplink.is_idle(sync.now):
        sync.sleep()
        station.talk(sync)


def signs(device: Device, number: int) -> None:
    """The device's event of this number: the same bytes each time."""
    if number % _NOTE_EACH == 1:
        device.note(b"note %d of " % number + device.name.encode() * 40)
    else:
        device.capture(job=f"WO-{number // 8}")


def enrolled(station: Station, name: str, signer: Ed25519Signer | None = None) -> Device:
    """The device as it is in the ledger, enrolled now if it is not there."""
    signer = signer or signer_of(name)
    with reading(station.engine) as connection:
        row = keys.by_kid(connection, signer.key.kid)
    if row is None:
        device = station.enrol(name, signer)
        if isinstance(station, TellingStation):
            station.say(("enrolled", name, device.genesis))
        return device
    return Device(name, row.enrolment_hash, station.trusted, signer)


def judge(folder: Path, promises: Sequence[Promise], events: int) -> Iterator[Wrong]:
    """Whether a gateway that starts on this folder has everything that was promised, and comes to the same end."""
    try:
        engine = opened(folder)
    except Exception as error:
        yield Wrong("does_not_open", repr(error))
        return
    try:
        yield from _whole(engine)
        again = TellingStation(engine, folder, lambda _: None)
        yield from _kept(engine, again, promises)
        yield from _ends_well(again, events)
    except Exception as error:
        yield Wrong("does_not_go_on", repr(error))
    finally:
        engine.dispose()


def _whole(engine: Engine) -> Iterator[Wrong]:
    with reading(engine) as connection:
        found = connection.execute(text("PRAGMA integrity_check")).scalars().all()
        if found != ["ok"]:
            yield Wrong("database_damaged", "; ".join(map(str, found[:3])))
        if connection.execute(text("PRAGMA foreign_key_check")).first() is not None:
            yield Wrong("database_damaged", "a row names another that is not there")


def _kept(engine: Engine, station: Station, promises: Sequence[Promise]) -> Iterator[Wrong]:
    of = {kind: [each[1:] for each in promises if each[0] == kind] for kind in (
        "keys", "enrolled", "receipt", "checkpoint", "stored",
    )}  # fmt: skip
    if any(fingerprint != station.keys.fingerprint for (fingerprint,) in of["keys"]):
        yield Wrong("keys_lost", "the gateway has other keys than it had")
    with reading(engine) as connection:
        rows = {row.device: row for row in keys.every(connection)}
        for name, genesis in of["enrolled"]:
            if name not in rows or rows[name].enrolment_hash != genesis:
                yield Wrong("acknowledged_missing", f"{name} is not enrolled any more")
        slots = {name: leaves.of_key(connection, row.id, 0, 1 << 40) for name, row in rows.items()}
        every = leaves.entries(connection, 0, 1 << 40)
        kept = objects.by_digests(connection, [digest for (digest,) in of["stored"]])
        contents = {digest: objects.content(connection, row.id) for digest, row in kept.items()}
    for name, following, head in of["receipt"]:
        hashes = {leaf.seq: leaf.hash for leaf in slots.get(name, [])}
        if following and hashes.get(following - 1) != head:
            yield Wrong("acknowledged_missing", f"a receipt for {name} says {following}, and that event is not logged")
    for name, logged in slots.items():
        if sorted(leaf.seq or 0 for leaf in logged) != list(range(len(logged))):
            yield Wrong("duplicate_row", f"{name} has {len(logged)} events, and not one for each number")
    for (digest,) in of["stored"]:
        if hashlib.sha256(contents.get(digest, b"")).digest() != digest:
            yield Wrong("object_lost", "an object that a receipt lists is not there")
    yield from _log(every, of["checkpoint"])


def _log(every: list[tuple[int, bytes]], checkpoints: list[tuple[int, bytes]]) -> Iterator[Wrong]:
    """Every checkpoint that was handed out describes the log's beginning."""
    hashes = [hashlib.sha256(_ENTRY_KINDS[kind] + digest).digest() for kind, digest in every]
    head = LogHead()
    for size, root in sorted(set(checkpoints)):
        if size > len(hashes):
            yield Wrong("log_rewritten", f"a checkpoint says {size}, and the log has {len(hashes)}")
            return
        if size > head.size:
            head = append(head, hashes[head.size : size]).after
        if size == head.size and head.root() != root:
            yield Wrong("log_rewritten", f"the checkpoint of size {size} has another root")
            return


def _ends_well(station: TellingStation, events: int) -> Iterator[Wrong]:
    """Devices that know nothing but what they signed come to rest with all of it logged, once."""
    for nth, device in enumerate([enrolled(station, name) for name in DEVICES]):
        name = device.name
        for number in range(events):
            signs(device, number)
        sync = device.start(100 + nth)
        sync.connect()
        _talk(station, sync)
        if station.events(device) != device.frames:
            yield Wrong("converges", f"{name} signed {events} events, and {len(station.events(device))} are logged")
        if device.rolled_back or device.alarms:
            yield Wrong("honest_stopped", f"{name} was told {device.alarms or 'that it was set back'}")
