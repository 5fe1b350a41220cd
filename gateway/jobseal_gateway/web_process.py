"""The web process: the API on its port. It writes acknowledgements, and nothing else.

Started by ``serve``; ``python -m jobseal_gateway.web_process HOME`` runs it alone. When it is told to stop (SIGTERM)
it takes no new connections, answers who waits for news at once, and is gone within two seconds.
"""

import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType

import uvicorn

from jobseal.host.clock import Clock
from jobseal_gateway.api import Service, make_app
from jobseal_gateway.api.watch import Watch
from jobseal_gateway.entry import enter, settle_memory
from jobseal_gateway.home import Gateway
from jobseal_gateway.listening import configured, listening

NAME = "web"
KEEP_ALIVE_S = 75  # longer than a consumer's pause between two requests, so that connections are used again
CONNECTIONS_MAX = 512  # of which most wait for news


class WebServer(uvicorn.Server):
    """uvicorn, which tells those who wait for news when it is to stop."""

    def __init__(self, config: uvicorn.Config, watch: Watch) -> None:
        super().__init__(config)
        self._watch = watch

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal asks to stop."""
        self._watch.end()
        super().handle_exit(sig, frame)


def run(gateway: Gateway, say: Callable[[str], None]) -> None:
    """Until a signal asks to stop. Raises ``http_port_taken``."""
    service = Service(gateway)
    config = configured(make_app(service), KEEP_ALIVE_S, CONNECTIONS_MAX, lifespan="on")
    http = gateway.settings.http
    with listening(http.host, http.port) as listener:
        say(f"serving on http://{http.host}:{http.port}")
        # uvicorn heeds the signal, and sends it once more to whoever had it before; that need not kill us.
        signal.signal(signal.SIGTERM, lambda *_: None)
        settle_memory()
        with suppress(KeyboardInterrupt):
            WebServer(config, service.watch).run([listener])


def main(folder: Path, clock: Clock | None = None) -> int:
    """The process; its exit status."""
    return enter(NAME, run, folder, clock)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
