"""The embedded broker: it serves, it comes back, it leaves nothing behind, and nobody speaks as somebody else."""

import os
import pwd
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from jobseal.limits import FRAME_MAX_BYTES
from jobseal_gateway.broker import ACCOUNT, LOG_NAME, RESTART_DELAY_MAX_S, Broker, restart_delay_s
from jobseal_gateway.broker_voice import LOG_MAX_BYTES
from jobseal_gateway.errors import GatewayError
from jobseal_gateway.mosquitto import GATEWAY_USER, MosquittoSettings, mosquitto_config
from tests.servers import eventually, free_port, is_alive, is_listening, mosquitto


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with mosquitto(tmp_path / "broker") as running:
        yield running


def test_a_started_broker_serves_and_a_stopped_one_is_gone(broker: Broker) -> None:
    pid = broker.pid
    assert pid is not None
    assert broker.ready
    assert is_listening(broker.settings.port)

    broker.stop()

    assert not is_alive(pid)
    assert not broker.running
    assert not broker.tend(), "a stopped broker stays stopped"


def test_the_broker_never_runs_as_root(broker: Broker) -> None:
    owner = os.stat(f"/proc/{broker.pid}").st_uid
    assert owner == (pwd.getpwnam(ACCOUNT).pw_uid if os.geteuid() == 0 else os.geteuid())


def test_a_broker_that_was_killed_is_noticed_at_once_and_started_again(broker: Broker) -> None:
    before = broker.pid
    watch = select.poll()
    watch.register(broker.fileno(), select.POLLIN)
    assert watch.poll(0) == []

    assert broker.pid is not None
    os.kill(broker.pid, signal.SIGKILL)

    assert watch.poll(5_000), "its descriptor tells"
    eventually(lambda: not broker.running)
    assert broker.tend()
    eventually(lambda: broker.ready)
    assert broker.pid not in (None, before)
    assert broker.starts == 2


def test_a_broker_that_keeps_dying_is_started_less_and_less_often(tmp_path: Path) -> None:
    now_s = 1_000.0
    blocker = socket.create_server(("127.0.0.1", 0))
    broker = Broker(MosquittoSettings(port=blocker.getsockname()[1]), tmp_path / "broker", clock=lambda: now_s)
    broker._spawn()
    waits = []
    for _ in range(5):
        eventually(lambda: not broker.running)
        waited_s = 0.0
        while not broker.tend():
            now_s += 0.1
            waited_s += 0.1
        waits.append(waited_s)
    broker.stop()
    blocker.close()

    assert waits == pytest.approx([0.0, 0.2, 0.4, 0.8, 1.6], abs=0.11)


def test_the_delay_between_restarts_is_bounded() -> None:
    delays = [restart_delay_s(lives) for lives in range(40)]
    assert delays == sorted(delays)
    assert delays[-1] == RESTART_DELAY_MAX_S


def test_a_taken_port_is_the_operators_to_solve_and_nothing_stays_behind(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as blocker:
        broker = Broker(MosquittoSettings(port=blocker.getsockname()[1]), tmp_path / "broker")
        with pytest.raises(GatewayError) as refused:
            broker.start()

    assert (refused.value.code, refused.value.fault) == ("broker_port_taken", "operator")
    assert broker.pid is None


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "gateway.example"])
def test_a_broker_that_cannot_tell_who_connects_listens_on_this_machine_only(host: str) -> None:
    with pytest.raises(GatewayError) as refused:
        mosquitto_config(MosquittoSettings(port=1883, host=host))
    assert (refused.value.code, refused.value.fault) == ("broker_exposed", "operator")


def test_a_missing_mosquitto_is_named_with_the_package_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobseal_gateway.broker._SEARCHED", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GatewayError, match="apt-get install") as refused:
        Broker(MosquittoSettings(port=1), tmp_path / "broker").start()
    assert refused.value.code == "broker_missing"


def test_a_folder_that_only_its_owner_may_enter_does_not_stop_the_broker(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with mosquitto(closed / "broker") as broker:
        assert broker.ready


def test_an_overlong_log_is_set_aside(tmp_path: Path) -> None:
    folder = tmp_path / "broker"
    folder.mkdir()
    (folder / LOG_NAME).write_bytes(b"x" * (LOG_MAX_BYTES + 1))
    with mosquitto(folder):
        pass
    assert (folder / LOG_NAME).stat().st_size < LOG_MAX_BYTES
    assert (folder / (LOG_NAME + ".1")).stat().st_size == LOG_MAX_BYTES + 1


def test_the_broker_dies_with_its_gateway_however_that_dies(tmp_path: Path) -> None:
    gateway = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, time, pathlib\n"
            "from jobseal_gateway.broker import Broker\n"
            "from jobseal_gateway.mosquitto import MosquittoSettings\n"
            "broker = Broker(MosquittoSettings(port=int(sys.argv[1])), pathlib.Path(sys.argv[2]))\n"
            "broker.start()\n"
            "print(broker.pid, flush=True)\n"
            "time.sleep(60)\n",
            str(free_port()),
            str(tmp_path / "broker"),
        ],
        stdout=subprocess.PIPE,
    )
    assert gateway.stdout is not None
    with gateway.stdout:
        broker_pid = int(gateway.stdout.readline())
    assert is_alive(broker_pid)

    gateway.kill()
    gateway.wait()

    try:
        eventually(lambda: not is_alive(broker_pid))
    finally:
        if is_alive(broker_pid):
            os.kill(broker_pid, signal.SIGKILL)


class Who(NamedTuple):
    client_id: str
    user: str | None = None


def deliveries(broker: Broker, listener: Who, topic: str, *messages: tuple[Who, str, str]) -> list[str]:
    """What a real subscriber gets, up to a payload "end", of what real publishers send: (who, topic, payload)."""
    port = broker.settings.port
    heard: list[str] = []
    subscribed: list[int] = []
    client = Client(CallbackAPIVersion.VERSION2, listener.client_id, reconnect_on_failure=False)
    client.username_pw_set(listener.user)
    client.on_connect = lambda *_: client.subscribe(topic, 1)
    client.on_subscribe = lambda *_: subscribed.append(1)
    client.on_message = lambda _client, _data, message: heard.append(message.payload.decode())
    client.connect("127.0.0.1", port)

    def arrived(done: Callable[[], bool]) -> bool:
        client.loop(0.05)
        return done()

    eventually(lambda: arrived(lambda: bool(subscribed)))
    for who, where, payload in messages:
        as_user = ["-u", who.user] if who.user else []
        command = [
            "mosquitto_pub",
            "-p",
            str(port),
            "-q",
            "1",
            "-i",
            who.client_id,
            *as_user,
            "-t",
            where,
            "-m",
            payload,
        ]
        subprocess.run(command, check=True)
    eventually(lambda: arrived(lambda: "end" in heard))
    client.disconnect()
    return heard


GATEWAY = Who("worker", GATEWAY_USER)
D1 = Who("d1")
D2 = Who("d2")


def test_the_gateway_hears_a_handheld_on_its_own_topic_and_nobody_elses_voice_there(broker: Broker) -> None:
    up = "jobseal/1/d1/up"
    heard = deliveries(
        broker,
        Who("ingest", GATEWAY_USER),
        "$share/ingest/jobseal/1/+/up",
        (D2, up, "forged"),
        (Who("d1", "somebody"), up, "named"),
        (D1, up, "end"),
    )
    assert heard == ["named", "end"]


def test_nobody_but_the_gateway_speaks_as_the_gateway(broker: Broker) -> None:
    state = "jobseal/1/gateway/state"
    heard = deliveries(
        broker,
        D1,
        "jobseal/1/gateway/#",
        (Who("gateway"), state, "forged"),
        (Who("gateway", "gateway"), state, "forged"),
        (D2, state, "forged"),
        (GATEWAY, state, "end"),
    )
    assert heard == ["end"]


def test_a_handheld_hears_nothing_that_was_meant_for_another(broker: Broker) -> None:
    heard = deliveries(
        broker,
        D2,
        "jobseal/1/#",
        (GATEWAY, "jobseal/1/d1/down", "secret"),
        (D1, "jobseal/1/d1/up", "secret"),
        (D1, "jobseal/1/d1/state", "secret"),
        (D1, "jobseal/1/d2/down", "forged"),
        (GATEWAY, "jobseal/1/d2/down", "end"),
    )
    assert heard == ["end"]


def test_a_full_frame_passes_and_one_far_beyond_does_not(broker: Broker, tmp_path: Path) -> None:
    port, topic = str(broker.settings.port), "jobseal/1/d1/up"
    for size in (FRAME_MAX_BYTES, 2 * FRAME_MAX_BYTES):
        (tmp_path / str(size)).write_bytes(bytes(size))
        publishing = ["mosquitto_pub", "-p", port, "-q", "1", "-i", "d1", "-t", topic, "-f", str(tmp_path / str(size))]
        outcome = subprocess.run(publishing, capture_output=True, check=False)
        assert (outcome.returncode == 0) == (size == FRAME_MAX_BYTES), outcome.stderr
