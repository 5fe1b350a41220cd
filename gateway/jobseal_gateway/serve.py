"""Serving: the broker, the ingest process and the web process, kept running until somebody stops them.

    broker      mosquitto, when the settings say that it is embedded
    ingest      the only writer of evidence: what handhelds send, and what follows from it
    enrolment   the HTTPS at which handhelds enrol and renew their certificates
    web         the API; it writes acknowledgements

A child that dies is started again, at once after a long life and ever later after short ones, and each change of
state is one line on standard output. SIGTERM, SIGINT and SIGHUP end all of them in order: web, then ingest, then the
broker, so that whatever was taken is still answered. If this process dies in any other way the kernel kills them.

One gateway serves a home at a time. Several ingest processes over one PostgreSQL ledger would be more children here.
"""

import fcntl
import os
import select
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from jobseal.errors import OPERATOR
from jobseal_gateway import home
from jobseal_gateway.broker import LOG_NAME, Broker
from jobseal_gateway.child import Child
from jobseal_gateway.credentials import BrokerFiles
from jobseal_gateway.errors import GatewayError
from jobseal_gateway.home import Gateway, Home
from jobseal_gateway.ledger.database import migrate
from jobseal_gateway.mosquitto import MosquittoSettings
from jobseal_gateway.security_log import BROKER, SecurityLog
from jobseal_gateway.settings import EMBEDDED
from jobseal_gateway.tally import Refused
from jobseal_gateway.warden import Warden

# By name, and not imported: what they stand on would only take this process's time and memory.
PROCESSES = {
    "ingest": "jobseal_gateway.ingest_process",
    "enrolment": "jobseal_gateway.door_process",
    "web": "jobseal_gateway.web_process",
}

LOCK = "serve.lock"
LOOK_EVERY_MS = 1_000
LOOK_SOON_MS = 50  # while something is down

Command = Callable[[str], Sequence[str]]
Say = Callable[[str], None]


class BrokerPart:
    """The embedded broker with its warden, as the supervisor sees its parts. Closed to whoever shows no certificate."""

    name = "broker"

    def __init__(self, gateway: Gateway, say: "Say") -> None:
        mqtt, self._folder = gateway.settings.mqtt, gateway.home.mosquitto
        settings = MosquittoSettings(port=mqtt.port, host=mqtt.host)
        files = BrokerFiles(gateway, settings)
        self._security = SecurityLog(gateway.home.security, BROKER, gateway.clock.wall_ms)
        self._said: list[str] = []
        self._broker = Broker(settings, self._folder, files=files, refused=self._note)
        self._warden = Warden(gateway, self._broker, files, say)

    @property
    def pid(self) -> int | None:
        return self._broker.pid

    @property
    def starts(self) -> int:
        return self._broker.starts

    @property
    def ending(self) -> str:
        return f"ended; {self._folder / LOG_NAME} may say why"

    def filenos(self) -> list[int]:
        return [self._broker.fileno()] if self._broker.running else []

    def lines(self) -> list[str]:
        self._broker.listen()
        if self._broker.running:
            self._warden.tend()
        said, self._said = [*self._said, *self._security.tend()], []
        return said

    def _note(self, refused: Refused) -> None:
        self._said += self._security.note(*refused)

    def start(self) -> None:
        self._broker.start()

    def tend(self) -> bool:
        return self._broker.tend()

    def stop(self) -> None:
        self._broker.stop()
        self._broker.listen()  # its last words
        self._said += self._security.close()


Part = BrokerPart | Child


class Supervisor:
    """Keeps ``parts`` running, first to last, and stops them last to first."""

    def __init__(self, parts: Sequence[Part], say: Say) -> None:
        self._parts = parts
        self._say = say
        self._told_up: set[str] = set()
        self._trouble: dict[str, str] = {}

    def start(self) -> None:
        """Start them all. Raises what the first that cannot start raises; ``stop`` ends those before it."""
        for part in self._parts:
            part.start()
            self._tell_started(part, "started")

    def run(self, wake: int, stopped: Callable[[], bool]) -> None:
        """Tend them until ``stopped()``, looked at when ``wake`` is readable and now and then."""
        while not stopped():
            for part in self._parts:
                self._look_after(part)
            self._wait(wake)

    def stop(self) -> None:
        """End them all, in order, and wait for each."""
        for part in reversed(self._parts):
            if part.pid is not None:
                part.stop()
                self._repeat(part)
                self._say(f"{part.name}: stopped")
            else:
                part.stop()

    def _look_after(self, part: Part) -> None:
        self._repeat(part)
        if part.pid is not None:  # looked at once: one that dies from here on is told of, and started, next time
            return
        if part.name in self._told_up:
            self._say(f"{part.name}: {part.ending}; it will be started again")
            self._told_up.remove(part.name)
        starts = part.starts
        try:
            part.tend()
        except (OSError, GatewayError) as error:  # no space, or a program that is gone: it may come back
            if self._trouble.get(part.name) != str(error):
                self._say(f"{part.name}: cannot be started: {error}")
                self._trouble[part.name] = str(error)
            return
        self._trouble.pop(part.name, None)
        if part.starts != starts:
            self._tell_started(part, "started again")

    def _tell_started(self, part: Part, how: str) -> None:
        self._told_up.add(part.name)
        pid = part.pid  # None if it is dead already, which is told next
        self._say(f"{part.name}: {how}" if pid is None else f"{part.name}: {how}, process {pid}")

    def _repeat(self, part: Part) -> None:
        for line in part.lines():
            self._say(f"{part.name}: {line}")

    def _wait(self, wake: int) -> None:
        poller = select.poll()
        poller.register(wake, select.POLLIN)
        for part in self._parts:
            for fileno in part.filenos():
                poller.register(fileno, select.POLLIN)
        poller.poll(LOOK_EVERY_MS if all(part.pid is not None for part in self._parts) else LOOK_SOON_MS)


def run(folder: Path) -> int:
    """Serve the gateway in ``folder`` until a signal asks to stop; then the exit status, 0. Belongs to the main thread.

    Raises NoGateway, InputRefused, AuthorityUnusable, LedgerUnfit, LedgerUnavailable, ``gateway_running``, and what
    the broker raises when it cannot start (``broker_port_taken``, ``broker_missing``).
    """
    return supervise(folder, lambda name: [sys.executable, "-m", PROCESSES[name], str(folder)])


def supervise(folder: Path, command: Command) -> int:
    """The same, with the command line that starts each of our own processes by its name."""
    with ExitStack() as undo:
        gateway = undo.enter_context(home.open(folder))
        migrate(gateway.engine)
        undo.enter_context(_only_one(gateway.home))
        wake, stopped = undo.enter_context(_signals())
        supervisor = Supervisor(_parts(gateway, command), _say)
        undo.callback(supervisor.stop)
        supervisor.start()
        supervisor.run(wake, stopped)
        _say("gateway: stopping")
    _say("gateway: stopped")
    return 0


def _parts(gateway: Gateway, command: Command) -> list[Part]:
    parts: list[Part] = [Child(name, command(name)) for name in PROCESSES]
    if gateway.settings.mqtt.broker == EMBEDDED:
        parts.insert(0, BrokerPart(gateway, _say))
    return parts


@contextmanager
def _only_one(where: Home) -> Iterator[None]:
    """Hold the home's lock, which ends with this process. Raises ``gateway_running``."""
    where.run.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = os.open(where.run / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        sentence = f"A gateway serves {where.folder} already; stop that one first."
        raise GatewayError("gateway_running", sentence, OPERATOR) from None
    try:
        yield
    finally:
        os.close(lock)


@contextmanager
def _signals() -> Iterator[tuple[int, Callable[[], bool]]]:
    """(a descriptor that a signal makes readable, whether one asked to stop)."""
    asked: list[int] = []
    reader, writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    earlier_fd = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    stopping = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    earlier = {number: signal.signal(number, lambda got, _: asked.append(got)) for number in stopping}
    try:
        yield reader, lambda: bool(asked)
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(earlier_fd)
        os.close(reader)
        os.close(writer)


def _say(line: str) -> None:
    print(line, flush=True)
