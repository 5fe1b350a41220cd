"""``enrol`` as the operator types it, against what a handheld then asks."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jobseal import enrolling
from jobseal.enrolling import Grant, Waiting, parse_code
from jobseal_device import enrolling as handheld
from jobseal_device import identity
from jobseal_device.home import Home
from jobseal_gateway import admission, command, home

Shop = Callable[..., Any]


@pytest.fixture
def shop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shop:
    """Runs a command with --json and gives its answer."""

    def run(*words: str) -> Any:
        command.main(["--home", str(tmp_path / "shop"), "--json", *words])
        return json.loads(capsys.readouterr().out)

    run("init", "--organisation", "Test")
    return run


def asked(folder: Path, code: str) -> tuple[bytes, Grant | Waiting]:
    """What the handheld in ``folder`` asks with this code, and the answer."""
    device = Home(folder)
    identity.make_key(device, folder.name.encode().ljust(32, b"."))
    request = handheld.make_request(device, identity.signer(device), "none", parse_code(code).token)
    with home.open(folder.parent / "shop") as gateway:
        return request, admission.ask(gateway, request, "10.0.0.7")


def test_a_handheld_is_invited_listed_and_approved_with_its_digits(shop: Shop, tmp_path: Path) -> None:
    [ticket] = shop("enrol", "new", "--label", "HH-0042", "--technician", "t-1")["invited"]
    assert [row["device"] for row in shop("enrol", "list")["unused"]] == [ticket["device"]]
    request, answer = asked(tmp_path / "hh", ticket["code"])
    assert isinstance(answer, Waiting)
    [waiting] = shop("enrol", "list")["waiting"]
    assert waiting["digits"] == enrolling.digits(request, answer.nonce)
    assert (waiting["label"], waiting["source"]) == ("HH-0042", "10.0.0.7")
    wrong = f"{(int(waiting['digits']) + 1) % 1_000_000:06}"
    assert shop("enrol", "approve", "HH-0042", wrong)["error"] == "digits_differ"
    shop("enrol", "approve", "HH-0042", waiting["digits"])
    assert shop("enrol", "list") == {"unused": [], "waiting": []}
    assert isinstance(asked(tmp_path / "hh", ticket["code"])[1], Grant)
    assert shop("enrol", "approve", "HH-0042", waiting["digits"])["error"] == "nothing_waits"
    assert [row["device"] for row in shop("technicians", "list")["technicians"]] == [ticket["device"]]


def test_a_fleet_is_invited_and_approved_by_a_file(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "fleet.csv").write_text("label;device;technicians\nHH-1;van-1;t-1 t-2\nHH-2;;\n")
    words = ("--csv", str(tmp_path / "fleet.csv"), "--approved", "--out", str(tmp_path / "codes.csv"))
    shop("enrol", "new", *words)
    with (tmp_path / "codes.csv").open(newline="") as file:
        codes = list(csv.DictReader(file))
    assert [(row["label"], row["device"][:4]) for row in codes] == [
        ("HH-1", "van-"),
        ("HH-2", "hh-" + codes[1]["device"][3]),
    ]
    for row in codes:
        assert isinstance(asked(tmp_path / row["label"], row["code"])[1], Grant)
    assert {row["device"] for row in shop("status")["devices"]} == {row["device"] for row in codes}


@pytest.mark.parametrize("text", ["", "name\nx\n", "label,device\nHH-1\n"])
def test_a_file_with_mistakes_invites_nobody(shop: Shop, tmp_path: Path, text: str) -> None:
    (tmp_path / "fleet.csv").write_text(text)
    assert shop("enrol", "new", "--csv", str(tmp_path / "fleet.csv"))["error"] == "input_refused"
    assert shop("enrol", "list")["unused"] == []


def test_a_name_that_no_enrolment_could_bear_gets_no_code(shop: Shop) -> None:
    assert shop("enrol", "new", "--label", "HH", "--device", "gateway")["error"] == "name_invalid"
    assert shop("enrol", "new", "--label", "x" * 65)["error"] == "name_invalid"


def test_what_is_denied_stays_denied(shop: Shop, tmp_path: Path) -> None:
    [ticket] = shop("enrol", "new", "--label", "HH-1")["invited"]
    asked(tmp_path / "hh", ticket["code"])
    shop("enrol", "deny", "HH-1")
    with pytest.raises(admission.EnrolmentRefused) as refused:
        asked(tmp_path / "hh", ticket["code"])
    assert refused.value.code == "enrolment_denied"


def test_enrol_alone_says_what_is_missing(shop: Shop) -> None:
    assert shop("enrol")["error"] == "command_incomplete"
