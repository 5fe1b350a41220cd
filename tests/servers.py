"""Free ports and real brokers for tests: started by the gateway's own supervisor, stopped by process id."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from jobseal_gateway.broker import Broker
from jobseal_gateway.errors import GatewayError
from jobseal_gateway.mosquitto import MosquittoSettings

PORT_ATTEMPTS = 5


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on, as of now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_listening(port: int) -> bool:
    """Whether a program accepts connections on that port of 127.0.0.1."""
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def mosquitto(folder: Path) -> Iterator[Broker]:
    """A running mosquitto on a free port (``broker.settings.port``); stopped at the end."""
    for attempt in range(PORT_ATTEMPTS):
        broker = Broker(MosquittoSettings(port=free_port()), folder)
        try:
            broker.start()
            break
        except GatewayError as error:
            if error.code != "broker_port_taken" or attempt == PORT_ATTEMPTS - 1:
                raise
    try:
        yield broker
    finally:
        broker.stop()


def eventually(true: Callable[[], object], within_s: float = 30.0) -> None:
    """Wait until ``true()`` holds; fail when it does not come true in time."""
    give_up = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < give_up, "it did not come true in time"
        time.sleep(0.005)


def is_alive(pid: int) -> bool:
    """Whether a process runs under that id (a zombie does not)."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
