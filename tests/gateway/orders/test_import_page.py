"""docs/import.md says what the code does: its columns, its examples, its codes."""

import re
from pathlib import Path

import pytest

from jobseal.requirement import EVIDENCE_KINDS
from jobseal_gateway.orders import parse_csv, parse_json, parse_mapping
from jobseal_gateway.orders.columns import COLUMNS

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "import.md").read_text()
SOURCES = ("orders", "source")


def block(language: str) -> bytes:
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found
    return found[1].encode()


def test_the_table_of_columns_is_the_codes_own() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (yes)? ?\|", PAGE, re.MULTILINE)
    assert [(name, bool(yes)) for name, yes in rows] == [(each.name, each.required) for each in COLUMNS.values()]
    assert all(f"`{kind}`" in PAGE for kind in EVIDENCE_KINDS)


def test_the_examples_are_accepted() -> None:
    orders, problems = parse_csv(block("csv"))
    assert problems == []
    assert [(order.id, order.technicians) for order in orders] == [("W-1001", ("t-1", "t-2")), ("W-1002", ("t-1",))]
    assert parse_json(block("json"))[1] == []
    mapping, problems = parse_mapping(block("toml"), "mapping.toml")
    assert problems == []
    assert mapping is not None
    assert parse_csv("Auftrag;Kunde;Arbeiten;Internal note\n1;K;A,B;x\n".encode("cp1252"), mapping)[1] == []


@pytest.mark.parametrize("package", SOURCES)
def test_every_code_that_a_problem_can_have_is_explained(package: str) -> None:
    folder = ROOT / "gateway" / "jobseal_gateway" / package
    source = "\n".join(path.read_text() for path in sorted(folder.glob("*.py")))
    before_its_sentence = r""""([a-z]+_[a-z_]+)",\s+(?:f?['"][A-Z"{]|sentence|size)"""
    codes = set(re.findall(before_its_sentence, source))
    assert len(codes) > 4, "the search finds codes at all"
    assert {code for code in codes if f"`{code}`" not in PAGE} == set()
