"""A handheld of the demo: a data folder, and the two processes of the real device code that work on it.

The gateway's package does not import the device's; everything goes through the commands that a handheld has, and
through the line-by-line face of its rehearsal. What a handheld holds in the end is asked of it, not remembered here.

One thread at a time works with a handheld, but for ``switch_off``. A handheld and its clone share a ``line``, which
only one of them is on: a broker throws one client out for another of the same name.
"""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from threading import Event, Lock
from typing import Any

from jobseal.errors import OURS
from jobseal_gateway.demo.day_clock import DayClock
from jobseal_gateway.errors import GatewayError

COMMAND_TIMEOUT_S = 60.0
SYNC_TIMEOUT_S = 45.0
LOOK_EVERY_S = 0.2
STOP_TIMEOUT_S = 10.0
DIES_WITHIN_S = 0.006  # of what a capture takes
JOURNAL_MOST = 1_000_000
_BOOT_BYTES = 8

# Delays that would be minutes in a fleet; here a day takes less than one.
SYNC_SETTINGS = """[sync]
resend_first_s = 1.5
resend_most_s = 5
outage_first_retry_s = 0
reconnect_most_s = 1
"""

Signed = dict[str, Any]  # seq, hash (hex), kind, job, by, at, body, amends


class HandheldFailed(GatewayError):
    """A process of a handheld refused, or died when it should not."""

    def __init__(self, name: str, sentence: str) -> None:
        super().__init__("handheld_failed", f"{name}: {sentence}", OURS)


class Handheld:
    """``name`` is the device's id, but for a clone, which has its original's; ``folder`` holds the homes of all."""

    def __init__(self, name: str, folder: Path, line: Lock) -> None:
        self.name = name
        self.home = folder / name
        self._folder = folder
        self._line = line
        self._off = Event()
        self._clock: DayClock | None = None
        self._boot = bytes(_BOOT_BYTES)
        self._capture: subprocess.Popen[str] | None = None
        self._sync: subprocess.Popen[bytes] | None = None
        self._next_seq = 0
        self._wrong_by_ms = 0

    # Before the day

    def request_enrolment(self, file: Path) -> None:
        """Make a signing key; its public half is written to ``file``."""
        self.command("enrol", "request", str(file))

    def accept_enrolment(self, file: Path, fingerprint: str) -> None:
        """Take the gateway's answer, which must come from the gateway with this fingerprint."""
        self.command("enrol", "accept", str(file), "--trust", fingerprint)
        (self.home / "device.toml").write_text(SYNC_SETTINGS)

    # Switching it on and off

    def switch_on(self, clock: DayClock) -> None:
        """Boot: capture runs from now on, by the demo's clock."""
        self._off.clear()
        self._wrong_by_ms = 0
        self._clock = clock
        self._boot = os.urandom(_BOOT_BYTES)
        self._start_capture()

    def switch_off(self) -> None:
        """Shut down in order. Whoever waits for this handheld to get a connection waits no longer."""
        self._off.set()
        self.offline()
        if self._capture is not None:
            if self._capture.stdin is not None:
                self._capture.stdin.close()
            _end(self._capture)
            self._capture = None

    def copy(self, clone: "Handheld") -> None:
        """Copy the data folder, keys and all, while nothing of this handheld runs."""
        shutil.copytree(self.home, clone.home, ignore=shutil.ignore_patterns("*.sock"))
        clone._next_seq = self._next_seq

    # Connection

    @property
    def is_online(self) -> bool:
        """Whether its sync process was started and not stopped."""
        return self._sync is not None

    def online(self) -> None:
        """Start the sync process, as soon as no twin of this handheld is connected."""
        if self._sync is not None:
            return
        while not self._line.acquire(timeout=LOOK_EVERY_S):
            if self._off.is_set():
                raise HandheldFailed(self.name, "it was switched off while it waited for a connection")
        self._sync = subprocess.Popen(self._rehearsal("sync"), cwd=self._folder, stderr=self._log(), process_group=0)

    def offline(self) -> None:
        """Out of reach from one moment to the next: the sync process is killed in the middle of whatever it does."""
        sync, self._sync = self._sync, None
        if sync is not None:
            sync.kill()
            _end(sync)
            self._line.release()

    def sync_once(self) -> None:
        """Be connected until the gateway has answered all there is. Raises HandheldFailed if it never does."""
        self.online()
        self.await_receipts()
        self.offline()

    def await_receipts(self) -> None:
        """Until everything is settled. Raises HandheldFailed if that takes too long."""
        give_up_s = time.monotonic() + SYNC_TIMEOUT_S
        while not self.is_settled():
            if self._off.wait(LOOK_EVERY_S) or time.monotonic() > give_up_s:
                raise HandheldFailed(self.name, "it got no receipt for all that it signed")

    def is_settled(self) -> bool:
        """Whether everything signed is acknowledged, and every attachment stored."""
        said = self.command("status")
        return bool(said["acknowledged"] == said["signed"] and not said["attachments_waiting"])

    # Capture

    def sign(self, asked: dict[str, Any]) -> Signed:
        """Have an event signed: ``kind``, ``fields``, and ``job``, ``by``, ``amends`` where there are any."""
        return self._took(self._ask(asked))

    def sign_and_die(self, asked: dict[str, Any]) -> Signed:
        """The same, but the process is killed (-9) in the middle of it, and started again. What it had committed is
        there; what it had not is signed now, as the technician would on finding it missing."""
        process = self._running()
        process.stdin.write(json.dumps(asked) + "\n")  # type: ignore[union-attr]  # opened as a pipe
        process.stdin.flush()  # type: ignore[union-attr]
        time.sleep(random.uniform(0, DIES_WITHIN_S))
        process.send_signal(signal.SIGKILL)
        _end(process)
        self._start_capture()
        self._ask({"set_clock_ms": self._wrong_by_ms})  # answered once the journal is open, and so recovered
        committed = self.journal(self._next_seq)
        if committed:
            self._next_seq = committed[-1]["seq"] + 1
            return committed[-1]
        return self.sign(asked)

    def set_clock(self, minutes: int) -> None:
        """Set the wall clock wrong by that much, by hand."""
        self._wrong_by_ms = minutes * 60_000
        self._ask({"set_clock_ms": self._wrong_by_ms})

    # What it says of itself

    def journal(self, first: int = 0) -> list[dict[str, Any]]:
        """Every signed event from seq ``first`` on, with its ``state``: signed, or acked once a receipt verified."""
        said = self.command("journal", "--from", str(first), "--count", str(JOURNAL_MOST))
        return list(said["events"])

    def orders(self) -> int:
        """How many work orders it has."""
        return int(self.command("status")["orders"])

    def command(self, *arguments: str) -> dict[str, Any]:
        """What ``jobseal-device`` answers. Raises HandheldFailed for what it refuses."""
        line = [sys.executable, "-m", "jobseal_device.command", "--home", self.name, "--json", *arguments]
        done = subprocess.run(line, cwd=self._folder, capture_output=True, text=True, timeout=COMMAND_TIMEOUT_S)
        if done.returncode != 0:
            said = (done.stderr.strip() or done.stdout.strip()).splitlines()
            raise HandheldFailed(self.name, said[-1] if said else f"{arguments[0]} ended with {done.returncode}")
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def _rehearsal(self, mode: str) -> list[str]:
        if self._clock is None:
            raise HandheldFailed(self.name, "it is not switched on")
        # The folder by its short name: a socket lies in it, and an address of one has 108 bytes.
        clock = self._clock.arguments(self._boot)
        return [sys.executable, "-m", "jobseal_device.rehearsal", self.name, clock, mode]

    def _start_capture(self) -> None:
        self._capture = subprocess.Popen(
            self._rehearsal("capture"),
            cwd=self._folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log(),
            text=True,
            process_group=0,  # Ctrl-C is for the demo, which then stops everything in its own order
        )

    def _log(self) -> int:
        with (self._folder / f"{self.name}.log").open("ab") as log:
            return os.dup(log.fileno())

    def _running(self) -> subprocess.Popen[str]:
        if self._capture is None:
            raise HandheldFailed(self.name, "it is switched off")
        return self._capture

    def _ask(self, asked: dict[str, Any]) -> dict[str, Any]:
        process = self._running()
        try:
            process.stdin.write(json.dumps(asked) + "\n")  # type: ignore[union-attr]  # opened as a pipe
            process.stdin.flush()  # type: ignore[union-attr]
            line = process.stdout.readline()  # type: ignore[union-attr]
        except BrokenPipeError:
            line = ""
        if not line:
            raise HandheldFailed(self.name, f"its capture process ended; see {self._folder / self.name}.log")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _took(self, answer: dict[str, Any]) -> Signed:
        if "signed" not in answer:
            raise HandheldFailed(self.name, f"{answer.get('sentence', answer)} [{answer.get('error', 'unknown')}]")
        signed: Signed = answer["signed"]
        self._next_seq = signed["seq"] + 1
        return signed


def _end(process: subprocess.Popen[Any]) -> None:
    """Wait for a process that was told to end, and no longer than it should take."""
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None and not pipe.closed:
            with suppress(BrokenPipeError):
                pipe.close()
