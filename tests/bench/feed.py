"""A whole site, every process apart as installed: capture, sync, mosquitto, ingest with projection, web, a consumer.

First sync at rest: what it keeps in memory once it is connected and has nothing to do. Then the way from an event
committed on the handheld to the changed job card in the feed, one event at a time; the consumer (this process) waits in
a long poll on a connection that stays open.
"""

import http.client
import json
import random
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.ground import ROOT, folder, peak_rss_mb, rss_mb
from tests.bench.row import AT_MOST, Row
from tests.bench.site import TECHNICIAN, Site, children
from tests.servers import eventually

EVENTS = {True: 300, False: 1_950}
REST_S = {True: 1.0, False: 10.0}
WARM_UP_EVENTS = 20
PAUSE_MOST_S = 0.03
CARD_WITHIN_S = 10.0


def rows(quick: bool) -> Iterator[Row]:
    """Sync's resident memory, and the 99th percentile of the way."""
    with folder("feed") as place, Site(place) as site:
        handheld = site.handheld("HH-1")
        sync = handheld.sync()
        handheld.command("capture", "session.opened", "--by", TECHNICIAN)
        eventually(handheld.is_acknowledged)
        time.sleep(REST_S[quick])
        note = "its orders received, one event acknowledged, then silence"
        yield Row("sync_idle_rss", rss_mb(sync.pid), None, None, f"{AT_MOST} 40", "MB", note)
        consumer = Consumer(site)
        with Technician(handheld.folder) as technician:
            passed_ms = [_passed_ms(technician, consumer) for _ in range(EVENTS[quick])][WARM_UP_EVENTS:]
        assert site.serving is not None
        memory = max(peak_rss_mb(pid) for pid in children(site.serving.pid))
    p99 = statistics.quantiles(passed_ms, n=100)[98]
    note = (
        f"p50 {statistics.median(passed_ms):.1f} ms, most {max(passed_ms):.1f} ms, {len(passed_ms)} events; "
        f"the gateway's largest process peaked at {memory:.0f} MB"
    )
    yield Row("commit_to_feed_p99", p99, None, None, f"{AT_MOST} 25", "ms", note)


def _passed_ms(technician: "Technician", consumer: "Consumer") -> float:
    time.sleep(random.uniform(0, PAUSE_MOST_S))
    job, committed_at = technician.sign()
    return (consumer.changed(job) - committed_at) * 1000


class Technician:
    """The capture process, told to sign one event after the other."""

    def __init__(self, home: Path) -> None:
        command = [sys.executable, "-m", "tests.bench.technician", str(home)]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True)

    def __enter__(self) -> "Technician":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=30)

    def sign(self) -> tuple[str, float]:
        """The job of the next event, and when that was committed."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        job, committed_at = self._process.stdout.readline().split()
        return job, float(committed_at)


class Consumer:
    """A billing system that follows the feed by long polls."""

    def __init__(self, site: Site) -> None:
        self._headers = {"Authorization": f"Bearer {site.token}"}
        self._connection = http.client.HTTPConnection("127.0.0.1", site.http_port, timeout=2 * CARD_WITHIN_S)
        self._connection.connect()
        self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._after = "0"

    def changed(self, job: str) -> float:
        """When the changed card of this job was there (seconds, monotonic)."""
        give_up = time.monotonic() + CARD_WITHIN_S
        while time.monotonic() < give_up:
            path = f"/v1/feed?after={self._after}&wait={CARD_WITHIN_S}"
            self._connection.request("GET", path, headers=self._headers)
            answer = self._connection.getresponse()
            events = json.loads(answer.read())
            heard_at = time.perf_counter()
            self._after = answer.headers["Jobseal-Feed-Next"]
            if any(event["type"] == "jobcard.changed" and event["subject"] == job for event in events):
                return heard_at
        raise TimeoutError(f"the card of {job} did not change in the feed")
