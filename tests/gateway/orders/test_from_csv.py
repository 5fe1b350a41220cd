"""Work orders from CSV: good rows become orders, and every mistake of the others is named at its place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobseal_gateway.orders import PLAIN, Mapping, WorkOrder, parse_csv
from jobseal_gateway.problem import Problem

HEADING = "id,customer,currency,time_zone,tasks"
GOOD = "W-1,C-7,EUR,Europe/Vienna,INSPECT"


def one_row(**cells: str) -> list[Problem]:
    """The problems of a file whose one order has ``cells`` on top of what is required; its columns are sorted."""
    row = {"id": "W-1", "customer": "C-7", "currency": "EUR", "time_zone": "Europe/Vienna", "tasks": "A", **cells}
    names = sorted(row)
    quoted = ('"' + row[name].replace('"', '""') + '"' for name in names)
    orders, problems = parse_csv((",".join(names) + "\n" + ",".join(quoted) + "\n").encode())
    assert bool(orders) != bool(problems)
    for problem in problems:
        assert problem.column is None or names[problem.column - 1] == problem.name
    return problems


def test_every_column_ends_in_its_field() -> None:
    data = (
        b"id;revision;customer;customer_name;site;site_address;site_contact;asset;description;contract;terms;po_number;"
        b"po_required;"
        b"ap_contact;currency;budget;time_zone;tasks;technicians;window_start;window_end;respond_by;on_site_by;complete_by;"
        b"parent;external_references;"
        b"required_evidence;approval_required\n"
        b'W/1.a_b-c;3;C-7;Hotel "Post";S-1;"Weg 1\n1010 Wien";+43 1 234;A-9;- ring twice;K-1;STANDARD;PO 77;yes;'
        b"ap@post.example;EUR;1500.50;Europe/Vienna;INSPECT|REPAIR;t-1|t-2;2026-03-05T08:00;2026-03-05 10:30;"
        b"2026-03-05T07:30;2026-03-05T09:00+01:00;2026-03-06T18:00;W-0;"
        b"sap=4500012|crm=a=b;photo|signoff;no\n"
    )
    orders, problems = parse_csv(data)
    assert problems == []
    assert orders == [
        WorkOrder(
            id="W/1.a_b-c",
            revision=3,
            customer="C-7",
            customer_name='Hotel "Post"',
            site="S-1",
            site_address="Weg 1\n1010 Wien",
            site_contact="+43 1 234",
            asset="A-9",
            description="- ring twice",
            contract="K-1",
            terms="STANDARD",
            po_number="PO 77",
            po_required=True,
            ap_contact="ap@post.example",
            currency="EUR",
            budget="1500.50",
            time_zone="Europe/Vienna",
            tasks=("INSPECT", "REPAIR"),
            technicians=("t-1", "t-2"),
            window_start=1_772_694_000_000,  # 2026-03-05T07:00Z: Vienna is an hour ahead in winter
            window_end=1_772_703_000_000,
            respond_by=1_772_692_200_000,
            on_site_by=1_772_697_600_000,
            complete_by=1_772_816_400_000,
            parent="W-0",
            external_references=(("crm", "a=b"), ("sap", "4500012")),
            required_evidence=("photo", "signoff"),
            approval_required=False,
        )
    ]


def test_every_mistake_of_a_file_is_named_at_once_with_line_cell_and_heading() -> None:
    rows = [GOOD, "W-1,C-7,EURO,Europe/Wien,A", "W 3,,EUR,Europe/Vienna,A|A", "W-4,C-7,EUR", "W-5,C-7,EUR,UTC,A"]
    orders, problems = parse_csv("\n".join([HEADING, *rows]).encode(), file="day.csv")
    assert [order.id for order in orders] == ["W-1", "W-5"]
    assert [(each.line, each.column, each.name, each.code) for each in problems] == [
        (3, 1, "id", "duplicate_id"),
        (3, 3, "currency", "unknown_currency"),
        (3, 4, "time_zone", "unknown_time_zone"),
        (4, None, "", "missing_value"),
        (4, 1, "id", "bad_id"),
        (4, 5, "tasks", "duplicate_item"),
        (5, 4, "", "row_length"),
    ]
    assert {each.file for each in problems} == {"day.csv"}
    assert "line 2" in problems[0].sentence
    assert "Europe/Vienna" in problems[2].sentence


@pytest.mark.parametrize(
    ("column", "text", "code"),
    [
        ("id", "W 1", "bad_id"),
        ("id", "Wö", "bad_id"),
        ("id", "W" * 65, "too_long"),
        ("id", "1.2E+12", "spreadsheet_number"),
        ("parent", "?", "bad_id"),
        ("revision", "0", "bad_number"),
        ("revision", "1.0", "bad_number"),
        ("revision", "²", "bad_number"),
        ("po_required", "perhaps", "bad_flag"),
        ("po_required", "Yes", "bad_flag"),
        ("respond_by", "soon", "bad_time"),
        ("on_site_by", "2026-03-29T02:30", "no_such_time"),
        ("complete_by", "2026-10-25T02:30", "ambiguous_time"),
        ("customer", "C" * 65, "too_long"),
        ("customer", "C\n7", "control_character"),
        ("customer_name", "N" * 161, "too_long"),
        ("description", "a\x00b", "control_character"),
        ("description", "=HYPERLINK(1)", "formula"),
        ("description", "@SUM(A1)", "formula"),
        ("description", "+cmd|' /C calc'!A0", "formula"),
        ("description", "-2+SUM(A1)", "formula"),
        ("site", "#REF!", "spreadsheet_error"),
        ("tasks", "A|=1", "formula"),
        ("tasks", "A|" + "B" * 65, "too_long"),
        ("tasks", "|".join(f"T{number}" for number in range(65)), "too_long"),
        ("technicians", "t1|t1", "duplicate_item"),
        ("currency", "eur", "unknown_currency"),
        ("currency", "XXX", "unknown_currency"),
        ("time_zone", "CEST", "unknown_time_zone"),
        ("time_zone", "../../etc/passwd", "unknown_time_zone"),
        ("budget", "1.500,00", "bad_decimal"),
        ("budget", "-1", "bad_decimal"),
        ("budget", "1e3", "bad_decimal"),
        ("window_start", "2026-02-29T08:00", "bad_time"),
        ("window_start", "2026-03-05", "bad_time"),
        ("window_start", "1990-03-05T08:00", "bad_time"),
        ("window_start", "2026-03-29T02:30", "no_such_time"),
        ("window_start", "2026-10-25T02:30", "ambiguous_time"),
        ("window_end", "2026-03-05T08:00", "bad_window"),
        ("external_references", "sap", "bad_reference"),
        ("external_references", "=1", "formula"),
        ("external_references", "sap=", "bad_reference"),
        ("external_references", "sap=1|sap=2", "duplicate_item"),
        ("required_evidence", "selfie", "unknown_evidence"),
    ],
)
def test_a_bad_value_is_refused_with_its_own_code(column: str, text: str, code: str) -> None:
    [problem] = one_row(**{column: text})
    assert (problem.line, problem.name, problem.code) == (2, column, code)
    assert problem.sentence.endswith((".", "?"))


@pytest.mark.parametrize(
    "text", ["+43 (1) 234 567", "- ring twice!", "-5 °C, cold room", "a=b", "1E5", "Größe 10²", "日本語"]
)
def test_honest_text_that_begins_like_a_formula_is_accepted(text: str) -> None:
    assert one_row(description=text) == []


def test_a_window_must_end_after_it_starts() -> None:
    [problem] = one_row(window_start="2026-03-05T08:00", window_end="2026-03-05T08:00")
    assert (problem.name, problem.code) == ("window_end", "bad_window")
    assert one_row(window_start="2026-03-05T08:00", window_end="2026-03-05T08:01") == []


@pytest.mark.parametrize(
    ("earlier", "later"), [("respond_by", "on_site_by"), ("respond_by", "complete_by"), ("on_site_by", "complete_by")]
)
def test_a_target_of_the_service_agreement_is_not_before_one_that_is_met_first(earlier: str, later: str) -> None:
    [problem] = one_row(**{earlier: "2026-03-05T08:01", later: "2026-03-05T08:00"})
    assert (problem.name, problem.code) == (later, "bad_target")
    assert one_row(**{earlier: "2026-03-05T08:00", later: "2026-03-05T08:00"}) == []


def test_a_missing_required_column_is_named_once_and_not_with_every_row() -> None:
    orders, problems = parse_csv(b"id,customer,currency,time_zone\nW-1,C,EUR,UTC\nW-2,C,EUR,UTC\n")
    assert orders == []
    assert [(each.line, each.code) for each in problems] == [(1, "missing_column")]
    assert '"tasks"' in problems[0].sentence


def test_a_column_that_nobody_knows_is_a_problem_unless_it_is_ignored() -> None:
    data = f"{HEADING},shoe size\n{GOOD},44\n".encode()
    orders, [problem] = parse_csv(data)
    assert orders == []
    assert (problem.line, problem.column, problem.name, problem.code) == (1, 6, "shoe size", "unknown_column")
    for ignore in ("shoe size", "*"):
        orders, problems = parse_csv(data, Mapping(ignore=frozenset({ignore})))
        assert (len(orders), problems) == (1, [])


def test_a_latin_1_file_gives_a_clear_sentence_no_orders_and_its_other_mistakes() -> None:
    data = f"{HEADING}\nW-1,Müller,EURO,Europe/Vienna,A\n".encode("iso-8859-1")
    orders, problems = parse_csv(data)
    assert orders == []
    assert [each.code for each in problems] == ["unknown_currency", "wrong_encoding"]
    without_others = data.replace(b"EURO", b"EUR")
    assert parse_csv(without_others)[0] == []
    [order], _ = parse_csv(without_others, Mapping(encoding="cp1252"))
    assert order.customer == "Müller"


def test_a_byte_order_mark_semicolons_and_windows_line_ends_need_no_mapping() -> None:
    data = "\ufeff" + HEADING.replace(",", ";") + "\r\n" + GOOD.replace(",", ";") + "\r\n"
    assert parse_csv(data.encode()) == parse_csv(f"{HEADING}\n{GOOD}\n".encode())


@pytest.mark.parametrize(
    "data", [b"", b"\n\n", b"\xef\xbb\xbf", f"{HEADING}\n".encode(), f"{HEADING}\n,,,,\n".encode()]
)
def test_a_file_without_an_order_says_so(data: bytes) -> None:
    orders, [problem] = parse_csv(data)
    assert (orders, problem.code) == ([], "empty_file")


def test_rows_before_a_quote_that_never_ends_are_kept_and_the_place_is_named() -> None:
    orders, [problem] = parse_csv(f'{HEADING}\n{GOOD}\nW-2,"C\nW-3,C,EUR,UTC,A\n'.encode())
    assert [order.id for order in orders] == ["W-1"]
    assert (problem.line, problem.code) == (3, "csv_syntax")


def test_parents_that_lead_back_to_their_child_are_refused_and_the_others_kept() -> None:
    rows = ["a,b", "b,c", "c,a", "d,a", "e,e", "f,elsewhere"]
    data = "id,parent,customer,currency,time_zone,tasks\n" + "".join(f"{row},C,EUR,UTC,T\n" for row in rows)
    orders, problems = parse_csv(data.encode())
    assert [order.id for order in orders] == ["d", "f"]
    assert [(each.line, each.column, each.code) for each in problems] == [
        (line, 2, "circular_parent") for line in (2, 3, 4, 6)
    ]


def test_a_column_that_is_there_twice_is_named_once_and_nothing_is_taken() -> None:
    orders, [problem] = parse_csv(f"{HEADING},id\n{GOOD},W-2\n".encode())
    assert (orders, problem.column, problem.code) == ([], 6, "duplicate_column")


def test_the_mapping_renames_columns_translates_values_and_fills_in_defaults() -> None:
    mapping = Mapping(
        list_separator=",",
        time_formats=("%d.%m.%Y %H:%M",),
        columns={"Auftrag": "id", "Kunde": "customer", "Arbeiten": "tasks", "Nachweis": "required_evidence"},
        values={"required_evidence": {"Foto": "photo"}, "tasks": {"Wartung": "MAINT"}, "currency": {"€": "EUR"}},
        defaults={"currency": "€", "time_zone": "Europe/Vienna", "required_evidence": "Foto"},
    )
    data = (
        b"Auftrag;Kunde;Arbeiten;Nachweis;window_start;currency\n"
        b"1;K;Wartung, Test;;5.3.2026 08:00;\n"
        b"2;K;Test;signoff,Foto;;CHF\n"
    )
    orders, problems = parse_csv(data, mapping)
    assert problems == []
    assert [(order.tasks, order.required_evidence, order.currency) for order in orders] == [
        (("MAINT", "Test"), ("photo",), "EUR"),
        (("Test",), ("signoff", "photo"), "CHF"),
    ]
    assert orders[0].window_start == 1_772_694_000_000


def test_two_columns_cannot_be_mapped_onto_one() -> None:
    _, [problem] = parse_csv(f"{HEADING},No\n{GOOD},W-2\n".encode(), Mapping(columns={"No": "id"}))
    assert (problem.column, problem.name, problem.code) == (6, "No", "duplicate_column")


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_whatever_the_bytes_there_are_orders_or_problems(data: bytes) -> None:
    for each in (data, HEADING.encode() + b"\n" + data, f"{HEADING}\n{GOOD}\n".encode() + data):
        orders, problems = parse_csv(each)
        assert orders or problems


def test_parsing_is_pure_and_a_dry_run_is_the_parse_itself() -> None:
    data = f"{HEADING}\n{GOOD}\n".encode()
    assert parse_csv(data, PLAIN) == parse_csv(data, PLAIN)
