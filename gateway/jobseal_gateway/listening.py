"""Our HTTP servers: how they are set up, and the socket on which each listens, or a sentence that says why not."""

import socket
from typing import Any

import uvicorn

from jobseal.errors import OPERATOR
from jobseal_gateway.errors import GatewayError
from jobseal_gateway.http_caller import HttpCaller

BACKLOG = 128
GRACE_S = 2  # for requests that are under way when it is to stop


def configured(app: Any, keep_alive_s: int, connections: int, **more: Any) -> uvicorn.Config:
    """uvicorn for this ASGI application; ``more`` goes to it as it is."""
    return uvicorn.Config(
        app,
        http=HttpCaller,
        loop="uvloop",
        access_log=False,
        log_config=None,
        server_header=False,
        ws="none",
        backlog=BACKLOG,
        timeout_keep_alive=keep_alive_s,
        timeout_graceful_shutdown=GRACE_S,
        limit_concurrency=connections,
        **more,
    )


def listening(host: str, port: int, section: str = "http") -> socket.socket:
    """A socket that listens there; ``section`` of the settings says where. Raises ``http_port_taken``."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)[0]
        listener = socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except OSError as error:
        sentence = f"Nothing can listen on {host}:{port} ({error.strerror}); stop what does, or change [{section}]."
        raise GatewayError("http_port_taken", sentence, OPERATOR) from error
    # Connections take it over from here. Without it an answer, written as head and body, waits 40 ms for an ACK.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
