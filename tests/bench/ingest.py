"""Ingest: events a second that one core takes in for good, against what it can verify at all.

One worker on a core of its own; mosquitto and the handhelds on the other. Each handheld keeps two batches under way,
so that the worker never waits. Every signature is checked, every round committed (SQLite, synchronous FULL) before
its receipts are signed, and every receipt is verified afterwards.
"""

import json
import os
import select
import statistics
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from jobseal import frame, receipt
from jobseal.receipt import Receipt
from jobseal_gateway.ledger.database import connect, migrate
from tests import servers
from tests.bench.chains import BATCH, HANDHELDS, batches, chains
from tests.bench.ground import LOAD_CORE, ROOT, folder, pin, pinned
from tests.bench.ingest_worker import LEDGER
from tests.bench.row import AT_LEAST, AT_MOST, Row
from tests.devices import Device
from tests.stations import Station

BATCHES = {True: 104, False: 640}  # for each handheld; quick or not
UNDER_WAY = 2
WITHIN_S = 120.0
ALLOWED = os.sched_getaffinity(0)  # before anything here is pinned
WARM_UP_SLICES = 2


def rows(quick: bool) -> Iterator[Row]:
    """The rate and the memory."""
    with folder("ingest") as place:
        told = measure(place, BATCHES[quick])
    slices = told["slices"][WARM_UP_SLICES:-1]  # the last one runs dry
    rate, raw = statistics.median(pair[0] for pair in slices), statistics.median(pair[1] for pair in slices)
    ratio = statistics.median(pair[0] / pair[1] for pair in slices)
    by_cpu = statistics.median(pair[2] / pair[3] for pair in slices)
    note = f"{by_cpu:.3f} by the worker's own time; {told['counts']['logged']} events, {len(slices)} slices"
    yield Row("ingest", rate, raw, ratio, f"{AT_LEAST} 0.6", "events/s", note)
    yield Row("ingest_peak_rss", told["rss_mb"], None, None, f"{AT_MOST} 150", "MB")


def measure(place: Path, batch_count: int) -> dict[str, Any]:
    """What the worker says, once every receipt has been checked."""
    engine = connect(f"sqlite:///{place / LEDGER}")
    migrate(engine)
    station = Station(engine, place)
    devices = [station.enrol(f"van-{number}") for number in range(HANDHELDS)]
    engine.dispose()
    signed = chains(devices, batch_count * BATCH)
    with pinned(LOAD_CORE), servers.mosquitto(place / "mosquitto") as broker:
        assert broker.pid is not None
        pin(LOAD_CORE, broker.pid)
        with _worker(place, broker.settings.port, HANDHELDS * batch_count * BATCH) as worker:
            handhelds = [
                Sender(device, batches(device.key, events, bytes(8)), broker.settings.port)
                for device, events in zip(devices, signed, strict=True)
            ]
            for handheld in handhelds:
                handheld.start()
            told = json.loads(_line(worker))
            for handheld in handhelds:
                handheld.finish(station)
    return dict(told)


@contextmanager
def _worker(place: Path, port: int, events: int) -> Iterator[subprocess.Popen[str]]:
    """The worker process, once it listens; it does not outlive the block."""
    command = [sys.executable, "-m", "tests.bench.ingest_worker", str(place), str(port), str(events)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as worker:
        try:
            os.sched_setaffinity(worker.pid, ALLOWED)
            assert _line(worker) == "ready\n"
            yield worker
        finally:
            worker.kill()


def _line(worker: subprocess.Popen[str]) -> str:
    assert worker.stdout is not None
    ready, _, _ = select.select([worker.stdout], [], [], WITHIN_S)
    line = worker.stdout.readline() if ready else ""
    if not line:
        raise SystemExit("The ingest worker ended early, or hangs; see above.")
    return line


class Sender:
    """One handheld's load: its batches in order, two under way, the next one whenever a receipt comes."""

    def __init__(self, device: Device, frames: Sequence[bytes], port: int) -> None:
        self._device = device
        self._frames = iter(frames)
        self._left = len(frames)
        self._done = threading.Event()
        self.receipts: list[bytes] = []
        self._client = Client(CallbackAPIVersion.VERSION2, client_id=device.name)
        self._client.on_message = self._heard
        ready = threading.Event()
        self._client.on_subscribe = lambda *_: ready.set()
        self._client.connect("127.0.0.1", port)
        self._client.subscribe(frame.down_topic(device.name), 1)
        self._client.loop_start()
        assert ready.wait(10), "the broker does not answer"

    def start(self) -> None:
        """Send the first batches."""
        for _ in range(UNDER_WAY):
            self._send()

    def finish(self, station: Station) -> None:
        """Wait for the last receipt, and check them all: signed, in order, and to the end of the chain."""
        assert self._done.wait(30), f"{self._device.name} misses {self._left} receipts"
        self._client.disconnect()
        self._client.loop_stop()
        heard = [_receipt(data, station) for data in self.receipts]
        assert [each.next for each in heard] == [BATCH * (place + 1) for place in range(len(heard))]

    def _heard(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        self.receipts.append(message.payload)
        self._left -= 1
        if self._left == 0:
            self._done.set()
        self._send()

    def _send(self) -> None:
        data = next(self._frames, None)
        if data is not None:
            self._client.publish(frame.up_topic(self._device.name), data, 1)


def _receipt(data: bytes, station: Station) -> Receipt:
    name, signed = frame.decode_down(data)
    assert name == frame.RECEIPT, f"a {name} instead of a receipt: {signed}"
    return receipt.verify(signed, station.trusted.log, station.verifier)
