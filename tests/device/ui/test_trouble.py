"""A full disk, a failing one, a clock that jumps, files cut in half: a clear sentence, and nothing lost."""

import os
from typing import Any

import pytest

from jobseal import cbor
from jobseal.work import digest
from jobseal_device.errors import DiskFull, EventInDoubt
from jobseal_device.ui import catalogue, demo
from jobseal_device.ui.catalogue import Catalogue
from jobseal_device.ui.demo import CATALOGUE, Office
from jobseal_device.work_file import WorkFile
from tests.device.ui.hand import Hand
from tests.device.workbench import MONDAY_MS

JOB = "WO-1002"


def at_work(hand: Hand) -> Hand:
    hand.log_in().do(JOB, "Accept job", "Arrive on site")
    return hand.open_job(JOB)


def test_a_full_disk_is_said_and_what_was_typed_stays(hand: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    at_work(hand).choose("Note").press("Grille bent")
    with monkeypatch.context() as broken:
        broken.setattr(hand.capture.journal, "append", _full)
        hand.press("F1")
    assert hand.message == "The disk is full. Nothing was signed. Free some space."
    assert hand.bells[-1] == 2
    assert "Grille bent" in hand.text()
    hand.press("F1")
    assert hand.kinds(JOB)[-1] == "note.added"


def _full(_frame: bytes) -> None:
    raise DiskFull("The event")


def test_an_event_in_doubt_is_not_offered_to_be_signed_twice(hand: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    at_work(hand).choose("Note").press("Grille bent")
    sign = hand.capture.sign

    def doubtful(*words: object, **more: object) -> None:
        sign(*words, **more)  # type: ignore[arg-type]
        raise EventInDoubt("note.added", "The disk failed.")

    with monkeypatch.context() as broken:
        broken.setattr(hand.capture, "sign", doubtful)
        hand.press("F1")
    assert hand.message.startswith("Signed, but the disk has not confirmed it.")
    assert hand.at == "job"
    hand.choose("Note")
    assert "Grille bent" not in hand.text()
    assert hand.kinds(JOB).count("note.added") == 1


def test_a_clock_that_jumps_changes_no_running_timer(hand: Hand) -> None:
    at_work(hand).choose("Start work").press("F1")
    hand.clock.sleep(10 * 60)
    hand.clock.wrong_ms = -3 * 86_400_000
    hand.navigator.refresh()
    assert "Work FILTERS" in hand.text()
    assert "0:10" in hand.text()
    hand.do(JOB, "Stop work")
    assert hand.kinds()[-2:] == ["clock.adjusted", "labour.stopped"]


def test_a_clock_that_was_never_set_is_no_hindrance(hand: Hand) -> None:
    hand.clock.wrong_ms = None
    at_work(hand)
    assert hand.events(JOB)[-1].at is None
    assert hand.desk.standing().now is None


@pytest.mark.parametrize("share", [0.0, 0.3, 0.5, 0.99])
def test_a_catalogue_cut_in_half_forbids_nothing(share: float) -> None:
    whole = cbor.encode(CATALOGUE)
    cut, state = catalogue.read([whole[: int(len(whole) * share)]])
    assert state == catalogue.UNREADABLE
    assert not cut.is_here
    assert cut.knows("parts", "ANYTHING")


@pytest.mark.parametrize(
    "odd", [None, [], "text", {"parts": 1}, {"parts": {"A": 7}}, {"tasks": {"T": {"checklist": [1]}}}]
)
def test_a_catalogue_of_another_form_is_passed_over(odd: object) -> None:
    read = Catalogue(odd)
    assert read.checklist(["T"]) == read.safety(["T"]) == []
    assert read.name("parts", "A") == read.unit("parts", "A") == ""
    assert read.reasons("cancel")


def test_damaged_drafts_are_set_aside_and_everything_signed_is_there(hand: Hand) -> None:
    at_work(hand).choose("Note").press("half a note")
    hand.save()
    hand.home.drafts.write_text(hand.home.drafts.read_text()[:40])
    hand.crash()
    assert hand.at == "today"
    assert hand.home.drafts.with_name("drafts.json.damaged1").exists()
    assert hand.kinds(JOB) == ["job.accepted", "job.arrived"]


def test_a_damaged_work_file_is_said_and_jobs_that_were_begun_go_on(hand: Hand) -> None:
    at_work(hand)
    hand.home.work.write_text('{"orders": [')
    hand.desk.look()
    hand.navigator.refresh()
    hand.press("F3")
    assert "cannot be read" in hand.message
    hand.open_job(JOB).choose("Note").press("still working", "F1")
    assert hand.kinds(JOB)[-1] == "note.added"


def test_a_draft_that_was_signed_in_the_last_moment_is_no_draft_after_a_kill(hand: Hand) -> None:
    at_work(hand).choose("Parts used").scan("FLT-10", "VLV-2", "CBL-3")
    hand.save()
    item = dict(hand.navigator.frame["items"][0])
    hand.desk.sign("part.used", item, JOB)
    hand.crash()
    assert [each["code"] for each in hand.navigator.frame["items"]] == ["VLV-2", "CBL-3"]
    hand.press("F1")
    assert [each.body[1] for each in hand.events(JOB) if each.kind == "part.used"] == ["FLT-10", "VLV-2", "CBL-3"]


def _sends(hand: Hand, catalogue: dict[str, Any]) -> None:
    """Another catalogue comes down, as sync leaves it."""
    Office(MONDAY_MS, os.urandom).assign(hand.home, demo.sample_orders(MONDAY_MS), catalogue)
    assert hand.desk.look()
    hand.navigator.refresh()


def test_a_catalogue_that_comes_is_used_at_once_and_takes_nothing_that_was_scanned(hand: Hand) -> None:
    at_work(hand).choose("Parts used").scan("NEW-9")
    assert "unknown" in hand.text()
    parts = {**CATALOGUE["parts"], "NEW-9": {"name": "Damper", "unit": "pc"}, "NEW-8": {"name": "Belt", "unit": "m"}}
    _sends(hand, {**CATALOGUE, "parts": parts})
    assert "1 pc NEW-9 Damper" in hand.text()
    hand.scan("NEW-8")
    assert "1 m NEW-8 Belt" in hand.text()
    hand.press("F1")
    assert [each.body[1] for each in hand.events(JOB) if each.kind == "part.used"] == ["NEW-9", "NEW-8"]


def test_a_large_catalogue_cut_in_half_on_the_disk_flags_nothing_and_comes_again(hand: Hand) -> None:
    large = {f"P-{number:04}": {"name": f"Part {number}", "unit": "pc"} for number in range(1_000)}
    _sends(hand, {"parts": large})
    assert hand.desk.catalogue_state == catalogue.HERE
    (path,) = hand.home.large.iterdir()
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    hand.crash()
    at_work(hand).choose("Parts used").scan("P-0007")
    assert "unknown" not in hand.text()
    hand.press("F1")
    hand.navigator.frames[1:] = [{"at": "help", "topic": "facts"}]
    hand.navigator.refresh()
    assert "Catalogue: not here yet" in hand.text()
    work = WorkFile(hand.home)
    work.start_anew_if_damaged()
    assert len(work.missing([digest(whole)])) == 1
    work.keep(whole)
    work.flush()
    assert hand.desk.look()
    assert hand.desk.catalogue.name("parts", "P-0007") == "Part 7"


def test_a_catalogue_that_is_none_is_said_at_the_parts(hand: Hand) -> None:
    at_work(hand)
    _sends(hand, ["no", "catalogue"])  # type: ignore[arg-type]
    hand.choose("Parts used")
    assert hand.message == "The catalogue cannot be read: codes are taken as they are."
    hand.scan("ANY-1").press("F1")
    assert hand.kinds(JOB)[-1] == "part.used"
