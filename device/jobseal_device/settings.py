"""The handheld's configuration, ``device.toml``: delays of sync, all optional, every mistake named at once."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from jobseal.errors import OPERATOR, JobsealError
from jobseal.uplink import Delays


@dataclass(frozen=True)
class Settings:
    """Seconds, all of them. ``outage_first_retry_s``: the fleet's first retry after an outage is U(0, this)."""

    resend_first_s: float = 30.0
    resend_most_s: float = 300.0
    hello_s: float = 900.0
    outage_first_retry_s: float = 60.0
    reconnect_most_s: float = 300.0

    def delays(self) -> Delays:
        """What the uplink wants to know, in ms."""
        return Delays(int(self.resend_first_s * 1000), int(self.resend_most_s * 1000), int(self.hello_s * 1000))


def load(path: Path) -> Settings:
    """The settings in ``[sync]`` of this file; the defaults where there is none.

    Raises ``settings`` (fault ``operator``) with every mistake and its line.
    """
    try:
        text = path.read_text("utf-8")
        sync = tomllib.loads(text).get("sync", {})
    except FileNotFoundError:
        return Settings()
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise JobsealError("settings", f"{path.name}: {error}", OPERATOR) from error
    known = Settings.__dataclass_fields__
    wrong = []
    for name, value in sync.items():
        line = 1 + next((n for n, row in enumerate(text.splitlines()) if row.strip().startswith(name)), 0)
        if name not in known:
            wrong.append(f"line {line}: there is no setting {name}; there are {', '.join(known)}")
        elif isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 86400:
            wrong.append(f"line {line}: {name} is a number of seconds from 0 to 86400")
    if wrong:
        raise JobsealError("settings", f"{path.name}: " + "; ".join(wrong), OPERATOR)
    return Settings(**sync)
