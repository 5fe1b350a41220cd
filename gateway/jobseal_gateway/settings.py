"""The gateway's configuration: one TOML file to one value, or every mistake in it at its line and column.

``SETTINGS`` is the whole list, with defaults, bounds and meaning; parsing, the template and the checks follow from
it. Pure: nothing here looks whether a folder or a host is there. Paths are taken relative to the file's folder.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from types import MappingProxyType
from typing import Any

from jobseal_gateway import time_zone
from jobseal_gateway.problem import Problem, in_order
from jobseal_gateway.source.place import Path, path_text
from jobseal_gateway.source.text import decode
from jobseal_gateway.source.toml_file import TomlDocument, read_toml

EMBEDDED = "embedded"
EXTERNAL = "external"
TLS, IN_THE_OPEN = "tls", "none"

DATABASE_FILE = "gateway.db"
_EVERYWHERE = ("0.0.0.0", "::", "[::]")


def is_everywhere(host: str) -> bool:
    """Whether this is where a server listens on all addresses, which is no address that anybody can connect to."""
    return host in _EVERYWHERE


@dataclass(frozen=True, slots=True)
class Mqtt:
    """``broker`` embedded: the gateway starts mosquitto on ``port`` itself; external: it only connects, with
    ``protection`` tls (and the CA in ``ca_file``, else the system's) or none, and the password in ``password_file``."""

    broker: str
    host: str
    port: int
    protection: str
    ca_file: str
    password_file: str


@dataclass(frozen=True, slots=True)
class EnrolmentDoor:
    """Where handhelds enrol and renew their certificates (HTTPS)."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Http:
    """Where the API listens. ``url``: how browsers reach it, without a path; empty: as they say themselves."""

    host: str
    port: int
    url: str


@dataclass(frozen=True, slots=True)
class Oidc:
    """The identity provider that people may sign in through; ``issuer`` empty: none. ``viewer`` to ``billing``: what
    the ``roles_claim`` says of who has this role; empty: nobody. There is none for ``admin``, on purpose."""

    issuer: str
    client_id: str
    client_secret_file: str
    scope: str
    name_claim: str
    roles_claim: str
    viewer: str
    dispatcher: str
    approver: str
    billing: str
    domain: str


@dataclass(frozen=True, slots=True)
class Billing:
    """``price_list`` is the CSV file, empty for none yet; ``terms`` the list's id for orders that name none."""

    price_list: str
    terms: str
    release: str


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of what is accepted. Per link identity: the quarantine's two bounds and the refusals."""

    quarantine_items_per_day: int
    quarantine_bytes_per_day: int
    refusals_per_minute: int
    free_space_low_water_bytes: int
    feed_page_items: int


@dataclass(frozen=True, slots=True)
class Intervals:
    """Delays and periods, in seconds."""

    retry_after_s: int
    reconnect_max_s: int
    long_poll_s: int
    wide_after_s: int
    session_idle_s: int
    session_life_s: int


@dataclass(frozen=True, slots=True)
class Settings:
    """The complete configuration. ``data``, ``billing.price_list`` and ``oidc.client_secret_file`` are joined to the
    file's folder, and ``database`` is an address in any case."""

    organisation: str
    time_zone: str
    data: str
    database: str
    address: str
    mqtt: Mqtt
    enrolment: EnrolmentDoor
    http: Http
    oidc: Oidc
    billing: Billing
    limits: Limits
    intervals: Intervals

    @property
    def reached_as(self) -> str:
        """The host name or address that handhelds are told: ``address``, else where the broker listens."""
        return self.address or self.mqtt.host


_SECTIONS = {
    "mqtt": Mqtt,
    "enrolment": EnrolmentDoor,
    "http": Http,
    "oidc": Oidc,
    "billing": Billing,
    "limits": Limits,
    "intervals": Intervals,
}

# Says what is wrong with a value of the right type, or "" if nothing is.
Check = Callable[[str | int], str]


@dataclass(frozen=True, slots=True)
class Setting:
    """One key: its path, its default (None: it must be given), what it must be, and what it is for."""

    path: tuple[str, ...]
    default: str | int | None
    check: Check
    meaning: str


def _text(most: int) -> Check:
    def check(value: str | int) -> str:
        fits = 0 < len(str(value)) <= most and str(value).isprintable()
        return "" if fits else f"Give a text of 1 to {most} characters on one line."

    return check


def _any_text(value: str | int) -> str:
    return "" if str(value).isprintable() else "Give a text on one line."


def _whole(low: int, high: int) -> Check:
    def check(value: str | int) -> str:
        return "" if low <= int(value) <= high else f"{value} is out of range; {low} to {high} is possible."

    return check


def _one_of(*allowed: str) -> Check:
    def check(value: str | int) -> str:
        return "" if value in allowed else f'"{value}" is not possible here; these are: {", ".join(allowed)}.'

    return check


def _host(value: str | int) -> str:
    fits = re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252})|\[?[0-9A-Fa-f:]{2,45}\]?", str(value))
    return "" if fits else f'"{value}" is not a host name or address (without port and without "://").'


def _address(value: str | int) -> str:
    if is_everywhere(str(value)):
        return "Give a name or address that one can connect to."
    return _host(value) if value else ""


def _url(value: str | int) -> str:
    fits = re.fullmatch(r"https?://(\[[0-9A-Fa-f:]+\]|[A-Za-z0-9.-]+)(:[0-9]{1,5})?", str(value)) or not value
    return "" if fits else "Give https:// and a host name, with a port if it is not the usual one, and no path."


def _issuer(value: str | int) -> str:
    # What it says decides who is let in, so it is asked over TLS; on this machine nobody is in between.
    safe = re.fullmatch(r"https://[^\s?#]+|http://(localhost|127\.0\.0\.1)(:[0-9]{1,5})?(/[^\s?#]*)?", str(value))
    return "" if safe or not value else "Give the provider's issuer address as it states it itself, with https://."


def _zone(value: str | int) -> str:
    return "" if time_zone.known(str(value)) else time_zone.unknown_sentence(str(value))


def _database(value: str | int) -> str:
    # The address may hold a password, so it is never repeated in a sentence.
    schemes = ("sqlite:///", "postgresql://", "postgresql+psycopg://")
    fits = not value or str(value).startswith(schemes)
    return "" if fits else 'Begin the address with "sqlite:///" or "postgresql://", or leave it empty for SQLite.'


_PORT = _whole(1, 65535)
_SECONDS = _whole(1, 86400)

SETTINGS = (
    Setting(("organisation",), None, _text(160), "The name on records and screens."),
    Setting(("time_zone",), "UTC", _zone, "For the office's own days; each order has its own zone."),
    Setting(("data",), "data", _text(1024), "The folder for database, objects, keys and the broker's files."),
    Setting(("database",), "", _database, "postgresql://... or sqlite:///...; empty: SQLite in the data folder."),
    Setting(("address",), "", _address, "The host name by which handhelds reach this gateway; empty: mqtt.host."),
    Setting(("mqtt", "broker"), EMBEDDED, _one_of(EMBEDDED, EXTERNAL), "embedded: the gateway starts mosquitto."),
    Setting(("mqtt", "host"), "127.0.0.1", _host, "Where the broker listens."),
    Setting(("mqtt", "port"), 8883, _PORT, "The broker's port."),
    Setting(("mqtt", "protection"), TLS, _one_of(TLS, IN_THE_OPEN), "How an external broker is reached; none: openly."),
    Setting(("mqtt", "ca_file"), "", _any_text, "The CA (PEM) of an external broker; empty: those of the system."),
    Setting(("mqtt", "password_file"), "", _any_text, "The file with our password at an external broker; empty: none."),
    Setting(("enrolment", "host"), "127.0.0.1", _host, "Where handhelds enrol (HTTPS): the address to listen on."),
    Setting(("enrolment", "port"), 8443, _PORT, "The port for that."),
    Setting(("http", "host"), "127.0.0.1", _host, "Where the API listens."),
    Setting(("http", "port"), 8080, _PORT, "The API's port."),
    Setting(("http", "url"), "", _url, "How browsers reach it, such as https://jobs.example.com; empty: any way."),
    Setting(("oidc", "issuer"), "", _issuer, "The identity provider that people sign in through; empty: none."),
    Setting(("oidc", "client_id"), "", _any_text, "What the provider calls this gateway."),
    Setting(("oidc", "client_secret_file"), "", _any_text, "The file with the secret that it gave; empty: none."),
    Setting(("oidc", "scope"), "openid profile email", _text(300), "What is asked of it; some need groups as well."),
    Setting(("oidc", "name_claim"), "preferred_username", _text(100), "The claim that names a new user here."),
    Setting(("oidc", "roles_claim"), "groups", _text(100), "The claim that the next four are looked for in."),
    Setting(("oidc", "viewer"), "", _any_text, "Who has this there is a viewer here; empty: nobody."),
    Setting(("oidc", "dispatcher"), "", _any_text, "The same for dispatchers."),
    Setting(("oidc", "approver"), "", _any_text, "The same for approvers."),
    Setting(("oidc", "billing"), "", _any_text, "The same for billing. Administrators are local users."),
    Setting(("oidc", "domain"), "", _any_text, "Only people with a verified e-mail address there; empty: any."),
    Setting(("billing", "price_list"), "", _any_text, "The price list file (CSV); empty: none yet."),
    Setting(("billing", "terms"), "STANDARD", _text(64), "The price list's id for orders that name no terms."),
    Setting(("billing", "release"), "auto", _one_of("auto"), "auto: a record is released once it is ready."),
    Setting(("limits", "quarantine_items_per_day"), 1000, _whole(0, 10**6), "Items kept for each link identity."),
    Setting(("limits", "quarantine_bytes_per_day"), 2**20, _whole(0, 2**30), "Bytes kept for each link identity."),
    Setting(("limits", "refusals_per_minute"), 1, _whole(0, 60), "Unsigned refusals sent to each link identity."),
    Setting(("limits", "free_space_low_water_bytes"), 2**28, _whole(2**20, 2**40), "Below this ingest stops."),
    Setting(("limits", "feed_page_items"), 500, _whole(1, 10_000), "The most that one page of the feed holds."),
    Setting(("intervals", "retry_after_s"), 30, _whole(1, 300), "What an overloaded gateway tells devices to wait."),
    Setting(("intervals", "reconnect_max_s"), 60, _whole(0, 300), "The longest wait before the broker is tried again."),
    Setting(("intervals", "long_poll_s"), 30, _whole(0, 300), "How long a feed request may wait for news."),
    Setting(("intervals", "wide_after_s"), 86400, _whole(60, 31_536_000), "A wider proven interval is an exception."),
    Setting(("intervals", "session_idle_s"), 3600, _whole(60, 86_400), "An unused session of a browser ends."),
    Setting(("intervals", "session_life_s"), 43_200, _whole(300, 604_800), "Any session of a browser ends."),
)
_BY_PATH = {setting.path: setting for setting in SETTINGS}


def parse_settings(data: bytes, file: str, folder: PurePath) -> tuple[Settings | None, list[Problem]]:
    """The settings in ``data``, or None and every mistake. ``folder`` is where relative paths start."""
    text, problems = decode(data, file)
    document, more = read_toml(text, file)
    problems += more
    if document is None:
        return None, in_order(problems)
    problems += _unknown_keys(document, file)
    values: dict[tuple[str, ...], str | int] = {}
    for setting in SETTINGS:
        value, wrong = _value(setting, document)
        if wrong:
            line, column = document.place(setting.path) if wrong[0] != "missing_value" else (None, None)
            problems.append(Problem(file, line, column, *wrong, path_text(setting.path)))
        values[setting.path] = value
    problems += _missing_beside(values, document, file)
    return (None if problems else _settings(values, folder)), in_order(problems)


def template(given: Mapping[tuple[str, ...], str | int] = MappingProxyType({})) -> str:
    """A configuration file with every key explained, at the value ``given`` for its path or else its default; what
    must be given and is not is empty. Nothing is checked here: that is for who parses it."""
    lines = ["# Jobseal gateway. Every key may be left out, except those that are empty here."]
    section = ""
    for setting in SETTINGS:
        if len(setting.path) > 1 and setting.path[0] != section:
            section = setting.path[0]
            lines += ["", f"[{section}]"]
        value = given.get(setting.path, "" if setting.default is None else setting.default)
        # A JSON text without escapes for what is beyond ASCII is a TOML basic string.
        shown = str(value) if isinstance(value, int) else json.dumps(value, ensure_ascii=False)
        lines += [f"# {setting.meaning}", f"{setting.path[-1]} = {shown}"]
    return "\n".join(lines) + "\n"


def _unknown_keys(document: TomlDocument, file: str) -> list[Problem]:
    problems: list[Problem] = []

    def unknown(path: Path, among: list[str]) -> None:
        sentence = f"There is no such setting; these are: {', '.join(among)}."
        problems.append(Problem(file, *document.place(path), "unknown_key", sentence, path_text(path)))

    for key, value in document.data.items():
        if key in _SECTIONS:
            if not isinstance(value, dict):
                sentence = f"This is a table; write [{key}] and its keys below it."
                problems.append(Problem(file, *document.place((key,)), "bad_type", sentence, key))
                continue
            for inner in value:
                if (key, inner) not in _BY_PATH:
                    unknown((key, inner), [path[1] for path in _BY_PATH if path[0] == key and len(path) > 1])
        elif (key,) not in _BY_PATH:
            unknown((key,), [path[0] for path in _BY_PATH if len(path) == 1] + [f"[{name}]" for name in _SECTIONS])
    return problems


def _value(setting: Setting, document: TomlDocument) -> tuple[str | int, tuple[str, str] | None]:
    """The value, its default included, and (code, sentence) if it cannot be used."""
    found: object = document.data
    for key in setting.path:
        found = found.get(key) if isinstance(found, dict) else None
    if found is None:
        if setting.default is None:
            return "", ("missing_value", f"This must be given: {setting.meaning}")
        return setting.default, None
    wanted = int if isinstance(setting.default, int) else str
    if not isinstance(found, wanted) or isinstance(found, bool):
        what = "a whole number" if wanted is int else "a text in quotes"
        return "", ("bad_type", f"Give {what}.")
    sentence = setting.check(found)
    return found, ("bad_value", sentence) if sentence else None


def _missing_beside(values: Mapping[tuple[str, ...], str | int], document: TomlDocument, file: str) -> list[Problem]:
    """What must be given because something else is."""
    issuer = ("oidc", "issuer")
    if not values[issuer]:
        return []
    sentence = "This must be given too, because oidc.issuer is: {}"
    return [
        Problem(
            file, *document.place(issuer), "missing_value", sentence.format(_BY_PATH[path].meaning), path_text(path)
        )
        for path in (("oidc", "client_id"), ("http", "url"))
        if not values[path]
    ]


_FILES = (("billing", "price_list"), ("oidc", "client_secret_file"), ("mqtt", "ca_file"), ("mqtt", "password_file"))


def _settings(values: dict[tuple[str, ...], str | int], folder: PurePath) -> Settings:
    data = folder / str(values[("data",)])
    files = {path: values[path] for path in _FILES}
    values = {
        **values,
        ("data",): str(data),
        ("database",): values[("database",)] or f"sqlite:///{data / DATABASE_FILE}",
        **{path: str(folder / str(named)) if named else "" for path, named in files.items()},
    }
    sections: dict[str, Any] = {
        name: section(**{path[1]: value for path, value in values.items() if path[0] == name})
        for name, section in _SECTIONS.items()
    }
    top: dict[str, Any] = {path[0]: value for path, value in values.items() if len(path) == 1}
    return Settings(**top, **sections)
