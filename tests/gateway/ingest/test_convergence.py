"""Every handheld converges: whatever it committed ends acknowledged, and logged or with a stored verdict.

A history is a list of steps that hypothesis draws: one key, up to three holders of it, journals with every kind of
damage, frames that are lost, doubled or delayed, processes that end, a log that two workers append to. What runs is the
real sender and the real ingest; only batches are small, so that runs longer than one are common. When the faults end,
every holder signs one more event and gets so many frames to come to rest.
"""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobseal import cose, event, uplink
from jobseal.errors import JobsealError
from jobseal.host.crypto import Verifier
from jobseal.uplink_state import State
from jobseal_gateway.ledger import branches, holes, keys, leaves, refused, verdicts
from jobseal_gateway.ledger.database import connect, reading
from tests.devices import Device, Sync, digest, signer_of
from tests.stations import Station

EVENTS_IN_A_BATCH = 3
_NUMBERS = iter(range(1 << 40))  # of handhelds, one for each history
EXCHANGES_MOST = 400  # of all holders together, once nothing goes wrong any more
HOLDERS_MOST = 3


def is_sound(device: Device, seq: int) -> bool:
    """Whether its own event at this place is one."""
    if seq < 0:
        return True
    try:
        said = event.parse(device.frames[seq] or b"")
        cose.verify(said.envelope, cose.EVENT, device.key, Verifier())
    except JobsealError:
        return False
    return said.event.seq == seq


def report_unnamed(device: Device) -> None:
    """A device announces bytes of its own as lost that no signature proves: they are no event, nor named by one."""
    for seq in range(len(device.frames) - 1, -1, -1):
        data, after = device.frames[seq], device.frames[seq + 1] if seq + 1 < len(device.frames) else None
        if data is None or is_sound(device, seq) or after is None or not is_sound(device, seq + 1):
            continue
        if event.parse(after).event.prev != digest(data):
            first = seq
            while first > 0 and device.frames[first - 1] is not None and not is_sound(device, first - 1):
                first -= 1
            device.lose(first, seq)


def unsigned(device: Device) -> bytes:
    data = device.make()
    return data[:-1] + bytes([data[-1] ^ 1])


def garbage(device: Device) -> bytes:
    return b"garbage %d" % len(device.frames)


def of_another_key(device: Device) -> bytes:
    return cose.sign(event.parse(device.make()).envelope.payload, cose.EVENT, signer_of("another"))


def following_nothing(device: Device) -> bytes:
    return device.make(prev=digest(b"nothing"))


def numbered_ahead(device: Device) -> bytes:
    return device.make(seq=len(device.frames) + 2)


def numbered_behind(device: Device) -> bytes:
    return device.make(seq=max(0, len(device.frames) - 2))


def doubled(device: Device) -> bytes:
    return next((data for data in device.frames[::-1] if data is not None), device.make())


WRITES: dict[str, Callable[[Device], bytes]] = {
    "good": lambda device: device.make(),
    "unsigned": unsigned,
    "garbage": garbage,
    "of another key": of_another_key,
    "following nothing": following_nothing,
    "numbered ahead": numbered_ahead,
    "numbered behind": numbered_behind,
    "doubled": doubled,
}


class World:
    """One key in the hands of some devices, and the gateway that they talk to."""

    def __init__(self, station: Station, other: Station, name: str) -> None:
        self.workers = [station, other]
        self.turn = 0
        first = station.enrol(name)
        self.holders = [first]
        self.syncs: list[Sync] = []
        self.starts = 0
        self.start(0)

    def start(self, number: int) -> None:
        """A new sync process for this holder."""
        self.starts += 1
        sync = self.holders[number].start(self.starts)
        self.syncs[number : number + 1] = [sync]
        sync.connect()

    def write(self, number: int, what: str, count: int) -> None:
        device = self.holders[number]
        for _ in range(0 if device.rolled_back else count):
            device.keep(WRITES[what](device))

    def lose(self, number: int, back: int, count: int) -> None:
        """Events can no longer be read; what is newest always can."""
        device = self.holders[number]
        last = len(device.frames) - 1 - back
        first = max(0, last - count + 1)
        if last >= 0 and not device.rolled_back:
            device.lose(first, last)

    def copy(self, number: int) -> None:
        """Somebody copies the card: from here on there are two who sign."""
        if len(self.holders) < HOLDERS_MOST:
            copied = self.holders[number].clone()
            copied.technician = f"t-{len(self.holders) + 1}"
            self.holders.append(copied)
            self.start(len(self.holders) - 1)

    def forget(self, number: int) -> None:
        """Sync's file is gone."""
        self.holders[number].saved = State().to_list()
        self.start(number)

    def exchange(self, number: int, fate: str) -> bool:
        """One frame of this holder on its way, and what it is answered; whether there was one."""
        sync = self.syncs[number]
        if sync.device.rolled_back:
            return False
        sync.tick()
        if not sync.sent:
            sync.sleep()
        if not sync.sent:
            return False
        data = sync.sent.pop(0)
        if fate == "lost":
            return True
        worker = self.workers[self.turn % 2]
        self.turn += 1
        worker.pass_ms(40)
        replies = worker.handle((sync.device.name, data)).replies
        if fate == "answer lost":
            return True
        for _, reply in replies * (2 if fate == "doubled" else 1):
            sync.hear(reply)
        if fate == "sent again":
            worker.handle((sync.device.name, data))
        return True

    def is_settled(self, number: int) -> bool:
        device = self.holders[number]
        return device.rolled_back or device.state.next == device.committed

    def come_to_rest(self) -> None:
        for number, device in enumerate(self.holders):
            self.start(number)
            if not device.rolled_back:
                report_unnamed(device)
                device.capture()
        for _ in range(EXCHANGES_MOST):
            waiting = [number for number in range(len(self.holders)) if not self.is_settled(number)]
            if not waiting:
                return
            self.exchange(waiting[self.turn % len(waiting)], "arrives")
        stuck = [(number, device.state.next, device.committed) for number, device in enumerate(self.holders)]
        raise AssertionError(f"they never come to rest: (holder, acknowledged, committed) {stuck}")

    def unaccounted(self) -> list[tuple[int, int]]:
        """(holder, seq) of what was acknowledged and is neither logged nor spoken of."""
        with reading(self.workers[0].engine) as connection:
            row = keys.by_kid(connection, self.holders[0].key.kid)
            assert row is not None
            lines = [branch.id for branch in branches.of_key(connection, row.id)]
            said = {each.seq for each in verdicts.of_branches(connection, lines, 0, 10_000)}
            said |= {each.seq for each in refused.of_branches(connection, lines)}
            for hole in holes.of_key(connection, row.id):
                said |= set(range(hole.first_seq, hole.last_seq + 1))
            logged = {leaf.hash for leaf in leaves.of_key(connection, row.id, 0, 1 << 40)}
        return [
            (number, seq)
            for number, device in enumerate(self.holders)
            for seq, data in enumerate(device.frames[: device.state.next])
            if data is not None and digest(data) not in logged and seq not in said
        ]


def play(world: World, steps: list[tuple[str, int, str, int]]) -> None:
    for do, holder, what, count in steps:
        number = holder % len(world.holders)
        if do == "write":
            world.write(number, what, count)
        elif do == "lose":
            world.lose(number, count % 3, 1 + count % 4)
        elif do == "copy":
            world.copy(number)
        elif do == "forget":
            world.forget(number)
        elif do == "restart":
            world.start(number)
        elif do == "gateway":
            world.workers[count % 2].restart()
        else:
            for _ in range(count):
                world.exchange(number, do)


FATES = ("arrives", "arrives", "lost", "answer lost", "doubled", "sent again")
STEP = st.one_of(
    st.tuples(st.just("write"), st.integers(0, 2), st.sampled_from(sorted(WRITES)), st.integers(1, 9)),
    st.tuples(st.just("write"), st.integers(0, 2), st.just("good"), st.integers(1, 9)),
    st.tuples(st.sampled_from(FATES), st.integers(0, 2), st.just(""), st.integers(1, 6)),
    st.tuples(
        st.sampled_from(("lose", "copy", "forget", "restart", "gateway")),
        st.integers(0, 2),
        st.just(""),
        st.integers(0, 6),
    ),
)


@pytest.fixture(scope="module")
def workers(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Station, Station]]:
    """Two workers on one ledger, in a file that nobody waits for."""
    folder = tmp_path_factory.mktemp("convergence")
    path = folder / "ledger.db"
    with sqlite3.connect(sqlite_template) as source, sqlite3.connect(path) as copy:
        source.backup(copy)
    engine = connect(f"sqlite:///{path}")
    yield Station(engine, folder), Station(engine, folder)
    engine.dispose()


@settings(max_examples=150)
@given(steps=st.lists(STEP, max_size=14))
def test_whatever_happened_every_holder_comes_to_rest_with_nothing_dropped(
    workers: tuple[Station, Station], steps: list[tuple[str, int, str, int]]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(uplink, "BATCH_MAX_EVENTS", EVENTS_IN_A_BATCH)
        world = World(*workers, f"van-{next(_NUMBERS)}")
        play(world, steps)
        world.come_to_rest()
        assert world.unaccounted() == []
