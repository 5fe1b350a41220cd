"""Bytes that are not the text we expect are explained in terms of the program that wrote them."""

import pytest

from jobseal_gateway.source import text
from jobseal_gateway.source.text import decode


def test_a_byte_order_mark_is_no_part_of_the_text() -> None:
    assert decode("\ufeffid\n".encode(), "f") == ("id\n", [])


def test_a_latin_1_file_is_named_as_such_at_its_first_foreign_byte() -> None:
    data = "id,customer\nW-1,ÄÖ\nW-2,Müller\n".encode("iso-8859-1")
    read, [problem] = decode(data, "f")
    assert (problem.line, problem.column, problem.code) == (2, 5, "wrong_encoding")
    assert "Windows-1252" in problem.sentence
    assert '"Ä"' in problem.sentence
    assert read == "id,customer\nW-1,ÄÖ\nW-2,Müller\n", "the rest is still read, to find other mistakes"


def test_a_latin_1_file_is_read_when_the_mapping_says_so() -> None:
    assert decode("Müller".encode("cp1252"), "f", "cp1252") == ("Müller", [])


@pytest.mark.parametrize(
    ("data", "code", "word"),
    [
        (b"PK\x03\x04rest", "not_text", "workbook"),
        (b"\xd0\xcf\x11\xe0rest", "not_text", "Excel"),
        (b"%PDF-1.7", "not_text", "PDF"),
        ("id;x".encode("utf-16"), "wrong_encoding", "UTF-16"),
        ("id;x".encode("utf-16-le"), "wrong_encoding", "UTF-16"),
    ],
)
def test_files_that_are_no_text_are_told_apart(data: bytes, code: str, word: str) -> None:
    read, [problem] = decode(data, "f")
    assert read == ""
    assert problem.code == code
    assert word in problem.sentence


def test_a_file_beyond_the_size_limit_is_not_read_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "FILE_MAX_BYTES", 3)
    read, [problem] = decode(b"\xff\xff\xff\xff", "f")
    assert (read, problem.code) == ("", "file_too_large")
