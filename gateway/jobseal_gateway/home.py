"""The gateway's home: which file lies where, making it, and opening everything in it.

    gateway.toml            the configuration, for people to edit; its `data` says where the rest is
    data/keys/              root, log and office keys, and the root's word for the other two (``authority``)
    data/gateway.db         the ledger, unless `database` names another
    data/mosquitto/         the embedded broker's files, written anew at each start
    data/broker.password    what the gateway's own processes show it
    data/api.token          a token of the API for the billing system, which has only its hash in the ledger
    data/security/          whom broker, door and API turned away (``security_log``)
    data/session.key        signs the cookies of people who signed in
    data/run/               sockets between the gateway's processes

``make`` may be run again at any time: what is there stays as it is, what is missing is made. ``open`` only reads.
Commands, processes, API and demo all work on the ``Gateway`` that ``open`` gives; its clock comes from outside.
"""

from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from sqlalchemy import Engine

from jobseal.errors import OPERATOR
from jobseal.host.clock import Clock, SystemClock
from jobseal.host.crypto import Verifier
from jobseal_gateway import access, authority, durable, session_key
from jobseal_gateway.authority import GatewayKeys
from jobseal_gateway.errors import GatewayError, InputRefused
from jobseal_gateway.ledger.database import connect, migrate, writing
from jobseal_gateway.log import ClockUnsynchronised, LogWriter
from jobseal_gateway.news import INGEST, Bell
from jobseal_gateway.problem import Problem
from jobseal_gateway.settings import SETTINGS, Settings, parse_settings, template

CONFIG = "gateway.toml"
BUILT_MS = 1_767_225_600_000  # 2026-01-01T00:00:00Z: a clock that shows less was never set
FIRST_TOKEN = "billing"
READABLE = 0o644
_PRIVATE_FOLDER = 0o700


class NoGateway(GatewayError):
    """The folder holds no gateway, or a configuration that cannot be read."""

    def __init__(self, sentence: str) -> None:
        super().__init__("no_gateway", sentence, OPERATOR)


class HomeUnwritable(GatewayError):
    """A gateway could not be made, or not finished: its disk is full, read-only, broken or somebody else's."""

    def __init__(self, folder: Path, error: OSError) -> None:
        where = error.filename or folder
        sentence = f"{where} cannot be written: {error.strerror}. Put that right and run 'jobseal-gateway init' again."
        super().__init__("home_unwritable", sentence, OPERATOR, False)


@dataclass(frozen=True, slots=True)
class Home:
    """Paths, nothing else: ``folder`` holds the configuration, ``data`` all that the gateway writes."""

    folder: Path
    data: Path

    @property
    def keys(self) -> Path:
        """The folder of the gateway's own keys."""
        return self.data / "keys"

    @property
    def mosquitto(self) -> Path:
        """The embedded broker's folder."""
        return self.data / "mosquitto"

    @property
    def broker_password(self) -> Path:
        """The file with the password of the gateway's own processes at the embedded broker."""
        return self.data / "broker.password"

    @property
    def token(self) -> Path:
        """The file with the billing system's first token, text."""
        return self.data / "api.token"

    @property
    def security(self) -> Path:
        """The folder in which each process says whom it turned away."""
        return self.data / "security"

    @property
    def session_key(self) -> Path:
        """The file with the key of session cookies."""
        return self.data / "session.key"

    @property
    def run(self) -> Path:
        """The folder of the processes' sockets; it exists once ``make`` has run."""
        return self.data / "run"


@dataclass(frozen=True, slots=True)
class Gateway:
    """One opened gateway. For several threads, but each needs a ``log`` of its own."""

    home: Home
    settings: Settings
    engine: Engine
    keys: GatewayKeys
    clock: Clock

    def log(self) -> LogWriter:
        """A writer of the one log; any number of them, in any processes, take turns."""
        return LogWriter(self.engine, self.keys.log_id, self.keys.log)

    def now_ms(self) -> int:
        """The gateway's time, Unix ms UTC. Raises ClockUnsynchronised."""
        now = self.clock.wall_ms()
        if now is None:
            raise ClockUnsynchronised
        return now

    def ring(self) -> None:
        """Tell the ingest process, if one runs, that something was committed for it: work to send, jobs to fold."""
        bell = Bell(self.home.run / INGEST)
        bell.ring()
        bell.close()

    def close(self) -> None:
        """Give the database's connections back."""
        self.engine.dispose()

    def __enter__(self) -> "Gateway":
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()


def make(folder: Path, given: dict[str, str | int], clock: Clock | None = None) -> Gateway:
    """A gateway in ``folder``: configuration, keys, token and a database with its tables, whatever is missing of it.

    ``given``: settings by dotted name (``organisation``, ``mqtt.port``) for a new configuration; one that is there
    stays as it is. Raises InputRefused for settings that are wrong, AuthorityUnusable, LedgerUnfit, HomeUnwritable.
    """
    try:
        return _made(folder.absolute(), given, clock or SystemClock(BUILT_MS))
    except OSError as error:
        raise HomeUnwritable(folder, error) from error


def _made(folder: Path, given: dict[str, str | int], clock: Clock) -> Gateway:
    config = folder / CONFIG
    if not config.exists():
        text = _configuration(given, config)
        _parsed(text, config)  # before anything is written
        folder.mkdir(parents=True, exist_ok=True)
        durable.create(config, text, READABLE)
    home, _ = _configured(folder)
    for made in (home.data, home.run):
        made.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
    now = clock.wall_ms()
    if now is None:
        raise ClockUnsynchronised
    authority.create(home.keys, now, Verifier())
    session_key.make(home.session_key)
    gateway = open(folder, clock)
    migrate(gateway.engine)
    if not home.token.exists():
        token = access.new_text()
        with writing(gateway.engine) as connection:
            access.issue(connection, FIRST_TOKEN, access.BILLING, text=token, by="init", now_ms=now)
        durable.create(home.token, token.encode())  # a crash before this line: the next init ends that token
    return gateway


def open(folder: Path, clock: Clock | None = None) -> Gateway:
    """The gateway in ``folder``. ``clock``: the machine's own unless a demo or a test brings one.

    Raises NoGateway, InputRefused (every mistake in the configuration), AuthorityUnusable, LedgerUnfit,
    LedgerUnavailable.
    """
    home, settings = _configured(folder.absolute())
    keys = authority.load(home.keys, Verifier())
    return Gateway(home, settings, connect(settings.database), keys, clock or SystemClock(BUILT_MS))


def _configuration(given: dict[str, str | int], config: Path) -> bytes:
    by_path = {tuple(name.split(".")): value for name, value in given.items()}
    known = {setting.path for setting in SETTINGS}
    unknown = [".".join(path) for path in by_path if path not in known]
    if unknown:
        sentence = f"There is no such setting; these are: {', '.join('.'.join(path) for path in sorted(known))}."
        raise InputRefused([Problem(str(config), None, None, "unknown_key", sentence, name) for name in unknown])
    return template(by_path).encode()


def _configured(folder: Path) -> tuple[Home, Settings]:
    config = folder / CONFIG
    try:
        text = config.read_bytes()
    except FileNotFoundError as missing:
        raise NoGateway(f"There is no gateway in {folder}: run 'jobseal-gateway init', or say --home.") from missing
    except OSError as error:
        raise NoGateway(f"{config} cannot be read: {error.strerror}.") from error
    settings = _parsed(text, config)
    return Home(folder, Path(settings.data)), settings


def _parsed(text: bytes, config: Path) -> Settings:
    settings, problems = parse_settings(text, str(config), config.parent)
    if settings is None:
        raise InputRefused(problems or [Problem(str(config), None, None, "empty_file", "The file is empty.")])
    return settings
