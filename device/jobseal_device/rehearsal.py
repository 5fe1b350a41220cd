"""A handheld in a rehearsal: the real capture and the real sync, on a clock that runs faster than the day.

Not a command that is installed: only a demonstration starts it (``python -m jobseal_device.rehearsal HOME CLOCK
MODE``), and nothing else in this package can choose its clock. CLOCK is a JSON object: ``ScaledClock``'s arguments.

``capture`` reads one JSON object a line from standard input and answers each with one line:

    {"kind": ..., "fields": {name: text}, "job": ..., "by": ..., "amends": hex}   sign an event
    {"set_clock_ms": offset}                                                     set the wall clock wrong by hand

``sync`` runs until it is told to stop by a signal.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

from jobseal.errors import JobsealError
from jobseal.host.clock import ScaledClock
from jobseal_device import identity, renewing, settings, sync
from jobseal_device.capture import Capture
from jobseal_device.command import capture_event
from jobseal_device.home import Home
from jobseal_device.report import describe
from jobseal_device.work_file import WorkFile


class SettableClock(ScaledClock):
    """A scaled clock whose wall time a technician can set by hand."""

    def __init__(self, arguments: dict[str, Any]) -> None:
        super().__init__(**dict(arguments, boot=bytes.fromhex(arguments["boot"])))
        self._hand_ms = 0

    def wall_ms(self) -> int | None:
        wall = super().wall_ms()
        return None if wall is None else wall + self._hand_ms

    def set_by_hand(self, offset_ms: int) -> None:
        """From now on the wall clock is wrong by this much."""
        self._hand_ms = offset_ms


def main(home: Home, clock: SettableClock, mode: str) -> int:
    """Run one process of the handheld until its input ends or a signal stops it."""
    if mode == "sync":
        return _sync(home)
    enrolled = identity.load(home)
    signer = identity.signer(home)
    renewing.prepare(home, signer)
    capture = Capture(home, enrolled.identity, signer, clock, os.urandom)
    try:
        work = WorkFile(home)
        for line in sys.stdin:
            print(json.dumps(_answer(capture, work, clock, json.loads(line))), flush=True)
    finally:
        capture.close()
    return 0


def _answer(capture: Capture, work: WorkFile, clock: SettableClock, asked: dict[str, Any]) -> dict[str, Any]:
    if "set_clock_ms" in asked:
        clock.set_by_hand(asked["set_clock_ms"])
        return {"clock": clock.wall_ms()}
    amends = bytes.fromhex(asked["amends"]) if asked.get("amends") else None
    try:
        fields = asked.get("fields", {})
        signed = capture_event(capture, work, asked["kind"], fields, asked.get("job"), asked.get("by"), amends)
    except JobsealError as error:
        return {"error": error.code, "sentence": error.sentence}
    return {"signed": describe(signed)}


def _sync(home: Home) -> int:
    with sync.stop_signals(home) as stopped:
        sync.run(home, settings.load(home.config), stopped)
    return 0


if __name__ == "__main__":
    sys.exit(main(Home(Path(sys.argv[1])), SettableClock(json.loads(sys.argv[2])), sys.argv[3]))
