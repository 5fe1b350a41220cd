"""The operator's command, from an empty folder to verified evidence: what it says, to people and programs."""

import argparse
import json
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jobseal.exceptions import RULES
from jobseal.host.command import main as jobseal
from jobseal_device.command import main as handheld
from jobseal_gateway import command, home
from jobseal_gateway.command import main
from jobseal_gateway.home import Gateway
from jobseal_gateway.ledger import assignments, branches, keys, leaves, quarantine
from jobseal_gateway.ledger.database import reading, writing
from tests.field import Office, Phone

PRICES = """price_list,version,currency,valid_from,rule,kind,code,unit,rate
STANDARD,2026-1,EUR,2020-01-01,labour,labour,*,hour,90
STANDARD,2026-1,EUR,2020-01-01,travel,travel,*,hour,60
STANDARD,2026-1,EUR,2020-01-01,callout,callout,*,visit,25
STANDARD,2026-1,EUR,2020-01-01,part,part,*,pc,12.50
"""
ORDERS = """id,customer,customer_name,currency,time_zone,tasks,technicians,window_start
WO-1,C-1,Bäckerei Müller,EUR,Europe/Vienna,FIT,t-1,2026-09-21T08:00
WO-2,C-2,Huber,EUR,Europe/Vienna,FIT,t-1|t-2,2026-09-22T08:00
"""


class Shell:
    """Runs the command on one home, in a folder of its own, and keeps what it said."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.home = folder / "shop"
        self._capsys = capsys
        self.out = ""
        self.err = ""

    def file(self, name: str, text: str) -> str:
        """A file that the operator has."""
        (self.folder / name).write_text(text)
        return str(self.folder / name)

    def run(self, *words: str) -> int:
        """The exit status; ``out`` and ``err`` are what was said."""
        self._capsys.readouterr()
        status = main(["--home", str(self.home), *words])
        self.out, self.err = self._capsys.readouterr()
        return status

    def ok(self, *words: str) -> str:
        """What it answers a person."""
        assert self.run(*words) == 0, self.err
        assert self.err == ""
        return self.out

    def json(self, *words: str) -> Any:
        """What it answers a program."""
        assert self.run(*words, "--json") == 0, self.err
        return json.loads(self.out)

    def refused(self, *words: str) -> str:
        """The code of the refusal, the same for both."""
        assert self.run(*words) == 1
        assert self.out == ""
        spoken = self.err
        assert self.run("--json", *words) == 1
        said = json.loads(self.out)
        assert self.err == spoken
        assert said["sentence"] in spoken
        return str(said["error"])


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(tmp_path, capsys)


@pytest.fixture
def shop(shell: Shell) -> Shell:
    """A gateway with prices and orders."""
    shell.ok("init", "--organisation", "Example Heating Ltd")
    shell.ok("prices", "import", shell.file("prices.csv", PRICES))
    shell.ok("orders", "import", shell.file("orders.csv", ORDERS))
    return shell


@pytest.fixture
def field(shop: Shell) -> Iterator[Office]:
    """The shop's gateway with a real ingest and projector, for real handhelds to talk to."""
    with home.open(shop.home) as gateway:
        found = Office(gateway.engine, gateway.home.data)
        yield found
        found.close()


def opened(shell: Shell) -> Gateway:
    return home.open(shell.home)


# init


def test_a_gateway_is_made_with_its_fingerprint_in_groups_and_what_to_do_next(shell: Shell) -> None:
    said = shell.ok("init", "--organisation", "Example Heating Ltd")
    with opened(shell) as gateway:
        assert gateway.settings.organisation == "Example Heating Ltd"
        digits = gateway.keys.fingerprint
    assert "-".join(digits[at : at + 4] for at in range(0, 64, 4)) in said
    assert "orders import" in said
    assert "serve" in said


def test_making_it_again_finishes_what_is_missing_and_changes_nothing(shell: Shell) -> None:
    first = shell.json("init", "--organisation", "One")
    (shell.home / "data" / "api.token").unlink()
    again = shell.json("init", "--organisation", "Two")
    assert (first["created"], again["created"]) == (True, False)
    assert (again["organisation"], again["fingerprint"]) == ("One", first["fingerprint"])
    assert (shell.home / "data" / "api.token").stat().st_mode & 0o777 == 0o600


def test_settings_given_at_the_start_are_in_the_file_among_all_others(shell: Shell) -> None:
    name = 'Bäcker & "Söhne" \\'
    shell.ok("init", "--organisation", name, "--set", "mqtt.port=1999", "--set", "billing.terms=GOLD")
    with opened(shell) as gateway:
        assert gateway.settings.organisation == name
        assert (gateway.settings.mqtt.port, gateway.settings.billing.terms) == (1999, "GOLD")
        assert gateway.settings.http.port == 8080


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--organisation", ""],
        ["--organisation", "X", "--set", "mqtt.port=70000"],
        ["--organisation", "X", "--set", "mqtt.port=often"],
        ["--organisation", "X", "--set", "mqqt.port=1883"],
    ],
)
def test_a_gateway_that_cannot_be_is_not_half_made(shell: Shell, words: list[str]) -> None:
    assert shell.refused("init", *words) in ("no_gateway", "input_refused")
    assert not shell.home.exists()


def test_every_command_says_where_there_is_no_gateway(shell: Shell) -> None:
    for words in (["status"], ["rebuild"], ["serve"], ["orders", "list"], ["quarantine", "list"]):
        assert shell.refused(*words) == "no_gateway"


def test_every_mistake_in_the_configuration_is_named_with_line_and_column(shop: Shell) -> None:
    config = shop.home / "gateway.toml"
    text = config.read_text().replace("port = 8883", "port = 0").replace('"auto"', '"never"')
    config.write_text(text + "[mystery]\n")
    assert shop.run("status", "--json") == 1
    problems = json.loads(shop.out)["problems"]
    lines = text.split("\n")
    assert [(each["name"], each["code"]) for each in problems] == [
        ("mqtt.port", "bad_value"),
        ("billing.release", "bad_value"),
        ("mystery", "unknown_key"),
    ]
    assert [lines[each["line"] - 1] for each in problems[:2]] == ["port = 0", 'release = "never"']
    assert all(f"{config}:{each['line']}:{each['column']}: " in shop.err for each in problems)


def test_the_home_is_said_before_or_behind_the_command_or_by_the_environment(
    shop: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["status", "--home", str(shop.home)]) == 0
    monkeypatch.setenv("JOBSEAL_GATEWAY_HOME", str(shop.home))
    assert main(["status"]) == 0
    monkeypatch.delenv("JOBSEAL_GATEWAY_HOME")
    monkeypatch.chdir(shop.folder)
    assert main(["status"]) == 1
    shop.home.rename(shop.folder / "jobseal-gateway")
    assert main(["status"]) == 0


def test_a_wrong_command_line_is_told_from_a_refusal() -> None:
    command = [str(Path(sys.executable).parent / "jobseal-gateway")]
    for words in ([], ["orders"], ["orders", "import"], ["office", "revoke", "hh-1", "--reason", "bored"], ["dance"]):
        done = subprocess.run([*command, *words], capture_output=True, check=False, timeout=30)
        assert (done.returncode, done.stdout) == (2, b"")


# Orders and prices


def test_every_bad_row_is_named_and_nothing_of_the_file_is_stored(shop: Shell) -> None:
    before = shop.json("orders", "list")
    bad = shop.file("bad.csv", ORDERS.replace("EUR", "EURO").replace("WO-", "WX-"))
    for more in ([], ["--dry-run"]):
        assert shop.refused("orders", "import", bad, *more) == "input_refused"
        assert f"{bad}:2:4: " in shop.err
        assert f"{bad}:3:4: " in shop.err
        assert "2 problems." in shop.err
    assert shop.json("orders", "list") == before


def test_a_dry_run_says_what_would_happen_and_nothing_happens(shop: Shell) -> None:
    changed = shop.file("orders.csv", ORDERS.replace("Huber", "Gruber") + "WO-3,C-3,,EUR,UTC,FIT,,\n")
    said = shop.json("orders", "import", changed, "--dry-run")
    assert (said["stored"], said["new"], said["changed"], said["unchanged"]) == (False, 1, 1, 1)
    assert [row["order"] for row in shop.json("orders", "list")["orders"]] == ["WO-1", "WO-2"]
    assert shop.json("orders", "import", changed)["stored"] is True
    assert [row["revision"] for row in shop.json("orders", "list")["orders"]] == [1, 2, 1]


def test_a_shops_own_columns_come_in_through_a_mapping_and_json_does_too(shop: Shell) -> None:
    theirs = shop.file("theirs.csv", "Auftrag;Kunde;Arbeit\nA-7;K-1;FIT\n")
    mapping = shop.file(
        "mapping.toml",
        '[columns]\nAuftrag = "id"\nKunde = "customer"\nArbeit = "tasks"\n'
        '[defaults]\ncurrency = "EUR"\ntime_zone = "Europe/Vienna"\n',
    )
    shop.ok("orders", "import", theirs, "--mapping", mapping)
    order = {"id": "J-8", "customer": "K", "currency": "EUR", "time_zone": "UTC", "tasks": ["FIT"]}
    shop.ok("orders", "import", shop.file("orders.json", json.dumps([order])))
    assert [row["order"] for row in shop.json("orders", "list")["orders"]] == ["A-7", "J-8", "WO-1", "WO-2"]
    wrong = shop.file("wrong.toml", '[columns]\nAuftrag = "number"\n')
    assert shop.refused("orders", "import", theirs, "--mapping", wrong) == "input_refused"
    assert f"{wrong}:2:" in shop.err


def test_a_catalogue_is_tried_imported_listed_and_shown(shop: Shell) -> None:
    parts = shop.file("parts.csv", "code,name,unit\nP-1,Filter,pc\nP-2,Pump,pc\n")
    rules = shop.file("rules.json", '[{"kind": "safety", "code": "POWER", "name": "Switch off", "version": 2}]')
    said = shop.json("catalogue", "import", parts, rules, "--dry-run")
    assert (said["stored"], said["version"], said["entries"]) == (False, 1, {"part": 2, "safety": 1})
    assert "nothing is stored" in shop.ok("catalogue", "import", parts, rules, "--dry-run")
    assert shop.json("catalogue", "list")["catalogues"] == []
    assert shop.refused("catalogue", "show") == "unknown_catalogue"

    assert "3 added" in shop.ok("catalogue", "import", parts, rules, "--operator", "ada")
    assert "what version 1 says already" in shop.ok("catalogue", "import", rules, parts)
    shop.ok("catalogue", "import", parts)
    rows = shop.json("catalogue", "list")["catalogues"]
    assert [(row["version"], row["entries"]) for row in rows] == [(2, {"part": 2}), (1, {"part": 2, "safety": 1})]
    assert (rows[1]["by"], rows[1]["from"]) == ("ada", f"{parts} {rules}")
    assert "P-2" in shop.ok("catalogue", "show")
    shown = shop.json("catalogue", "show", "--version", "1", "--kind", "safety")
    assert shown["entries"] == [{"kind": "safety", "code": "POWER", "name": "Switch off", "version": 2}]
    assert [each["name"] for each in shop.json("catalogue", "show", "--code", "P-1")["entries"]] == ["Filter"]
    assert shop.refused("catalogue", "show", "--version", "3") == "unknown_catalogue"


def test_a_catalogue_with_mistakes_is_refused_with_all_of_them(shop: Shell) -> None:
    good = shop.file("parts.csv", "code,name\nP-1,Filter\n")
    bad = shop.file("bad.csv", "code,name,serial\nP-1,Filter,maybe\n,Pump,\n")
    assert shop.refused("catalogue", "import", good, bad) == "input_refused"
    assert f"{bad}:2:3: serial: " in shop.err
    assert f"{bad}:3: " in shop.err
    large = "".join(f"P-{number},{'x' * 160}\n" for number in range(10_000))
    assert shop.refused("catalogue", "import", shop.file("large.csv", "code,name\n" + large)) == "catalogue_too_large"
    assert shop.json("catalogue", "list")["catalogues"] == []


def test_an_order_is_shown_as_it_was_imported(shop: Shell) -> None:
    said = shop.ok("orders", "show", "WO-2")
    for word in ("Huber", "t-1 t-2", "2026-09-22 06:00:00Z", "assigned"):
        assert word in said
    content = shop.json("orders", "show", "WO-2")["content"]
    assert (content["customer"], content["tasks"], content["technicians"]) == ("C-2", ["FIT"], ["t-1", "t-2"])
    assert shop.refused("orders", "show", "WO-9") == "unknown_order"


def test_a_version_of_prices_is_taken_once_and_the_same_again_is_fine(shop: Shell) -> None:
    prices = shop.file("prices.csv", PRICES)
    assert shop.json("prices", "import", prices) == {
        "stored": True,
        "new": [],
        "known": [["STANDARD", "2026-1"]],
    }
    other = shop.file("other.csv", PRICES.replace("90", "91"))
    assert shop.refused("prices", "import", other) == "input_refused"
    assert "version_conflict" in shop.err
    bad = shop.file("bad.csv", PRICES.replace("90", "much").replace("hour", "moon"))
    shop.refused("prices", "import", bad)
    assert f"{bad}:2:" in shop.err
    assert f"{bad}:3:" in shop.err
    [row] = shop.json("prices", "list")["price_lists"]
    assert (row["price_list"], row["version"], row["rules"]) == ("STANDARD", "2026-1", 4)


def test_the_configured_price_list_is_the_one_that_is_meant(shell: Shell) -> None:
    shell.file("prices.csv", PRICES)
    shell.ok("init", "--organisation", "X")
    assert shell.refused("prices", "import") == "file_unusable"
    config = shell.home / "gateway.toml"
    config.write_text(config.read_text().replace('price_list = ""', 'price_list = "../prices.csv"'))
    assert shell.json("prices", "import", "--dry-run")["stored"] is False
    assert shell.json("prices", "list")["price_lists"] == []
    assert shell.json("prices", "import")["new"] == [["STANDARD", "2026-1"]]


def test_a_file_that_is_not_there_is_a_sentence(shop: Shell) -> None:
    nowhere = str(shop.folder / "nowhere.csv")
    for words in (["orders", "import", nowhere], ["prices", "import", nowhere], ["orders", "import", str(shop.home)]):
        assert shop.refused(*words) == "file_unusable"


# Handhelds and technicians


def enrol(shell: Shell, name: str, *more: str) -> Any:
    device = shell.folder / name
    request, out = shell.folder / f"{name}.request", shell.folder / f"{name}.welcome"
    assert handheld(["--home", str(device), "enrol", "request", str(request)]) == 0
    words = ["enrol", "--request", str(request), "--label", name.upper(), "--device", name, "--out", str(out), *more]
    said = shell.json(*words)
    assert handheld(["--home", str(device), "enrol", "accept", str(out), "--trust", said["fingerprint"]]) == 0
    return said


def test_a_handheld_is_enrolled_with_two_files_and_a_fingerprint(shop: Shell) -> None:
    said = enrol(shop, "hh-1", "--technician", "t-1", "--technician", "t-3", "--broker", "10.0.0.1:1883")
    assert (said["device"], said["created"]) == ("hh-1", True)
    again = enrol(shop, "hh-1")
    assert (again["created"], again["thumbprint"]) == (False, said["thumbprint"])
    listed = shop.json("technicians", "list")["technicians"]
    assert [(row["technician"], row["device"], row["orders"]) for row in listed] == [
        ("t-1", "hh-1", 2),
        ("t-3", "hh-1", 0),
    ]
    [device] = shop.json("status")["devices"]
    assert (device["device"], device["status"], device["last_seq"]) == ("hh-1", "active", -1)


def test_the_sentence_for_a_handheld_says_what_to_type_there(shop: Shell) -> None:
    request = shop.folder / "request"
    handheld(["--home", str(shop.folder / "hh"), "enrol", "request", str(request)])
    out = str(shop.folder / "welcome")
    said = shop.ok("enrol", "--request", str(request), "--label", "HH", "--out", out)
    assert "jobseal-device enrol accept welcome --trust " in said


def test_a_file_that_is_no_key_is_refused_and_no_welcome_is_written(shop: Shell) -> None:
    out = shop.folder / "welcome"
    words = ["enrol", "--request", shop.file("request", "hello"), "--label", "HH", "--out", str(out)]
    assert shop.refused(*words) == "request_invalid"
    assert not out.exists()


def test_technicians_are_bound_and_unbound(shop: Shell) -> None:
    enrol(shop, "hh-1")
    assert shop.json("technicians", "bind", "t-1", "hh-1")["told"] == ["hh-1"]
    with opened(shop) as gateway, reading(gateway.engine) as connection:
        assert assignments.device_of(connection, "t-1") == "hh-1"
    shop.ok("technicians", "unbind", "t-1")
    assert shop.json("technicians", "list")["technicians"] == [{"technician": "t-1", "device": None, "orders": 2}]
    assert shop.refused("technicians", "bind", "t-1", "hh-9") == "unknown_device"


# Status, evidence, rebuild


def test_status_tells_in_progress_held_and_released_apart_and_whose_move_it_is(shop: Shell, field: Office) -> None:
    ada = Phone(field, "hh-1", "t-1")
    ada.work("WO-1")
    ada.sign("job.accepted", "WO-2")
    ada.sync()
    field.project()
    said = shop.json("status")
    assert said["jobs"] == {"collecting": 1, "held": 0, "ready": 0, "released": 1}
    first, second = said["list"]
    assert (first["job"], first["standing"], first["revisions"]) == ("WO-1", "released", [1])
    assert (second["job"], second["state"], second["waiting_for"]) == ("WO-2", "dispatched", ["t-2"])

    ada.work("WO-2")
    ada.sync()
    field.project()
    [held] = [row for row in shop.json("status")["list"] if row["standing"] == "held"]
    assert held["job"] == "WO-2"
    assert {each["code"] for each in held["holding"]} >= {"close_missing"}
    text = shop.ok("status")
    assert "Jobs: 0 in progress, 1 held, 0 ready, 1 released." in text
    assert f"close_missing ({RULES['close_missing'].owner})" in text
    assert "Bäckerei Müller" in text
    assert "hh-1" in text


def test_one_job_is_told_in_full_with_what_resolves_it(shop: Shell, field: Office) -> None:
    ada = Phone(field, "hh-1", "t-1")
    ada.work("WO-2")
    ada.sync()
    field.project()
    text = shop.ok("status", "--job", "WO-2")
    for word in ("WO-2: held", "holds: close_missing\n", "technician t-2", "Nothing yet from: t-2", "labour", "hh-1"):
        assert word in text
    full = shop.json("status", "--job", "WO-2")
    assert full["rating"]["status"] == "held"
    assert len(full["card"]["events"]) == 8
    assert shop.refused("status", "--job", "WO-9") == "unknown_job"
    shop.ok("orders", "import", shop.file("more.csv", ORDERS.replace("WO-", "WX-")))
    assert shop.refused("status", "--job", "WX-1") == "not_folded"


def test_the_office_resolves_what_is_held_and_evidence_says_who(shop: Shell, field: Office) -> None:
    ada = Phone(field, "hh-1", "t-1")
    ada.work("WO-2")
    ada.sync()
    field.project()
    assert shop.refused("evidence", "WO-2", "--out", str(shop.folder / "x")) == "not_released"
    act = shop.json("office", "close", "WO-2", "--reason", "Bob is ill and worked nothing", "--operator", "eve")
    assert act["kind"] == "job.closed_by_office"
    field.project()
    [row] = shop.json("status", "--job", "WO-2")["records"]
    assert (row["revision"], row["kind"], row["statuses"][-1]["status"]) == (1, "original", "released")
    with opened(shop) as gateway, reading(gateway.engine) as connection:
        [leaf] = leaves.between(connection, act["leaf"], act["leaf"] + 1)
    assert leaf.hash.hex() == act["hash"]
    assert b"eve" in (leaf.bytes or b"")


@pytest.mark.parametrize("name", ["WO-1", "WO-1~1"])
def test_evidence_is_what_jobseal_verify_accepts_under_the_fingerprint(shop: Shell, field: Office, name: str) -> None:
    ada = Phone(field, "hh-1", "t-1")
    ada.work("WO-1")
    ada.sync()
    field.project()
    bundle = shop.folder / "evidence"
    said = shop.json("evidence", name, "--out", str(bundle))
    assert (said["revision"], said["bytes"]) == (1, bundle.stat().st_size)
    assert jobseal(["verify", str(bundle), "--trust", said["fingerprint"]]) == 0
    assert jobseal(["verify", str(bundle)]) == 3
    assert shop.refused("evidence", "WO-1", "--revision", "2", "--out", str(bundle)) == "not_released"


def test_rebuilding_gives_the_same_answers_and_releases_nothing_again(shop: Shell, field: Office) -> None:
    ada = Phone(field, "hh-1", "t-1")
    ada.work("WO-1")
    ada.sync()
    field.project()
    before, documents = shop.json("status"), field.documents()
    assert shop.json("rebuild") == {"jobs": 2}
    assert (shop.json("status"), field.documents()) == (before, documents)


def test_what_changed_and_is_not_folded_yet_is_said_and_a_rebuild_leaves_it_to_the_next_round(shop: Shell) -> None:
    assert "2 jobs changed and not folded again yet." in shop.ok("status")
    shop.ok("rebuild")
    assert "2 jobs changed and not folded again yet." in shop.ok("status")


# Quarantine and office


def test_the_quarantine_is_listed_and_shown_without_moving_anybodys_cursor(shop: Shell) -> None:
    assert shop.ok("quarantine", "list") == shop.ok("quarantine") == "The quarantine is empty.\n"
    with opened(shop) as gateway, writing(gateway.engine) as connection:
        quarantine.put(connection, "stranger\x1b[2J", 1_790_000_000_000, "unknown_kid", b"\x00\x01garbage")
    said = shop.ok("quarantine", "list")
    assert "stranger?[2J" in said
    assert "\x1b" not in said
    assert "unknown_kid" in shop.ok("quarantine", "show", "1")
    assert shop.json("quarantine", "show", "1")["content"] == b"\x00\x01garbage".hex()
    shop.ok("quarantine", "show", "1", "--out", str(shop.folder / "item"))
    assert (shop.folder / "item").read_bytes() == b"\x00\x01garbage"
    assert shop.refused("quarantine", "show", "2") == "no_such_item"


def test_a_long_quarantine_is_paged(shop: Shell) -> None:
    with opened(shop) as gateway, writing(gateway.engine) as connection:
        quarantine.put_all(connection, "stranger", 1_790_000_000_000, [("malformed", b"x")] * 51)
    first = shop.json("quarantine", "list")
    assert (len(first["items"]), first["more"]) == (50, True)
    assert "More follow: --after 50" in shop.ok("quarantine", "list")
    rest = shop.json("quarantine", "list", "--after", "50")
    assert ([each["item"] for each in rest["items"]], rest["more"]) == ([51], False)


def test_a_clone_shows_as_a_fork_and_its_branch_is_adopted(shop: Shell, field: Office) -> None:
    ada = Phone(field, "hh-1", "t-1")
    ada.sign("job.accepted", "WO-1")
    ada.sync()
    clone = stolen(ada, field)
    ada.sign("travel.started", "WO-1")
    ada.sync()
    clone.sign("job.accepted", "WO-2")
    clone.sync()
    [device] = shop.json("status")["devices"]
    [fork] = device["forks"]
    assert (fork["from"], fork["standing"]) == (1, "forked")
    assert fork["head"] in shop.ok("status")
    shop.ok("office", "adopt", "hh-1", "--head", fork["head"], "--reason", "it did the work")
    with opened(shop) as gateway, reading(gateway.engine) as connection:
        key = keys.of_device(connection, "hh-1")[-1]
        assert branches.of_key(connection, key.id)[1].standing == branches.ADOPTED


def stolen(phone: Phone, field: Office) -> Phone:
    """A copy of the handheld's card in another machine, which makes other random bytes."""
    folder = phone.home.folder.with_name("stolen")
    shutil.copytree(phone.home.folder, folder, ignore=shutil.ignore_patterns("*.lock", "*.sock"))
    return Phone(field, phone.name, phone.technician, folder)


def test_keys_are_suspended_and_revoked_by_device_or_digits(shop: Shell) -> None:
    thumbprint = enrol(shop, "hh-1")["thumbprint"]
    shop.ok("office", "suspend", "hh-1", "--reason", "seen twice")
    assert shop.json("status")["devices"][0]["status"] == "suspended"
    assert shop.refused("office", "revoke", thumbprint[:8], "--reason", "compromised") == "last_trusted_seq"
    shop.ok("office", "revoke", thumbprint[:8], "--reason", "compromised", "--last-trusted-seq", "-1")
    assert shop.json("status")["devices"][0]["status"] == "revoked"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["close", "WO-9", "--reason", "x"], "unknown_job"),
        (["override", "WO-1", "over_budget", "--reason", "x"], "no_such_exception"),
        (["override", "WO-1", "over_budget", "--reason", "x", "--event", "12"], "not_a_hash"),
        (["suspend", "hh-9", "--reason", "x"], "unknown_key"),
        (["revoke", "hh-9", "--reason", "lost"], "unknown_key"),
        (["adopt", "hh-9", "--head", "00", "--reason", "x"], "unknown_key"),
        (["write-off", "hh-9", "1", "2", "--reason", "x"], "unknown_key"),
        (["erase", "00" * 32, "--reason", "x"], "object_unknown"),
        (["erase", "photo", "--reason", "x"], "not_a_hash"),
    ],
)
def test_what_the_office_cannot_do_is_a_sentence_and_no_leaf(shop: Shell, words: list[str], code: str) -> None:
    assert shop.refused("office", *words) == code
    assert shop.json("status")["log_size"] == 0


# The page


def commands_of(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Every command that there is, as it is typed."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for inner in action.choices.values():
                yield from commands_of(inner)
            return
    yield parser.prog


def test_the_operators_pages_show_every_command_and_nothing_that_is_not_one() -> None:
    docs = Path(__file__).parents[2] / "docs"
    page = "".join((docs / f"{name}.md").read_text() for name in ("operating", "signing-in", "keys"))
    parser = command._parser()
    shown = [line for line in page.splitlines() if line.startswith("jobseal-gateway ")]
    for line in shown:
        assert callable(parser.parse_args(shlex.split(line, comments=True)[1:]).run), line
    missing = [name for name in commands_of(parser) if not any(line.startswith(name) for line in shown)]
    assert missing == ["jobseal-gateway quarantine list"]  # which is what quarantine alone does
