"""The door's process: HTTPS for handhelds that enrol or renew, apart from the billing API and its port.

Started by ``serve``; ``python -m jobseal_gateway.door_process HOME`` runs it alone. Its certificate is made at its
start, under the gateway's CA, and its key is in no file.
"""

import os
import signal
import ssl
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import uvicorn

from jobseal.host.clock import Clock
from jobseal_gateway import credentials
from jobseal_gateway.broker_lines import tls_code
from jobseal_gateway.door import make_app
from jobseal_gateway.entry import enter, settle_memory
from jobseal_gateway.home import Gateway
from jobseal_gateway.listening import configured, listening

NAME = "enrolment"
KEEP_ALIVE_S = 5
CONNECTIONS_MAX = 256
# How long a thread keeps the interpreter while others want it (Python's own: 5 ms). The one that serves connections
# gives it up with each of its many short system calls, and would wait for those that write at every one.
SWITCH_S = 0.0005


def run(gateway: Gateway, say: Callable[[str], None]) -> None:
    """Until a signal asks to stop. Raises ``http_port_taken``."""
    context = _context(gateway)
    app = make_app(gateway, say, time.monotonic)
    note_refusals(context, app.state.refused)
    config = configured(app, KEEP_ALIVE_S, CONNECTIONS_MAX, lifespan="on", ssl_context_factory=lambda *_: context)
    door = gateway.settings.enrolment
    with listening(door.host, door.port, "enrolment") as listener:
        say(f"serving on https://{gateway.settings.reached_as}:{door.port}")
        signal.signal(signal.SIGTERM, lambda *_: None)  # as in the web process
        settle_memory()
        sys.setswitchinterval(SWITCH_S)
        with suppress(KeyboardInterrupt):
            uvicorn.Server(config).run([listener])


def note_refusals(context: ssl.SSLContext, refused: Callable[[str, str, str], None]) -> None:
    """Tell ``refused`` of handshakes that fail: too old a TLS, none at all. Who it was nobody has said by then."""

    class Handshake(ssl.SSLObject):
        def do_handshake(self) -> None:
            try:
                super().do_handshake()
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError, ssl.SSLEOFError):
                raise  # it goes on, or somebody only knocked
            except ssl.SSLError as error:
                words = (error.reason or "TLS failed").replace("_", " ").lower()
                refused("somebody", tls_code(words), words)
                raise

    context.sslobject_class = Handshake


def _context(gateway: Gateway) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.num_tickets = 0  # a handheld comes once in months
    key, certificate = credentials.server(gateway, gateway.now_ms())
    # OpenSSL reads them from a file; this one has no name and no place on any disk.
    held = os.memfd_create("door", os.MFD_CLOEXEC)
    with os.fdopen(held, "wb") as file:
        file.write(key + certificate)
        file.flush()
        context.load_cert_chain(f"/proc/self/fd/{file.fileno()}")
    return context


def main(folder: Path, clock: Clock | None = None) -> int:
    """The process; its exit status."""
    return enter(NAME, run, folder, clock)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
