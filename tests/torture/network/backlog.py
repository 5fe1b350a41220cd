"""A month of work from many handhelds at once: everything is acknowledged, in bounded memory, and nobody starves.

Handhelds are simulated in one process, each with the real uplink core, production delays and an MQTT connection of its
own to a real broker; their months were signed before. The gateway is the real one. Everybody says HELLO at the same
moment, as after an outage without any jitter, which is the worst that can happen.

Unit 0 is a small fleet, unit 1 the full one.
"""

import hashlib
import random
import selectors
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

from paho.mqtt.client import Client, MQTTMessage, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion
from sqlalchemy import text

from jobseal import enrolment, frame
from jobseal.host.crypto import Verifier
from jobseal.uplink import Uplink
from jobseal.uplink_state import Delays, Identity
from jobseal_gateway import enrol, home
from jobseal_gateway.enrol import Request
from jobseal_gateway.home import Gateway
from jobseal_gateway.ledger.database import reading
from tests import servers
from tests.bench.ground import peak_rss_mb
from tests.devices import Device, digest, signer_of, trust
from tests.torture.campaign import Finding, Tally
from tests.torture.network import site
from tests.torture.network.hand import BIN
from tests.torture.network.serving import Serving

DAYS, VISITS_A_DAY = 21, 6
SIGNERS = 2  # processes
RSS_MOST_MB = 300.0
QUIET_MOST_S = 150.0  # without anything new for anybody: then nothing comes any more
LEAST_SHARE = 0.5  # of its month that everybody has, when the first one has all
REPLAY = ".venv/bin/python -m tests.torture --only 'backlog at once' --first {unit} --count 1"

_VISIT: tuple[tuple[str, dict[str, Any]], ...] = (
    ("job.accepted", {}),
    ("travel.started", {}),
    ("job.arrived", {}),
    ("labour.started", {"task": "FIT"}),
    ("labour.stopped", {"task": "FIT"}),
    ("part.used", {"code": "P-1", "quantity": "2", "unit": "pc", "source": "van"}),
    ("job.completed", {"totals": []}),
    ("note.added", {}),
)
_KEEPALIVE_S = 600
_LOOK_MS = 20


class Fleet(NamedTuple):
    """``days`` of work from so many ``handhelds``."""

    handhelds: int
    days: int


FLEETS = (Fleet(50, 4), Fleet(500, DAYS))


class Backlog:
    """The campaign."""

    name = "backlog at once"
    quick = 1
    release: int | None = len(FLEETS)
    slice = 1
    alone = True

    def units(self) -> int | None:
        return len(FLEETS)

    def missing(self) -> str | None:
        return site.missing()

    def run(self, first: int, count: int) -> Tally:
        tally = Tally(0)
        for unit in range(first, first + count):
            with tempfile.TemporaryDirectory(prefix="jobseal-backlog-") as name, ExitStack() as undo:
                seen, figures = _arrive(Path(name), undo, FLEETS[unit])
            said = f"{FLEETS[unit].handhelds} handhelds"
            replay = REPLAY.format(unit=unit)
            tally.findings += [Finding(said, check, words, replay) for check, words in seen]
            tally.figures |= {f"{said}: {what}": number for what, number in figures.items()}
            tally.ran += 1
        return tally


class Phone:
    """One handheld's sync: the real uplink over a connection of its own. ``heard_s`` are the times of receipts that
    brought it on, in seconds after the beginning; ``done_s`` when it had everything."""

    def __init__(self, device: Device, port: int, began_s: float) -> None:
        self.device = device
        self.heard_s: list[float] = []
        self.done_s: float | None = None
        self.alarms: list[str] = []
        self.began_s = began_s
        identity = Identity(device.name, device.key.thumbprint, device.genesis, device.trusted)
        chance = random.Random(device.name)
        self._uplink = Uplink(
            identity, digest(device.name.encode())[:8], device.state, device, Verifier(), chance.random, Delays()
        )
        self._topic = frame.up_topic(device.name)
        self.is_subscribed = False
        self.client = Client(CallbackAPIVersion.VERSION2, device.name, clean_session=True, protocol=MQTTv311)
        self.client.on_connect = lambda *_: self.client.subscribe(frame.down_topic(device.name), 1)
        self.client.on_subscribe = lambda *_: setattr(self, "is_subscribed", True)
        self.client.on_message = self._heard
        self.client.connect("127.0.0.1", port, _KEEPALIVE_S)

    @property
    def share(self) -> float:
        """How much of its work it knows to be logged, from 0 to 1."""
        return self.device.state.next / self.device.committed

    def hello(self) -> None:
        """The connection counts from now."""
        self._do(self._uplink.connected(self._now_ms()))

    def read(self) -> None:
        """Something came."""
        self.client.loop_read()

    def look(self) -> None:
        """Send what is due, and what waits."""
        while effects := self._uplink.tick(self._now_ms()):
            self._do(effects)
        if self.client.want_write():
            self.client.loop_write()
        self.client.loop_misc()

    def _now_ms(self) -> int:
        return int((time.monotonic() - self.began_s) * 1000) + 1

    def _heard(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        before = self.device.state.next
        self._do(self._uplink.handle(message.payload, self._now_ms()))
        if self.device.state.next > before:
            self.heard_s.append(time.monotonic() - self.began_s)
            if self.share == 1 and self.done_s is None:
                self.done_s = self.heard_s[-1]
        self.look()

    def _do(self, effects: list[Any]) -> None:
        for name, *values in effects:
            if name == "send":
                self.client.publish(self._topic, values[0], 1)
            elif name == "save":
                self.device.saved = values[0].to_list()
            elif name in ("alarm", "rolled_back"):
                self.alarms.append(str(values[0]))


def _arrive(folder: Path, undo: ExitStack, fleet: Fleet) -> tuple[list[tuple[str, str]], dict[str, int]]:
    """Let them all come, and see what is wrong and how it went."""
    broker = undo.enter_context(servers.mosquitto(folder / "broker"))
    port = broker.settings.port
    given: dict[str, str | int] = {
        "organisation": "Test",
        "mqtt.broker": "external",
        "mqtt.protection": "none",
        **site.free_ports(),
        "mqtt.port": port,
    }
    with home.make(folder / "gateway", given) as gateway:
        devices = _enrolled(gateway, fleet.handhelds)
    _sign(devices, fleet.days)
    serving = Serving([BIN / "jobseal-gateway", "--home", folder / "gateway", "serve"], folder / "gateway.log")
    undo.callback(serving.close)
    servers.eventually(lambda: "ingest: taking messages" in serving.lines, site.READY_WITHIN_S)
    phones, first_share = _carry(devices, port)
    rss_mb = peak_rss_mb(serving.pids["ingest"])
    serving.close()
    with home.open(folder / "gateway") as gateway:
        seen = [*_missing(gateway, devices), *_unfair(phones, first_share)]
    if rss_mb > RSS_MOST_MB:
        seen.append(("memory", f"ingest took {rss_mb:.0f} MB"))
    return seen, _figures(phones, first_share, rss_mb)


def _enrolled(gateway: Gateway, count: int) -> list[Device]:
    trusted = trust(gateway.keys.public(), Verifier())
    devices = []
    for number in range(count):
        signer = signer_of(f"van-{number}")
        taken = enrol.enrol(gateway, Request(signer.key.encode(), signer.key.kid.hex(), f"van-{number}"), "test")
        genesis = digest(enrolment.Welcome.decode(taken.welcome, len(taken.welcome)).statement)
        devices.append(Device(f"van-{number}", genesis, trusted, signer))
    return devices


def _sign(devices: Sequence[Device], days: int) -> None:
    """Everybody's work, with all the processors that there are."""
    todo = [(device.name, device.genesis, days) for device in devices]
    with ProcessPoolExecutor(SIGNERS) as pool:
        for device, frames in zip(devices, pool.map(_month, todo, chunksize=4), strict=True):
            for data in frames:
                device.keep(data)


def _month(work: tuple[str, bytes, int]) -> list[bytes]:
    name, genesis, days = work
    device: Any = Device(name, genesis, None)  # type: ignore[arg-type]  # it signs, and trusts nobody yet
    for visit in range(days * VISITS_A_DAY):
        for kind, body in _VISIT:
            if kind == "note.added":
                note = [digest(f"{name} {visit}".encode()), 40, "text/plain"]
                device.capture(kind, {"note": note}, job=f"WO-{name}-{visit}")
            else:
                device.capture(kind, body, job=f"WO-{name}-{visit}")
    frames: list[bytes] = device.frames
    return frames


def _carry(devices: Sequence[Device], port: int) -> tuple[list[Phone], float]:
    """Everybody at once until nobody has anything left, or nothing comes any more; and the least that anybody had when
    the first had everything."""
    phones = [Phone(device, port, time.monotonic()) for device in devices]
    first_share = 0.0
    with selectors.DefaultSelector() as ready:
        for phone in phones:
            ready.register(phone.client.socket(), selectors.EVENT_READ, phone)
        while not all(phone.is_subscribed for phone in phones):
            _turn(ready, phones)
        began_s = heard_s = time.monotonic()
        for phone in phones:
            phone.began_s = began_s
            phone.hello()
        looked_s = 0.0
        while any(phone.done_s is None for phone in phones) and time.monotonic() - heard_s < QUIET_MOST_S:
            for key, _ in ready.select(_LOOK_MS / 1000):
                key.data.read()
                heard_s = time.monotonic()
            if time.monotonic() - looked_s > _LOOK_MS / 1000:
                looked_s = time.monotonic()
                for phone in phones:
                    phone.look()
            if not first_share and any(phone.done_s is not None for phone in phones):
                first_share = min(phone.share for phone in phones)
    for phone in phones:
        phone.client.disconnect()
    return phones, first_share


def _turn(ready: selectors.BaseSelector, phones: Sequence[Phone]) -> None:
    for phone in phones:
        if phone.client.want_write():
            phone.client.loop_write()
    for key, _ in ready.select(_LOOK_MS / 1000):
        key.data.read()


def _missing(gateway: Gateway, devices: Sequence[Device]) -> list[tuple[str, str]]:
    with reading(gateway.engine) as connection:
        logged = list(connection.execute(text("SELECT hash FROM leaves WHERE type = 1")).scalars())
    signed = {hashlib.sha256(data).digest() for device in devices for data in device.frames if data is not None}
    seen = []
    if signed - set(logged):
        seen.append(("committed_lost", f"{len(signed - set(logged))} events are not in the ledger"))
    if len(logged) != len(set(logged)) or set(logged) - signed:
        seen.append(("duplicate_row", f"{len(logged)} rows for {len(signed)} events"))
    return seen


def _unfair(phones: Sequence[Phone], first_share: float) -> list[tuple[str, str]]:
    seen = [
        ("converges", f"{phone.device.name} has {phone.share:.0%}, and nothing comes any more")
        for phone in phones
        if phone.done_s is None
    ]
    if first_share < LEAST_SHARE:
        seen.append(("starved", f"when the first had everything acknowledged, somebody had {first_share:.0%}"))
    return seen + [("refused", f"{phone.device.name}: {code}") for phone in phones for code in set(phone.alarms)]


def _figures(phones: Sequence[Phone], first_share: float, rss_mb: float) -> dict[str, int]:
    last_s = max(phone.done_s or 0.0 for phone in phones)
    events = sum(phone.device.committed for phone in phones)
    gaps = (b - a for phone in phones for a, b in zip([0.0, *phone.heard_s], phone.heard_s, strict=False))
    return {
        "events": events,
        "events a second": round(events / last_s) if last_s else 0,
        "peak RSS of ingest, MB": round(rss_mb),
        "first has all after, s": round(min(phone.done_s or 0.0 for phone in phones)),
        "last has all after, s": round(last_s),
        "last first receipt after, ms": round(max((phone.heard_s or [0.0])[0] for phone in phones) * 1000),
        "longest wait between receipts, ms": round(max(gaps, default=0.0) * 1000),
        "least share when the first has all, %": round(first_share * 100),
    }
