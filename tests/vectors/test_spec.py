"""The specification: what is generated is fresh, and its tables say what the code does."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobseal import bodies, cose, exceptions, frame, office
from tests.vectors import spec

TEXT = spec.SPEC.read_text()
CODE = Path(cose.__file__).parent
ROW = re.compile(r"^\| `([a-z0-9_]+)` \| (\w+) \| (yes|no) \| (.+) \|$", re.MULTILINE)
FLAW_ROW = re.compile(r"^\| `([a-z0-9_]+)` \| ([^|]+) \|$", re.MULTILINE)
# Refused by the gateway or raised by its projections: not by a module of the protocol.
ELSEWHERE = {
    "clock_unsynchronised", "foreign_key", "kid_taken", "ledger_unavailable", "log_inconsistent", "log_restarted",
    "object_unnamed", "overloaded", "unknown_kid", "unknown_kind",
}  # fmt: skip


def section(heading: str) -> str:
    """The text under one heading."""
    return TEXT.split(f"\n## {heading}\n")[1].split("\n## ")[0]


ERRORS = {code: (fault, final == "yes", means) for code, fault, final, means in ROW.findall(section("Errors"))}
FLAWS = dict(FLAW_ROW.findall(section("Errors")))


def calls() -> Iterator[tuple[str, list[ast.expr]]]:
    """Every call of an error class in the protocol's modules: its name and arguments."""
    for path in sorted(CODE.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                yield node.func.id, node.args


def raised() -> set[tuple[str, str, bool]]:
    """(code, fault, final) of every error that the protocol's modules make."""
    found = {("signature_invalid", "peer", True), ("signature_unverifiable", "peer", False)}
    for name, arguments in calls():
        if name in ("JobsealError", "Malformed") and isinstance(arguments[0], ast.Constant):
            fault = ast.unparse(arguments[2]).lower() if len(arguments) > 2 else "peer"
            final = len(arguments) < 4 or ast.unparse(arguments[3]) != "False"
            found.add((arguments[0].value, "peer" if fault not in ("ours", "operator") else fault, final))
        if name == "SignatureInvalid" and len(arguments) > 1 and isinstance(arguments[1], ast.Constant):
            found.add((arguments[1].value, "peer", True))
    return found


def flaws() -> set[str]:
    """The code of every flaw that checking a bundle can find by itself."""
    return {
        arguments[0].value for name, arguments in calls() if name == "Flaw" and isinstance(arguments[0], ast.Constant)
    }


def test_what_is_generated_is_fresh() -> None:
    assert spec.filled(TEXT) == TEXT, "run `python -m tests.vectors.spec`"


def test_every_part_that_can_be_generated_is_there_once() -> None:
    assert sorted(re.findall(r"<!-- generated: ([a-z-]+) -->", TEXT)) == sorted(spec.parts())
    assert TEXT.count("<!-- end -->") == len(spec.parts())


def test_every_error_of_the_protocol_is_in_the_table_with_its_fault_and_finality() -> None:
    for code, fault, final in sorted(raised()):
        assert code in ERRORS, code
        stated_fault, stated_final, means = ERRORS[code]
        assert fault == stated_fault or (fault == "ours" and "ours " in means), code
        assert final == stated_final, code


def test_every_error_in_the_table_is_one_that_is_raised() -> None:
    assert set(ERRORS) == {code for code, _, _ in raised()} | ELSEWHERE


def test_every_flaw_is_in_one_of_the_two_tables_and_every_row_is_a_flaw() -> None:
    assert flaws() <= set(FLAWS) | set(ERRORS)
    assert set(FLAWS) <= flaws()


def test_kinds_acts_domains_frames_and_exceptions_are_all_named() -> None:
    for kind in bodies.SHAPES:
        assert f"\n{kind} = " in section("Kinds and bodies"), kind
    for act in office.SHAPES:
        assert f"\n{act} = " in section("Office"), act
    for domain in (
        cose.EVENT,
        cose.RECEIPT,
        cose.CHECKPOINT,
        cose.OFFICE,
        cose.AUTHORITY,
        cose.ASSIGNMENT,
        cose.RECORD,
        cose.REQUEST,
        cose.RENEWAL,
        cose.SUCCESSION,
        cose.ROOT,
    ):
        assert f"`{domain}`" in section("Signatures"), domain
    for name in (*frame.UP, *frame.DOWN, frame.RECEIPT, frame.ASSIGNMENT):
        assert f'["{name}", ' in section("MQTT"), name
    for code in exceptions.CODES:
        assert f"| `{code}` |" in section("Job"), code


def test_every_rule_of_the_cddl_is_defined_once_and_nothing_undefined_is_used() -> None:
    cddl = "\n".join(re.findall(r"```cddl\n(.*?)```", TEXT, re.DOTALL))
    defined = re.findall(r"^([a-z][a-z0-9._-]*)(?:<payload>)? = ", cddl, re.MULTILINE)
    assert len(set(defined)) == len(defined)
    bare = re.sub(r'"[^"]*"|;.*|\b[a-z_]+: ', " ", cddl)
    used = set(re.findall(r"(?<![.\w])[a-z][a-z0-9_-]*(?:\.[a-z_]+)?(?![\w.])", bare))
    assert used - set(defined) - {"payload", "bstr", "tstr", "int", "any", "null", "bool", "size", "cbor"} == set()


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(#([a-z-]+)\)", TEXT))))
def test_every_link_leads_to_a_heading(target: str) -> None:
    headings = [line[3:].lower().replace(" ", "-") for line in TEXT.splitlines() if line.startswith("## ")]
    assert target in headings


def test_every_reference_from_a_vector_file_leads_to_a_heading() -> None:
    headings = {line[3:] for line in TEXT.splitlines() if line.startswith("## ")}
    for path in sorted((spec.SPEC.parent / "vectors").glob("*.json")):
        for reference in re.findall(r"SPEC\.md, ([^)]+)\)", path.read_text().splitlines()[2]):
            assert set(reference.split(", ")) <= headings, path.name
