"""A serving gateway that can be made to die, or to lose its broker or database, at a named step.

    python -m tests.torture.network.doomed HOME          serve, as ``jobseal-gateway serve`` does
    python -m tests.torture.network.doomed HOME NAME     be that process of it

The program is the production one; this entry wraps a handful of its calls before it starts them, so that each step
between a message received and its receipt sent has a name. When a step is reached for which a ``Plan`` lies in the
home, the plan is carried out (kill -9), once. Nothing else is changed but how soon a dead part is started again.
"""

import json
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine.default import DefaultDialect

from jobseal.errors import JobsealError
from jobseal_gateway import broker, log, serve
from jobseal_gateway.ingest import replies
from jobseal_gateway.ingest.round import Ingest
from jobseal_gateway.mqtt_worker import MqttWorker
from jobseal_gateway.projector import Projector

PLAN, STRUCK = "doom.json", "doom.struck"
RESTART_MOST_S = 0.3
IN_COMMIT_MOST_S = 0.003  # how long after COMMIT has gone out the database dies
_WRITING = "jobseal_writing"  # the execution option of transactions that write

ROUND, FOLD, WEB = "round", "fold", "web"


class Plan(NamedTuple):
    """Kill ``pids`` (none: the process itself), each with its children, when ``step`` is reached for the time after
    ``skip`` others."""

    step: str
    skip: int
    pids: tuple[int, ...]


def arm(home: Path, plan: Plan) -> None:
    """From now on it is waited for."""
    (home / STRUCK).unlink(missing_ok=True)
    beside = home / f"{PLAN}.new"
    beside.write_text(json.dumps(plan))
    beside.replace(home / PLAN)


def has_struck(home: Path) -> bool:
    """Whether the armed plan was carried out."""
    return (home / STRUCK).exists()


def disarm(home: Path) -> None:
    """Whatever is waited for is no more."""
    (home / PLAN).unlink(missing_ok=True)


def kill_tree(pid: int) -> None:
    """kill -9 a process and its children. A server's children would go on for a moment, and could still answer."""
    children = []
    with suppress(OSError):
        children = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    for each in (pid, *children):
        with suppress(ProcessLookupError):
            os.kill(each, signal.SIGKILL)


class Doom:
    """The plan in ``home`` as this process meets it; ``phase`` is what it is at."""

    def __init__(self, home: Path, phase: str) -> None:
        self.phase = phase
        self._home = home
        self._seen: dict[str, int] = {}

    def reached(self, step: str) -> None:
        """This step is reached."""
        plan = self._planned(step)
        if plan is not None and not plan.pids:
            os.kill(os.getpid(), signal.SIGKILL)
        for pid in () if plan is None else plan.pids:
            kill_tree(pid)

    def committing(self) -> None:
        """COMMIT goes out now: somebody may die while it is under way."""
        plan = self._planned(f"{self.phase}.in-commit")
        if plan is not None:
            threading.Thread(target=_kill_soon, args=(plan.pids or (os.getpid(),),)).start()

    def _planned(self, step: str) -> Plan | None:
        try:
            found = (self._home / PLAN).read_text()
        except FileNotFoundError:
            return None
        plan = Plan(*json.loads(found))
        if plan.step != step:
            return None
        seen = self._seen.setdefault(found, 0)
        self._seen[found] += 1
        if seen < plan.skip:
            return None
        try:
            (self._home / PLAN).rename(self._home / STRUCK)
        except FileNotFoundError:
            return None  # another process was first
        return plan


def _kill_soon(pids: Sequence[int]) -> None:
    time.sleep(random.uniform(0, IN_COMMIT_MOST_S))
    for pid in pids:
        kill_tree(pid)


def _around(owner: Any, name: str, before: Callable[[], None], after: Callable[[Any], None]) -> None:
    """Have ``owner.name`` call these besides; ``after`` gets what it returned."""
    original = getattr(owner, name)

    def wrapped(*arguments: Any, **named: Any) -> Any:
        before()
        result = original(*arguments, **named)
        after(result)
        return result

    setattr(owner, name, wrapped)


def _nothing(*_: Any) -> None:
    pass


def lay_traps(doom: Doom) -> None:
    """Wrap the steps of this process. Only ever called in a process of its own."""

    def at(step: str) -> Callable[..., None]:
        return lambda *_: doom.reached(step)

    def at_phase(step: str) -> Callable[..., None]:
        return lambda *_: doom.reached(f"{doom.phase}.{step}")

    def enter(phase: str) -> Callable[[], None]:
        return lambda: setattr(doom, "phase", phase)

    _around(MqttWorker, "receive", _nothing, lambda got: doom.reached("received") if got else None)
    _around(Ingest, "handle", enter(ROUND), _nothing)
    _around(Projector, "run", enter(FOLD), _nothing)
    _around(log.Appending, "__init__", _nothing, at_phase("locked"))
    _around(log.Appending, "write", _nothing, at_phase("written"))
    _around(replies, "sign", at("signing"), at("signed"))
    _around(Projector, "_release", _nothing, at("released"))
    _around(MqttWorker, "publish", _nothing, at("published"))
    _around(MqttWorker, "ack", at("acking"), at("acked"))
    _trap_commits(doom)


def _trap_commits(doom: Doom) -> None:
    commit = DefaultDialect.do_commit

    def begun(connection: Connection) -> None:
        connection.info[_WRITING] = bool(connection.get_execution_options().get(_WRITING))

    def trapped(dialect: DefaultDialect, proxied: Any) -> None:
        if not proxied.info.get(_WRITING):
            commit(dialect, proxied)
            doom.reached(f"{doom.phase}.read")
            return
        doom.reached(f"{doom.phase}.before-commit")
        doom.committing()
        commit(dialect, proxied)
        doom.reached(f"{doom.phase}.after-commit")

    event.listen(Engine, "begin", begun)
    DefaultDialect.do_commit = trapped  # type: ignore[method-assign]


def main(arguments: Sequence[str]) -> int:
    """HOME: serve. HOME NAME: be that process."""
    folder, *name = arguments
    if name:
        lay_traps(Doom(Path(folder), WEB if name[0] == "web" else ROUND))
        status: int = import_module(serve.PROCESSES[name[0]]).main(Path(folder))
        return status
    broker.RESTART_DELAY_MAX_S = RESTART_MOST_S  # that it grows has a test of its own
    command = [sys.executable, "-m", "tests.torture.network.doomed", folder]
    try:
        return serve.supervise(Path(folder), lambda process: [*command, process])
    except JobsealError as error:
        print(f"gateway: {error.sentence} [{error.code}]", flush=True)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
