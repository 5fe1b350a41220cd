"""The gateway of the demo: set up with the operator's own commands, then serving in processes of its own.

Only its clock is the demo's: it is started through the rehearsal, which runs the same supervisor as ``serve``.
"""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any

from jobseal.errors import OURS
from jobseal_gateway.demo.day_clock import DayClock
from jobseal_gateway.errors import GatewayError

OPERATOR_NAME = "demo"
ORGANISATION = "Luft & Waerme Service"
COMMAND_TIMEOUT_S = 60.0
READY_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 20.0
_LOOK_EVERY_S = 0.05
_BROKER_STARTED = re.compile(r"broker: started.*, process (\d+)")
_RUN = "import sys; from jobseal_gateway.command import main; sys.exit(main())"


class StationFailed(GatewayError):
    """A command or a process of the gateway did not do what it should."""

    def __init__(self, sentence: str) -> None:
        super().__init__("station_failed", sentence, OURS)


def free_ports(count: int) -> list[int]:
    """Ports of this machine that nobody listens on."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in held]
    for each in held:
        each.close()
    return ports


class Station:
    """``home``: the gateway's folder; ``fingerprint``: what handhelds and verifiers trust."""

    def __init__(self, folder: Path, said: Callable[[str], None]) -> None:
        """``said`` is called with each line that the serving gateway prints, from a thread of its own."""
        self.home = folder / "gateway"
        self._log = folder / "gateway.log"
        self._said = said
        self._process: subprocess.Popen[str] | None = None
        self._reader: Thread | None = None
        self.broker_pid: int | None = None
        self.mqtt_port, self.http_port, self.enrolment_port = free_ports(3)
        self.fingerprint = ""

    # Setting up

    def make(self) -> None:
        """``init``"""
        chosen = {"mqtt": self.mqtt_port, "http": self.http_port, "enrolment": self.enrolment_port}
        ports = [word for name, port in chosen.items() for word in ("--set", f"{name}.port={port}")]
        self.fingerprint = self.command("init", "--organisation", ORGANISATION, *ports)["fingerprint"]

    def enrol(self, device: str, technician: str, request: Path, welcome: Path) -> None:
        """``enrol``: a handheld's request to its welcome."""
        files = ("--request", str(request), "--out", str(welcome))
        who = ("--device", device, "--label", device, "--technician", technician, "--operator", OPERATOR_NAME)
        self.command("enrol", *files, *who)

    def take_in(self, prices: Path, orders: Path) -> None:
        """``prices import`` and ``orders import``"""
        self.command("prices", "import", str(prices))
        self.command("orders", "import", str(orders), "--operator", OPERATOR_NAME)

    def command(self, *arguments: str) -> dict[str, Any]:
        """What ``jobseal-gateway`` answers. Raises StationFailed for what it refuses."""
        line = [sys.executable, "-c", _RUN, "--home", str(self.home), "--json", *arguments]
        done = subprocess.run(line, capture_output=True, text=True, timeout=COMMAND_TIMEOUT_S)
        if done.returncode != 0:
            raise StationFailed(f"{' '.join(arguments[:2])}: {done.stderr.strip() or done.stdout.strip()}")
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    # Serving

    def serve(self, clock: DayClock) -> None:
        """Start the gateway. It ends with this process, whatever happens to it, if called from the main thread."""
        clock_text = clock.arguments(os.urandom(8))
        rehearsal = [sys.executable, "-m", "jobseal_gateway.rehearsal", str(self.home), clock_text]
        with self._log.open("ab") as errors:
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", *rehearsal],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                process_group=0,  # Ctrl-C is for the demo, which then stops everything in its own order
            )
        self._reader = Thread(target=self._listen, args=(self._process,), daemon=True)
        self._reader.start()

    def await_ready(self) -> None:
        """Until it says of itself that everything works. Raises StationFailed if it ends, or takes too long."""
        give_up_s = time.monotonic() + READY_TIMEOUT_S
        while not self._is_ready():
            if self._process is None or self._process.poll() is not None or time.monotonic() > give_up_s:
                raise StationFailed(f"The gateway does not get ready. It says: {self._last_words()}")
            time.sleep(_LOOK_EVERY_S)

    def kill_broker(self) -> None:
        """kill -9 the broker; the gateway's supervisor starts another."""
        if self.broker_pid is not None:
            os.kill(self.broker_pid, signal.SIGKILL)
            self.broker_pid = None

    def stop(self) -> None:
        """End it in order, and wait for that."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._reader is not None:
            self._reader.join(STOP_TIMEOUT_S)
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._process = None

    @property
    def address(self) -> str:
        """The API's address."""
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def token(self) -> str:
        """What the API asks for."""
        return (self.home / "data" / "api.token").read_text().strip()

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.address}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

    def _last_words(self) -> str:
        said = self._log.read_text(errors="replace").split("\n")
        return next((line for line in reversed(said) if line), "nothing")

    def _listen(self, process: subprocess.Popen[str]) -> None:
        if process.stdout is None:
            return
        with self._log.open("a") as log:
            for line in process.stdout:
                log.write(line)
                log.flush()
                started = _BROKER_STARTED.match(line)
                if started is not None:
                    self.broker_pid = int(started[1])
                self._said(line.strip())
