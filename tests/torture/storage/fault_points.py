"""The campaign "process fault points": every changing system call of the scenarios, times nine faults.

The shim is compiled when it is first needed, and the calls of each scenario are counted once for one state of the
sources; both are kept below ``var/torture/faults``. Unit numbers run through all points in an order that mixes them,
so that the first few hundred are an even sample.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from math import gcd
from pathlib import Path
from typing import Any, NamedTuple

from tests.torture.campaign import Finding, Tally
from tests.torture.storage.block_recordings import ROOT, locked, scratch, sources_digest

KEPT = ROOT / "var" / "torture" / "faults"
SHIM = Path(__file__).with_name("shim.c")
FAULTS = ("EIO", "FULL", "EINTR", "SHORT", "TORN", "KILL_BEFORE", "KILL_AFTER", "DROP", "READ_ONLY")
SCENARIOS = ("capture", "sync", "gateway", "start")
_STRIDE = 7_368_787  # prime
_END_WITHIN_S = 10
_LOST = ("committed_lost", "acknowledged_missing", "receipt_lost", "object_lost", "keys_lost", "log_rewritten")


class Point(NamedTuple):
    """The ``nth`` changing call of a scenario, and what becomes of it."""

    scenario: str
    nth: int
    fault: str


class FaultPoints:
    """See :class:`tests.torture.campaign.Campaign`."""

    name = "process fault points"
    quick = 500
    release: int | None = None
    slice = 100
    alone = False

    def units(self) -> int | None:
        return sum(_calls().values()) * len(FAULTS)

    def missing(self) -> str | None:
        return None if compiler() else "there is no C compiler to build the shim with"

    def run(self, first: int, count: int) -> Tally:
        tally = Tally(count, [], {"lost": 0, "killed": 0, "gave up": 0, "finished": 0, "unreached": 0})
        with server() as ask:
            for number in range(first, first + count):
                point = point_of(number)
                answer = ask(point.scenario, point.nth, FAULTS.index(point.fault) + 1)
                tally.figures["unreached"] += not answer["reached"]
                for ending in ("killed", "gave up", "finished"):
                    tally.figures[ending] += answer["ended"].startswith(ending)
                for check, words in answer["wrong"]:
                    tally.figures["lost"] += check in _LOST
                    tally.findings.append(_finding(number, point, check, words))
        return tally


def point_of(number: int) -> Point:
    """The point with this unit number."""
    calls = _calls()
    total = sum(calls.values()) * len(FAULTS)
    stride = next(each for each in range(_STRIDE, _STRIDE + total) if gcd(each, total) == 1)
    nth, fault = divmod(number * stride % total, len(FAULTS))
    for scenario, count in calls.items():
        if nth < count:
            return Point(scenario, nth, FAULTS[fault])
        nth -= count
    raise AssertionError("no such point")


@contextmanager
def server() -> Iterator[Any]:
    """A fault server; what is yielded takes (scenario, nth, fault number) and gives its answer."""
    folder = scratch("faults-")
    command = [sys.executable, "-m", "tests.torture.storage.fault_server", str(folder)]
    child = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "LD_PRELOAD": str(shim())},
    )  # fmt: skip

    def ask(*question: Any) -> Any:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(json.dumps(question) + "\n")
        child.stdin.flush()
        answer = child.stdout.readline()
        if not answer:
            raise RuntimeError(f"the fault server ended while it was asked for {question}")
        return json.loads(answer)

    try:
        yield ask
    finally:
        with suppress(OSError, subprocess.TimeoutExpired):
            assert child.stdin is not None
            child.stdin.close()
            child.wait(_END_WITHIN_S)
        child.kill()
        child.wait()
        shutil.rmtree(folder, ignore_errors=True)


def compiler() -> str | None:
    """The C compiler of this machine."""
    return next((found for name in ("cc", "gcc", "clang") if (found := shutil.which(name))), None)


@cache
def shim() -> Path:
    """The shared object; compiled now if its source is new. Raises ``CalledProcessError`` with what was wrong."""
    made = KEPT / f"shim-{hashlib.sha256(SHIM.read_bytes()).hexdigest()[:16]}.so"
    with locked(KEPT):
        if not made.exists():
            fresh = made.with_suffix(".new")
            command = [compiler() or "cc", "-O2", "-Wall", "-Wextra", "-shared", "-fPIC", "-o", str(fresh), str(SHIM)]
            subprocess.run([*command, "-ldl"], check=True)
            fresh.rename(made)
    return made


@cache
def _calls() -> dict[str, int]:
    """How many changing calls each scenario makes when nothing goes wrong."""
    kept = KEPT / f"calls-{sources_digest()}.json"
    if not kept.exists():
        for old in KEPT.glob("calls-*.json"):
            old.unlink()
        with server() as ask:
            counted = {name: ask(name, -1, 0)["calls"] for name in SCENARIOS}
        fresh = kept.with_suffix(f".{os.getpid()}")
        fresh.write_text(json.dumps(counted))
        fresh.rename(kept)
    return dict(json.loads(kept.read_text()))


def _finding(number: int, point: Point, check: str, words: str) -> Finding:
    replay = f".venv/bin/python -m tests.torture --only '{FaultPoints.name}' --first {number} --count 1"
    return Finding(str(number), check, f"{point.scenario}, call {point.nth}, {point.fault}: {words}", replay)
