"""Serving: three processes that come back when they die, stop in order when told to, and never outlive their parent."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from jobseal_gateway import home
from jobseal_gateway.child import Child
from jobseal_gateway.home import Gateway
from jobseal_gateway.ledger import log
from jobseal_gateway.ledger.database import reading
from tests.servers import eventually, free_port, is_alive, is_listening, mosquitto

PARTS = ("broker", "ingest", "enrolment", "web")
SERVE = "import sys, pathlib; from jobseal_gateway import serve; sys.exit(serve.run(pathlib.Path(sys.argv[1])))"
SOON_S = 30.0


class Served:
    """A serving gateway: its lines so far, the process id of each part, and the API."""

    def __init__(self, folder: Path, command: list[str], given: dict[str, str | int]) -> None:
        self.ports = {"mqtt": free_port(), "enrolment": free_port(), "http": free_port()}
        ports = {f"{name}.port": port for name, port in self.ports.items()}
        home.make(folder, {"organisation": "Test"} | ports | given).close()
        self.token = (folder / "data" / "api.token").read_text()
        self.lines: list[str] = []
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip())

    def pid(self, part: str) -> int:
        """Of the part as it was started last."""
        started = [re.fullmatch(rf"{part}: started(?: again)?, process (\d+)", line) for line in self.lines]
        return int([found for found in started if found][-1][1])

    def get(self, path: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.get(f"http://127.0.0.1:{self.ports['http']}{path}", headers=headers, timeout=30, trust_env=False)

    def is_ready(self) -> bool:
        try:
            return self.get("/readyz").status_code == 200
        except httpx.TransportError:
            return False

    def end(self) -> None:
        """Whatever the test left running is killed: the parts die with their parent."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join()
        assert self.process.stdout is not None
        self.process.stdout.close()


@contextmanager
def serving(
    folder: Path, command: list[str] | None = None, given: dict[str, str | int] | None = None
) -> Iterator[Served]:
    served = Served(folder, command or [sys.executable, "-c", SERVE, str(folder)], given or {})
    try:
        eventually(lambda: served.is_ready() or served.process.poll() is not None, SOON_S)
        assert served.process.poll() is None, served.lines
        yield served
    finally:
        served.end()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path / "gateway") as found:
        yield found


def test_a_gateway_says_when_it_serves_and_stops_in_order_when_told_to(served: Served) -> None:
    pids = [served.pid(part) for part in PARTS]
    assert f"web: serving on http://127.0.0.1:{served.ports['http']}" in served.lines
    assert "ingest: taking messages" in served.lines
    assert is_listening(served.ports["mqtt"])
    waiting = threading.Thread(target=lambda: served.get("/v1/feed?wait=25"))
    waiting.start()
    time.sleep(0.2)

    asked_s = time.monotonic()
    served.process.send_signal(signal.SIGTERM)
    assert served.process.wait(SOON_S) == 0
    assert time.monotonic() - asked_s < 8, "not even a consumer who waits for news holds it up"

    waiting.join()
    eventually(lambda: served.lines[-1] == "gateway: stopped")
    ended = [f"{part}: stopped" for part in reversed(PARTS)]
    assert served.lines[-6:-1] == ["gateway: stopping", *ended]
    assert not any(is_alive(pid) for pid in pids)


def test_a_part_that_is_killed_comes_back_and_the_gateway_is_ready_again(served: Served) -> None:
    for part in PARTS:
        before = {name: served.pid(name) for name in PARTS}
        os.kill(before[part], signal.SIGKILL)
        eventually(lambda part=part, was=before[part]: served.pid(part) != was, SOON_S)  # type: ignore[misc]
        eventually(served.is_ready, SOON_S)
        others = [name for name in PARTS if name != part]
        assert {name: served.pid(name) for name in others} == {name: before[name] for name in others}
    assert served.process.poll() is None
    died = [line for line in served.lines if "will be started again" in line]
    assert [line.partition(":")[0] for line in died] == list(PARTS)
    assert all("was killed by SIGKILL" in line for line in died[1:]), "the broker's log says it of the broker"


def test_all_parts_die_with_a_gateway_that_is_killed(served: Served) -> None:
    pids = [served.pid(part) for part in PARTS]
    served.process.kill()
    served.process.wait()
    eventually(lambda: not any(is_alive(pid) for pid in pids))


def test_without_a_broker_a_gateway_says_so_and_goes_on_when_there_is_one_again(tmp_path: Path) -> None:
    folder = tmp_path / "gateway"
    with mosquitto(tmp_path / "elsewhere") as broker:
        elsewhere: dict[str, str | int] = {
            "mqtt.broker": "external",
            "mqtt.protection": "none",
            "mqtt.port": broker.settings.port,
            "intervals.reconnect_max_s": 1,
        }
        with serving(folder, given=elsewhere) as served:
            assert not any(line.startswith("broker") for line in served.lines)
            assert any("WARNING" in line and "without TLS" in line for line in served.lines), "it is said aloud"
            broker.kill()
            eventually(lambda: not served.is_ready(), SOON_S)
            reasons = served.get("/readyz").json()["reasons"]
            assert [reason["code"] for reason in reasons] == ["broker_unreachable"]
            assert served.get("/healthz").status_code == 200
            assert "[broker_unreachable]" in served.lines[-1]
            assert broker.tend()
            eventually(served.is_ready, SOON_S)
            assert served.lines[-1] == "ingest: taking messages"


def test_a_second_gateway_on_the_same_home_is_refused_and_the_first_goes_on(served: Served, tmp_path: Path) -> None:
    second = subprocess.run(
        [sys.executable, "-c", SERVE, str(tmp_path / "gateway")], capture_output=True, text=True, check=False
    )
    assert second.returncode != 0
    assert "gateway_running" in second.stderr
    assert served.is_ready()


def test_a_port_that_is_taken_stops_the_start_and_leaves_nothing_behind(tmp_path: Path) -> None:
    folder = tmp_path / "gateway"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        home.make(
            folder, {"organisation": "Test", "mqtt.port": port, "http.port": free_port(), "enrolment.port": free_port()}
        ).close()
        started = subprocess.run(
            [sys.executable, "-c", SERVE, str(folder)], capture_output=True, text=True, check=False
        )
    assert started.returncode != 0
    assert "broker_port_taken" in started.stderr
    assert "ingest: started" not in started.stdout


def test_a_part_that_cannot_start_says_why_and_is_tried_again(tmp_path: Path) -> None:
    folder = tmp_path / "gateway"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        served = Served(folder, [sys.executable, "-c", SERVE, str(folder)], {"http.port": taken.getsockname()[1]})
        try:
            eventually(lambda: sum("[http_port_taken]" in line for line in served.lines) > 1, SOON_S)
            eventually(lambda: "web: ended with status 1; it will be started again" in served.lines, SOON_S)
            served.process.send_signal(signal.SIGINT)
            assert served.process.wait(SOON_S) == 0
        finally:
            served.end()


def test_a_rehearsal_serves_on_a_clock_that_runs_faster(tmp_path: Path) -> None:
    day_ms = 1_790_000_000_000
    clock = {
        "start_wall_ms": day_ms,
        "factor": 1000.0,
        "real_start_monotonic": time.monotonic(),
        "wall_offset_ms": 0,
        "boot": "0102030405060708",
    }
    folder = tmp_path / "gateway"
    command = [sys.executable, "-m", "jobseal_gateway.rehearsal", str(folder), json.dumps(clock)]
    with serving(folder, command) as served:
        with home.open(folder) as gateway:
            eventually(lambda: _checkpoint_ms(gateway) > day_ms)
            first = _checkpoint_ms(gateway)
            eventually(lambda: _checkpoint_ms(gateway) >= first + 60_000)  # a minute of that day: 60 ms of this one
        os.kill(served.pid("ingest"), signal.SIGKILL)
        eventually(lambda: "ingest: was killed by SIGKILL; it will be started again" in served.lines)
        eventually(served.is_ready, SOON_S)
        assert _checkpoint_ms(gateway) < day_ms + 1000 * 1000 * SOON_S * 3


def _checkpoint_ms(gateway: Gateway) -> int:
    with reading(gateway.engine) as connection:
        return log.head(connection).checkpoint_ms


def test_a_child_that_keeps_dying_is_started_less_and_less_often() -> None:
    now_s = 1_000.0
    child = Child("mayfly", [sys.executable, "-c", "pass"], clock=lambda: now_s)
    child.start()
    waits = []
    for _ in range(4):
        eventually(lambda: not child.running)
        assert child.ending == "ended with status 0"
        waited_s = 0.0
        while not child.tend():
            now_s += 0.1
            waited_s += 0.1
        waits.append(waited_s)
    child.stop()
    assert waits == pytest.approx([0.0, 0.2, 0.4, 0.8], abs=0.11)


def test_what_a_child_prints_is_heard_line_by_line_also_its_last_words() -> None:
    child = Child("talker", [sys.executable, "-c", "print('one'); print('two', flush=True); print('end', end='')"])
    child.start()
    eventually(lambda: not child.running)
    assert child.lines() == ["one", "two", "end"]
    assert child.filenos() == []
    child.stop()


def test_a_child_that_does_not_listen_is_killed() -> None:
    ignoring = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)"
    child = Child("deaf", [sys.executable, "-c", f"{ignoring}; print('deaf', flush=True); time.sleep(60)"])
    child.start()
    eventually(lambda: child.lines() == ["deaf"])
    pid = child.pid
    assert pid is not None
    child.stop(timeout_s=0.2)
    assert not is_alive(pid)
