"""Lines: whatever a holder of a key really wrote comes to an end at the gateway, with a verdict where nobody can
attribute it, and costs no other holder anything.
"""

from pathlib import Path

from jobseal.limits import BATCH_MAX_EVENTS
from tests.devices import Device, digest
from tests.gateway.ingest.talk import send, verdicts_of
from tests.system.sentinels import Found
from tests.system.sentinels.ledger import station_in


def _unsigned(device: Device) -> bytes:
    data = device.make()
    return device.keep(data[:-1] + bytes([data[-1] ^ 1]))


def _rests(device: Device) -> Found:
    if device.state.next != device.committed:
        yield "converges", f"{device.name} waits behind {device.state.next} of {device.committed} events"


def runs(folder: Path) -> Found:
    """``converges``, ``refused_unsaid``: more refused events in a row than one batch holds, settled one by one."""
    with station_in(folder) as station:
        device = station.enrol("hh-1")
        device.capture()
        for _ in range(BATCH_MAX_EVENTS + 1):
            _unsigned(device)
        device.capture()
        station.sync(device)
        yield from _rests(device)
        said = verdicts_of(station, device)
        if set(said) != {(0, seq) for seq in range(1, device.committed - 1)}:
            yield "refused_unsaid", f"{len(said)} of {device.committed - 2} refused events have a verdict"


def again(folder: Path) -> Found:
    """``converges``: refused bytes that have settled are known when they come again."""
    with station_in(folder) as station:
        device = station.enrol("hh-1")
        device.capture()
        bad = _unsigned(device)
        device.capture()
        station.sync(device)
        if send(station, device, [bad], acked=[1, device.hash_at(0)]).next != 2:
            yield "converges", "bytes that have settled wait once more"


def kept_back(folder: Path) -> Found:
    """``slot_given_away``: junk in the place of an event that is kept back settles nothing."""
    with station_in(folder) as station:
        device = station.enrol("hh-1")
        events = [device.capture() for _ in range(2)]
        send(station, device, [b"junk"], acked=[0, device.genesis])
        send(station, device, events[1:], acked=[0, device.genesis], first=1)
        send(station, device, [b"junk", events[1]], acked=[0, device.genesis])
        if verdicts_of(station, device):
            yield "slot_given_away", "junk has taken the place of an event"
        send(station, device, events, acked=[0, device.genesis])
        if station.events(device) != events:
            yield "slot_given_away", "the event that was kept back is not logged in its place"


def holes(folder: Path) -> Found:
    """``converges``, ``honest_delayed``: what a copied handheld cannot read is no hole of the other one."""
    with station_in(folder) as station:
        device = station.enrol("hh-1")
        device.capture()
        copied = device.clone()
        copied.technician = "t-2"
        device.capture()
        for _ in range(5):
            copied.capture()
        copied.lose(2, 3)
        for holder, seed in ((device, 0), (copied, 1)):
            station.sync(holder, seed)
            yield from _rests(holder)
        device.capture()
        station.sync(device, 2)
        if any("late_event" in codes for codes in verdicts_of(station, device).values()):
            yield "honest_delayed", "an event in its turn is late, because another holder lost his own"


def astray(folder: Path) -> Found:
    """``converges``: a chain that another enrolment began is logged, and its holder goes on."""
    with station_in(folder) as station:
        device = station.enrol("hh-1")
        device.capture(prev=digest(b"another enrolment"))
        device.capture()
        station.sync(device)
        yield from _rests(device)


SENTINELS = {"runs": runs, "again": again, "kept_back": kept_back, "holes": holes, "astray": astray}
