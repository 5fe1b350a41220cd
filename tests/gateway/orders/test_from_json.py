"""Work orders from JSON: the same names and rules as CSV; mistakes are named by line, column and path."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobseal_gateway.orders import Mapping, WorkOrder, parse_csv, parse_json
from jobseal_gateway.orders.columns import COLUMNS

GOOD: dict[str, Any] = {
    "id": "W-1",
    "customer": "C-7",
    "currency": "EUR",
    "time_zone": "Europe/Vienna",
    "tasks": ["INSPECT"],
}
ORDER = WorkOrder(id="W-1", customer="C-7", currency="EUR", time_zone="Europe/Vienna", tasks=("INSPECT",))


@pytest.mark.parametrize(
    "data", [[GOOD], {"orders": [GOOD]}, [{**GOOD, "site": None, "technicians": [], "parent": ""}]]
)
def test_a_list_or_an_object_with_orders_is_read(data: object) -> None:
    assert parse_json(json.dumps(data).encode()) == ([ORDER], [])


def test_lists_references_and_revision_have_json_types() -> None:
    more = {
        "revision": 2,
        "technicians": ["t-1", "t-2"],
        "external_references": {"sap": "1", "crm": "a=b"},
        "required_evidence": ["photo"],
        "window_start": "2026-03-05T07:00Z",
    }
    [order], problems = parse_json(json.dumps([{**GOOD, **more}]).encode())
    assert problems == []
    assert (order.revision, order.technicians, order.required_evidence) == (2, ("t-1", "t-2"), ("photo",))
    assert order.external_references == (("crm", "a=b"), ("sap", "1"))
    assert order.window_start == 1_772_694_000_000


@pytest.mark.parametrize(("said", "read"), [(True, True), (False, False), ("yes", True), ("no", False), (None, None)])
def test_a_flag_is_true_or_false_or_the_word(said: object, read: bool | None) -> None:
    [order], problems = parse_json(json.dumps([{**GOOD, "po_required": said}]).encode())
    assert (order.po_required, problems) == (read, [])


def test_every_mistake_is_named_at_once_and_good_neighbours_are_kept() -> None:
    text = """[
  {"id": "W-1", "customer": "C-7", "currency": "EUR", "time_zone": "Europe/Vienna", "tasks": ["INSPECT"]},
  {"id": "W-1", "customer": 7, "time_zone": "CET+1",
   "tasks": "INSPECT", "revision": "2", "shoe size": 44,
   "external_references": {"sap": 1},
   "technicians": ["a", 5]},
  17
]"""
    orders, problems = parse_json(text.encode())
    assert orders == [ORDER]
    assert [(each.line, each.column, each.name, each.code) for each in problems] == [
        (3, 3, "[1]", "missing_value"),
        (3, 10, "[1].id", "duplicate_id"),
        (3, 29, "[1].customer", "bad_type"),
        (3, 45, "[1].time_zone", "unknown_time_zone"),
        (4, 13, "[1].tasks", "bad_type"),
        (4, 54, "[1].shoe size", "unknown_column"),
        (5, 35, "[1].external_references.sap", "bad_type"),
        (6, 25, "[1].technicians[1]", "bad_type"),
        (7, 3, "[2]", "bad_type"),
    ]


def test_a_key_that_is_there_twice_spoils_the_file_because_nobody_knows_which_is_meant() -> None:
    text = json.dumps([GOOD]).replace('"id": "W-1"', '"id": "W-0", "id": "W-1"')
    orders, [problem] = parse_json(text.encode())
    assert (orders, problem.code, problem.name) == ([], "duplicate_key", "[0].id")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty_file"),
        (b"[]", "empty_file"),
        (b"{", "json_syntax"),
        (b"17", "bad_type"),
        (b'{"orders": {}}', "bad_type"),
        (b'[{"id": "\\ud800"}]', "control_character"),
        ("[]".encode("utf-16"), "wrong_encoding"),
    ],
)
def test_a_file_that_holds_no_orders_says_why(data: bytes, code: str) -> None:
    orders, problems = parse_json(data)
    assert orders == []
    assert code in [each.code for each in problems]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*COLUMNS, "x"]), inner, max_size=6),
    max_leaves=20,
)


@given(st.binary(max_size=100) | JSON.map(lambda value: json.dumps(value).encode()))
def test_whatever_the_bytes_there_are_orders_or_problems(data: bytes) -> None:
    for each in (data, b"[" + json.dumps(GOOD).encode() + b"," + data + b"]"):
        orders, problems = parse_json(each)
        assert orders or problems


@pytest.mark.parametrize("value", [True, 1.5, "2", [2]])
def test_a_revision_is_a_number_and_nothing_that_looks_like_one(value: object) -> None:
    orders, problems = parse_json(json.dumps([{**GOOD, "revision": value}]).encode())
    assert orders == [] or value == "2"
    assert [each.name for each in problems] == ([] if value == "2" else ["[0].revision"])


def test_the_mapping_applies_to_json_as_it_does_to_csv() -> None:
    mapping = Mapping(
        columns={"No": "id"}, values={"tasks": {"I": "INSPECT"}}, defaults={"currency": "EUR", "time_zone": "UTC"}
    )
    from_json = parse_json(b'[{"No": "1", "customer": "C", "tasks": ["I"]}]', mapping)
    assert from_json == parse_csv(b"No,customer,tasks\n1,C,I\n", mapping)
    assert from_json[1] == []
