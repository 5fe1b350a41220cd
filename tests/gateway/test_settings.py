"""The configuration is read whole or not at all, and every mistake is named at its line and column."""

from dataclasses import fields
from pathlib import PurePath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobseal_gateway.problem import Problem
from jobseal_gateway.settings import SETTINGS, Settings, parse_settings, template

FOLDER = PurePath("/etc/jobseal")
LEAST = 'organisation = "Muster Service"\n'


def read(text: str) -> Settings:
    settings, problems = parse_settings(text.encode(), "gateway.toml", FOLDER)
    assert problems == []
    assert settings is not None
    return settings


def refused(text: str) -> list[Problem]:
    settings, problems = parse_settings(text.encode(), "gateway.toml", FOLDER)
    assert settings is None
    return problems


def as_toml(pairs: list[tuple[str, str]]) -> bytes:
    return "\n".join(key if key.startswith("[") else f"{key} = {value}" for key, value in pairs).encode()


def test_only_the_organisation_must_be_given() -> None:
    settings = read(LEAST)
    assert settings.organisation == "Muster Service"
    assert (settings.mqtt.broker, settings.mqtt.port, settings.http.host) == ("embedded", 8883, "127.0.0.1")
    assert settings.billing.release == "auto"
    assert [each.name for each in refused("")] == ["organisation"]


def test_paths_start_at_the_files_folder_unless_they_are_absolute() -> None:
    settings = read(LEAST + 'data = "var"\n[billing]\nprice_list = "prices/2026.csv"\n')
    assert settings.data == "/etc/jobseal/var"
    assert settings.database == "sqlite:////etc/jobseal/var/gateway.db"
    assert settings.billing.price_list == "/etc/jobseal/prices/2026.csv"
    assert read(LEAST + 'data = "/srv/jobseal"\n').data == "/srv/jobseal"
    assert read(LEAST).billing.price_list == ""


def test_every_value_that_is_given_is_taken() -> None:
    text = LEAST + (
        'time_zone = "Europe/Vienna"\ndatabase = "postgresql://jobseal@db/jobseal"\n'
        '[mqtt]\nbroker = "external"\nhost = "mqtt.example"\nport = 8883\n'
        '[http]\nhost = "::1"\nport = 80\n[billing]\nterms = "PREMIUM"\n'
        "[limits]\nquarantine_items_per_day = 7\n[intervals]\nretry_after_s = 300\n"
    )
    settings = read(text)
    assert (settings.time_zone, settings.database) == ("Europe/Vienna", "postgresql://jobseal@db/jobseal")
    assert (settings.mqtt.broker, settings.mqtt.host, settings.mqtt.port) == ("external", "mqtt.example", 8883)
    assert (settings.http.host, settings.http.port, settings.billing.terms) == ("::1", 80, "PREMIUM")
    assert (settings.limits.quarantine_items_per_day, settings.intervals.retry_after_s) == (7, 300)


def test_every_mistake_is_named_at_once_with_line_and_column() -> None:
    text = """time_zone = "Europe/Wien"
databse = "x"
data = 5
[mqtt]
  port = 70000
  host = "mqtt://x"
  broker = "mosquito"
[http]
port = "80"
retries = 1
[limits]
refusals_per_minute = true
[interval]
"""
    found = [(each.line, each.column, each.name, each.code) for each in refused(text)]
    assert found == [
        (None, None, "organisation", "missing_value"),
        (1, 1, "time_zone", "bad_value"),
        (2, 1, "databse", "unknown_key"),
        (3, 1, "data", "bad_type"),
        (5, 3, "mqtt.port", "bad_value"),
        (6, 3, "mqtt.host", "bad_value"),
        (7, 3, "mqtt.broker", "bad_value"),
        (9, 1, "http.port", "bad_type"),
        (10, 1, "http.retries", "unknown_key"),
        (12, 1, "limits.refusals_per_minute", "bad_type"),
        (13, 1, "interval", "unknown_key"),
    ]


def test_a_section_that_is_no_table_is_named() -> None:
    [problem] = refused(LEAST + "mqtt = 1883\n")
    assert (problem.line, problem.column, problem.name, problem.code) == (2, 1, "mqtt", "bad_type")


@pytest.mark.parametrize(("text", "line", "column"), [("a = \n", 1, 5), (LEAST + LEAST, 2, 32), ("[mqtt\n", 1, 6)])
def test_what_is_not_toml_is_named_at_its_place(text: str, line: int, column: int) -> None:
    [problem] = refused(text)
    assert (problem.line, problem.column, problem.code) == (line, column, "toml_syntax")


def test_a_password_in_a_bad_database_address_is_not_repeated() -> None:
    [problem] = refused(LEAST + 'database = "mysql://me:hunter2@db"\n')
    assert problem.code == "bad_value"
    assert "hunter2" not in str(problem)


VALUES = st.sampled_from(["1", "true", '"x"', "[1]", "{a = 1}", "1.5", "1979-05-27"])
KEYS = st.sampled_from(["organisation", "mqtt", "mqtt.port", "[mqtt]", "port", "x.y", "[[limits]]", "[x]", '""'])


@given(st.binary(max_size=100) | st.lists(st.tuples(KEYS, VALUES)).map(as_toml))
def test_whatever_the_bytes_there_are_settings_or_problems(data: bytes) -> None:
    settings, problems = parse_settings(data, "gateway.toml", FOLDER)
    assert (settings is None) == bool(problems)


NUMBERS = [each.path for each in SETTINGS if isinstance(each.default, int)]


@pytest.mark.parametrize(("section", "name"), NUMBERS)
@pytest.mark.parametrize("value", [-1, 2**53])
def test_every_number_has_bounds(section: str, name: str, value: int) -> None:
    [problem] = refused(f"{LEAST}[{section}]\n{name} = {value}\n")
    assert (problem.line, problem.name, problem.code) == (3, f"{section}.{name}", "bad_value")


def test_the_template_is_the_defaults_and_names_what_must_be_filled_in() -> None:
    assert [each.name for each in refused(template())] == ["organisation"]
    assert read(template().replace('organisation = ""', LEAST.strip())) == read(LEAST)


def test_every_setting_is_a_field_and_every_field_a_setting() -> None:
    settings = read(LEAST)
    leaves: set[tuple[str, ...]] = set()
    for field in fields(settings):
        value = getattr(settings, field.name)
        inner = getattr(value, "__dataclass_fields__", None)
        leaves |= {(field.name, name) for name in inner} if inner else {(field.name,)}
    assert leaves == {setting.path for setting in SETTINGS}
