"""Every key of a TOML document is found where it stands."""

import tomllib

import pytest

from jobseal_gateway.source.place import Path
from jobseal_gateway.source.toml_file import TomlDocument, read_toml

TEXT = '''# comment = "no key"
title = "a # b"
multi = """
[not.a.table]
x = 1 \\""" """
"quoted key" = 'x'   # "y" = 1

[mqtt]
host = "h"
  port = 1883
tls.key = "k"

[values.currency]
"€" = "EUR"

[[device]]
id = "one"
tags = ["a", "b[],", # comment ]
  "c", {x = 1, y = [2]}]
[device.link]
up = true
[[device]]
id = "two"
'''


def document(text: str) -> TomlDocument:
    found, problems = read_toml(text, "f")
    assert problems == []
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("path", "line", "column"),
    [
        (("title",), 2, 1),
        (("multi",), 3, 1),
        (("quoted key",), 6, 1),
        (("mqtt",), 8, 1),
        (("mqtt", "port"), 10, 3),
        (("mqtt", "tls"), 11, 1),
        (("mqtt", "tls", "key"), 11, 1),
        (("values", "currency", "€"), 14, 1),
        (("device", 0, "tags", 1), 18, 14),
        (("device", 0, "tags", 2), 19, 3),
        (("device", 0, "tags", 3, "y", 0), 19, 21),
        (("device", 0, "link", "up"), 21, 1),
        (("device", 1), 22, 1),
        (("device", 1, "id"), 23, 1),
        (("mqtt", "absent"), 8, 1),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_keys_know_their_line_and_column(path: Path, line: int, column: int, end: str) -> None:
    assert document(TEXT.replace("\n", end)).place(path) == (line, column)


def test_every_value_has_a_place_and_every_place_a_value() -> None:
    found = document(TEXT)
    assert found.data == tomllib.loads(TEXT)

    def walk(value: object, path: Path) -> set[Path]:
        inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        return {path}.union(*(walk(each, (*path, key)) for key, each in inner))

    assert set(found.places) == walk(found.data, ()) - {()}


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [("a = 1\nb = \n", 2, 5), ("a = 1\na = 2\n", 2, 6), ("a = [1,\n", 2, 1), ("a\n", 1, 2)],
)
def test_a_syntax_error_is_named_at_its_place(text: str, line: int, column: int) -> None:
    found, [problem] = read_toml(text, "f")
    assert found is None
    assert (problem.line, problem.column, problem.code) == (line, column, "toml_syntax")


def test_a_number_that_python_makes_no_integer_of_is_a_mistake_at_its_place() -> None:
    found, [problem] = read_toml("a = 1\nb = " + "9" * 4_301 + "\n", "f")
    assert found is None
    assert (problem.line, problem.column, problem.code) == (2, 5, "toml_syntax")
