"""The door as its process opens it, on a real port in a thread; and a handheld that comes to it with a code."""

import threading
import time
from pathlib import Path

import uvicorn

from jobseal.enrolling import Code, parse_code
from jobseal_device import enrolling, identity
from jobseal_device.home import Home as DeviceHome
from jobseal_gateway import admission, door, door_process, home
from jobseal_gateway.admission import Invited, Ticket
from jobseal_gateway.home import Gateway
from jobseal_gateway.listening import listening
from tests.servers import eventually, free_port

WITHIN_S = 30.0


class OpenDoor:
    """A gateway whose door is open."""

    def __init__(self, folder: Path, port: int = 0) -> None:
        """``port``: that of a door that was open before."""
        self.port = port or free_port()
        given: dict[str, str | int] = {"organisation": "Test", "enrolment.port": self.port}
        self.gateway: Gateway = home.make(folder / "gateway", given)
        self.said: list[str] = []
        context = door_process._context(self.gateway)
        app = door.make_app(self.gateway, self.said.append, time.monotonic)
        config = uvicorn.Config(app, log_config=None, lifespan="on", ssl_context_factory=lambda *_: context)
        self._server = uvicorn.Server(config)
        self._listener = listening("127.0.0.1", self.port, "enrolment")
        self._thread = threading.Thread(target=self._server.run, args=([self._listener],))
        self._thread.start()
        eventually(lambda: self._server.started)

    def invite(self, device: str = "hh-1", approved: bool = True, life_ms: int = 60_000) -> Ticket:
        row = Invited("Van 7", device, ["t-1"])
        [ticket] = admission.invite(self.gateway, [row], "op", life_ms, "boss" if approved else None)
        return ticket

    def refusals(self) -> int:
        """Of which each is said."""
        return len(self.said)

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._listener.close()
        self.gateway.close()


def enrol(
    folder: Path, code: Code | str, timeout_s: float = WITHIN_S, digits: list[str] | None = None
) -> identity.Enrolled:
    """The handheld in ``folder``, as its command does it."""
    at = DeviceHome(folder)
    identity.make_key(at, folder.name.encode().ljust(32, b"."))
    show = (digits if digits is not None else []).append
    taken = parse_code(code) if isinstance(code, str) else code
    return enrolling.enrol(at, taken, identity.signer(at), "none", show, timeout_s)
