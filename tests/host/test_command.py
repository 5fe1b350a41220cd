"""The ``jobseal`` command says what it found, in words or JSON, with the exit code that goes with it."""

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jobseal import fingerprint
from jobseal.bundle import Bundle
from jobseal.host.command import main
from tests.bundles import Office, signer, small_day
from tests.handheld import Handheld

TRUST = fingerprint.to_text(signer("root").key.thumbprint)
OTHER = "0" * 64

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def go(*arguments: object) -> tuple[int, str, str]:
        code = main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return go


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    path = tmp_path / "evidence.bundle"
    path.write_bytes(small_day()[0].bundle())
    return path


def test_the_installed_command_accepts_a_bundle_under_a_trusted_root(bundle: Path) -> None:
    command = Path(sys.executable).parent / "jobseal"
    done = subprocess.run([command, "verify", bundle, "--trust", TRUST], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("OK: everything holds\n")
    assert "J-1 revision 1 (original) for Mill & Sons: 3.50 EUR in 3 lines" in done.stdout


def test_a_reader_that_has_seen_enough_does_not_change_the_exit_code(bundle: Path) -> None:
    command = Path(sys.executable).parent / "jobseal"
    with subprocess.Popen([command, "verify", bundle], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None
        running.stdout.close()
        assert running.wait() == 3
        assert running.stderr is not None
        assert running.stderr.read() == b""


@pytest.mark.parametrize("typed", [TRUST.upper(), TRUST.replace("-", ""), TRUST.replace("-", ":")])
def test_a_fingerprint_may_be_typed_in_any_usual_way(run: Run, bundle: Path, typed: str) -> None:
    assert run("verify", bundle, "--trust", typed)[0] == 0


@pytest.mark.parametrize("typed", ["", "abcd", TRUST + "00", "g" * 64])
def test_a_fingerprint_that_is_none_is_an_error_of_its_own(run: Run, bundle: Path, typed: str) -> None:
    code, _, said = run("verify", bundle, "--trust", typed)
    assert code == 2
    assert "a fingerprint is 64 hex digits" in said


def test_without_trust_a_consistent_bundle_is_untrusted_relative_to_its_root(run: Run, bundle: Path) -> None:
    code, said, _ = run("verify", bundle)
    assert code == 3
    assert said.startswith("CONSISTENT, BUT UNTRUSTED\n")
    assert f"Root key: {TRUST}" in said
    assert "--trust" in said


def test_a_bundle_under_another_root_is_wrong(run: Run, bundle: Path) -> None:
    code, said, _ = run("verify", bundle, "--trust", OTHER)
    assert code == 1
    assert said.startswith("WRONG\n")
    assert "root_mismatch" in said


def test_the_first_thing_that_is_wrong_is_named_with_its_place(run: Run, tmp_path: Path) -> None:
    gateway, _ = small_day()
    fields = gateway.bundle_fields(gateway.record_fields())
    fields["events"][2][1] = bytes([*fields["events"][2][1][:-1], fields["events"][2][1][-1] ^ 1])
    path = tmp_path / "b"
    path.write_bytes(Bundle(**fields).encode())
    code, said, _ = run("verify", path, "--trust", TRUST)
    assert code == 1
    assert "event 3 (index 4): the signature does not fit" in said
    held = "Held before that: the gateway's keys, the billing record, checkpoints, office acts, earlier logs."
    assert held in said
    code, said, _ = run("verify", path, "--trust", TRUST, "--json")
    found = json.loads(said)
    assert (code, found["status"], found["code"]) == (1, "wrong", "signature_invalid")
    assert "record" not in found


def test_a_file_that_cannot_be_read_or_is_of_a_later_version_could_not_be_checked(run: Run, tmp_path: Path) -> None:
    code, _, said = run("verify", tmp_path / "absent")
    assert code == 2
    assert "cannot be read: No such file" in said
    later = tmp_path / "later"
    later.write_bytes(b"\xa1\x01\x70jobseal/2/bundle")
    code, said, _ = run("verify", later)
    assert code == 2
    assert "COULD NOT BE CHECKED" in said


def test_findings_as_json_have_the_record_the_times_and_the_remarks(run: Run, tmp_path: Path) -> None:
    gateway, _ = small_day()
    gateway.objects.clear()
    act = gateway.act("exception.overridden", "J-1", code="signoff_missing", reason="known customer")
    path = tmp_path / "b"
    path.write_bytes(gateway.bundle(overrides=[["signoff_missing", act]]))
    code, said, _ = run("verify", path, "--trust", TRUST, "--json")
    found = json.loads(said)
    assert code == 0
    assert found["root"] == TRUST
    assert found["record"]["total"] == "3.50"
    assert found["record"]["overrides"] == [{"code": "signoff_missing", "act": act.hex()}]
    assert [remark["code"] for remark in found["remarks"]] == ["object_absent"]
    first = found["events"][0]
    assert first["not_before"] < first["claimed"] < first["not_after"]
    assert "Overridden: signoff_missing." in run("verify", path, "--trust", TRUST)[1]


def test_a_bundle_can_be_read_by_a_person_and_says_that_nothing_is_verified(run: Run, bundle: Path) -> None:
    code, said, _ = run("inspect", bundle)
    assert code == 0
    assert "record J-1 revision 1 (original) for Mill & Sons" in said
    assert "labour.started" in said
    assert "task repair" in said
    assert "device.enrolled" in said
    assert "`jobseal verify` tells" in said


@pytest.mark.parametrize(
    ("part", "name"),
    [("event", "event"), ("receipt", "receipt"), ("checkpoint", "checkpoint"), ("act", "office statement"),
     ("authority", "certification"), ("record", "billing record")],
)  # fmt: skip
def test_a_single_statement_is_recognised_and_shown(run: Run, tmp_path: Path, part: str, name: str) -> None:
    gateway, handheld = small_day()
    fields = gateway.bundle_fields(gateway.record_fields())
    statements = {
        "event": handheld.chain[0].data,
        "receipt": gateway.receipts[0],
        "checkpoint": gateway.checkpoints[0],
        "act": gateway.acts[0][1],
        "authority": gateway.authority[0],
        "record": fields["record"],
    }
    path = tmp_path / "s"
    path.write_bytes(statements[part])
    code, said, _ = run("inspect", path)
    assert code == 0
    assert said.startswith(name + ", signed by key ")
    if part == "receipt":
        assert "  since: 1\n  proof: " in said
        assert "  superseded: no\n" in said
    assert json.loads(run("inspect", path, "--json")[1])["statement"] == name


def test_what_is_neither_bundle_nor_statement_is_refused(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "x"
    for data in (b"", b"hello", b"\xd2\x84"):
        path.write_bytes(data)
        assert run("inspect", path)[0] == 2


def test_a_bundle_is_extracted_to_files_with_safe_names_and_the_objects_without_their_salt(
    run: Run, bundle: Path, tmp_path: Path
) -> None:
    out = tmp_path / "new" / "out"
    code, _, said = run("inspect", bundle, "--extract", out)
    assert code == 0
    assert "files written to" in said
    names = sorted(path.name for path in out.iterdir())
    (photo,) = [name for name in names if name.startswith("object-001-") and name.endswith(".txt")]
    assert (out / photo).read_bytes() == b"R. Customer"
    rows = list(csv.DictReader(io.StringIO((out / "lines.csv").read_text())))
    assert [row["raw"] for row in rows] == ["60000", "1", "2"]
    assert json.loads((out / "record.json").read_text())["total"] == "3.50"
    assert len(json.loads((out / "events.json").read_text())) == 7
    assert json.loads((out / "order.json").read_text())["id"] == "J-1"


def test_extraction_overwrites_nothing(run: Run, bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "record.json").write_text("mine")
    code, _, said = run("inspect", bundle, "--extract", tmp_path / "out")
    assert code == 2
    assert "is not empty" in said
    assert (tmp_path / "out" / "record.json").read_text() == "mine"


def test_a_statement_cannot_be_extracted(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "s"
    path.write_bytes(small_day()[1].chain[0].data)
    assert run("inspect", path, "--extract", tmp_path / "out")[0] == 2
    assert not (tmp_path / "out").exists()


def hostile_day() -> Office:
    """A bundle whose texts try to be formulas, paths and terminal commands."""
    gateway = Office()
    handheld: Handheld = gateway.enrol("a")
    evil: dict[str, Any] = {"code": "=HYPERLINK(1)", "quantity": "1", "unit": "\u202epc", "source": "van"}
    handheld.sign("job.accepted", order=None, revision=None)
    handheld.sign("job.arrived")
    handheld.sign("part.used", **evil)
    handheld.sign("photo.attached", photo=gateway.keep(b"\xff\xd8", "../../etc/passwd"))
    handheld.sign("part.returned", **evil)
    handheld.sign("job.completed", totals=[])
    gateway.take(handheld, *handheld.chain)
    return gateway


def test_what_a_bundle_says_cannot_become_a_path_a_formula_or_a_terminal_command(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "b"
    path.write_bytes(hostile_day().bundle())
    out = tmp_path / "out"
    code, said, _ = run("inspect", path, "--extract", out)
    assert code == 0
    assert "\u202e" not in said
    assert all(set(each.name) <= set("abcdefghijklmnopqrstuvwxyz0123456789.-") for each in out.iterdir())
    assert len([each for each in out.iterdir() if each.suffix == ".bin"]) == 1
    rows = list(csv.DictReader(io.StringIO((out / "lines.csv").read_text())))
    assert {row["code"] for row in rows} == {"visit", "'=HYPERLINK(1)"}
    assert "-1" in {row["raw"] for row in rows}
