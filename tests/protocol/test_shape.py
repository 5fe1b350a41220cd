"""Shapes: each says what it takes, what is wrong otherwise and where, and what it is in CDDL."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobseal import shape
from jobseal.errors import JobsealError
from jobseal.shape import Array, Bytes, DeviceName, Either, Integer, Map, OneOf, Row, Text, may, must, optional

DECIMAL_PATTERN = re.compile(r"-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,9})?")
A_MAP = Map(must(1, "name", Text(1, 4)), may(2, "of", Row(("count", shape.UINT), ("digest", shape.HASH))))


@given(st.text("-0123456789.e+ \u0661", max_size=28) | st.from_regex(DECIMAL_PATTERN, fullmatch=True))
def test_a_decimal_is_what_the_stated_pattern_takes_but_for_minus_zero(text: str) -> None:
    fits = DECIMAL_PATTERN.fullmatch(text) is not None and not re.fullmatch(r"-0(\.0+)?", text)
    assert shape.is_decimal(text) is fits
    assert bool(shape.DECIMAL.problem(text)) is not fits


@given(st.text(max_size=6))
def test_a_text_has_no_control_characters(text: str) -> None:
    fits = 1 <= len(text) <= 4 and not re.search(r"[\x00-\x1f\x7f-\x9f]", text)
    assert (Text(1, 4).problem(text) == "") is fits


@given(st.text("abcZ09._-/+#$ \x00\u00e9", max_size=5) | st.sampled_from(["gateway", "Gateway", "x" * 64, "x" * 65]))
def test_a_device_name_is_one_harmless_topic_level(name: str) -> None:
    fits = re.fullmatch(r"[A-Za-z0-9._-]{1,64}", name) is not None and name != "gateway"
    assert (DeviceName().problem(name) == "") is fits


@pytest.mark.parametrize(
    ("of", "good", "bad"),
    [
        (Integer(-1, 5), [-1, 0, 5], [-2, 6, True, "1", None, 1.0]),
        (Bytes(2, 3), [b"ab", b"abc"], [b"a", b"abcd", "ab", bytearray(b"ab"), None]),
        (Text(1, 2), ["a", "\u00e9\u00e9"], ["", "abc", b"a", 1, None]),
        (OneOf("van", "site"), ["van"], ["Van", "", b"van", None, ["van"]]),
        (shape.BOOL, [True, False], [0, 1, None, "true"]),
        (shape.NULL, [None], [0, False, ""]),
        (optional(Integer(0, 1)), [None, 0, 1], [2, False, ""]),
        (Either(Text(1, 2), Integer(0, 1)), ["a", 1], [2, b"a", None, True]),
        (Array(Integer(0, 1), 1, 2), [[0], [0, 1]], [[], [0, 1, 0], [2], (0,), None, {}]),
        (Row(("a", Integer(0, 1)), ("b", Text(1, 1))), [[0, "x"]], [[0], [0, "x", 0], ["x", 0], (0, "x")]),
        (shape.AnyMap(), [{}, {1: 2}], [[], None, "{}"]),
        (A_MAP, [{1: "a"}, {1: "a", 2: [0, bytes(32)]}],
         [{}, {2: [0, bytes(32)]}, {1: ""}, {1: "a", 2: None}, {1: "a", 3: 0}, {"1": "a"}, {1: "a", "name": "a"}, []]),
    ],
)  # fmt: skip
def test_a_shape_takes_exactly_what_it_says(of: Any, good: list[Any], bad: list[Any]) -> None:
    for value in good:
        assert of.problem(value) == ""
    for value in bad:
        assert of.problem(value), value
    assert of.cddl()


def test_the_problem_says_where_it_is() -> None:
    assert A_MAP.problem({1: "a", 2: [0, b"short"]}) == "of digest is not a byte string of 32 to 32 bytes"
    assert Array(Integer(0, 1), 0, 3).problem([0, 1, 7]) == "[2] is not an integer from 0 to 1"
    assert A_MAP.problem({}) == "has no name"
    assert A_MAP.problem({1: "a", 9: 0}) == "has an unknown field 9"


def test_names_and_numbers_say_the_same() -> None:
    named = {"name": "a", "of": [1, bytes(32)]}
    assert A_MAP.named(A_MAP.keyed(named)) == named
    assert A_MAP.keyed({"name": "a", "of": None}) == {1: "a"}
    with pytest.raises(JobsealError) as caught:
        A_MAP.keyed({"nam": "a"})
    assert (caught.value.code, caught.value.fault) == ("unknown_field", "ours")


def test_cddl_counts_characters_and_not_bytes_where_the_check_does() -> None:
    pattern = re.fullmatch(r'tstr \.regexp "(.*)"', Text(1, 4).cddl())
    assert pattern is not None
    assert pattern[1] == r"[^\\p{Cc}]{1,4}"
    assert Text(1, 4).problem("\u00e9" * 4) == ""
    assert A_MAP.cddl().splitlines()[1] == f"  1: {Text(1, 4).cddl()}, ; name"
