"""How the gateway's own processes reach the broker: the embedded one through its socket, an operator's over TLS.

To an operator's broker in the open, and without TLS, only by a setting that says so, and never without a word: whoever
is on that network reads and holds up what handhelds send. (It is signed end to end: nobody can change it.)
"""

import ssl
from pathlib import Path

from jobseal.errors import OPERATOR
from jobseal_gateway import credentials
from jobseal_gateway.errors import GatewayError
from jobseal_gateway.home import Gateway
from jobseal_gateway.mosquitto import GATEWAY_USER
from jobseal_gateway.mqtt_session import UNIX, Will
from jobseal_gateway.mqtt_worker import MqttWorker, Retry
from jobseal_gateway.settings import EMBEDDED, IN_THE_OPEN, Mqtt

EMBEDDED_RETRY_MAX_S = 1.0  # the broker is our own child: it is back within a moment, and nobody else hurries there


def worker(gateway: Gateway, client_id: str, will: Will) -> MqttWorker:
    """A client of the broker that the settings name, not connected yet. Raises ``broker_setting`` for files that
    cannot be used."""
    mqtt = gateway.settings.mqtt
    if mqtt.broker == EMBEDDED:
        return MqttWorker(
            credentials.workers_socket(gateway.home),
            UNIX,
            client_id,
            user=GATEWAY_USER,
            password=credentials.workers_password(gateway.home),
            will=will,
            retry=Retry(max_s=EMBEDDED_RETRY_MAX_S),
        )
    return MqttWorker(
        mqtt.host,
        mqtt.port,
        client_id,
        user=GATEWAY_USER,
        password=_password(mqtt),
        tls=None if mqtt.protection == IN_THE_OPEN else _tls(mqtt),
        will=will,
        retry=Retry(max_s=float(gateway.settings.intervals.reconnect_max_s)),
    )


def warning(mqtt: Mqtt) -> str:
    """What an operator is to be told at every start; empty if nothing."""
    if mqtt.broker == EMBEDDED or mqtt.protection != IN_THE_OPEN:
        return ""
    return (
        f"WARNING: the broker at {mqtt.host}:{mqtt.port} is reached without TLS (mqtt.protection): whoever is on that "
        "network can read what handhelds send, and hold it up."
    )


def _tls(mqtt: Mqtt) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=mqtt.ca_file or None)
    except (OSError, ssl.SSLError) as error:
        raise _unusable("mqtt.ca_file", error) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.sslsocket_class = _Socket
    return context


class _Socket(ssl.SSLSocket):
    """A socket that does not outlive a failed handshake, which paho forgets."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except BaseException:
            self.close()
            raise


def _password(mqtt: Mqtt) -> str | None:
    if not mqtt.password_file:
        return None
    try:
        return Path(mqtt.password_file).read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise _unusable("mqtt.password_file", error) from error


def _unusable(setting: str, error: Exception) -> GatewayError:
    return GatewayError(
        "broker_setting", f"{setting} cannot be used: {error}. Put that right and serve again.", OPERATOR
    )
