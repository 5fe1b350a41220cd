"""A gateway that serves and handhelds that sync, each in processes of its own, set up with the installed commands."""

import http.client
import json
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.servers import eventually, free_port

BIN = Path(sys.executable).parent
SOON_S = 30.0
JOBS = 160
TECHNICIAN = "t-1"

_PRICES = """price_list,version,currency,valid_from,rule,kind,code,unit,rate,minimum
STANDARD,2026-1,EUR,2020-01-01,labour,labour,*,hour,90,30
STANDARD,2026-1,EUR,2020-01-01,travel,travel,*,flat,10,
STANDARD,2026-1,EUR,2020-01-01,part,part,*,pc,12.50,
"""
_ORDERS = "id,customer,customer_name,currency,time_zone,tasks,technicians\n" + "".join(
    f"WO-{number:05d},C-1,Mill & Sons,EUR,Europe/Vienna,HVAC-REPAIR,{TECHNICIAN}\n" for number in range(JOBS)
)


class Site:
    """``with Site(folder) as site``: the gateway serves with its orders and prices until the block ends."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.http_port = free_port()
        self._undo = ExitStack()
        self.serving: subprocess.Popen[bytes] | None = None
        ports = ["--set", f"mqtt.port={free_port()}", "--set", f"http.port={self.http_port}"]
        ports += ["--set", f"enrolment.port={free_port()}"]
        self.fingerprint: str = self.gateway("init", "--organisation", "Bench", *ports)["fingerprint"]
        for name, text in (("prices", _PRICES), ("orders", _ORDERS)):
            (folder / f"{name}.csv").write_text(text)
            self.gateway(name, "import", str(folder / f"{name}.csv"))
        self.token = (folder / "gateway" / "data" / "api.token").read_text()

    def __enter__(self) -> "Site":
        self.serving = self.start("jobseal-gateway", "--home", str(self.folder / "gateway"), "serve")
        eventually(self._is_ready, SOON_S)
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._undo.close()

    def handheld(self, name: str) -> "Handheld":
        """An enrolled handheld of the technician."""
        return Handheld(self, name)

    def gateway(self, *words: str) -> Any:
        """What ``jobseal-gateway`` answers."""
        return _answer("jobseal-gateway", "--home", str(self.folder / "gateway"), "--json", *words)

    def start(self, program: str, *words: str) -> subprocess.Popen[bytes]:
        """A process that runs until the site closes; the newest is stopped first."""
        process = subprocess.Popen([BIN / program, *words], stdout=subprocess.DEVNULL)
        self._undo.callback(_stop, process)
        return process

    def get(self, path: str) -> tuple[int, bytes]:
        """Status and body of a request of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=SOON_S)
        try:
            connection.request("GET", path, headers={"Authorization": f"Bearer {self.token}"})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def _is_ready(self) -> bool:
        try:
            return self.get("/readyz")[0] == 200
        except OSError:
            return False


class Handheld:
    """One handheld's folder."""

    def __init__(self, site: Site, name: str) -> None:
        self.folder = site.folder / name
        self._site = site
        request, welcome = str(site.folder / f"{name}.request"), str(site.folder / f"{name}.welcome")
        self.command("enrol", "request", request)
        who = ["--label", name, "--device", name, "--technician", TECHNICIAN]
        site.gateway("enrol", "--request", request, "--out", welcome, *who)
        self.command("enrol", "accept", welcome, "--trust", site.fingerprint)

    def sync(self) -> subprocess.Popen[bytes]:
        """Its sync process, until the site closes."""
        return self._site.start("jobseal-device", "--home", str(self.folder), "sync")

    def command(self, *words: str) -> Any:
        """What ``jobseal-device`` answers."""
        return _answer("jobseal-device", "--home", str(self.folder), "--json", *words)

    def is_acknowledged(self) -> bool:
        """Whether everything signed is, and there is something."""
        status = self.command("status")
        return bool(0 < status["signed"] == status["acknowledged"])


def _answer(program: str, *words: str) -> Any:
    done = subprocess.run([BIN / program, *words], capture_output=True, text=True, timeout=60, check=False)
    if done.returncode:
        raise RuntimeError(f"{program} {' '.join(words)} failed: {done.stdout}{done.stderr}")
    return json.loads(done.stdout)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(SOON_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def children(pid: int) -> Sequence[int]:
    """The processes that this one has started and that live."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
