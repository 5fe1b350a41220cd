"""One connection of the gateway to a broker: paho-mqtt driven by our own wait on its socket, without a thread.

paho reconnects, queues and acknowledges by itself when left to; here one client lives exactly as long as its
connection, acknowledges nothing on its own, and knows no other session. Its callbacks only take notes: paho writes
nothing while one of them runs.
"""

import math
import select
import socket
import ssl
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paho.mqtt.client import Client, MQTTMessage, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.reasoncodes import ReasonCode

from jobseal_gateway import news

UNIX = 0  # as a port: what stands for the host is a socket's path, as in mosquitto's own configuration
UNACKED_MAX_MESSAGES = 10_000  # of ours that the broker may owe a PUBACK for before it counts as stalled
KEEPALIVE_LOOKS = 4  # looks at the keep-alive clock per interval; a broker tolerates one and a half intervals

_QOS_1 = 1


@dataclass(frozen=True, slots=True)
class Will:
    """What is retained on ``topic`` when this client is gone."""

    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message as the broker delivered it; ``packet_id`` is 0 at QoS 0."""

    topic: str
    payload: bytes
    packet_id: int


class MqttSession:
    """A clean MQTT 3.1.1 session that ends with its connection; ``lost`` then says why."""

    def __init__(
        self,
        client_id: str,
        user: str | None,
        will: Will | None,
        password: str | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.inbox: deque[Arrival] = deque()
        self.lost: str | None = None
        self._will = will
        self._connack: ReasonCode | None = None
        self._subacks: dict[int, list[ReasonCode]] = {}
        self._look_every_s = 0.0
        self._poller = select.poll()
        self._client = self._make_client(client_id, user, password)
        if tls is not None:
            self._client.tls_set_context(tls)

    def open(self, host: str, port: int, keepalive_s: int, subscriptions: Iterable[str], timeout_s: float) -> None:
        """Connect and subscribe at QoS 1. ``host`` is the path of a Unix socket where ``port`` is ``UNIX``.

        Raises ``OSError`` or ``ValueError`` saying why that did not work.
        """
        deadline = time.monotonic() + timeout_s
        self._look_every_s = keepalive_s / KEEPALIVE_LOOKS
        self._client.connect_timeout = timeout_s
        if port == UNIX:
            self._client.transport = "unix"  # type: ignore[assignment]  # the setter's annotation forgets it
            with news.short(Path(host)) as name:
                self._client.connect(name, 1, keepalive_s)
        else:
            self._client.connect(host, port, keepalive_s)
        sock = self._client.socket()
        if sock is None:
            raise ConnectionError(self.lost or "the connection ended at once")
        self._poller.register(sock.fileno(), select.POLLIN)
        self._await(lambda: self._connack is not None, deadline, "a connection")
        if self._connack is not None and self._connack.is_failure:
            raise ConnectionRefusedError(str(self._connack))
        filters = list(subscriptions)
        if filters:
            self._subscribe(filters, deadline)

    def gather(self, timeout_s: float, max_messages: int, wake: int | None) -> list[Arrival]:
        """What is there, up to ``max_messages``, waiting up to ``timeout_s`` for the first; fewer if it ends."""
        if wake is not None:
            self._poller.register(wake, select.POLLIN)
        deadline = time.monotonic() + timeout_s
        try:
            while len(self.inbox) < max_messages and self.lost is None:
                left_s = 0.0 if self.inbox else max(0.0, deadline - time.monotonic())
                read, woken = self._turn(left_s, wake)
                if not read and (self.inbox or woken or time.monotonic() >= deadline):
                    break
        finally:
            if wake is not None:
                self._poller.unregister(wake)
        return [self.inbox.popleft() for _ in range(min(max_messages, len(self.inbox)))]

    def acknowledge(self, packet_id: int) -> None:
        """PUBACK one arrival of this session."""
        self._note(self._client.ack(packet_id, _QOS_1))

    def send(self, topic: str, payload: bytes, *, qos: int = _QOS_1, retain: bool = False) -> bool:
        """Hand a message to the socket or to what waits for it; false when the connection is lost or stalled."""
        if self.lost is not None:
            return False
        outcome = self._client.publish(topic, payload, qos, retain).rc
        if outcome == MQTTErrorCode.MQTT_ERR_QUEUE_SIZE:
            return False
        self._note(outcome)
        return outcome == MQTTErrorCode.MQTT_ERR_SUCCESS

    def leave(self, timeout_s: float) -> None:
        """Publish the will oneself and disconnect, for at most ``timeout_s``."""
        if self.lost is None:
            if self._will is not None:
                self.send(self._will.topic, self._will.payload, retain=True)
            self._client.disconnect()
            deadline = time.monotonic() + timeout_s
            while self.lost is None and (left_s := deadline - time.monotonic()) > 0:
                self._turn(left_s, None)
        self.abandon()

    def abandon(self) -> None:
        """Let go of the socket as it is; without a goodbye the broker publishes the will."""
        sock = self._client.socket()
        if sock is not None:
            sock.close()
        self.lost = self.lost or "it was given up here"

    def _make_client(self, client_id: str, user: str | None, password: str | None) -> Client:
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=True,
            protocol=MQTTv311,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        client.max_inflight_messages_set(0)
        client.max_queued_messages_set(UNACKED_MAX_MESSAGES)
        if user is not None:
            client.username_pw_set(user, password)
        if self._will is not None:
            client.will_set(self._will.topic, self._will.payload, _QOS_1, retain=True)
        client.on_socket_open = _set_no_delay
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.on_disconnect = self._on_disconnect
        return client

    def _subscribe(self, filters: list[str], deadline: float) -> None:
        _, mid = self._client.subscribe([(topic_filter, _QOS_1) for topic_filter in filters])
        self._await(lambda: mid in self._subacks, deadline, "a subscription")
        if mid is not None and any(granted.is_failure for granted in self._subacks[mid]):
            raise PermissionError(f"no subscription to {', '.join(filters)}")

    def _await(self, done: Callable[[], bool], deadline: float, what: str) -> None:
        while not done():
            left_s = deadline - time.monotonic()
            if self.lost is not None:
                raise ConnectionError(self.lost)
            if left_s <= 0:
                raise TimeoutError(f"no answer to {what}")
            self._turn(left_s, None)

    def _turn(self, timeout_s: float, wake: int | None) -> tuple[bool, bool]:
        """Wait once, read and write what can be: (whether there was something to read, whether ``wake`` is ready)."""
        sock = self._client.socket()
        if sock is None:
            self.lost = self.lost or "the socket is closed"
            return False, False
        fd = sock.fileno()
        self._poller.modify(fd, select.POLLIN | (select.POLLOUT if self._client.want_write() else 0))
        # Decrypted bytes inside the TLS layer are invisible to a wait on the descriptor.
        pending = isinstance(sock, ssl.SSLSocket) and sock.pending() > 0
        wait_s = 0.0 if pending else min(timeout_s, self._look_every_s)
        ready = dict(self._poller.poll(math.ceil(wait_s * 1000)))
        events = ready.get(fd, 0) | (select.POLLIN if pending else 0)
        readable = bool(events & ~select.POLLOUT)
        if events & select.POLLOUT:
            self._note(self._client.loop_write())
        if readable:
            self._note(self._client.loop_read())
        self._note(self._client.loop_misc())
        return readable, wake is not None and wake in ready

    def _note(self, outcome: MQTTErrorCode) -> None:
        if outcome != MQTTErrorCode.MQTT_ERR_SUCCESS and self.lost is None:
            self.lost = outcome.name

    def _on_connect(self, _client: Client, _data: Any, _flags: Any, reason: ReasonCode, _properties: Any) -> None:
        self._connack = reason

    def _on_subscribe(self, _client: Client, _data: Any, mid: int, reasons: list[ReasonCode], _properties: Any) -> None:
        self._subacks[mid] = reasons

    def _on_message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = ""  # nobody's; it still has to be received to be acknowledged
        self.inbox.append(Arrival(topic, bytes(message.payload), message.mid if message.qos else 0))

    def _on_disconnect(self, _client: Client, _data: Any, _flags: Any, reason: ReasonCode, _properties: Any) -> None:
        self.lost = self.lost or str(reason)


def _set_no_delay(_client: Client, _data: Any, sock: Any) -> None:
    if sock.family == socket.AF_UNIX:
        return
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
