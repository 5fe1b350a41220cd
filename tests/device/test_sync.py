"""The sync process as it runs: a real process, a real broker, a real ingest behind it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from jobseal import frame
from jobseal.enrolment import Welcome
from jobseal.host.crypto import Ed25519Signer
from jobseal.key import decode
from jobseal_device import identity, sync, turn_pump
from jobseal_device.capture import Capture
from jobseal_device.home import Home
from jobseal_device.journal import Journal
from jobseal_device.journal_head import HEAD_NAME
from jobseal_device.uplink_file import read_uplink, write_uplink
from jobseal_device.work_file import WorkFile
from jobseal_gateway.broker import Broker
from jobseal_gateway.mosquitto import GATEWAY_USER
from jobseal_gateway.mqtt_worker import MqttWorker
from tests.device.workbench import HandClock
from tests.devices import Device
from tests.servers import eventually, free_port, mosquitto
from tests.stations import Station

QUICK = """[sync]
resend_first_s = 1
resend_most_s = 2
outage_first_retry_s = 0
reconnect_most_s = 0.3
"""
RSS_MOST_KIB = 40 * 1024


class Gateway:
    """A thread that carries frames between the broker and the station; ``seen`` are the frames that came up."""

    def __init__(self, station: Station, port: int) -> None:
        self.station = station
        self._worker = MqttWorker("127.0.0.1", port, "gateway", user=GATEWAY_USER, subscriptions=["jobseal/1/+/up"])
        self._stop = threading.Event()
        self.seen: list[tuple[float, Any]] = []
        self._worker.connect(5)
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while not self._stop.is_set():
            messages = self._worker.receive(20, 64)
            for message in messages:
                self.seen.append((time.monotonic(), frame.decode_up(message.payload)))
                device = message.topic.split("/")[2]
                for down, reply in self.station.handle((device, message.payload)).replies:
                    self._worker.publish(down, reply)
            self._worker.ack(messages)
        self._worker.close()

    def batches(self) -> list[tuple[float, Any]]:
        return [(at, each) for at, each in self.seen if hasattr(each, "events")]

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with mosquitto(tmp_path / "broker") as running:
        yield running


@pytest.fixture
def gateway(station: Station, broker: Broker) -> Iterator[Gateway]:
    running = Gateway(station, broker.settings.port)
    yield running
    running.stop()


@pytest.fixture
def home(tmp_path: Path, station: Station, broker: Broker) -> Home:
    """An enrolled handheld whose first broker is a port where nobody listens."""
    home = Home(tmp_path / "HH-1")
    public = decode(identity.make_key(home, bytes(range(32))))
    device = station.enrol("HH-1", Ed25519Signer(bytes(range(32))))
    assert device.key.thumbprint == public.thumbprint
    welcome = Welcome(
        statement=_enrolment_bytes(station, device),
        root=station.keys.authority.root.encode(),
        authority=station.keys.certifications,
        brokers=[["127.0.0.1", free_port()], ["127.0.0.1", broker.settings.port]],
    )
    identity.accept(home, welcome.encode(), station.keys.fingerprint)
    home.config.write_text(QUICK)
    return home


def _enrolment_bytes(station: Station, device: Device) -> bytes:
    return next(leaf.bytes for leaf in station.leaves() if leaf.bytes is not None and leaf.hash == device.genesis)


@contextmanager
def capturing(home: Home) -> Iterator[Capture]:
    enrolled = identity.load(home)
    capture = Capture(home, enrolled.identity, identity.signer(home), HandClock(), os.urandom)
    try:
        yield capture
    finally:
        capture.close()


def command(home: Home, *words: str) -> list[str]:
    return [sys.executable, "-m", "jobseal_device.command", "--home", str(home.folder), "--json", *words]


def ran(home: Home, *words: str) -> tuple[int, dict[str, Any]]:
    done = subprocess.run(command(home, *words), capture_output=True, text=True, timeout=60)
    return done.returncode, json.loads(done.stdout)


@contextmanager
def syncing(home: Home) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command(home, "sync"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        eventually(lambda: sync.is_running(home))
        yield process
    finally:
        process.kill()
        process.wait()


def acknowledged(home: Home) -> int:
    return read_uplink(home).next


def test_an_idle_sync_is_small_and_a_commit_wakes_it_at_once(home: Home, gateway: Gateway) -> None:
    with syncing(home) as process, capturing(home) as capture:
        eventually(lambda: gateway.seen)
        took: list[float] = []
        for number in range(20):
            before = len(gateway.batches())
            committed = time.monotonic()
            capture.sign("session.opened", {}, by=f"t-{number}")
            eventually(lambda before=before: len(gateway.batches()) > before)  # type: ignore[misc]
            took.append(gateway.batches()[-1][0] - committed)
            eventually(lambda number=number: acknowledged(home) == number + 1)  # type: ignore[misc]
        assert sorted(took)[10] < 1.0, took  # a poll takes five seconds
        status = Path(f"/proc/{process.pid}/status").read_text()
        rss_kib = int(status.split("VmRSS:")[1].split()[0])
        assert rss_kib <= RSS_MOST_KIB
        print(f"sync RSS {rss_kib / 1024:.1f} MiB, commit to broker p50 {sorted(took)[10] * 1000:.1f} ms")


def test_sync_does_not_load_what_only_the_screen_or_capture_needs() -> None:
    code = "import sys, jobseal_device.sync; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"textual", "qrcode", "jobseal_device.capture", "asyncio", "http.client"} & set(loaded)


@pytest.mark.usefixtures("gateway")
def test_once_ends_when_all_is_acknowledged_also_when_there_was_nothing_to_say(home: Home) -> None:
    assert ran(home, "sync", "--once")[1]["done"]
    with capturing(home) as capture:
        for _ in range(100):
            capture.sign("session.opened", {}, by="t-1")
    began = time.monotonic()
    assert ran(home, "sync", "--once") == (0, {"done": True, "sync": "everything is acknowledged"})
    assert acknowledged(home) == 100
    assert ran(home, "sync", "--once")[0] == 0
    assert time.monotonic() - began < 20
    assert ran(home, "status")[1]["acknowledged"] == 100


def test_once_without_a_gateway_says_that_it_is_not_finished(home: Home) -> None:
    code, said = ran(home, "sync", "--once", "--timeout", "1")
    assert (code, said["done"]) == (1, False)


def test_once_without_a_broker_says_so(home: Home, broker: Broker) -> None:
    broker.stop()
    code, said = ran(home, "sync", "--once")
    assert (code, said["error"]) == (1, "link_down")


@pytest.mark.usefixtures("gateway")
def test_brokers_can_be_set_in_the_configuration(home: Home, broker: Broker) -> None:
    home.config.write_text(f'[sync]\nbrokers = ["127.0.0.1:{broker.settings.port}"]\n')
    assert ran(home, "sync", "--once")[0] == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("when", ["connected", "waiting for a broker"])
def test_a_signal_ends_it_in_order_and_at_once(home: Home, broker: Broker, number: int, when: str) -> None:
    if when == "waiting for a broker":
        broker.stop()
        home.config.write_text("[sync]\nreconnect_most_s = 300\n")
    process = subprocess.Popen(command(home, "sync"), stdout=subprocess.PIPE)
    eventually(lambda: sync.is_running(home))
    time.sleep(0.5)
    began = time.monotonic()
    process.send_signal(number)
    said, _ = process.communicate(timeout=10)
    assert time.monotonic() - began < 2.5
    assert (process.returncode, json.loads(said)) == (0, {"sync": "stopped"})
    assert not sync.is_running(home)
    assert not home.wake.exists()


@pytest.mark.usefixtures("gateway")
def test_a_second_sync_is_refused_and_the_first_goes_on(home: Home) -> None:
    with syncing(home):
        code, said = ran(home, "sync", "--once")
        assert (code, said["error"]) == (1, "sync_running")
        for _ in range(5):
            assert ran(home, "status")[1]["sync"] == "running"
        with capturing(home) as capture:
            capture.sign("session.opened", {}, by="t-1")
        eventually(lambda: acknowledged(home) == 1)
    assert ran(home, "status")[1]["sync"] == "not running"


@pytest.mark.usefixtures("gateway")
def test_killed_in_the_middle_again_and_again_it_loses_and_doubles_nothing(home: Home) -> None:
    with capturing(home) as capture:
        for round in range(6):
            for _ in range(40):
                capture.sign("session.opened", {}, by="t-1")
            with syncing(home):
                time.sleep(0.02 * round)
    assert ran(home, "sync", "--once")[0] == 0
    assert acknowledged(home) == 240


def test_a_broker_that_dies_and_comes_back_is_found_again(home: Home, gateway: Gateway, broker: Broker) -> None:
    with syncing(home), capturing(home) as capture:
        capture.sign("session.opened", {}, by="t-1")
        eventually(lambda: acknowledged(home) == 1)
        gateway.stop()
        broker.stop()
        capture.sign("session.opened", {}, by="t-2")
        broker.start()
        again = Gateway(gateway.station, broker.settings.port)
        eventually(lambda: acknowledged(home) == 2)
        again.stop()


def test_a_damaged_uplink_file_is_set_aside_and_the_gateway_says_where_to_go_on(home: Home, gateway: Gateway) -> None:
    with capturing(home) as capture:
        for _ in range(3):
            capture.sign("session.opened", {}, by="t-1")
    assert ran(home, "sync", "--once")[0] == 0
    for nth, garbage in enumerate(
        [b"", b"\xff" * 30, b"\x87\x01\x00\x00\x00\x00\x00\x00", home.uplink.read_bytes()[:-1]]
    ):
        home.uplink.write_bytes(garbage)
        assert ran(home, "status")[0] == 0
        with capturing(home) as capture:
            capture.sign("session.opened", {}, by="t-1")
        gateway.seen.clear()
        assert ran(home, "sync", "--once")[0] == 0
        assert acknowledged(home) == 4 + nth
        assert [len(each.events) for _, each in gateway.batches()] == [1]
        assert home.uplink.with_name(f"uplink.cbor.damaged{nth + 1}").read_bytes() == garbage
    assert WorkFile(home).alarms()[0]["code"] == "uplink_damaged"


@pytest.mark.usefixtures("gateway")
def test_a_receipt_that_does_not_verify_any_more_is_set_aside_too(home: Home) -> None:
    with capturing(home) as capture:
        capture.sign("session.opened", {}, by="t-1")
    assert ran(home, "sync", "--once")[0] == 0
    state = read_uplink(home)
    assert state.checkpoint is not None
    state.checkpoint = state.checkpoint[:30] + bytes([state.checkpoint[30] ^ 1]) + state.checkpoint[31:]
    write_uplink(home, state)
    assert ran(home, "sync", "--once")[0] == 0
    assert acknowledged(home) == 1


@pytest.mark.usefixtures("gateway")
def test_a_head_that_a_power_cut_set_back_does_not_cost_the_handheld_its_key(home: Home) -> None:
    """The head file is written without a sync. If sync were to start first after the power cut and to name an old
    head, the gateway would take this handheld for one restored from a backup."""
    with capturing(home) as capture:
        capture.sign("session.opened", {}, by="t-1")
        old_head = (home.journal / HEAD_NAME).read_bytes()
        for _ in range(3):
            capture.sign("session.opened", {}, by="t-1")
    assert ran(home, "sync", "--once")[0] == 0
    assert acknowledged(home) == 4
    for lost in (old_head, b""):
        (home.journal / HEAD_NAME).write_bytes(lost)
        assert ran(home, "sync", "--once")[0] == 0
        assert not home.rolled_back.exists()
    with capturing(home) as capture:
        assert capture.journal.next_seq == 4
        capture.sign("session.opened", {}, by="t-1")


@pytest.mark.usefixtures("gateway")
def test_while_capture_is_open_the_journal_is_left_to_it(home: Home) -> None:
    with capturing(home) as capture:
        capture.sign("session.opened", {}, by="t-1")
        segment = next(home.journal.glob("*.seg"))
        with segment.open("ab") as file:  # as if capture were in the middle of the next one
            file.write(segment.read_bytes())
        assert ran(home, "sync", "--once")[0] == 0
        assert acknowledged(home) == 1


@pytest.mark.usefixtures("gateway")
def test_a_handheld_restored_from_a_backup_refuses_by_its_command(home: Home) -> None:
    with capturing(home) as capture:
        capture.sign("session.opened", {}, by="t-1")
    backup = home.folder.with_name("backup")
    shutil.copytree(home.folder, backup)
    with capturing(home) as capture:
        capture.sign("session.opened", {}, by="t-1")
    assert ran(home, "sync", "--once")[0] == 0
    shutil.rmtree(home.folder)
    shutil.copytree(backup, home.folder)
    assert ran(home, "sync", "--once")[0] == 0
    code, said = ran(home, "capture", "session.opened", "--by", "t-1")
    assert (code, said["error"]) == (1, "device_rolled_back")
    status = ran(home, "status")[1]
    assert status["rolled_back"]
    assert [alarm["code"] for alarm in status["alarms"]] == ["device_rolled_back"]


@pytest.mark.usefixtures("gateway")
def test_a_journal_that_cannot_be_recovered_still_sends_what_it_has(home: Home) -> None:
    with capturing(home) as capture:
        for _ in range(3):
            capture.sign("session.opened", {}, by="t-1")
    segment = next(home.journal.glob("*.seg"))
    data = segment.read_bytes()
    with segment.open("ab") as file:
        file.write(b"\0" * 64 + data)  # frames behind damage behind the head: nobody can say which numbers they have
    assert ran(home, "capture", "session.opened", "--by", "t-1")[1]["error"] == "journal_damaged"
    assert ran(home, "sync", "--once")[0] == 0
    assert acknowledged(home) == 3


def test_recovery_needs_no_sync_when_there_is_nothing_to_recover(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    with capturing(home) as capture:
        capture.sign("session.opened", {}, by="t-1")
    opened: list[int] = []
    monkeypatch.setattr(Journal, "open", lambda *_: opened.append(1))
    turn_pump.confirm(home)
    assert opened == []


def test_without_an_enrolment_it_says_what_to_do(tmp_path: Path) -> None:
    code, said = ran(Home(tmp_path / "nobody"), "sync", "--once")
    assert (code, said["error"]) == (1, "not_enrolled")
    assert not (tmp_path / "nobody").exists()
