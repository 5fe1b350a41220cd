"""What the network campaigns stand on, in small and without root: the weather, the kill, and the eye that sees."""

import signal
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from jobseal_gateway.ledger.database import connect, migrate, writing
from tests.devices import digest
from tests.stations import Station
from tests.torture.network import doomed, kills
from tests.torture.network.consumer import Consumer
from tests.torture.network.doomed import Plan
from tests.torture.network.hand import Hand
from tests.torture.network.kills import Kills
from tests.torture.network.shaper import CLEAR, Shaper, Weather
from tests.torture.network.verdict import Ledger, Witness, check

# An IPv4 header from 10.77.0.2 to 10.77.0.1 over TCP, a TCP header without anything in it, and 960 bytes of content.
SEGMENT = bytes.fromhex("450003e800004000400600000a4d00020a4d0001") + bytes(20) + bytes(range(240)) * 4


# The weather


@given(st.lists(st.binary(min_size=20, max_size=60), max_size=20), st.integers())
def test_in_clear_weather_every_packet_arrives_at_once_and_as_it_was(packets: list[bytes], seed: int) -> None:
    shaper = Shaper(CLEAR, seed)
    assert [shaper.offer(packet, number) for number, packet in enumerate(packets)] == [
        [(number, packet)] for number, packet in enumerate(packets)
    ]


def test_the_same_seed_makes_the_same_weather_and_another_one_another() -> None:
    bad = Weather(0.1, 0.1, 0.2, 0.2, 0.2, 0.2, 0.2, 50_000.0, ((1.0, 2.0),))

    def fate(seed: int) -> list[list[tuple[float, bytes]]]:
        shaper = Shaper(bad, seed)
        return [shaper.offer(SEGMENT, number / 100) for number in range(300)]

    assert fate(1) == fate(1) != fate(2)


@pytest.mark.parametrize("weather", [Weather(loss=1.0), Weather(outages=((0.0, 9.0),))])
def test_what_is_lost_or_cut_off_does_not_arrive(weather: Weather) -> None:
    assert Shaper(weather, 0).offer(SEGMENT, 5.0) == []


def test_damage_changes_one_bit_and_a_forgery_besides_has_a_checksum_that_holds() -> None:
    [(_, damaged)] = Shaper(Weather(corrupt=1.0), 3).offer(SEGMENT, 0.0)
    assert sum((a ^ b).bit_count() for a, b in zip(SEGMENT, damaged, strict=True)) == 1
    [(_, forged)] = Shaper(Weather(forge=1.0), 3).offer(SEGMENT, 0.0)
    assert forged != SEGMENT
    assert forged[:36] == SEGMENT[:36]
    summed = sum(struct.unpack("!496H", forged[12:20] + struct.pack("!HH", 6, 980) + forged[20:]))
    while summed >> 16:
        summed = (summed & 0xFFFF) + (summed >> 16)
    assert summed == 0xFFFF


def test_a_narrow_link_lets_packets_through_one_after_the_other_and_drops_what_would_wait_too_long() -> None:
    shaper = Shaper(Weather(bytes_per_s=1000.0), 0)
    assert [[at_s for at_s, _ in shaper.offer(SEGMENT, 0.0)] for _ in range(4)] == [[1.0], [2.0], [3.0], []]


# The kill


def test_a_process_dies_at_the_planned_step_and_once_only(tmp_path: Path) -> None:
    script = (
        "import sys, pathlib; from tests.torture.network.doomed import Doom\n"
        "doom = Doom(pathlib.Path(sys.argv[1]), 'round')\n"
        "for step in ('received', 'signed', 'received'): doom.reached(step); print(step, flush=True)"
    )
    line = [sys.executable, "-c", script, str(tmp_path)]
    for skip, said in ((0, ""), (1, "received\nsigned\n")):
        doomed.arm(tmp_path, Plan("received", skip, ()))
        assert not doomed.has_struck(tmp_path)
        died = subprocess.run(line, capture_output=True, text=True, cwd=Path(__file__).parents[1], check=False)
        assert (died.returncode, died.stdout) == (-signal.SIGKILL, said)
        assert doomed.has_struck(tmp_path)
    lived = subprocess.run(line, capture_output=True, text=True, cwd=Path(__file__).parents[1], check=False)
    assert (lived.returncode, lived.stdout.split()) == (0, ["received", "signed", "received"])


def test_each_run_for_a_commit_kills_everybody_once_and_a_release_does_all_that_there_are() -> None:
    everybody = {kill.victim for kill in kills.ON_POSTGRES}
    assert {kills.kill_of(unit).victim for unit in range(Kills.quick)} == everybody
    assert {kills.kill_of(unit) for unit in range(1_000)} == {*kills.ON_POSTGRES, *kills.ON_SQLITE}


# The eye


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    opened = connect(f"sqlite:///{tmp_path / 'ledger.db'}")
    migrate(opened)
    yield opened
    opened.dispose()


def seen(engine: Engine, hand: Hand, checkpoints: set[bytes]) -> set[str]:
    """The checks that find something, but for what this handheld, which has no disk, cannot believe."""
    consumer = Consumer(("127.0.0.1", 1), "")
    found = {name for name, _ in check(Ledger(engine), [hand], consumer, Witness(checkpoints))}
    return found - {"converges"}


@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        ("SELECT 1", set()),
        ("DELETE FROM leaves WHERE idx = (SELECT max(idx) FROM leaves)", {"committed_lost", "log_rewritten"}),
        ("DELETE FROM leaves WHERE idx = 2", {"committed_lost", "log_rewritten"}),
        ("UPDATE leaves SET bytes = x'00' WHERE idx = 0", {"log_rewritten"}),
        ("UPDATE leaves SET hash = (SELECT hash FROM leaves WHERE idx = 3), bytes = (SELECT bytes FROM leaves WHERE"
         " idx = 3) WHERE idx = 2", {"committed_lost", "duplicate_row", "log_rewritten"}),
        ("INSERT INTO verdicts (branch_id, seq, code) SELECT min(id), 0, 'chain_fork' FROM branches", {"honest_fork"}),
    ],
)  # fmt: skip
def test_what_somebody_did_to_the_ledger_is_seen(engine: Engine, tmp_path: Path, spoil: str, found: set[str]) -> None:
    station = Station(engine, tmp_path)
    device = station.enrol("van-1")
    hand = Hand("van-1", "t-1", tmp_path)
    for _ in range(5):
        hand.signed.append(digest(device.capture()))
    station.sync(device)
    checkpoint = device.state.checkpoint
    assert checkpoint is not None
    with writing(engine) as connection:
        connection.execute(text("PRAGMA defer_foreign_keys = ON"))
        connection.execute(text(spoil))
    assert seen(engine, hand, {checkpoint}) == found


def test_an_event_that_nobody_signed_and_a_checkpoint_of_another_log_are_seen(engine: Engine, tmp_path: Path) -> None:
    station = Station(engine, tmp_path)
    device = station.enrol("van-1")
    device.capture()
    station.sync(device)
    elsewhere = connect(f"sqlite:///{tmp_path / 'elsewhere.db'}")
    migrate(elsewhere)
    other = Station(elsewhere, tmp_path)
    stranger = other.enrol("van-2")
    stranger.capture()
    other.sync(stranger)
    elsewhere.dispose()
    foreign = stranger.state.checkpoint
    assert foreign is not None
    assert seen(engine, Hand("van-1", "t-1", tmp_path), {foreign}) == {"forged_accepted", "log_rewritten"}
