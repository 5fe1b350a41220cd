"""What mosquitto is told: its configuration and its access list, as pure text made from settings.

The broker is expendable: it writes nothing to disk and knows nothing that matters. Until handhelds have link
certificates it asks nobody for a proof of identity, and therefore listens on this machine only; the access list
takes a client's own word for its name, which keeps honest parties apart and stops nobody else.
"""

import ipaddress
from dataclasses import dataclass

from jobseal.errors import OPERATOR
from jobseal.limits import FRAME_MAX_BYTES
from jobseal_gateway.errors import GatewayError

CONFIG_NAME = "mosquitto.conf"
ACL_NAME = "acl"
GATEWAY_USER = "jobseal-gateway"  # the user name under which the gateway's own clients connect

PACKET_OVERHEAD_BYTES = 4096  # MQTT header and topic around one frame, generously
UNACKED_MAX_MESSAGES = 64  # sent to one client ahead of its acknowledgement: what one transaction may gather
QUEUED_MAX_MESSAGES = 4_000  # waiting for one client beyond those; more are dropped, and come again from their handheld
QUEUED_MAX_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class MosquittoSettings:
    """Where the broker listens, and how much it holds for one client. ``host`` is a loopback address."""

    port: int
    host: str = "127.0.0.1"
    unacked_max_messages: int = UNACKED_MAX_MESSAGES
    queued_max_messages: int = QUEUED_MAX_MESSAGES
    queued_max_bytes: int = QUEUED_MAX_BYTES


def mosquitto_config(settings: MosquittoSettings) -> str:
    """The text of ``mosquitto.conf``; paths in it are relative to the folder that mosquitto is started in.

    Raises ``broker_exposed`` for a host that is not a loopback address.
    """
    if not _is_loopback(settings.host):
        raise GatewayError(
            "broker_exposed",
            f"The broker has no way yet to tell who connects, so it cannot listen on {settings.host!r}; use 127.0.0.1.",
            OPERATOR,
        )
    return "\n".join(
        [
            "# Generated at every start of the gateway: changes made here are lost.",
            "per_listener_settings false",
            f"listener {settings.port} {settings.host}",
            "allow_anonymous true",
            f"acl_file {ACL_NAME}",
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
            "connection_messages false",
            "log_timestamp_format %Y-%m-%dT%H:%M:%S",
            "",
        ]
    )


def mosquitto_acl() -> str:
    """The text of the access list: a handheld reaches its own topics (%c is its client id), the gateway the rest.

    Nobody but the gateway speaks as the gateway, not even a client that calls itself ``gateway``.
    """
    return "\n".join(
        [
            "topic read jobseal/1/gateway/#",
            "",
            f"user {GATEWAY_USER}",
            "topic read jobseal/1/+/up",
            "topic read jobseal/1/+/state",
            "topic write jobseal/1/+/down",
            "topic readwrite jobseal/1/gateway/#",
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
