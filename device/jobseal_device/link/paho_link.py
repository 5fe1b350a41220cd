"""The link over TCP or TLS by paho-mqtt, driven by our own wait on its socket: no thread, no hidden retry.

paho reconnects, queues and sends again when left to itself. Here each ``connect`` makes a new paho client that is
thrown away with its connection, so nothing of one session can leak into the next. paho writes nothing while one of
its callbacks runs; ours only take notes, and ``_Session.turn`` does the writing.
"""

import math
import select
import socket
import ssl
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from paho.mqtt.client import Client, MQTTMessage, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.reasoncodes import ReasonCode

from jobseal_device.link.contract import LinkDown, LinkRefused, LinkUntrusted, Presence, Wake, refuse_oversize

KEEPALIVE_S = 60
ANSWER_TIMEOUT_S = 10.0  # for a PUBACK or a SUBACK
GOODBYE_TIMEOUT_S = 1.0
KEEPALIVE_LOOKS = 4  # looks at the keep-alive clock per interval; a broker tolerates one and a half intervals

_SERVER_UNAVAILABLE = 0x88  # what paho makes of CONNACK return code 3 (MQTT 3.1.1 section 3.2.2.3)
_QOS_1 = 1


class PahoLink:
    """``Link`` to ``host``:``port`` for real. ``tls`` switches TLS on, with whatever that context trusts and shows.

    ``keepalive_s`` is the longest silence on the wire: the broker publishes ``Presence.offline`` for a client that
    vanished one and a half times that ago, and the client notices a dead broker within twice that.
    """

    def __init__(
        self,
        host: str,
        port: int,
        client_id: str,
        *,
        presence: Presence | None = None,
        keepalive_s: int = KEEPALIVE_S,
        answer_timeout_s: float = ANSWER_TIMEOUT_S,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._host = host
        self._port = port
        self._client_id = client_id
        self._presence = presence
        self._keepalive_s = keepalive_s
        self._answer_timeout_s = answer_timeout_s
        self._tls = tls
        self._session: _Session | None = None

    def connect(self, timeout_s: float) -> None:
        """See ``Link.connect``. Each address that ``host`` resolves to may take ``timeout_s`` of its own."""
        self._drop()
        deadline = time.monotonic() + timeout_s
        session = _Session(self._client())
        try:
            session.open(self._host, self._port, self._keepalive_s, timeout_s)
            session.wait(lambda: session.connack is not None, deadline)
            self._judge(session.connack)
            if self._presence is not None:
                state = session.client.publish(self._presence.topic, self._presence.online, _QOS_1, retain=True)
                if not session.wait(lambda: state.mid in session.pubacks, deadline):
                    raise LinkDown(f"{self._where} connected, then acknowledged nothing within {timeout_s:g} s")
        except BaseException:
            session.abandon()
            raise
        self._session = session

    def publish(self, topic: str, payload: bytes) -> bool:
        """See ``Link.publish``."""
        refuse_oversize(payload)
        session = self._connected()
        sent = session.client.publish(topic, payload, _QOS_1)
        answered = self._wait(session, lambda: sent.mid in session.pubacks)
        session.pubacks.clear()
        if not answered:
            session.client.drop_out_messages()  # so that a PUBACK that comes late finds nothing to confirm
        return answered

    def subscribe(self, topic: str) -> None:
        """See ``Link.subscribe``."""
        session = self._connected()
        _, mid = session.client.subscribe(topic, _QOS_1)
        if mid is None or not self._wait(session, lambda: mid in session.subacks):
            self._drop()
            raise LinkDown(f"{self._where} did not answer a subscription within {self._answer_timeout_s:g} s")
        if any(granted.is_failure for granted in session.subacks.pop(mid)):
            raise LinkRefused(f"{self._where} refuses {self._client_id} a subscription to {topic}")

    def poll(self, timeout_ms: int, wake: Wake | None = None) -> tuple[str, bytes] | None:
        """See ``Link.poll``."""
        session = self._connected()
        deadline = time.monotonic() + timeout_ms / 1000
        while True:
            if session.inbox:
                return session.inbox.popleft()
            if session.lost is not None:
                self._drop()
                raise LinkDown(f"the connection to {self._where} ended: {session.lost}")
            left_s = deadline - time.monotonic()
            woken = session.turn(max(0.0, left_s), wake)
            if (woken or left_s <= 0) and not session.inbox and session.lost is None:
                return None

    def close(self) -> None:
        """See ``Link.close``. Takes at most ``GOODBYE_TIMEOUT_S`` seconds."""
        session, self._session = self._session, None
        if session is None:
            return
        if session.lost is None:
            if self._presence is not None:
                session.client.publish(self._presence.topic, self._presence.offline, _QOS_1, retain=True)
            session.client.disconnect()
            deadline = time.monotonic() + GOODBYE_TIMEOUT_S
            while session.lost is None and (left_s := deadline - time.monotonic()) > 0:
                session.turn(left_s, None)
        session.abandon()

    @property
    def _where(self) -> str:
        return f"the broker at {self._host}:{self._port}"

    def _client(self) -> Client:
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._client_id,
            clean_session=True,
            protocol=MQTTv311,
            reconnect_on_failure=False,
        )
        client.max_inflight_messages_set(0)  # paho's window would hold a message back after 20 lost PUBACKs
        if self._presence is not None:
            client.will_set(self._presence.topic, self._presence.offline, _QOS_1, retain=True)
        if self._tls is not None:
            if self._tls.sslsocket_class is ssl.SSLSocket:
                self._tls.sslsocket_class = _HandshakeOrClose
            client.tls_set_context(self._tls)
        return client

    def _judge(self, connack: ReasonCode | None) -> None:
        if connack is None:
            raise LinkDown(f"{self._where} accepted the connection and then said nothing")
        if connack.value == _SERVER_UNAVAILABLE:
            raise LinkDown(f"{self._where} is there but not available")
        if connack.is_failure:
            raise LinkRefused(f"{self._where} refuses {self._client_id}: {connack}")

    def _connected(self) -> "_Session":
        if self._session is None:
            raise LinkDown(f"not connected to {self._where}")
        return self._session

    def _wait(self, session: "_Session", done: Callable[[], bool]) -> bool:
        try:
            return session.wait(done, time.monotonic() + self._answer_timeout_s)
        except LinkDown:
            self._drop()
            raise

    def _drop(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.abandon()


class _Session:
    """One connection of one paho client: the notes its callbacks take, and the wait that drives it."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.connack: ReasonCode | None = None
        self.pubacks: set[int] = set()
        self.subacks: dict[int, list[ReasonCode]] = {}
        self.inbox: deque[tuple[str, bytes]] = deque()
        self.lost: str | None = None  # why the connection ended
        self._where = ""
        self._look_every_s = 0.0
        client.on_socket_open = _set_no_delay
        client.on_connect = self._on_connect
        client.on_publish = self._on_publish
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.on_disconnect = self._on_disconnect

    def open(self, host: str, port: int, keepalive_s: int, timeout_s: float) -> None:
        """Connect, shake hands and send CONNECT; raises ``LinkDown`` or ``LinkUntrusted``."""
        self._where = f"the broker at {host}:{port}"
        self._look_every_s = keepalive_s / KEEPALIVE_LOOKS
        self.client.connect_timeout = timeout_s
        try:
            self.client.connect(host, port, keepalive_s)
        except ssl.SSLCertVerificationError as error:
            raise LinkUntrusted(f"{self._where} shows a certificate that does not hold: {error}") from error
        except OSError as error:
            raise LinkDown(f"{self._where} cannot be reached: {error}") from error

    def wait(self, done: Callable[[], bool], deadline: float) -> bool:
        """Drive the connection until ``done`` or ``deadline`` (monotonic seconds); raises ``LinkDown`` if it ends."""
        while not done():
            if self.lost is not None:
                if self.connack is not None and self.connack.is_failure:
                    return False  # a refusal, then a closed connection: the refusal is the news
                raise LinkDown(f"the connection to {self._where} ended: {self.lost}")
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                return False
            self.turn(left_s, None)
        return True

    def turn(self, timeout_s: float, wake: Wake | None) -> bool:
        """Wait once, read at most one packet, write what is due; True when ``wake`` is readable."""
        sock = self.client.socket()
        if sock is None:
            self.lost = self.lost or "the socket is closed"
            return False
        # Decrypted bytes inside the TLS layer are invisible to a wait on the descriptor.
        pending = isinstance(sock, ssl.SSLSocket) and sock.pending() > 0
        wait_s = 0.0 if pending else min(timeout_s, self._look_every_s)
        poller = select.poll()
        poller.register(sock.fileno(), select.POLLIN | (select.POLLOUT if self.client.want_write() else 0))
        if wake is not None:
            poller.register(wake.fileno(), select.POLLIN)
        ready = dict(poller.poll(math.ceil(wait_s * 1000)))
        events = ready.get(sock.fileno(), 0)
        if events & select.POLLOUT:
            self._note(self.client.loop_write())
        if pending or events & ~select.POLLOUT:
            self._note(self.client.loop_read())
        self._note(self.client.loop_misc())
        return wake is not None and wake.fileno() in ready

    def abandon(self) -> None:
        """Let go of the socket as it is; without a goodbye the broker publishes the last will."""
        sock = self.client.socket()
        if sock is not None:
            sock.close()
        self.lost = self.lost or "it was given up here"

    def _note(self, outcome: MQTTErrorCode) -> None:
        if outcome != MQTTErrorCode.MQTT_ERR_SUCCESS and self.lost is None:
            self.lost = outcome.name

    def _on_connect(self, _client: Client, _data: Any, _flags: Any, reason: ReasonCode, _properties: Any) -> None:
        self.connack = reason

    def _on_publish(self, _client: Client, _data: Any, mid: int, _reason: ReasonCode, _properties: Any) -> None:
        self.pubacks.add(mid)

    def _on_subscribe(self, _client: Client, _data: Any, mid: int, reasons: list[ReasonCode], _properties: Any) -> None:
        self.subacks[mid] = reasons

    def _on_message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            return  # no topic that anybody subscribed to
        self.inbox.append((topic, bytes(message.payload)))

    def _on_disconnect(self, _client: Client, _data: Any, _flags: Any, reason: ReasonCode, _properties: Any) -> None:
        self.lost = self.lost or str(reason)


class _HandshakeOrClose(ssl.SSLSocket):
    """A socket that does not outlive a failed handshake: paho would forget it without closing it."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except BaseException:
            self.close()
            raise


def _set_no_delay(_client: Client, _data: Any, sock: Any) -> None:
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
