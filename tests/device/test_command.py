"""``jobseal-device`` as people and scripts use it: answers, sentences, exit codes."""

import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from jobseal import cbor, event
from jobseal.work import Assignment
from jobseal_device import command
from jobseal_device.home import Home
from jobseal_device.journal_reader import JournalReader
from jobseal_device.work_file import WorkFile
from tests.device.workbench import TestOffice, enrolled_home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return enrolled_home(tmp_path / "HH-1", TestOffice())


class Said:
    """What the command answered."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out
        self.err = err

    @property
    def json(self) -> dict[str, Any]:
        decoded: dict[str, Any] = json.loads(self.out)
        return decoded


@pytest.fixture
def run(home: Home, capsys: pytest.CaptureFixture[str]) -> "Runner":
    return Runner(home, capsys)


class Runner:
    def __init__(self, home: Home, capsys: pytest.CaptureFixture[str]) -> None:
        self._home = home
        self._capsys = capsys

    def __call__(self, *words: str) -> Said:
        code = command.main(["--home", str(self._home.folder), "--json", *words])
        out, err = self._capsys.readouterr()
        return Said(code, out, err)

    def text(self, *words: str) -> str:
        assert command.main(["--home", str(self._home.folder), *words]) == 0
        return self._capsys.readouterr().out


def test_a_job_is_signed_from_the_command_line_from_login_to_sign_off(run: Runner, home: Home) -> None:
    lines = [
        "session.opened --by t-1",
        "job.accepted --job WO-1",
        "travel.started --job WO-1",
        "travel.stopped --job WO-1 distance_m=1200",
        "job.arrived --job WO-1 site=S-1",
        "labour.started task=FIT --job WO-1",
        "labour.stopped --job WO-1 task=FIT",
        "part.used code=P-1 quantity=2 --job WO-1 unit=pc source=van",
        "checklist.answered --job WO-1 item=leak answer=no",
        "job.completed --job WO-1",
        "job.signed_off --job WO-1 method=typed name=Customer",
        "session.closed",
    ]
    for number, line in enumerate(lines):
        said = run("capture", *line.split())
        assert said.code == 0, said.err
        assert (said.json["signed"]["seq"], said.json["signed"]["by"]) == (number, "t-1")
    listed = run("journal").json["events"]
    assert [row["kind"] for row in listed] == [line.split()[0] for line in lines]
    assert listed[7]["body"] == {"code": "P-1", "quantity": "2", "unit": "pc", "source": "van"}
    assert {row["state"] for row in listed} == {"signed"}
    assert len(list(JournalReader(home.journal).readable())) == 12


def test_a_correction_names_the_event_by_its_hash(run: Runner) -> None:
    for words in ("job.accepted", "job.arrived"):
        run("capture", words, "--job", "WO-1")
    used = run("capture", "part.used", "--job", "WO-1", "code=P", "quantity=1", "unit=pc", "source=van").json["signed"]
    said = run("capture", "event.corrected", "--job", "WO-1", "--amends", used["hash"], "reason=2", "quantity=3")
    assert said.json["signed"]["body"]["body"] == {"1": "P", "2": "3", "3": "pc", "4": "van"}
    assert said.json["signed"]["amends"] == used["hash"]


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["capture", "job.arrived", "--job", "WO-1"], "illegal_transition", "not accepted yet"),
        (["capture", "drone.launched"], "unknown_kind", "There is no event kind drone.launched"),
        (["capture", "labour.started", "--job", "WO-1", "task"], "command", "task is not NAME=VALUE"),
        (["capture", "labour.started", "--job", "WO-1", "task=a", "task=b"], "command", "task is there twice"),
        (["capture", "event.corrected", "--job", "W", "--amends", "xyz"], "command", "xyz is not an event's hash"),
        (["capture", "job.accepted", "--job", "W\x1b[31mO"], "malformed", "job has a control character"),
        (["capture", "note.added", "--job", "WO-1", "note=\udcff"], "malformed_body", "note is not valid text"),
        (["enrol", "accept", "/dev/null/x", "--trust", "00"], "file_unreadable", "/dev/null/x cannot be read"),
        (["enrol", "request", "/dev/null/file"], "file_unwritable", "/dev/null/file cannot be written"),
    ],
)
def test_what_is_refused_is_a_code_and_a_sentence_and_exit_code_1(
    run: Runner, home: Home, words: list[str], code: str, sentence: str
) -> None:
    said = run(*words)
    assert (said.code, said.json["error"], said.json["fault"]) == (1, code, "operator")
    assert sentence in said.json["sentence"]
    assert said.err.startswith("jobseal-device: ")
    assert f"[{code}]" in said.err
    assert "\x1b" not in said.err
    assert JournalReader(home.journal).head() is None


@pytest.mark.parametrize(
    "words", [[], ["fly"], ["journal", "--from", "-1"], ["journal", "--count", "x"], ["status", "--fast"], ["enrol"]]
)
def test_a_wrong_command_line_is_exit_code_2(home: Home, words: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command.main(["--home", str(home.folder), *words])
    assert ended.value.code == 2


def test_options_may_stand_before_or_behind_the_command(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["status", "--json", "--home", str(home.folder)]) == 0
    assert json.loads(capsys.readouterr().out)["device"] == "HH-1"
    assert command.main(["--home", str(home.folder), "status"]) == 0
    assert "device: HH-1" in capsys.readouterr().out


def test_next_offers_the_legal_steps_with_what_they_take(run: Runner) -> None:
    first = run("next", "--job", "WO-1").json
    assert (first["state"], [step["kind"] for step in first["next"]]) == ("created", ["job.accepted", "job.cancelled"])
    run("capture", "job.accepted", "--job", "WO-1")
    run("capture", "job.arrived", "--job", "WO-1")
    steps = {step["kind"]: step["fields"] for step in run("next", "--job", "WO-1").json["next"]}
    assert steps["labour.started"] == [{"name": "task", "takes": "a text of 1 to 64 characters", "required": True}]
    assert steps["job.completed"] == []
    assert "job.signed_off" not in steps


def test_every_offered_step_is_taken_with_what_its_fields_ask_for(run: Runner, tmp_path: Path) -> None:
    picture = tmp_path / "x.png"
    picture.write_bytes(b"PNG")
    values = {"photo": f"@{picture}", "quantity": "1", "amount": "1", "value": "1", "currency": "EUR", "answer": "yes"}
    values |= {"source": "van", "reason": "parts", "method": "typed"}
    taken = set()
    for number, route in enumerate([[], ["job.accepted"], ["job.accepted", "job.arrived"]]):
        for before in route:
            run("capture", before, "--job", f"route {number}")
        for step in run("next", "--job", f"route {number}").json["next"]:
            if step["kind"] == "event.corrected":
                continue
            job = f"WO-{number}-{step['kind']}"
            for before in route:
                run("capture", before, "--job", job)
            fields = [field["name"] for field in step["fields"] if field["required"]]
            words = [f"{name}={values.get(name, 'text')}" for name in fields]
            assert run("capture", step["kind"], "--job", job, *words).code == 0
            taken.add(step["kind"])
    assert len(taken) > 15


def test_next_lists_the_assigned_jobs_and_those_begun_without_an_order(run: Runner, home: Home) -> None:
    document = cbor.encode({"customer": "C-1", "site": "S-1", "window_start": 5})
    digest = hashlib.sha256(document).digest()
    work = WorkFile(home)
    orders = [["WO-1", 1, digest]]
    work.assign(Assignment(device="HH-1", version=1, at=0, orders=orders, catalogue=None, roster=None))
    work.keep(document)
    work.flush()
    run("capture", "job.accepted", "--job", "SCANNED-9")
    assert run("next").json["jobs"] == [
        {"job": "WO-1", "state": "created", "customer": "C-1", "site": "S-1", "window_start": 5},
        {"job": "SCANNED-9", "state": "dispatched"},
    ]
    assert run("status").json["orders"] == 1


def test_reading_commands_work_beside_an_open_capture(run: Runner, home: Home) -> None:
    run("capture", "session.opened", "--by", "t-1")
    capture = command.open_capture(home, command.SystemClock(0))
    try:
        for words in (["next"], ["next", "--job", "WO-1"], ["status"], ["journal"]):
            assert run(*words).code == 0
        assert run("capture", "session.closed").json["error"] == "journal_in_use"
    finally:
        capture.close()


def test_the_journal_is_listed_from_anywhere_and_by_job(run: Runner) -> None:
    for number in range(6):
        run("capture", "job.accepted", "--job", f"WO-{number % 2}")
    assert [row["seq"] for row in run("journal", "--from", "2", "--count", "3").json["events"]] == [2, 3, 4]
    assert [row["seq"] for row in run("journal", "--job", "WO-1").json["events"]] == [1, 3, 5]
    assert run("journal", "--count", "0").json["events"] == []
    assert run("journal", "--from", "99").json["events"] == []


def test_a_damaged_journal_is_listed_as_far_as_it_can_be_read(run: Runner, home: Home) -> None:
    for number in range(5):
        run("capture", "job.accepted", "--job", f"WO-{number}")
    segment = next(home.journal.glob("*.seg"))
    data = bytearray(segment.read_bytes())
    events = [each for _, each in JournalReader(home.journal).readable()]
    data[data.index(events[1]) + 60] ^= 1
    segment.write_bytes(data)
    said = run("journal").json
    assert [row["seq"] for row in said["events"]] == [0, 2, 3, 4]
    assert said["lost"] == [[1, 1]]
    assert run("capture", "job.arrived", "--job", "WO-4").code == 0
    assert [row["kind"] for row in run("journal", "--from", "5").json["events"]] == ["range.lost", "job.arrived"]


def test_status_says_what_it_can_where_files_are_damaged(run: Runner, home: Home) -> None:
    run("capture", "session.opened", "--by", "t-1")
    home.work.write_text("{")
    home.uplink.write_bytes(b"garbage")
    said = run("status").json
    assert (said["signed"], said["acknowledged"], len(said["unreadable"])) == (1, 0, 2)
    assert run("journal").json["events"][0]["state"] == "signed"
    assert run("next").json["jobs"] == []


def test_people_get_lines_and_no_terminal_codes(run: Runner, home: Home) -> None:
    assert "signed: 0" in run.text("status").splitlines()
    document = cbor.encode({"customer": "\x1b[31mred", "site": None, "window_start": None})
    work = WorkFile(home)
    digest = hashlib.sha256(document).digest()
    orders = [["WO-1", 1, digest]]
    work.assign(Assignment(device="HH-1", version=1, at=0, orders=orders, catalogue=None, roster=None))
    work.keep(document)
    work.flush()
    shown = run.text("next")
    assert "job=WO-1" in shown
    assert "\x1b" not in shown
    assert "kind=session.opened" in run.text("capture", "session.opened", "--by", "t-1")


def test_a_home_that_is_not_enrolled_says_what_to_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["status"], ["next"], ["journal"], ["capture", "session.opened"], ["sync"]):
        code = command.main(["--home", str(tmp_path / "new"), *words])
        assert code == (0 if words == ["journal"] else 1)
    assert "jobseal-device enrol request FILE" in capsys.readouterr().err


def test_enrolment_goes_by_two_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    office, place = TestOffice(), ["--home", str(tmp_path / "HH-7"), "--json"]
    request, answer = tmp_path / "HH-7.request", tmp_path / "HH-7.welcome"
    assert command.main([*place, "enrol", "request", str(request)]) == 0
    answer.write_bytes(office.grant(request.read_bytes(), "HH-7"))
    capsys.readouterr()
    assert command.main([*place, "enrol", "accept", str(answer), "--trust", office.fingerprint]) == 0
    assert json.loads(capsys.readouterr().out) == {"device": "HH-7", "label": "HH-7", "enrolled": True}
    assert command.main([*place, "status"]) == 0


def test_a_reader_that_closes_the_pipe_is_no_error(run: Runner, home: Home) -> None:
    for _ in range(3):
        run("capture", "session.opened", "--by", "t-1")
    line = [sys.executable, "-m", "jobseal_device.command", "--home", str(home.folder), "journal"]
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(line, stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


def test_home_may_come_from_the_environment(home: Home) -> None:
    line = [sys.executable, "-m", "jobseal_device.command", "status", "--json"]
    done = subprocess.run(line, env={**os.environ, "JOBSEAL_HOME": str(home.folder)}, capture_output=True, check=True)
    assert json.loads(done.stdout)["device"] == "HH-1"


# The rehearsal, which only a demonstration starts


def rehearsal(home: Home, clock: dict[str, Any]) -> subprocess.Popen[str]:
    line = [sys.executable, "-m", "jobseal_device.rehearsal", str(home.folder), json.dumps(clock), "capture"]
    return subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_a_rehearsal_signs_line_by_line_on_its_own_clock(home: Home) -> None:
    start_ms = 1_790_000_000_000
    clock = {
        "start_wall_ms": start_ms, "factor": 600, "real_start_monotonic": time.monotonic(), "wall_offset_ms": 0,
        "boot": "0102030405060708",
    }  # fmt: skip
    lines: list[dict[str, Any]] = [
        {"kind": "session.opened", "by": "t-1"},
        {"kind": "job.accepted", "job": "WO-1"},
        {"kind": "job.completed", "job": "WO-1"},
        {"set_clock_ms": -3_600_000},
        {"kind": "job.arrived", "job": "WO-1", "fields": {"site": "S"}},
    ]
    process = rehearsal(home, clock)
    said, _ = process.communicate("".join(json.dumps(line) + "\n" for line in lines), timeout=30)
    answers = [json.loads(line) for line in said.splitlines()]
    assert process.returncode == 0
    assert answers[0]["signed"]["kind"] == "session.opened"
    assert start_ms <= answers[1]["signed"]["at"] < start_ms + 3_600_000
    assert answers[2]["error"] == "illegal_transition"
    assert answers[3]["clock"] < start_ms
    assert (answers[4]["signed"]["seq"], answers[4]["signed"]["body"]) == (3, {"site": "S"})
    kinds = [event.parse(data).event.kind for _, data in JournalReader(home.journal).readable()]
    assert kinds == ["session.opened", "job.accepted", "clock.adjusted", "job.arrived"]
