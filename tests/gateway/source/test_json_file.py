"""Every value of a JSON document is found where it stands."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobseal_gateway.source.json_file import JsonDocument, read_json
from jobseal_gateway.source.place import Path


def document(text: str) -> JsonDocument:
    found, problems = read_json(text, "f")
    assert problems == []
    assert found is not None
    return found


def test_values_know_their_line_and_column() -> None:
    found = document('{\n  "orders": [\n    {"id": "a", "tasks": []},\n    {"id": "b{,"}\n  ]\n}\n')
    assert found.place(()) == (1, 1)
    assert found.place(("orders", 0, "tasks")) == (3, 26)
    assert found.place(("orders", 1)) == (4, 5)
    assert found.place(("orders", 1, "id")) == (4, 12)


def test_a_value_that_is_not_there_is_where_its_parent_is() -> None:
    assert document('[\n{"id": 1}]').place((0, "customer")) == (2, 1)


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ('[\n  {"id": "a",}\n]', 2, 14),
        ("[1,\n 2", 2, 3),
        ('[\n NaN, "NaN"]', 2, 2),
        ('["9", \n 9999999999999999M]', 2, 2),
        ("[-Infinity5]", 1, 2),
        ('["1234567890123456",\n 1234567890123456]', 2, 2),
        ('["a\nb"]', 1, 4),
    ],
)
def test_a_syntax_error_is_named_at_its_place(text: str, line: int, column: int) -> None:
    found, [problem] = read_json(text, "f")
    assert found is None
    assert (problem.line, problem.column, problem.code) == (line, column, "json_syntax")


def test_a_name_that_is_there_twice_is_a_problem_at_its_second_place() -> None:
    _, [problem] = read_json('[{"id": "a",\n  "id": "b"}]', "f")
    assert (problem.line, problem.column, problem.code, problem.name) == (2, 3, "duplicate_key", "[0].id")


def test_nesting_without_end_is_a_problem_and_not_a_crash() -> None:
    found, [problem] = read_json("[" * 100_000, "f")
    assert found is None
    assert problem.code == "json_syntax"


KEY = st.text(max_size=4)
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**14), 10**14) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEY, inner, max_size=4),
    max_leaves=12,
)


def paths(value: Any, path: Path = ()) -> list[tuple[Path, Any]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [(path, value), *(found for key, each in inner for found in paths(each, (*path, key)))]


@given(VALUE, st.sampled_from([None, 1, "\t"]))
def test_parsing_again_from_any_place_gives_that_value(value: Any, indent: int | str | None) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    found = document(text)
    assert found.data == value
    lines = text.split("\n")
    for path, expected in paths(value):
        line, column = found.places[path]
        offset = sum(len(each) + 1 for each in lines[: line - 1]) + column - 1
        assert json.JSONDecoder().raw_decode(text, offset)[0] == expected
