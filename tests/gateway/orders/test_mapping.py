"""A mapping file is read as a whole, and every mistake in it is named at its line and column."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobseal_gateway.orders import PLAIN, Mapping, parse_mapping

COMPLETE = """
encoding = "cp1252"
separator = ";"
list_separator = ","
time_formats = ["%d.%m.%Y %H:%M"]
ignore = ["Internal note"]
[columns]
"Auftrag" = "id"
[values.required_evidence]
"Foto" = "photo"
[defaults]
currency = "EUR"
"""


def as_toml(pairs: list[tuple[str, str]]) -> bytes:
    return "\n".join(f"{key} = {value}" for key, value in pairs).encode()


def test_a_complete_mapping_is_read() -> None:
    mapping, problems = parse_mapping(COMPLETE.encode(), "mapping.toml")
    assert problems == []
    assert mapping == Mapping(
        encoding="cp1252",
        separator=";",
        list_separator=",",
        time_formats=("%d.%m.%Y %H:%M",),
        ignore=frozenset({"Internal note"}),
        columns={"Auftrag": "id"},
        values={"required_evidence": {"Foto": "photo"}},
        defaults={"currency": "EUR"},
    )


def test_an_empty_mapping_changes_nothing() -> None:
    assert parse_mapping(b"", "mapping.toml") == (PLAIN, [])


def test_every_mistake_is_named_at_once() -> None:
    text = """encodign = "utf-8"
separator = ":"
list_separator = "ab"
time_formats = ["%d.%m.%Y", 5]
[columns]
"A" = "id"
"B" = "id"
"C" = "customr"
"D" = 5
[values]
currency = "EUR"
[values.nothing]
[defaults]
currency = "EURO"
id = "1"
window_start = "2026-03-05T08:00"
"""
    mapping, problems = parse_mapping(text.encode(), "mapping.toml")
    assert mapping is None
    found = [(each.line, each.column, each.name, each.code) for each in sorted(problems, key=lambda p: p.line or 0)]
    assert found == [
        (1, 1, "encodign", "unknown_key"),
        (2, 1, "separator", "bad_value"),
        (3, 1, "list_separator", "bad_value"),
        (4, 29, "time_formats[1]", "bad_type"),
        (4, 17, "time_formats[0]", "bad_time_format"),
        (7, 1, "columns.B", "duplicate_column"),
        (8, 1, "columns.C", "unknown_column"),
        (9, 1, "columns.D", "bad_type"),
        (11, 1, "values.currency", "bad_type"),
        (12, 1, "values.nothing", "unknown_column"),
        (14, 1, "defaults.currency", "unknown_currency"),
        (15, 1, "defaults.id", "bad_value"),
        (16, 1, "defaults.window_start", "bad_value"),
    ]


@pytest.mark.parametrize(
    ("text", "name"),
    [("ignore = 1", "ignore"), ("columns = 1", "columns"), ("values = 1", "values"), ("defaults = []", "defaults")],
)
def test_a_value_of_the_wrong_type_is_named(text: str, name: str) -> None:
    mapping, [problem] = parse_mapping(text.encode(), "mapping.toml")
    assert mapping is None
    assert (problem.line, problem.column, problem.name, problem.code) == (1, 1, name, "bad_type")


VALUES = st.sampled_from(["1", '"x"', '["a", 1]', "{a = 1}", '{a = "id"}', '{currency = {x = "y"}}'])
KEYS = st.sampled_from(["encoding", "ignore", "time_formats", "columns", "values", "defaults", "values.tasks", "x"])


@given(st.binary(max_size=100) | st.lists(st.tuples(KEYS, VALUES)).map(as_toml))
def test_whatever_the_bytes_there_is_a_mapping_or_a_problem(data: bytes) -> None:
    mapping, problems = parse_mapping(data, "mapping.toml")
    assert (mapping is None) == bool(problems)


def test_what_is_not_toml_is_named_at_its_place() -> None:
    mapping, [problem] = parse_mapping(b'ignore = ["a"\nx', "mapping.toml")
    assert mapping is None
    assert problem.code == "toml_syntax"
    assert problem.line == 2


def test_a_default_is_translated_like_a_cell_before_it_is_judged() -> None:
    text = '[values.currency]\n"Euro" = "EUR"\n[defaults]\ncurrency = "Euro"\n'
    mapping, problems = parse_mapping(text.encode(), "mapping.toml")
    assert problems == []
    assert mapping is not None


def test_a_time_format_that_says_something_twice_is_a_mistake_and_no_crash() -> None:
    mapping, problems = parse_mapping(b'time_formats = ["%d.%m.%Y %H:%M %d"]\n', "mapping.toml")
    assert mapping is None
    assert [(each.line, each.column, each.code) for each in problems] == [(1, 17, "bad_time_format")]
