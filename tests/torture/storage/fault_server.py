"""The process under the shim that imports everything once and forks for each unit, so that a unit costs no start.

Started with LD_PRELOAD by :mod:`fault_points`. A line on standard input, ``[scenario, nth, fault]``, is answered with
one line: ``{"calls": n, "reached": bool, "said": n, "ended": text, "wrong": [[check, words], ...]}``. The suffering
process is a child that arms the shim; what it reports as durable goes through a pipe, so that it survives the child.
"""

import ctypes
import json
import mmap
import os
import pickle
import select
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.torture.storage.fault_scenarios import EXPECTED, SCENARIOS, Scenario, copied
from tests.torture.storage.promises import Promise

HANGS_AFTER_S = 60
FINISHED, GAVE_UP, BROKE = 0, 3, 4
_LENGTH_BYTES = 4


def main(folder: Path) -> int:
    """Serve until standard input ends; everything is below ``folder``."""
    templates: dict[str, Path] = {}
    by_name = {scenario.name: scenario for scenario in SCENARIOS}
    for line in sys.stdin:
        name, nth, fault = json.loads(line)
        if name not in templates:
            templates[name] = folder / f"{name}-template"
            templates[name].mkdir()
            by_name[name].prepare(templates[name])
        print(json.dumps(_unit(by_name[name], templates[name], folder / "unit", nth, fault)), flush=True)
    return 0


def _unit(scenario: Scenario, template: Path, root: Path, nth: int, fault: int) -> dict[str, Any]:
    shutil.rmtree(root, ignore_errors=True)
    copied(template, root)
    report = mmap.mmap(-1, 16)

    def suffer(say: Callable[[Any], None]) -> None:
        shared = (ctypes.c_char * 16).from_buffer(report)
        below = str(root / "disk").encode()
        ctypes.CDLL(None).jobseal_arm(below, ctypes.c_long(nth), ctypes.c_int(fault), ctypes.byref(shared))
        scenario.suffer(root, say)

    def end(say: Callable[[Any], None]) -> None:
        for wrong in scenario.end(root, promises):
            say((wrong.check, wrong.words))

    promises, ended = _forked(suffer)
    wrong, judged = _forked(end)
    found = [list(each) for each in wrong]
    if ended.startswith("broke"):
        found.append(["crashed", ended])
    if judged != "finished":
        found.append(["judge_failed", judged])
    calls, reached = (int.from_bytes(report[at : at + 8], sys.byteorder) for at in (0, 8))
    return {"calls": calls, "reached": bool(reached), "said": len(promises), "ended": ended, "wrong": found}


def _forked(task: Callable[[Callable[[Any], None]], None]) -> tuple[list[Promise], str]:
    """Run it in a child: what it said until it ended, however it did, and how that was."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        _child(task, writer)
    os.close(writer)
    data = _all_of(reader, pid)
    os.close(reader)
    status = os.waitpid(pid, 0)[1]
    said = _unpacked(data)
    if os.WIFSIGNALED(status):
        killed = os.WTERMSIG(status)
        return said, "killed" if killed == signal.SIGKILL else f"broke: signal {killed}"
    code = os.WEXITSTATUS(status)
    if code == FINISHED:
        return said, "finished"
    last = str(said.pop()[0]) if said else ""
    return said, f"gave up: {last}" if code == GAVE_UP else f"broke: {last}"


def _child(task: Callable[[Callable[[Any], None]], None], writer: int) -> None:
    def say(promise: Any) -> None:
        packed = pickle.dumps(promise)
        os.write(writer, len(packed).to_bytes(_LENGTH_BYTES, "big") + packed)

    code = BROKE
    try:
        sys.stdin.close()
        task(say)
        code = FINISHED
    except EXPECTED as error:
        say((str(error),))
        code = GAVE_UP
    except BaseException:
        with suppress(OSError):
            say((traceback.format_exc()[-3000:],))
    finally:
        os._exit(code)


def _all_of(reader: int, pid: int) -> bytes:
    """Everything until the child ends; one that hangs is killed."""
    give_up, pieces = time.monotonic() + HANGS_AFTER_S, []
    while True:
        if not select.select([reader], [], [], max(0.0, give_up - time.monotonic()))[0]:
            os.kill(pid, signal.SIGABRT)
            give_up = time.monotonic() + HANGS_AFTER_S
            continue
        piece = os.read(reader, 1 << 16)
        if not piece:
            return b"".join(pieces)
        pieces.append(piece)


def _unpacked(data: bytes) -> list[Any]:
    found, at = [], 0
    while at + _LENGTH_BYTES <= len(data):
        end = at + _LENGTH_BYTES + int.from_bytes(data[at : at + _LENGTH_BYTES], "big")
        if end > len(data):
            break  # killed while it said so: it did not say it
        found.append(pickle.loads(data[at + _LENGTH_BYTES : end]))
        at = end
    return found


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
