"""The gateway's own MQTT client: messages from handhelds in, acknowledged only when told to; answers out.

For ingest: ``receive`` gathers what is there, so that one transaction can hold many batches, and ``ack`` follows its
COMMIT. What was received and never acknowledged is lost with the connection (clean session), and comes again because
its handheld resends it; nothing here remembers it. The worker reconnects by itself inside ``receive``, with its own
jittered back-off, subscribes again and publishes its retained announcements again.

No thread: one caller drives everything, paho writes and reads in its calls only.
"""

import random
import select
import ssl
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from jobseal.errors import PEER
from jobseal_gateway.errors import GatewayError
from jobseal_gateway.mqtt_session import Arrival, MqttSession, Will

INGEST_SUBSCRIPTION = "$share/ingest/jobseal/1/+/up"
CONNECT_TIMEOUT_S = 5.0
KEEPALIVE_S = 30
RETRY_MAX_S = 300.0
GOODBYE_TIMEOUT_S = 1.0
STEADY_AFTER_S = 5.0  # a connection that ends sooner counts as a failed attempt, lest two clients of one name race

_DOUBLINGS_MAX = 16  # far beyond any ceiling


class Wake(Protocol):
    """Anything that a wait can watch beside the broker; readable means woken."""

    def fileno(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Retry:
    """How long to stay away from a broker: after an outage U(0, ``first_s``), then U(0, min(``max_s``, 2**n))."""

    first_s: float = 0.0
    max_s: float = RETRY_MAX_S

    def delay_s(self, failures: int, draw: float) -> float:
        """Seconds until the next attempt after so many failed ones in a row; ``draw`` is uniform in [0, 1)."""
        ceiling_s = self.first_s if failures == 0 else min(self.max_s, 2.0 ** min(failures - 1, _DOUBLINGS_MAX))
        return draw * ceiling_s


@dataclass(frozen=True, slots=True)
class Token:
    """Which delivery a message was: its packet id means nothing on another connection than its own."""

    connection: int
    packet_id: int  # 0: sent at QoS 0, so there is nothing to acknowledge


@dataclass(frozen=True, slots=True)
class Message:
    """One delivery. It may come again, also after it was acknowledged."""

    topic: str
    payload: bytes
    token: Token


class MqttWorker:
    """One clean-session client of the broker at ``host``:``port`` (port ``UNIX``: at the socket with that path);
    ``user`` is its name in the access list, ``password`` what proves it where the broker asks, ``tls`` what the broker
    is reached with, None: in the open.

    ``will`` is what the broker publishes, retained, when the worker vanishes, and the worker itself when it leaves.
    """

    def __init__(
        self,
        host: str,
        port: int,
        client_id: str,
        *,
        user: str | None = None,
        password: str | None = None,
        tls: ssl.SSLContext | None = None,
        subscriptions: Iterable[str] = (INGEST_SUBSCRIPTION,),
        will: Will | None = None,
        retry: Retry = Retry(),
        keepalive_s: int = KEEPALIVE_S,
        draw: Callable[[], float] = random.random,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._host = host
        self._port = port
        self._client_id = client_id
        self._user = user
        self._password = password
        self._tls = tls
        self._subscriptions = tuple(subscriptions)
        self._will = will
        self._retry = retry
        self._keepalive_s = keepalive_s
        self._draw = draw
        self._clock = clock
        self._announcements: dict[str, bytes] = {}
        self._session: MqttSession | None = None
        self._connections = 0
        self._failures = 0
        self._due_at_s = 0.0
        self._connected_at_s = 0.0

    @property
    def connected(self) -> bool:
        """Whether a session is open, subscribed and announced, as far as is known."""
        return self._session is not None and self._session.lost is None

    def connect(self, timeout_s: float = CONNECT_TIMEOUT_S) -> None:
        """Connect now, back-off or not; raises ``broker_unreachable`` with the reason, and the back-off goes on."""
        self._drop()
        session = MqttSession(self._client_id, self._user, self._will, self._password, tls=self._tls)
        try:
            session.open(self._host, self._port, self._keepalive_s, self._subscriptions, timeout_s)
        except (OSError, ValueError) as error:
            session.abandon()
            self._failures += 1
            self._schedule()
            raise GatewayError(
                "broker_unreachable", f"The broker at {self._host}:{self._port} does not serve us: {error}", PEER, False
            ) from error
        self._session = session
        self._connections += 1
        self._connected_at_s = self._clock()
        for topic, payload in self._announcements.items():
            session.send(topic, payload, retain=True)

    def receive(self, timeout_ms: int, max_messages: int, wake: Wake | None = None) -> list[Message]:
        """Up to ``max_messages``: everything that is there, after waiting up to ``timeout_ms`` for the first one.

        Empty when nothing came in time, when ``wake`` is readable, or while there is no broker; an outage is never an
        error here, and an attempt to reconnect may add ``CONNECT_TIMEOUT_S``.
        """
        if self._session is not None and self._session.lost is not None and not self._session.inbox:
            self._outage()
        if self._session is None and not self._reconnected(timeout_ms / 1000, wake):
            return []
        session = self._session
        assert session is not None
        arrivals = session.gather(timeout_ms / 1000, max_messages, None if wake is None else wake.fileno())
        return [self._message(arrival) for arrival in arrivals]

    def ack(self, messages: Iterable[Message]) -> None:
        """Acknowledge these deliveries; one from a connection that is gone is passed over, for it comes again."""
        session = self._session
        if session is None:
            return
        for message in messages:
            if message.token.connection == self._connections and message.token.packet_id:
                session.acknowledge(message.token.packet_id)

    def publish(self, topic: str, payload: bytes, qos: int = 1) -> bool:
        """Hand a message to the connection without waiting; false when there is none that takes it.

        True promises nothing: what the broker did not get before the connection ended is never sent again.
        """
        return self._session is not None and self._session.send(topic, payload, qos=qos)

    def announce(self, topic: str, payload: bytes) -> None:
        """Publish retained, now and again after every connect, until something else is announced on that topic."""
        self._announcements[topic] = payload
        if self._session is not None:
            self._session.send(topic, payload, retain=True)

    def close(self) -> None:
        """Publish the will, say goodbye if that is possible at once, and let go. Never raises."""
        session, self._session = self._session, None
        if session is not None:
            session.leave(GOODBYE_TIMEOUT_S)

    def _message(self, arrival: Arrival) -> Message:
        return Message(arrival.topic, arrival.payload, Token(self._connections, arrival.packet_id))

    def _reconnected(self, timeout_s: float, wake: Wake | None) -> bool:
        left_s = self._due_at_s - self._clock()
        if left_s > 0:
            _pause(min(left_s, timeout_s), wake)
            if left_s > timeout_s or self._clock() < self._due_at_s:
                return False
        try:
            self.connect()
        except GatewayError:
            return False
        return True

    def _outage(self) -> None:
        self._drop()
        steady = self._clock() - self._connected_at_s >= STEADY_AFTER_S
        self._failures = 0 if steady else self._failures + 1
        self._schedule()

    def _schedule(self) -> None:
        self._due_at_s = self._clock() + self._retry.delay_s(self._failures, self._draw())

    def _drop(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.abandon()


def _pause(timeout_s: float, wake: Wake | None) -> None:
    poller = select.poll()
    if wake is not None:
        poller.register(wake.fileno(), select.POLLIN)
    poller.poll(timeout_s * 1000)
