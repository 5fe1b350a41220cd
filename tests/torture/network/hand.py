"""A handheld: its folder, the capture process that signs in it and the sync process that sends, both the real ones.

Capture is driven line by line through the device's own rehearsal, by a clock that is simply right. ``signed`` holds
the hash of every event of which it said "signed"; what it believes to be acknowledged is read from its disk.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jobseal_device.home import Home
from jobseal_device.uplink_file import read_uplink

ROOT = Path(__file__).parents[3]
BIN = Path(sys.executable).parent
COMMAND_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 10.0

# Delays that would be minutes in a fleet.
SETTINGS = """[sync]
resend_first_s = 0.4
resend_most_s = 3
hello_s = 5
outage_first_retry_s = 0
reconnect_most_s = 0.5
"""
VISIT: tuple[tuple[str, dict[str, str]], ...] = (
    ("job.accepted", {}),
    ("travel.started", {}),
    ("job.arrived", {}),
    ("labour.started", {"task": "FIT"}),
    ("labour.stopped", {"task": "FIT"}),
    ("part.used", {"code": "P-1", "quantity": "2", "unit": "pc", "source": "van"}),
    ("job.completed", {}),
    ("job.signed_off", {"method": "typed", "name": "R. Customer"}),
)
VISIT_TOTAL = "105.00"  # of the site's price list: 25 + 10 + the least half hour of 90 + 2 x 12.50

LIKE_US = ("setpriv", "--pdeathsig", "KILL")  # nothing outlives the process that started it


class Hand:
    """``name`` is the device's id, ``technician`` who carries it; ``inside`` what its sync process is started through,
    such as a network namespace."""

    def __init__(self, name: str, technician: str, folder: Path, inside: Sequence[str] = ()) -> None:
        self.name = name
        self.technician = technician
        self.home = Home(folder / name)
        self.signed: list[bytes] = []
        self.jobs: list[str] = []  # finished
        self._folder = folder
        self._inside = inside
        self._capture: subprocess.Popen[str] | None = None
        self._sync: subprocess.Popen[bytes] | None = None

    def command(self, *words: str) -> Any:
        """What ``jobseal-device`` answers. Raises RuntimeError for what it refuses."""
        line = [*self._inside, BIN / "jobseal-device", "--home", self.home.folder, "--json", *words]
        return answer(line)

    def switch_on(self, settings: str = SETTINGS) -> None:
        """Boot: capture waits for what to sign."""
        self.home.config.write_text(settings)
        clock = {
            "start_wall_ms": time.time_ns() // 1_000_000,
            "factor": 1,
            "real_start_monotonic": time.monotonic(),
            "wall_offset_ms": 0,
            "boot": os.urandom(8).hex(),
        }
        rehearsal = ["-m", "jobseal_device.rehearsal", self.home.folder, json.dumps(clock), "capture"]
        self._capture = subprocess.Popen(
            [*LIKE_US, sys.executable, *rehearsal],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log(),
            text=True,
        )

    def online(self) -> None:
        """Start the sync process."""
        line = [*LIKE_US, *self._inside, BIN / "jobseal-device", "--home", self.home.folder, "sync"]
        self._sync = subprocess.Popen(line, stdout=self._log(), stderr=self._log())

    def offline(self) -> None:
        """kill -9 the sync process."""
        sync, self._sync = self._sync, None
        if sync is not None:
            sync.kill()
            sync.wait()

    def switch_off(self) -> None:
        """End both."""
        self.offline()
        capture, self._capture = self._capture, None
        if capture is not None:
            assert capture.stdin is not None
            assert capture.stdout is not None
            capture.stdin.close()
            try:
                capture.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                capture.kill()
                capture.wait()
            capture.stdout.close()

    def sign(self, kind: str, job: str, fields: dict[str, str]) -> None:
        """Have it signed. Raises RuntimeError when the handheld says no."""
        capture = self._capture
        assert capture is not None
        assert capture.stdin is not None
        assert capture.stdout is not None
        asked = {"kind": kind, "fields": fields, "job": job, "by": self.technician}
        capture.stdin.write(json.dumps(asked) + "\n")
        capture.stdin.flush()
        said = json.loads(capture.stdout.readline() or '{"sentence": "capture ended"}')
        if "signed" not in said:
            raise RuntimeError(f"{self.name} does not sign {kind}: {said}")
        self.signed.append(bytes.fromhex(said["signed"]["hash"]))

    @property
    def acknowledged(self) -> int:
        """How many of its events it believes to be logged."""
        return read_uplink(self.home).next

    @property
    def checkpoint(self) -> bytes | None:
        """The newest checkpoint that it has verified, complete bytes."""
        return read_uplink(self.home).checkpoint

    def alarms(self) -> list[str]:
        """The codes of what it wants a person to see."""
        return [row["code"] for row in self.command("status")["alarms"]]

    def _log(self) -> int:
        with (self._folder / f"{self.name}.log").open("ab") as log:
            return os.dup(log.fileno())


def answer(line: Sequence[Any]) -> Any:
    """The JSON that a command prints. Raises RuntimeError when it ends badly."""
    done = subprocess.run(line, capture_output=True, text=True, timeout=COMMAND_TIMEOUT_S, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, line))}: {done.stdout}{done.stderr}")
    return json.loads(done.stdout)
