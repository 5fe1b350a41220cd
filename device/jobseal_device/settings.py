"""The handheld's configuration, ``device.toml``: how sync waits and where it connects, and how the screen behaves
(``[screen]``, see :mod:`jobseal_device.screen_settings`). All of it is optional.

[sync]
brokers = ["gateway.example.com:1883"]  # in order; instead of those in the enrolment
resend_first_s = 30                     # the first wait for an answer
resend_most_s = 300                     # the longest
hello_s = 900                           # how often to say hello on a quiet connection
outage_first_retry_s = 60               # after a lost connection, wait from 0 to this
reconnect_most_s = 300                  # the longest wait between two tries
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jobseal.errors import OPERATOR, JobsealError
from jobseal.uplink_state import Delays
from jobseal_device import screen_settings
from jobseal_device.screen_settings import ScreenSettings

DAY_S = 86400
BROKERS_MOST = 8


@dataclass(frozen=True)
class Settings:
    """Seconds, all the times. ``outage_first_retry_s``: the fleet's first retry after an outage is U(0, this);
    ``brokers``: (host, port), empty for those of the enrolment; ``screen``: the screen's own."""

    brokers: tuple[tuple[str, int], ...] = ()
    resend_first_s: float = 30.0
    resend_most_s: float = 300.0
    hello_s: float = 900.0
    outage_first_retry_s: float = 60.0
    reconnect_most_s: float = 300.0
    screen: ScreenSettings = field(default_factory=ScreenSettings)

    def delays(self) -> Delays:
        """What the uplink wants to know, in ms."""
        return Delays(int(self.resend_first_s * 1000), int(self.resend_most_s * 1000), int(self.hello_s * 1000))


_TABLES = ("sync", "screen")
# The shortest each may be: what is sent again without any pause would never end.
_SHORTEST_S = {
    "resend_first_s": 0.05,
    "resend_most_s": 0.05,
    "hello_s": 0.05,
    "outage_first_retry_s": 0.0,
    "reconnect_most_s": 0.05,
}


def load(path: Path) -> Settings:
    """The settings in this file; the defaults where there is none.

    Raises ``settings`` (fault ``operator``) with every mistake and its line.
    """
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return Settings()
    except (OSError, UnicodeDecodeError) as error:
        raise JobsealError("settings", f"{path.name}: {error}", OPERATOR) from error
    tables = _tables(path, text)
    wrong = [(name, f"there is no {name} here, only [sync] and [screen]") for name in tables if name not in _TABLES]
    for name in _TABLES:
        table = tables.setdefault(name, {})
        if not isinstance(table, dict):
            wrong.append((name, f"{name} is a table, [{name}]"))
            tables[name] = {}
    sync, screen = tables["sync"], tables["screen"]
    wrong += [(name, _problem(name, value)) for name, value in sync.items() if _problem(name, value)]
    wrong += [
        (name, screen_settings.problem(name, value))
        for name, value in screen.items()
        if screen_settings.problem(name, value)
    ]
    if wrong:
        said = "; ".join(f"line {_line(text, name)}: {why}" for name, why in wrong)
        raise JobsealError("settings", f"{path.name}: {said}", OPERATOR)
    chosen = {name: _value(value) for name, value in sync.items()}
    return Settings(**chosen, screen=screen_settings.from_table(screen))


def _tables(path: Path, text: str) -> dict[str, Any]:
    import tomllib  # not loaded where there is no such file, which is the common case

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise JobsealError("settings", f"{path.name}: {error}", OPERATOR) from error


def _problem(name: str, value: Any) -> str:
    if name == "brokers":
        fits = isinstance(value, list) and 1 <= len(value) <= BROKERS_MOST and all(map(_is_broker, value))
        return "" if fits else f'brokers is a list of 1 to {BROKERS_MOST} texts such as "host:1883"'
    if name not in _SHORTEST_S:
        return f"there is no setting {name}; there are brokers, {', '.join(_SHORTEST_S)}"
    if isinstance(value, bool) or not isinstance(value, int | float) or not _SHORTEST_S[name] <= value <= DAY_S:
        return f"{name} is a number of seconds from {_SHORTEST_S[name]:g} to {DAY_S}"
    return ""


def _is_broker(value: Any) -> bool:
    host, colon, port = value.rpartition(":") if isinstance(value, str) else ("", "", "")
    return bool(host and colon and port.isascii() and port.isdigit()) and 1 <= int(port) <= 65535


def _value(value: Any) -> Any:
    if not isinstance(value, list):
        return float(value)
    split = [text.rpartition(":") for text in value]
    return tuple((host.strip("[]"), int(port)) for host, _, port in split)


def _line(text: str, name: str) -> int:
    rows = [row.split("#")[0].replace("=", " ").strip(" []\t").split() for row in text.splitlines()]
    return next((number for number, row in enumerate(rows, 1) if row and row[0].strip("]\"'") == name), 1)
