"""A table keeps the line on which each row starts, whatever spreadsheets do to the file."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobseal_gateway.source.csv_file import SEPARATORS, Table, find_separator, read_table

EXPECTED = {"id", "customer", "note"}


def table(text: str, separator: str | None = None) -> Table:
    found, problems = read_table(text, "f", separator, EXPECTED)
    assert problems == []
    assert found is not None
    return found


@pytest.mark.parametrize("separator", SEPARATORS)
def test_the_separator_is_found_out_from_the_heading(separator: str) -> None:
    heading = separator.join(["id", "customer", "other,one;two"])
    assert find_separator(heading, EXPECTED) == separator


def test_rows_know_their_line_behind_quoted_line_breaks_and_blank_lines() -> None:
    found = table('id,note\r\n1,"a\r\nb"\r\n\r\n,\r\n2,c\r\n')
    assert [(row.line, row.cells) for row in found.rows] == [(2, ("1", "a\r\nb")), (6, ("2", "c"))]


def test_a_heading_below_blank_lines_is_found() -> None:
    assert table("\n\nid,note\n1,2\n").heading_line == 3


def test_an_empty_file_has_no_table() -> None:
    found, [problem] = read_table("\n\n", "f", None, EXPECTED)
    assert found is None
    assert problem.code == "empty_file"


def test_rows_of_another_length_are_named_and_the_others_kept() -> None:
    found, problems = read_table("id,note\n1\n2,3\n4,5,6\n", "f", ",", EXPECTED)
    assert found is not None
    assert [row.cells for row in found.rows] == [("2", "3")]
    assert [(each.line, each.column, each.code) for each in problems] == [(2, 2, "row_length"), (4, 3, "row_length")]


@pytest.mark.parametrize("bad", ['id,note\n1,2\n3,"open\n4,5\n', 'id,note\n1,2\n3,"a"b\n4,5\n'])
def test_a_broken_quote_is_named_where_its_row_starts(bad: str) -> None:
    found, [problem] = read_table(bad, "f", ",", EXPECTED)
    assert found is not None
    assert [row.cells for row in found.rows] == [("1", "2")]
    assert (problem.line, problem.code) == (3, "csv_syntax")


def test_columns_without_a_name_or_with_the_same_name_are_named() -> None:
    _, problems = read_table("id,,id\n1,2,3\n", "f", ",", EXPECTED)
    assert [(each.column, each.code) for each in problems] == [(2, "unnamed_column"), (3, "duplicate_column")]


CELL = st.text(st.characters(exclude_categories=("Cc", "Cs")) | st.sampled_from('\n",;'), min_size=1).map(str.strip)


@given(st.lists(st.tuples(CELL, CELL), min_size=1, max_size=8), st.sampled_from(["\n", "\r\n", "\r"]))
def test_what_a_csv_writer_writes_is_read_back_with_its_lines(rows: list[tuple[str, str]], end: str) -> None:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator=end, quoting=csv.QUOTE_ALL).writerows([("id", "note"), *rows])
    written = [row for row in rows if any(row)]
    found = table(out.getvalue(), ",")
    assert [row.cells for row in found.rows] == written
    lines = io.StringIO(out.getvalue(), newline="").readlines()
    for row in found.rows:
        first_cell = row.cells[0].replace('"', '""').split("\n")[0]
        assert first_cell in lines[row.line - 1]
