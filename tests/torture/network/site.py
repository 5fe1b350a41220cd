"""A gateway that serves, handhelds that sync and a billing system that follows, each in processes of their own.

Set up with the installed commands. What is under test, and what is done to it meanwhile, is the campaign's.
"""

import http.client
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

from jobseal_gateway.settings import SETTINGS
from tests.servers import free_port
from tests.torture.network.consumer import Consumer
from tests.torture.network.hand import BIN, Hand, answer
from tests.torture.network.serving import Serving

READY_WITHIN_S = 90.0
LOOK_EVERY_S = 0.01
DOOMED = (sys.executable, "-m", "tests.torture.network.doomed")

PRICES = """price_list,version,currency,valid_from,rule,kind,code,unit,rate,minimum
STANDARD,2026-1,EUR,2020-01-01,labour,labour,*,hour,90,30
STANDARD,2026-1,EUR,2020-01-01,travel,travel,*,flat,10,
STANDARD,2026-1,EUR,2020-01-01,callout,callout,*,visit,25,
STANDARD,2026-1,EUR,2020-01-01,part,part,*,pc,12.50,
"""
_ORDERS = "id,customer,customer_name,currency,time_zone,tasks,technicians\n"


def missing() -> str | None:
    """Why there can be none on this machine, in words."""
    found = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    return None if found else "mosquitto is not installed: apt-get install mosquitto"


def free_ports() -> dict[str, int]:
    """The settings that name a port, each with a free one."""
    return {".".join(each.path): free_port() for each in SETTINGS if each.path[-1] == "port"}


class NotReady(Exception):
    """The gateway does not come up."""


class Site:
    """``inside``: what the gateway's processes are started through; ``settings``: beside those that every site has."""

    def __init__(
        self,
        folder: Path,
        settings: Sequence[str] = (),
        inside: Sequence[str] = (),
        serve: Callable[[Path], Sequence[Any]] = lambda home: [*DOOMED, home],
        enter: Callable[[], None] = lambda: None,
    ) -> None:
        """Make the gateway. ``serve`` is the command line that serves; ``enter`` brings a thread to where its API is
        reached from."""
        self.folder = folder
        self.home = folder / "gateway"
        self.hands: list[Hand] = []
        self.http_port = free_port()
        self._inside = inside
        self._serve = serve
        self._enter = enter
        self._serving: Serving | None = None
        self._jobs = 0
        chosen = {**free_ports(), "http.port": self.http_port, "intervals.retry_after_s": 1}
        said = [*(f"{name}={value}" for name, value in chosen.items()), *settings]
        given = [word for each in said for word in ("--set", each)]
        self.fingerprint: str = self.command("init", "--organisation", "Test", *given)["fingerprint"]
        (folder / "prices.csv").write_text(PRICES)
        self.command("prices", "import", str(folder / "prices.csv"))
        self.consumer = Consumer(("127.0.0.1", self.http_port), (self.home / "data" / "api.token").read_text(), enter)

    def command(self, *words: str) -> Any:
        """What ``jobseal-gateway`` answers."""
        return answer([BIN / "jobseal-gateway", "--home", self.home, "--json", *words])

    def enrol(self, hands: Sequence[Hand]) -> None:
        """Enrol these, together, and switch them on."""
        with ThreadPoolExecutor() as pool:
            list(pool.map(self._enrol, hands))
        for hand in hands:
            hand.switch_on()
        self.hands += hands

    def import_orders(self, count: int) -> None:
        """So many jobs for each handheld, from ``job`` in turn."""
        rows = (f"{self._job(hand, number)},C-1,Mill & Sons,EUR,UTC,FIT,{hand.technician}\n"
                for hand in self.hands for number in range(self._jobs, self._jobs + count))  # fmt: skip
        (self.folder / "orders.csv").write_text(_ORDERS + "".join(rows))
        self.command("orders", "import", str(self.folder / "orders.csv"))
        self._jobs += count

    def job(self, hand: Hand) -> str:
        """The next job of this handheld that it has not finished."""
        assert len(hand.jobs) < self._jobs, "no orders are left"
        return self._job(hand, len(hand.jobs))

    # Serving

    def start(self) -> None:
        """Serve, and let handhelds and billing follow."""
        self.serve()
        for hand in self.hands:
            hand.online()
        self.consumer.start()

    def serve(self) -> None:
        """Start the gateway and wait until it is ready. Raises NotReady. Belongs to the main thread."""
        self._serving = Serving([*self._inside, *self._serve(self.home)], self.folder / "gateway.log")
        if not self.wait(self.is_ready, READY_WITHIN_S):
            raise NotReady(f"the gateway does not get ready; it says: {self.serving.lines[-5:]}")

    @property
    def serving(self) -> Serving:
        """The process that serves, or did last."""
        assert self._serving is not None, "nothing was started"
        return self._serving

    def is_ready(self) -> bool:
        """Whether the gateway says of itself that it takes events."""
        told: list[int] = []
        thread = threading.Thread(target=lambda: told.append(self._ready_status()))
        thread.start()
        thread.join()
        return told == [200]

    def wait(self, true: Callable[[], object], within_s: float) -> bool:
        """Whether it comes true in time, or the gateway ends first."""
        give_up = time.monotonic() + within_s
        while not true():
            if time.monotonic() > give_up or not self.serving.runs:
                return bool(true())
            time.sleep(LOOK_EVERY_S)
        return True

    def close(self) -> None:
        """End everything, the gateway in its own order. May be called in any state."""
        self.consumer.stop()
        for hand in self.hands:
            hand.switch_off()
        if self._serving is not None:
            self._serving.close()

    def _job(self, hand: Hand, number: int) -> str:
        return f"WO-{hand.name}-{number:04d}"

    def _enrol(self, hand: Hand) -> None:
        request, welcome = (str(self.folder / f"{hand.name}.{what}") for what in ("request", "welcome"))
        hand.command("enrol", "request", request)
        who = ("--label", hand.name, "--device", hand.name, "--technician", hand.technician)
        self.command("enrol", "--request", request, "--out", welcome, *who)
        hand.command("enrol", "accept", welcome, "--trust", self.fingerprint)

    def _ready_status(self) -> int:
        self._enter()
        try:
            with closing(http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=5)) as connection:
                connection.request("GET", "/readyz")
                return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return 0
