"""What mosquitto is told: its configuration and its access lists, as pure text made from settings.

The broker is expendable: it writes nothing to disk and knows nothing that matters.

``closed_files`` is what a gateway serves with. Handhelds come in over TLS with a certificate of the gateway's CA, whose
CN becomes user name and client id, so that a device is held to its own topics and nobody takes another's place. No
listener on the network knows any account; the gateway's own processes come through a Unix socket with a password.

``open_files`` asks nobody for a proof of identity and therefore listens on this machine only, for rehearsals of single
parts; the access list takes a client's own word for its name.
"""

import base64
import hashlib
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass

from jobseal.errors import OPERATOR
from jobseal.limits import FRAME_MAX_BYTES
from jobseal_gateway.errors import GatewayError

CONFIG_NAME = "mosquitto.conf"
ACL_NAME = "acl"
WORKERS_ACL_NAME = "workers.acl"
PASSWORDS_NAME = "workers.passwords"
CA_NAME, CERTIFICATE_NAME, KEY_NAME, CRL_NAME = "ca.pem", "server.pem", "server.key", "crl.pem"
SOCKET_FOLDER = "socket"
SOCKET_NAME = f"{SOCKET_FOLDER}/workers.sock"
GATEWAY_USER = "jobseal-gateway"  # the user name under which the gateway's own clients connect

PACKET_OVERHEAD_BYTES = 4096  # MQTT header and topic around one frame, generously
UNACKED_MAX_MESSAGES = 64  # sent to one client ahead of its acknowledgement: what one transaction may gather
QUEUED_MAX_MESSAGES = 4_000  # waiting for one client beyond those; more are dropped, and come again from their handheld
QUEUED_MAX_BYTES = 64 * 1024 * 1024
PASSWORD_ROUNDS = 101  # mosquitto_passwd's own; the passwords here are 256 random bits
PASSWORD_SALT_BYTES = 12

_WORKER_TOPICS = (
    "topic read jobseal/1/+/up",
    "topic read jobseal/1/+/state",
    "topic write jobseal/1/+/down",
    "topic readwrite jobseal/1/gateway/#",
)


@dataclass(frozen=True, slots=True)
class MosquittoSettings:
    """Where the broker listens for handhelds, and how much it holds for one client."""

    port: int
    host: str = "127.0.0.1"
    unacked_max_messages: int = UNACKED_MAX_MESSAGES
    queued_max_messages: int = QUEUED_MAX_MESSAGES
    queued_max_bytes: int = QUEUED_MAX_BYTES


@dataclass(frozen=True, slots=True)
class Identity:
    """What the broker shows and holds others to, PEM all: its certificate and key, the CA and the revocation list; and
    the password of the gateway's own processes."""

    certificate: bytes
    key: bytes
    ca: bytes
    crl: bytes
    password: str


def closed_files(settings: MosquittoSettings, identity: Identity) -> Mapping[str, bytes]:
    """Every file that mosquitto is started with, by name."""
    return {
        CONFIG_NAME: closed_config(settings).encode(),
        ACL_NAME: devices_acl().encode(),
        WORKERS_ACL_NAME: workers_acl().encode(),
        PASSWORDS_NAME: password_line(GATEWAY_USER, identity.password).encode(),
        CA_NAME: identity.ca,
        CERTIFICATE_NAME: identity.certificate,
        KEY_NAME: identity.key,
        CRL_NAME: identity.crl,
    }


def open_files(settings: MosquittoSettings) -> Mapping[str, bytes]:
    """The same without any identity. Raises ``broker_exposed`` for a host that is not a loopback address."""
    return {CONFIG_NAME: mosquitto_config(settings).encode(), ACL_NAME: mosquitto_acl().encode()}


def closed_config(settings: MosquittoSettings) -> str:
    """``mosquitto.conf`` for a gateway that serves; paths in it are relative to the folder that it is started in."""
    return "\n".join(
        [
            "# Generated at every start of the gateway: changes made here are lost.",
            "per_listener_settings true",
            *_bounds(settings),
            "",
            f"listener {settings.port} {settings.host}",
            f"cafile {CA_NAME}",
            f"certfile {CERTIFICATE_NAME}",
            f"keyfile {KEY_NAME}",
            f"crlfile {CRL_NAME}",
            "tls_version tlsv1.2",  # and nothing older
            "require_certificate true",
            "use_identity_as_username true",
            "use_username_as_clientid true",
            "allow_anonymous false",
            f"acl_file {ACL_NAME}",
            "",
            f"listener 0 {SOCKET_NAME}",
            "allow_anonymous false",
            f"password_file {PASSWORDS_NAME}",
            f"acl_file {WORKERS_ACL_NAME}",
            "",
        ]
    )


def devices_acl() -> str:
    """The access list of the network: %u is the CN of the certificate that a client has proven to hold."""
    return "\n".join(
        [
            "pattern read jobseal/1/gateway/state",
            "pattern read jobseal/1/gateway/checkpoint",
            "pattern write jobseal/1/%u/up",
            "pattern write jobseal/1/%u/state",
            "pattern read jobseal/1/%u/down",
            "",
        ]
    )


def workers_acl() -> str:
    """The access list of the gateway's own processes."""
    return "\n".join([f"user {GATEWAY_USER}", *_WORKER_TOPICS, ""])


def password_line(user: str, password: str) -> str:
    """A line of mosquitto's password file: PBKDF2 over SHA-512 ($7$). Its salt follows from what is long and random."""
    salt = hashlib.sha256(f"{user} {password}".encode()).digest()[:PASSWORD_SALT_BYTES]
    derived = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, PASSWORD_ROUNDS)
    return f"{user}:$7${PASSWORD_ROUNDS}${_text(salt)}${_text(derived)}\n"


def mosquitto_config(settings: MosquittoSettings) -> str:
    """``mosquitto.conf`` of the open broker. Raises ``broker_exposed`` for a host that is not a loopback address."""
    if not _is_loopback(settings.host):
        raise GatewayError(
            "broker_exposed",
            f"This broker cannot tell who connects, so it does not listen on {settings.host!r}; use 127.0.0.1.",
            OPERATOR,
        )
    return "\n".join(
        [
            "# Generated at every start: changes made here are lost.",
            "per_listener_settings false",
            f"listener {settings.port} {settings.host}",
            "allow_anonymous true",
            f"acl_file {ACL_NAME}",
            *_bounds(settings),
            "",
        ]
    )


def _bounds(settings: MosquittoSettings) -> list[str]:
    """What holds for every listener: nothing is kept, everything is bounded."""
    return [
        "persistence false",
        "set_tcp_nodelay true",
        f"max_packet_size {FRAME_MAX_BYTES + PACKET_OVERHEAD_BYTES}",
        f"max_inflight_messages {settings.unacked_max_messages}",
        f"max_queued_messages {settings.queued_max_messages}",
        f"max_queued_bytes {settings.queued_max_bytes}",
        "sys_interval 0",
        "log_dest stderr",
        "log_type error",
        "log_type warning",
        "log_type notice",
        "log_type information",
        "log_type debug",  # the only one that tells of messages that the access list refused: see broker_lines
        "connection_messages true",
        "log_timestamp_format %Y-%m-%dT%H:%M:%S",
    ]


def mosquitto_acl() -> str:
    """The access list of the open broker: a handheld reaches its own topics (%c: its client id), the gateway the rest.

    Nobody but the gateway speaks as the gateway, not even a client that calls itself ``gateway``.
    """
    return "\n".join(
        [
            "topic read jobseal/1/gateway/#",
            "",
            f"user {GATEWAY_USER}",
            *_WORKER_TOPICS,
            "",
            "pattern deny jobseal/1/gateway/#",
            "pattern write jobseal/1/%c/up",
            "pattern write jobseal/1/%c/state",
            "pattern read jobseal/1/%c/down",
            "",
        ]
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
