"""The contract of ``Link``, held to by every implementation: paho against a real mosquitto, and memory."""

import socket
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from jobseal.limits import FRAME_MAX_BYTES
from jobseal_device.link.contract import Link, LinkDown, PayloadTooLarge, Presence
from jobseal_device.link.memory import MemoryBroker
from jobseal_device.link.paho_link import PahoLink
from jobseal_gateway.broker import Broker
from jobseal_gateway.mosquitto import GATEWAY_USER
from tests.servers import eventually, mosquitto

UP, DOWN, STATE = "jobseal/1/d1/up", "jobseal/1/d1/down", "jobseal/1/d1/state"
PRESENCE = Presence(STATE, online=b"\x01", offline=b"\x00")
SOON_MS = 5_000


class Office(Protocol):
    """The other end: speaks as the gateway and hears what handhelds say."""

    def say(self, topic: str, payload: bytes) -> None: ...

    def hear(self) -> tuple[str, bytes]: ...

    def leave(self) -> None: ...


class Site(Protocol):
    """One broker of either kind, with what happens to brokers."""

    def link(self, presence: Presence | None = None) -> Link: ...

    def office(self, *filters: str) -> Office: ...

    def kill_broker(self) -> None: ...

    def start_broker(self) -> None: ...


class MemoryOffice:
    def __init__(self, broker: MemoryBroker, filters: tuple[str, ...]) -> None:
        self._link = broker.link("office")
        self._link.connect(1)
        for topic_filter in filters:
            self._link.subscribe(topic_filter)

    def say(self, topic: str, payload: bytes) -> None:
        assert self._link.publish(topic, payload)

    def hear(self) -> tuple[str, bytes]:
        message = self._link.poll(SOON_MS)
        assert message is not None
        return message

    def leave(self) -> None:
        self._link.close()


class MosquittoOffice:
    def __init__(self, broker: Broker, filters: tuple[str, ...]) -> None:
        self._heard: deque[tuple[str, bytes]] = deque()
        self._events: list[str] = []
        self._client = Client(CallbackAPIVersion.VERSION2, "office", reconnect_on_failure=False)
        self._client.username_pw_set(GATEWAY_USER)
        self._client.max_inflight_messages_set(0)
        self._client.on_message = lambda _c, _d, message: self._heard.append((message.topic, message.payload))
        self._client.on_connect = lambda *_: self._events.append("connected")
        self._client.on_subscribe = lambda *_: self._events.append("subscribed")
        self._client.connect("127.0.0.1", broker.settings.port)
        self._turn_until(lambda: "connected" in self._events)
        if filters:
            self._client.subscribe([(topic_filter, 1) for topic_filter in filters])
            self._turn_until(lambda: "subscribed" in self._events)

    def say(self, topic: str, payload: bytes) -> None:
        sent = self._client.publish(topic, payload, 1)
        self._turn_until(sent.is_published)

    def hear(self) -> tuple[str, bytes]:
        self._turn_until(lambda: self._heard)
        return self._heard.popleft()

    def leave(self) -> None:
        self._client.disconnect()

    def _turn_until(self, true: Callable[[], object]) -> None:
        def turned() -> object:
            self._client.loop(0.01)
            return true()

        eventually(turned)


class MemorySite:
    def __init__(self) -> None:
        self.broker = MemoryBroker()

    def link(self, presence: Presence | None = None) -> Link:
        return self.broker.link("d1", presence)

    def office(self, *filters: str) -> Office:
        return MemoryOffice(self.broker, filters)

    def kill_broker(self) -> None:
        self.broker.stop()

    def start_broker(self) -> None:
        self.broker.start()


class MosquittoSite:
    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        self._links: list[PahoLink] = []
        self._offices: list[MosquittoOffice] = []

    def link(self, presence: Presence | None = None) -> Link:
        self._links.append(PahoLink("127.0.0.1", self.broker.settings.port, "d1", presence=presence))
        return self._links[-1]

    def office(self, *filters: str) -> Office:
        self._offices.append(MosquittoOffice(self.broker, filters))
        return self._offices[-1]

    def kill_broker(self) -> None:
        self.broker.kill()

    def start_broker(self) -> None:
        assert self.broker.tend()
        eventually(lambda: self.broker.ready)

    def leave(self) -> None:
        for link in self._links:
            link.close()
        for office in self._offices:
            office.leave()


@pytest.fixture(params=["memory", "mosquitto"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    if request.param == "memory":
        yield MemorySite()
        return
    with mosquitto(tmp_path / "broker") as broker:
        real = MosquittoSite(broker)
        yield real
        real.leave()


@pytest.fixture
def link(site: Site) -> Link:
    """A connected link of the handheld d1 that listens to its own topic."""
    connected = site.link()
    connected.connect(5)
    connected.subscribe(DOWN)
    return connected


def test_what_is_published_arrives_and_is_acknowledged(site: Site, link: Link) -> None:
    office = site.office("jobseal/1/+/up")
    assert link.publish(UP, b"\x00batch\xff") is True
    assert office.hear() == (UP, b"\x00batch\xff")


def test_what_is_sent_down_is_polled_in_order(site: Site, link: Link) -> None:
    office = site.office()
    for number in range(30):
        office.say(DOWN, b"%d" % number)
    assert [link.poll(SOON_MS) for _ in range(30)] == [(DOWN, b"%d" % number) for number in range(30)]


def test_nothing_comes_without_a_subscription(site: Site) -> None:
    deaf = site.link()
    deaf.connect(5)
    site.office().say(DOWN, b"receipt")
    assert deaf.poll(50) is None


@pytest.mark.parametrize("size", [0, 1, 127, 16_384, FRAME_MAX_BYTES])
def test_payloads_of_every_size_pass_whole_in_both_directions(site: Site, link: Link, size: int) -> None:
    payload = bytes(range(256)) * (size // 256) + bytes(size % 256)
    office = site.office("jobseal/1/+/up")
    assert link.publish(UP, payload)
    assert office.hear() == (UP, payload)
    office.say(DOWN, payload)
    assert link.poll(SOON_MS) == (DOWN, payload)


def test_a_payload_that_no_broker_of_ours_carries_is_refused_here_and_harms_nothing(site: Site, link: Link) -> None:
    office = site.office("jobseal/1/+/up")
    with pytest.raises(PayloadTooLarge) as refused:
        link.publish(UP, bytes(FRAME_MAX_BYTES + 1))
    assert (refused.value.code, refused.value.fault) == ("link_payload_too_large", "ours")
    assert link.publish(UP, b"small")
    assert office.hear() == (UP, b"small")


def test_a_link_that_is_not_connected_says_so(site: Site) -> None:
    idle = site.link()
    uses: list[Callable[[], object]] = [
        lambda: idle.publish(UP, b""),
        lambda: idle.subscribe(DOWN),
        lambda: idle.poll(0),
    ]
    for use in uses:
        with pytest.raises(LinkDown) as down:
            use()
        assert (down.value.code, down.value.final) == ("link_down", False)


def test_a_stopped_broker_cannot_be_connected_to(site: Site) -> None:
    site.kill_broker()
    with pytest.raises(LinkDown):
        site.link().connect(2)


def test_a_poll_notices_that_the_broker_died(site: Site, link: Link) -> None:
    site.kill_broker()
    with pytest.raises(LinkDown):
        link.poll(SOON_MS)


def test_a_publish_notices_that_the_broker_died(site: Site, link: Link) -> None:
    site.kill_broker()
    with pytest.raises(LinkDown):
        link.publish(UP, b"batch")


def test_what_arrived_before_the_broker_died_is_handed_out_first(site: Site, link: Link) -> None:
    office = site.office()
    office.say(DOWN, b"one")
    office.say(DOWN, b"two")
    site.kill_broker()
    assert link.poll(SOON_MS) == (DOWN, b"one")
    assert link.poll(SOON_MS) == (DOWN, b"two")
    with pytest.raises(LinkDown):
        link.poll(SOON_MS)


def test_a_lost_link_stays_down_until_it_is_connected_again(site: Site, link: Link) -> None:
    site.kill_broker()
    with pytest.raises(LinkDown):
        link.poll(SOON_MS)
    site.start_broker()
    with pytest.raises(LinkDown):
        link.publish(UP, b"batch")

    link.connect(5)
    office = site.office("jobseal/1/+/up")
    assert link.publish(UP, b"batch")
    assert office.hear() == (UP, b"batch")


def test_what_failed_is_never_sent_again_by_the_link_itself(site: Site, link: Link) -> None:
    site.kill_broker()
    with pytest.raises(LinkDown):
        link.publish(UP, b"lost")
    site.start_broker()
    office = site.office("jobseal/1/+/up")
    link.connect(5)
    assert link.publish(UP, b"next")
    assert office.hear() == (UP, b"next")


def test_a_new_connection_has_no_subscriptions_and_nothing_left_over(site: Site, link: Link) -> None:
    office = site.office()
    office.say(DOWN, b"for the old connection")
    link.connect(5)
    office.say(DOWN, b"before the subscription")
    link.subscribe(DOWN)
    office.say(DOWN, b"after it")
    assert link.poll(SOON_MS) == (DOWN, b"after it")


def test_a_message_that_arrives_while_publishing_waits_for_the_next_poll(site: Site, link: Link) -> None:
    site.office().say(DOWN, b"receipt")
    assert link.publish(UP, b"batch")
    assert link.poll(SOON_MS) == (DOWN, b"receipt")


def test_retained_messages_come_with_the_subscription(site: Site) -> None:
    site.link(PRESENCE).connect(5)
    assert site.office("jobseal/1/+/state").hear() == (STATE, PRESENCE.online)


def test_presence_is_online_from_connect_to_close(site: Site) -> None:
    office = site.office("jobseal/1/+/state")
    present = site.link(PRESENCE)
    present.connect(5)
    assert office.hear() == (STATE, PRESENCE.online)
    present.close()
    assert office.hear() == (STATE, PRESENCE.offline)
    assert site.office("jobseal/1/+/state").hear() == (STATE, PRESENCE.offline), "and it is retained"


def test_a_client_that_vanishes_is_offline_by_its_last_will(site: Site) -> None:
    office = site.office("jobseal/1/+/state")
    present = site.link(PRESENCE)
    present.connect(5)
    assert office.hear() == (STATE, PRESENCE.online)
    site.link().connect(5)  # the same client id without a presence takes over
    assert office.hear() == (STATE, PRESENCE.offline)


def test_a_reconnect_ends_online(site: Site) -> None:
    office = site.office("jobseal/1/+/state")
    present = site.link(PRESENCE)
    present.connect(5)
    present.connect(5)
    assert [office.hear()[1] for _ in range(3)] == [PRESENCE.online, PRESENCE.offline, PRESENCE.online]


def test_a_second_client_of_the_same_name_takes_the_connection_over(site: Site, link: Link) -> None:
    clone = site.link()
    clone.connect(5)
    with pytest.raises(LinkDown):
        link.poll(SOON_MS)
    assert clone.publish(UP, b"batch")


def test_a_poll_gives_up_after_its_time(link: Link) -> None:
    assert link.poll(0) is None
    assert link.poll(30) is None


def test_a_readable_wake_ends_the_wait_and_is_left_for_the_caller_to_empty(link: Link) -> None:
    waker, wake = socket.socketpair()
    with waker, wake:
        waker.send(b"!")
        assert link.poll(3_600_000, wake) is None
        assert link.poll(3_600_000, wake) is None
        assert wake.recv(8) == b"!"


def test_a_message_that_is_already_here_goes_before_a_wake_up(site: Site, link: Link) -> None:
    site.office().say(DOWN, b"receipt")
    assert link.publish(UP, b"batch")  # by its PUBACK the receipt has arrived as well
    waker, wake = socket.socketpair()
    with waker, wake:
        waker.send(b"!")
        assert link.poll(SOON_MS, wake) == (DOWN, b"receipt")
        assert link.poll(SOON_MS, wake) is None


def test_a_message_arrives_while_a_wake_up_is_watched_for(site: Site, link: Link) -> None:
    waker, wake = socket.socketpair()
    with waker, wake:
        site.office().say(DOWN, b"receipt")
        assert link.poll(SOON_MS, wake) == (DOWN, b"receipt")


def test_closing_is_always_possible_and_final(site: Site, link: Link) -> None:
    site.link().close()
    link.close()
    link.close()
    with pytest.raises(LinkDown):
        link.poll(0)


def test_a_link_can_be_closed_after_its_broker_died(site: Site, link: Link) -> None:
    site.kill_broker()
    link.close()
