"""The whole way with the installed commands, all processes apart: a handheld signs, billing reads, a stranger verifies.

An empty folder becomes a gateway that serves; a handheld is enrolled, gets its work, signs a visit, syncs it through a
real broker; the feed tells of it, the record is acknowledged, and its evidence convinces whoever trusts the gateway.
"""

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from jobseal import cose
from jobseal.limits import STATEMENT_MAX_BYTES
from jobseal.work import Assignment
from jobseal_device.home import Home
from jobseal_device.ui import catalogue
from jobseal_device.uplink_file import read_uplink
from jobseal_device.work_file import WorkFile
from tests.servers import eventually, free_port

BIN = Path(sys.executable).parent
SOON_S = 60.0  # a loaded machine takes its time to start five processes
PRICES = """price_list,version,currency,valid_from,rule,kind,code,unit,rate,minimum
STANDARD,2026-1,EUR,2020-01-01,labour,labour,*,hour,90,30
STANDARD,2026-1,EUR,2020-01-01,travel,travel,*,flat,10,
STANDARD,2026-1,EUR,2020-01-01,callout,callout,*,visit,25,
STANDARD,2026-1,EUR,2020-01-01,part,part,*,pc,12.50,
"""
ORDERS = """id,customer,customer_name,currency,time_zone,tasks,technicians
WO-1,C-1,Mill & Sons,EUR,Europe/Vienna,FIT,t-1
WO-2,C-2,Baker,EUR,Europe/Vienna,FIT,t-1
"""
VISIT = (
    ("job.accepted",),
    ("travel.started",),
    ("job.arrived",),
    ("labour.started", "task=FIT"),
    ("labour.stopped", "task=FIT"),
    ("part.used", "code=P-1", "quantity=2", "unit=pc", "source=van"),
    ("job.completed",),
    ("job.signed_off", "method=typed", "name=R. Customer"),
)


class Shop:
    """A gateway that serves, one handheld, and a billing system; each is called as its user calls it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        ports = ["--set", f"mqtt.port={free_port()}", "--set", f"http.port={self.port}"]
        ports += ["--set", f"enrolment.port={free_port()}"]
        self.fingerprint = self.gateway("init", "--organisation", "Test", *ports)["fingerprint"]
        for name, text in (("prices", PRICES), ("orders", ORDERS)):
            (folder / f"{name}.csv").write_text(text)
            self.gateway(name, "import", str(folder / f"{name}.csv"))
        self.serving = subprocess.Popen([BIN / "jobseal-gateway", "--home", folder / "shop", "serve"])
        token = (folder / "shop" / "data" / "api.token").read_text()
        self.billing = httpx.Client(
            base_url=f"http://127.0.0.1:{self.port}",
            headers={"Authorization": f"Bearer {token}"},
            timeout=SOON_S,
            trust_env=False,
        )

    def gateway(self, *words: str) -> Any:
        """What ``jobseal-gateway`` answers."""
        return self._call("jobseal-gateway", "--home", str(self.folder / "shop"), "--json", *words)

    def handheld(self, *words: str, home: str = "hh-1") -> Any:
        """What ``jobseal-device`` answers."""
        return self._call("jobseal-device", "--home", str(self.folder / home), "--json", *words)

    def _call(self, name: str, *words: str) -> Any:
        done = subprocess.run([BIN / name, *words], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        return json.loads(done.stdout)

    def enrol(self) -> None:
        """A handheld for technician t-1."""
        request, welcome = str(self.folder / "request"), str(self.folder / "welcome")
        self.handheld("enrol", "request", request)
        words = ["--request", request, "--out", welcome, "--label", "HH-1", "--device", "hh-1", "--technician", "t-1"]
        self.gateway("enrol", *words)
        self.handheld("enrol", "accept", welcome, "--trust", self.fingerprint)

    def visit(self, job: str, home: str = "hh-1") -> None:
        """The technician does a job, offline, and it is signed event by event."""
        for kind, *fields in VISIT:
            self.handheld("capture", kind, *fields, "--job", job, "--by", "t-1", home=home)

    def looked_up(self, code: str) -> str:
        """What the handheld's screen calls a part."""
        home = Home(self.folder / "hh-1")
        said = read_uplink(home).assignment
        if said is None:
            return ""
        payload = cose.parse(said, STATEMENT_MAX_BYTES).payload
        named = Assignment.decode(payload, STATEMENT_MAX_BYTES).catalogue_digests()
        work = WorkFile(home)
        return catalogue.read([work.document(each) for each in named])[0].name("parts", code)

    def is_ready(self) -> bool:
        """Whether the gateway says so."""
        try:
            return self.billing.get("/readyz").status_code == 200
        except httpx.TransportError:
            return False

    def feed_until(self, found: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
        """The feed from its beginning, followed as a consumer does, up to the first event like that."""
        seen: list[dict[str, Any]] = []
        while not seen or not found(seen[-1]):
            cursor = seen[-1]["id"] if seen else 0
            page = self.billing.get("/v1/feed", params={"after": cursor, "wait": 15, "limit": 1})
            assert page.status_code == 200, page.text
            assert page.json(), "it did not come in time"
            seen += page.json()
        return seen

    def verify(self, bundle: Path, *more: str) -> int:
        """The exit status of ``jobseal verify``."""
        return subprocess.run([BIN / "jobseal", "verify", bundle, *more], capture_output=True, check=False).returncode

    def close(self) -> None:
        """Stop what still runs."""
        self.billing.close()
        if self.serving.poll() is None:
            self.serving.send_signal(signal.SIGTERM)
            assert self.serving.wait(SOON_S) == 0


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    made = Shop(tmp_path)
    try:
        eventually(made.is_ready, SOON_S)
        yield made
    finally:
        made.close()


def test_a_signed_visit_becomes_a_record_that_is_acknowledged_and_proven(shop: Shop, tmp_path: Path) -> None:
    shop.enrol()
    assert shop.handheld("sync", "--once")["done"]
    offered = shop.handheld("next")
    assert "WO-1" in json.dumps(offered), "the order has reached the handheld"

    heard: list[list[dict[str, Any]]] = []
    released = threading.Thread(
        target=lambda: heard.append(shop.feed_until(lambda event: event["type"] == "record.released"))
    )
    released.start()
    shop.visit("WO-1")
    assert shop.handheld("sync", "--once")["done"]
    released.join()

    status = shop.handheld("status")
    assert status["signed"] == status["acknowledged"] == len(VISIT)
    [events] = heard
    assert [event["id"] for event in events] == [str(1 + number) for number in range(len(events))]
    assert {event["type"] for event in events[:-1]} == {"jobcard.changed"}
    assert events[-2]["subject"] == events[-1]["subject"] == "WO-1"

    record = shop.billing.get(f"/v1/records/{events[-1]['data']['record']}").json()
    assert record["total"] == events[-1]["data"]["total"] == "105.00"  # 25 + 10 + half an hour of 90 + 2 x 12.50
    said = {"revision": record["revision"], "digest": record["digest"], "status": "acknowledged"}
    first = shop.billing.post(f"/v1/records/{record['id']}/ack", json=said)
    assert (first.status_code, shop.billing.post(f"/v1/records/{record['id']}/ack", json=said).json()) == (
        200,
        first.json(),
    )

    bundle = tmp_path / "WO-1.cbor"
    bundle.write_bytes(shop.billing.get(f"/v1/records/{record['id']}/evidence").content)
    assert shop.verify(bundle, "--trust", shop.fingerprint) == 0
    assert shop.verify(bundle) == 3, "without a fingerprint it is consistent at best"
    damaged = bytearray(bundle.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    bundle.write_bytes(damaged)
    assert shop.verify(bundle, "--trust", shop.fingerprint) == 1

    [job] = shop.billing.get("/v1/jobs", params={"standing": "released"}).json()["jobs"]
    assert (job["id"], job["records"]) == ("WO-1", ["WO-1~1"])


def test_work_that_changes_while_a_handheld_is_connected_reaches_it_and_what_it_signs_reaches_the_feed(
    shop: Shop, tmp_path: Path
) -> None:
    shop.enrol()
    command = [str(BIN / "jobseal-device"), "--home", str(tmp_path / "hh-1"), "sync"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as syncing:
        eventually(lambda: "WO-1" in json.dumps(shop.handheld("next")), SOON_S)
        (tmp_path / "more.csv").write_text(ORDERS + "WO-3,C-1,Mill & Sons,EUR,UTC,FIT,t-1\n")
        shop.gateway("orders", "import", str(tmp_path / "more.csv"))
        eventually(lambda: "WO-3" in json.dumps(shop.handheld("next")), SOON_S)
        shop.handheld("capture", "job.accepted", "--job", "WO-3", "--by", "t-1")
        parts = "".join(f"P-{number},Part {number} of a catalogue in several documents\n" for number in range(3_000))
        (tmp_path / "parts.csv").write_text("code,name\n" + parts)
        shop.gateway("catalogue", "import", str(tmp_path / "parts.csv"))
        eventually(lambda: shop.looked_up("P-2999") == "Part 2999 of a catalogue in several documents", SOON_S)
        told = {"type": "jobcard.changed", "subject": "WO-3"}
        shop.feed_until(lambda event: event | told == event and event["data"]["state"] == "dispatched")
        syncing.send_signal(signal.SIGTERM)
        assert syncing.wait(SOON_S) == 0
