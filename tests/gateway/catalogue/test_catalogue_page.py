"""docs/catalogue.md says what the code does: its columns, its kinds, its examples, its codes."""

import re
from pathlib import Path

from jobseal_gateway.catalogue import documents, parse
from jobseal_gateway.catalogue.columns import COLUMNS, ITEMS_MAX, KINDS

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "catalogue.md").read_text()


def section(heading: str) -> str:
    return PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]


def test_the_tables_of_kinds_and_columns_are_the_codes_own() -> None:
    rows = re.findall(r"^\| `(\w+)` \| ([^|]*) \| ([^|]*) \|", section("Kinds of entries"), re.MULTILINE)
    said = {kind: (re.findall(r"`(\w+)`", must), re.findall(r"`(\w+)`", may)) for kind, must, may in rows}
    assert said == {name: (list(kind.must), list(kind.may)) for name, kind in KINDS.items()}
    found = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", section("Columns"), re.MULTILINE))
    assert list(found) == list(COLUMNS)
    for name, column in COLUMNS.items():
        assert all(f"`{word}`" in found[name] for word in column.words)
    assert f"at most {ITEMS_MAX} questions" in PAGE


def test_the_examples_are_accepted_alone_and_together() -> None:
    first, second = re.findall(r"```csv\n(.*?)```", PAGE, re.DOTALL)
    [json] = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    for name, text in (("first.csv", first), ("second.csv", second), ("third.json", json)):
        found, problems = parse([(name, text.encode())])
        assert problems == []
        assert documents(found)
    assert len(parse([("first.csv", first.encode()), ("second.csv", second.encode())])[0]) == 10


def test_every_code_that_a_problem_can_have_is_explained() -> None:
    folder = ROOT / "gateway" / "jobseal_gateway"
    paths = [
        *(folder / "catalogue").glob("*.py"),
        folder / "source" / "csv_file.py",
        folder / "source" / "json_file.py",
    ]
    source = "\n".join(path.read_text() for path in sorted(paths))
    codes = set(re.findall(r""""([a-z]+_[a-z_]+)",\s+(?:f?['"][A-Z"{]|sentence|size)""", source))
    assert len(codes) > 10, "the search finds codes at all"
    assert {code for code in codes if f"`{code}`" not in PAGE} == set()
