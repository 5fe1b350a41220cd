"""Catalogue files: good rows become entries, every mistake is named at its place, and what goes out comes back."""

import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobseal import cbor
from jobseal.limits import CATALOGUE_MAX, DOCUMENT_MAX_BYTES
from jobseal_device.ui.catalogue import Catalogue, Item
from jobseal_gateway.catalogue import Entry, TooLarge, documents, entries, parse
from jobseal_gateway.catalogue.columns import COLUMNS, KINDS
from jobseal_gateway.orders.junk import junk
from jobseal_gateway.problem import Problem

FULL = b"""kind,code,name,unit,serial,safety,task,answer,low,high,mandatory,version,of
,P-1,Filter,pc,no,,,,,,,,
part,P-2,Pump,,yes,,,,,,,,
task,INSPECT,Inspection,,,POWER|HEIGHT,,,,,,,
checklist,leaks,Any leaks?,,,,INSPECT,,,,yes,,
checklist,pressure,Pressure in bar,,,,INSPECT,number,1.5,8,no,,
safety,POWER,Switch off and lock,,,,,,,,,3,
safety,HEIGHT,Use a harness,,,,,,,,,,
reading,T,Temperature,C,,,,,-20,90,,,
expense,PARKING,Parking,,,,,,,,,,
reason,no-access,Nobody opened,,,,,,,,,,cancel
"""


def one_row(**cells: str) -> list[Problem]:
    """What is wrong with a catalogue of one entry with these cells on top of a code; columns are sorted."""
    row = {"code": "X-1", **cells}
    names = sorted(row)
    quoted = ('"' + row[name].replace('"', '""') + '"' for name in names)
    found, problems = parse([("parts.csv", (",".join(names) + "\n" + ",".join(quoted) + "\n").encode())])
    assert bool(found) != bool(problems)
    for problem in problems:
        assert problem.column is None or names[problem.column - 1] == problem.name
        assert problem.sentence.endswith(".")
    return problems


def test_every_kind_of_entry_ends_where_the_handheld_looks_for_it() -> None:
    found, problems = parse([("all.csv", FULL)])
    assert problems == []
    [page] = documents(found)
    catalogue = Catalogue(cbor.decode(page, DOCUMENT_MAX_BYTES))
    assert [catalogue.name("parts", code) for code in catalogue.codes("parts")] == ["Filter", "Pump"]
    assert (catalogue.unit("parts", "P-1"), catalogue.wants_serial("P-1"), catalogue.wants_serial("P-2")) == (
        "pc",
        False,
        True,
    )
    assert catalogue.checklist(["INSPECT"]) == [
        Item("leaks", "Any leaks?", is_mandatory=True),
        Item("pressure", "Pressure in bar", "number", Decimal("1.5"), Decimal(8)),
    ]
    assert catalogue.safety(["INSPECT"]) == [
        ("POWER", "Switch off and lock", 3),
        ("HEIGHT", "Use a harness", None),
    ]
    assert (catalogue.limits("T").low, catalogue.limits("T").high) == (Decimal(-20), Decimal(90))
    assert catalogue.name("expenses", "PARKING") == "Parking"
    assert catalogue.reasons("cancel") == {"no-access": "Nobody opened"}
    assert not catalogue.knows("parts", "P-3")


def test_json_says_the_same_as_csv() -> None:
    rows = [
        {"code": "P-1", "name": "Filter", "unit": "pc", "serial": False},
        {"kind": "part", "code": "P-2", "name": "Pump", "serial": True, "unit": None},
        {"kind": "task", "code": "INSPECT", "name": "Inspection", "safety": ["POWER", "HEIGHT"]},
        {"kind": "checklist", "code": "leaks", "name": "Any leaks?", "task": "INSPECT", "mandatory": True},
        {
            "kind": "checklist",
            "code": "pressure",
            "name": "Pressure in bar",
            "task": "INSPECT",
            "answer": "number",
            "low": "1.5",
            "high": "8",
            "mandatory": "no",
        },
        {"kind": "safety", "code": "POWER", "name": "Switch off and lock", "version": 3},
        {"kind": "safety", "code": "HEIGHT", "name": "Use a harness"},
        {"kind": "reading", "code": "T", "name": "Temperature", "unit": "C", "low": "-20", "high": "90"},
        {"kind": "expense", "code": "PARKING", "name": "Parking"},
        {"kind": "reason", "code": "no-access", "name": "Nobody opened", "of": "cancel"},
    ]
    for data in (rows, {"catalogue": rows}):
        assert parse([("all.json", json.dumps(data).encode())]) == parse([("all.csv", FULL)])


def test_a_plain_parts_list_needs_no_kind_and_may_come_from_a_spreadsheet() -> None:
    found, problems = parse([("parts.csv", "\ufeffcode;name;unit\r\nP-1;Dübel 8 mm;Stk\r\n".encode())])
    assert problems == []
    assert found == [Entry("part", "P-1", "", (("name", "Dübel 8 mm"), ("unit", "Stk")))]


def test_several_files_are_one_catalogue() -> None:
    tasks = b"kind,code,name,safety\ntask,FIT,Fitting,POWER\n"
    rules = b'[{"kind": "safety", "code": "POWER", "name": "Switch off"}]'
    found, problems = parse([("tasks.csv", tasks), ("rules.json", rules)])
    assert (len(found), problems) == (2, [])
    _, [problem] = parse([("tasks.csv", tasks)])
    assert (problem.code, problem.line, problem.column, problem.name) == ("unknown_safety", 2, 4, "safety")
    _, [twice] = parse([("a.csv", b"code\nP-1\n"), ("b.csv", b"code\nP-2\nP-1\n")])
    assert (twice.file, twice.line, twice.code) == ("b.csv", 3, "duplicate_code")
    assert "line 2 of a.csv" in twice.sentence


@pytest.mark.parametrize(
    ("cells", "name", "code"),
    [
        ({"code": "C" * 65}, "code", "too_long"),
        ({"code": "a\tb"}, "code", "control_character"),
        ({"code": "1.2E+12"}, "code", "spreadsheet_number"),
        ({"name": "=1+1"}, "name", "formula"),
        ({"name": "N" * 161}, "name", "too_long"),
        ({"unit": "U" * 17}, "unit", "too_long"),
        ({"serial": "true"}, "serial", "bad_flag"),
        ({"kind": "tool"}, "kind", "unknown_word"),
        ({"low": "1"}, "low", "not_of_kind"),
        ({"kind": "reading", "low": "1,5"}, "low", "bad_decimal"),
        ({"kind": "reading", "low": "1e3"}, "low", "bad_decimal"),
        ({"kind": "reading", "low": "2", "high": "1"}, "high", "bad_limits"),
        ({"kind": "safety", "name": "s", "version": "-1"}, "version", "bad_number"),
        ({"kind": "safety", "name": "s", "version": "1.0"}, "version", "bad_number"),
        ({"kind": "safety"}, "", "missing_value"),
        ({"kind": "reason", "name": "r", "of": "lunch"}, "of", "unknown_word"),
        ({"kind": "task", "safety": "A|A"}, "safety", "duplicate_item"),
        ({"kind": "task", "safety": "A|" + "B" * 65}, "safety", "too_long"),
        ({"kind": "task", "safety": "A"}, "safety", "unknown_safety"),
        ({"kind": "checklist", "name": "q", "task": "T"}, "task", "unknown_task"),
        ({"kind": "checklist", "name": "q", "task": "T", "answer": "maybe"}, "answer", "unknown_word"),
        ({"kind": "checklist", "name": "q", "task": "T", "answer": "text", "low": "1"}, "low", "bad_limits"),
    ],
)
def test_a_bad_value_is_refused_with_its_own_code(cells: dict[str, str], name: str, code: str) -> None:
    [problem] = one_row(**cells)
    assert (problem.line, problem.name, problem.code) == (2, name, code)


def test_every_mistake_is_named_at_once_and_nothing_is_taken() -> None:
    data = b"kind,code,serial,colour\n,P-1,,\n"
    found, [problem] = parse([("a.csv", data)])
    assert (found, problem.code, problem.line, problem.column) == ([], "unknown_column", 1, 4)
    data = b"code,serial\n,yes\nP-1,maybe\nP-2,yes,\nP-3,no\nP-3,no\n"
    found, problems = parse([("a.csv", data), ("b.csv", b""), ("c.json", b'[{"code": 5}, {"size": "x"}, 7]')])
    assert found == []
    assert [(each.file, each.line, each.code) for each in problems] == [
        ("a.csv", 2, "missing_value"),
        ("a.csv", 3, "bad_flag"),
        ("a.csv", 4, "row_length"),
        ("a.csv", 6, "duplicate_code"),
        ("b.csv", 1, "empty_file"),
        ("c.json", 1, "bad_type"),
        ("c.json", 1, "unknown_column"),
        ("c.json", 1, "bad_type"),
    ]


@pytest.mark.parametrize("name", ["a.csv", "a.json"])
@pytest.mark.parametrize(
    "data", [b"", b"\xff\xfe", b"PK\x03\x04", b"[]", b"{", b"code\n", b'{"catalogue": 5}', b"\xe4"]
)
def test_a_file_that_is_no_catalogue_says_so(name: str, data: bytes) -> None:
    found, problems = parse([(name, data)])
    assert found == []
    assert problems


def test_a_checklist_that_nobody_works_through_is_refused() -> None:
    rows = "".join(f"checklist,q{number},Question,T\n" for number in range(201))
    _, [problem] = parse([("a.csv", f"kind,code,name,task\ntask,T,,\n{rows}".encode())])
    assert (problem.line, problem.code) == (2, "too_long")


# Documents


def parts(count: int, name: str = "A part with a name of forty characters...") -> list[Entry]:
    said = (("name", name), ("unit", "pc"))
    return [Entry("part", f"P-{number:06d}", "", said) for number in range(count)]


def test_ten_thousand_parts_fit_and_each_is_in_one_document() -> None:
    found = [*parts(10_000), Entry("task", "FIT", "", ())]
    pages = documents(found)
    assert 1 < len(pages) <= CATALOGUE_MAX
    assert max(map(len, pages)) <= DOCUMENT_MAX_BYTES
    assert min(map(len, pages[:-1])) > DOCUMENT_MAX_BYTES * 95 // 100
    codes = [code for page in pages for code in cbor.decode(page, DOCUMENT_MAX_BYTES).get("parts", {})]
    assert codes == [f"P-{number:06d}" for number in range(10_000)]


def test_what_no_handheld_takes_is_refused_with_a_sentence() -> None:
    with pytest.raises(TooLarge, match=f"at most {CATALOGUE_MAX}"):
        documents(parts(30_000))
    questions = [Entry("checklist", f"q{number}", "T", (("name", "ä" * 160),)) for number in range(300)]
    with pytest.raises(TooLarge, match="belongs to T"):
        documents([Entry("task", "T", "", ()), *questions])


CODES = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=64).filter(
    lambda text: not junk(text, "")
)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.sampled_from(sorted(KINDS)), CODES, st.booleans(), st.integers(0, 9)), max_size=60))
def test_documents_give_the_entries_back(rows: list[tuple[str, str, bool, int]]) -> None:
    found: dict[tuple[str, str, str], Entry] = {("task", "", "T"): Entry("task", "T", "", ())}
    for kind, code, flag, number in rows:
        said = {
            "part": {"serial": flag, "unit": "pc"},
            "checklist": {"name": code, "mandatory": flag},
            "safety": {"name": code, "version": number},
            "reading": {"low": str(number)},
            "reason": {"name": code},
        }.get(kind, {})
        of = {"checklist": "T", "reason": "cancel"}.get(kind, "")
        entry = Entry(kind, code, of, tuple(sorted(said.items())))
        found.setdefault(entry.key, entry)
    assert entries(documents(list(found.values()))) == sorted(found.values(), key=lambda entry: entry.key)


def test_every_column_belongs_to_a_kind() -> None:
    named = {name for kind in KINDS.values() for name in (*kind.must, *kind.may)}
    assert named | {"kind", "code"} == set(COLUMNS)
