"""The warden: keeps the embedded broker's revocation list true, and cuts connections whose certificate it names.

It looks once a second, whoever revoked, in whatever process. The list is made anew, the broker told to read it, and a
second later each connection that began before is cut: the gateway connects under the same client id through its own
listener, and a broker lets nobody keep an id that another has taken. Long before the list ends it is renewed, since an
ended one would lock everybody out.
"""

import time
from collections.abc import Callable

from jobseal_gateway import credentials
from jobseal_gateway.broker import Broker
from jobseal_gateway.ca import CRL_DAYS, DAY_MS
from jobseal_gateway.credentials import BrokerFiles
from jobseal_gateway.errors import GatewayError
from jobseal_gateway.home import Gateway
from jobseal_gateway.ledger import links
from jobseal_gateway.ledger.database import reading
from jobseal_gateway.mosquitto import GATEWAY_USER
from jobseal_gateway.mqtt_session import UNIX, MqttSession

LOOK_EVERY_S = 1.0
RENEW_AFTER_MS = CRL_DAYS * DAY_MS // 3
CUT_TIMEOUT_S = 2.0
_KEEPALIVE_S = 10


class Warden:
    """Watches over ``broker``, started with ``files``. ``tend`` belongs to the thread that tends the broker."""

    def __init__(
        self,
        gateway: Gateway,
        broker: Broker,
        files: BrokerFiles,
        say: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._gateway = gateway
        self._broker = broker
        self._files = files
        self._say = say
        self._clock = clock
        self._due_at_s = 0.0
        self._to_cut: list[str] = []

    def tend(self) -> None:
        """Look, if it is time to. What cannot be done now is tried again."""
        now_s = self._clock()
        if now_s < self._due_at_s:
            return
        self._due_at_s = now_s + LOOK_EVERY_S
        try:
            self._cut()
            self._renew()
        except (GatewayError, OSError) as error:
            self._say(f"broker: its revocation list cannot be looked after now: {error}")

    def _renew(self) -> None:
        before = self._files.version
        with reading(self._gateway.engine) as connection:
            version = links.version(connection)
            ended = links.ended(connection, before) if version != before else []
        if version == before and self._gateway.now_ms() - self._files.made_ms < RENEW_AFTER_MS:
            return
        self._broker.reload()
        self._to_cut += list(dict.fromkeys(each.device for each in ended))

    def _cut(self) -> None:
        """Take over the id of each, and leave at once."""
        while self._to_cut:
            if not self._broker.running:
                self._to_cut.clear()  # whoever comes to the next one comes past the new list
                return
            device = self._to_cut[0]
            password = credentials.workers_password(self._gateway.home)
            session = MqttSession(device, GATEWAY_USER, None, password)
            try:
                session.open(credentials.workers_socket(self._gateway.home), UNIX, _KEEPALIVE_S, (), CUT_TIMEOUT_S)
            finally:
                session.abandon()
            self._to_cut.pop(0)
            self._say(f"broker: the connection of {device} is cut, and its certificate refused")
