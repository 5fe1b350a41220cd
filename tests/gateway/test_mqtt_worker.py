"""The gateway's MQTT client on a real mosquitto: acknowledged is what was committed, and outages heal by themselves."""

import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobseal.limits import FRAME_MAX_BYTES
from jobseal_device.link.contract import Presence
from jobseal_device.link.paho_link import PahoLink
from jobseal_gateway.broker import Broker
from jobseal_gateway.errors import GatewayError
from jobseal_gateway.mosquitto import GATEWAY_USER, UNACKED_MAX_MESSAGES
from jobseal_gateway.mqtt_session import Will
from jobseal_gateway.mqtt_worker import Message, MqttWorker, Retry
from tests.servers import eventually, free_port, mosquitto

STATE = "jobseal/1/gateway/state"
SOON_MS = 5_000


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with mosquitto(tmp_path / "broker") as running:
        yield running


@contextmanager
def working(broker: Broker, client_id: str = "worker", will: Will | None = None) -> Iterator[MqttWorker]:
    worker = MqttWorker(
        "127.0.0.1", broker.settings.port, client_id, user=GATEWAY_USER, will=will, retry=Retry(max_s=0.0)
    )
    worker.connect()
    yield worker
    worker.close()


@contextmanager
def handheld(broker: Broker, device: str = "d1", *subscriptions: str) -> Iterator[PahoLink]:
    link = PahoLink(
        "127.0.0.1", broker.settings.port, device, presence=Presence(f"jobseal/1/{device}/state", b"1", b"0")
    )
    link.connect(5)
    for topic in subscriptions:
        link.subscribe(topic)
    yield link
    link.close()


def received(worker: MqttWorker, count: int) -> list[Message]:
    """Exactly ``count`` messages, however they come apart."""
    messages: list[Message] = []
    eventually(lambda: messages.extend(worker.receive(200, count - len(messages))) or len(messages) == count)
    return messages


def payloads(messages: list[Message]) -> list[bytes]:
    return [message.payload for message in messages]


def test_what_is_there_is_gathered_in_order_up_to_the_limit(broker: Broker) -> None:
    with working(broker) as worker, handheld(broker) as link:
        for number in range(10):
            link.publish("jobseal/1/d1/up", b"%d" % number)
        first = worker.receive(SOON_MS, 4)
        rest = received(worker, 6)
    assert payloads(first) == [b"0", b"1", b"2", b"3"]
    assert payloads(rest) == [b"4", b"5", b"6", b"7", b"8", b"9"]
    assert first[0].topic == "jobseal/1/d1/up"


def test_the_largest_frames_arrive_whole(broker: Broker) -> None:
    frames = [os.urandom(FRAME_MAX_BYTES) for _ in range(3)]
    with working(broker) as worker, handheld(broker) as link:
        for frame in frames:
            assert link.publish("jobseal/1/d1/up", frame)
        assert payloads(received(worker, 3)) == frames


def test_the_broker_holds_back_what_comes_after_too_many_unacknowledged_messages(broker: Broker) -> None:
    with working(broker) as worker, handheld(broker) as link:
        for number in range(UNACKED_MAX_MESSAGES + 5):
            link.publish("jobseal/1/d1/up", b"%d" % number)
        held = received(worker, UNACKED_MAX_MESSAGES)
        assert worker.receive(100, 100) == [], "nothing was acknowledged behind our back"

        worker.ack(held[:2])
        assert payloads(received(worker, 2)) == [b"64", b"65"]


def test_an_acknowledgement_of_an_earlier_connection_acknowledges_nothing_on_this_one(broker: Broker) -> None:
    with working(broker) as worker, handheld(broker) as link:
        link.publish("jobseal/1/d1/up", b"old")
        stale = received(worker, 1)
        worker.connect()
        for number in range(UNACKED_MAX_MESSAGES + 1):
            link.publish("jobseal/1/d1/up", b"%d" % number)
        received(worker, UNACKED_MAX_MESSAGES)

        worker.ack(stale * UNACKED_MAX_MESSAGES)

        assert worker.receive(100, 100) == []


def test_a_message_sent_without_a_guarantee_needs_no_acknowledgement(broker: Broker) -> None:
    with working(broker) as worker:
        port = str(broker.settings.port)
        subprocess.run(["mosquitto_pub", "-p", port, "-i", "d1", "-t", "jobseal/1/d1/up", "-m", "hello"], check=True)
        messages = received(worker, 1)
        worker.ack(messages)
        assert payloads(messages) == [b"hello"]
        assert worker.connected


def test_two_workers_share_the_load_and_no_message_goes_to_both(broker: Broker) -> None:
    with working(broker, "one") as one, working(broker, "two") as two, handheld(broker) as link:
        for number in range(20):
            link.publish("jobseal/1/d1/up", b"%d" % number)
        shares = [payloads(received(worker, 10)) for worker in (one, two)]
    assert sorted(shares[0] + shares[1]) == sorted(b"%d" % number for number in range(20))


def test_an_answer_goes_down_to_its_handheld(broker: Broker) -> None:
    down = "jobseal/1/d1/down"
    with working(broker) as worker, handheld(broker, "d1", down) as link:
        receipt = os.urandom(FRAME_MAX_BYTES)
        assert worker.publish(down, receipt)
        assert worker.publish(down, b"hint", qos=0)
        worker.receive(0, 1)
        answers = []
        while len(answers) < 2:
            worker.receive(10, 1)
            message = link.poll(100)
            answers += [] if message is None else [message]
    assert answers == [(down, receipt), (down, b"hint")]


def test_gathering_goes_on_past_the_pubacks_of_our_own_answers(broker: Broker) -> None:
    with working(broker) as worker, handheld(broker) as link:
        for _ in range(3):
            worker.publish("jobseal/1/d1/down", b"receipt")
        for number in range(5):
            link.publish("jobseal/1/d1/up", b"%d" % number)
        assert len(worker.receive(SOON_MS, 5)) == 5


def test_a_killed_broker_is_no_error_and_work_goes_on_after_its_restart(broker: Broker) -> None:
    with working(broker) as worker:
        broker.kill()
        assert worker.receive(100, 10) == []
        eventually(lambda: worker.receive(20, 10) == [] and not worker.connected)
        assert not worker.publish("jobseal/1/d1/down", b"receipt")

        broker.tend()
        eventually(lambda: worker.receive(20, 10) == [] and worker.connected)
        with handheld(broker) as link:
            link.publish("jobseal/1/d1/up", b"batch")
            assert payloads(received(worker, 1)) == [b"batch"]


def test_what_arrived_before_the_broker_died_is_still_received_and_may_be_acknowledged(broker: Broker) -> None:
    with working(broker) as worker, handheld(broker) as link:
        for number in range(3):
            link.publish("jobseal/1/d1/up", b"%d" % number)
        broker.kill()
        messages = received(worker, 3)
        worker.ack(messages)
    assert payloads(messages) == [b"0", b"1", b"2"]


def test_announcements_are_retained_and_made_again_on_a_broker_that_lost_them(broker: Broker) -> None:
    with working(broker) as worker:
        worker.announce(STATE, b"old")
        worker.announce(STATE, b"online")
        worker.receive(20, 1)
        with handheld(broker, "d1", STATE) as link:
            assert link.poll(SOON_MS) == (STATE, b"online")
        broker.kill()
        eventually(lambda: worker.receive(20, 10) == [] and not worker.connected)
        worker.announce("jobseal/1/gateway/checkpoint", b"made during the outage")
        broker.tend()
        eventually(lambda: worker.receive(20, 10) == [] and worker.connected)
        with handheld(broker, "d1", "jobseal/1/gateway/#") as link:
            heard = {link.poll(SOON_MS), link.poll(SOON_MS)}
    assert heard == {(STATE, b"online"), ("jobseal/1/gateway/checkpoint", b"made during the outage")}


@pytest.mark.parametrize("parting", ["close", "vanish"])
def test_a_worker_that_goes_leaves_its_will(broker: Broker, parting: str) -> None:
    with working(broker, will=Will(STATE, b"offline")) as worker:
        worker.announce(STATE, b"online")
        worker.receive(20, 1)
        with handheld(broker, "d1", STATE) as link:
            assert link.poll(SOON_MS) == (STATE, b"online")
            if parting == "close":
                worker.close()
            else:
                assert worker._session is not None
                worker._session.abandon()
            assert link.poll(SOON_MS) == (STATE, b"offline")


def test_a_first_connection_that_fails_says_why() -> None:
    with pytest.raises(GatewayError) as unreachable:
        MqttWorker("127.0.0.1", free_port(), "worker").connect()
    assert (unreachable.value.code, unreachable.value.final) == ("broker_unreachable", False)


def test_a_broker_that_accepts_and_says_nothing_is_given_up_in_time(broker: Broker) -> None:
    assert broker.pid is not None
    os.kill(broker.pid, signal.SIGSTOP)
    try:
        with pytest.raises(GatewayError, match="no answer"):
            MqttWorker("127.0.0.1", broker.settings.port, "worker").connect(timeout_s=0.2)
    finally:
        os.kill(broker.pid, signal.SIGCONT)


def test_a_broker_that_fell_silent_is_noticed_by_the_keep_alive(broker: Broker) -> None:
    worker = MqttWorker("127.0.0.1", broker.settings.port, "worker", user=GATEWAY_USER, keepalive_s=2)
    worker.connect()
    assert worker.receive(3_300, 1) == []
    assert worker.connected, "an idle connection lives"
    assert broker.pid is not None
    os.kill(broker.pid, signal.SIGSTOP)
    try:
        worker.receive(15_000, 1)
        assert not worker.connected
    finally:
        os.kill(broker.pid, signal.SIGCONT)
    worker.close()


def test_waiting_ends_when_woken_with_a_broker_and_without(broker: Broker) -> None:
    waker, wake = socket.socketpair()
    with working(broker) as worker, waker, wake:
        lonely = MqttWorker("127.0.0.1", free_port(), "lonely", retry=Retry(max_s=300), draw=lambda: 1.0)
        for _ in range(5):
            lonely.receive(0, 1)
        timer = threading.Timer(0.1, waker.send, [b"!"])
        timer.start()
        began = time.monotonic()
        assert worker.receive(60_000, 1, wake) == []
        assert lonely.receive(60_000, 1, wake) == []
        assert time.monotonic() - began < 5
        timer.join()


def test_attempts_follow_the_back_off(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = 1_000.0
    worker = MqttWorker(
        "127.0.0.1", free_port(), "worker", retry=Retry(max_s=4.0), draw=lambda: 0.5, clock=lambda: now_s
    )
    attempts: list[float] = []
    attempt = worker.connect
    monkeypatch.setattr(worker, "connect", lambda: (attempts.append(now_s), attempt()))
    while len(attempts) < 6:
        worker.receive(0, 1)
        now_s += 0.125
    gaps = [later - earlier for earlier, later in pairwise(attempts)]
    assert gaps == [0.5, 1.0, 2.0, 2.0, 2.0]


def test_two_workers_of_one_name_do_not_race(broker: Broker) -> None:
    def twin() -> MqttWorker:
        return MqttWorker("127.0.0.1", broker.settings.port, "twin", user=GATEWAY_USER, draw=lambda: 1.0)

    one, two = twin(), twin()
    until = time.monotonic() + 1.0
    while time.monotonic() < until:
        one.receive(1, 1)
        two.receive(1, 1)
    assert one._connections + two._connections < 8
    one.close()
    two.close()


@given(st.integers(0, 10_000), st.floats(0, 1, exclude_max=True), st.floats(0, 60), st.floats(0, 300))
def test_no_delay_exceeds_its_ceiling(failures: int, draw: float, first_s: float, max_s: float) -> None:
    delay_s = Retry(first_s, max_s).delay_s(failures, draw)
    assert 0 <= delay_s <= (first_s if failures == 0 else max_s)


def test_the_worker_starts_no_thread(broker: Broker) -> None:
    before = set(threading.enumerate())  # another test's may still be ending
    with working(broker) as worker:
        worker.publish("jobseal/1/d1/down", b"receipt")
        worker.receive(20, 1)
        assert set(threading.enumerate()) <= before
