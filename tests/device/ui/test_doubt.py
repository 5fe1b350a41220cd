"""A sync that fails leaves an event in doubt: nothing typed is lost if the disk never has it, or doubled if it has."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.device.ui.hand import Hand

INSPECTION, FILTERS = "WO-1001", "WO-1002"
DOUBT = "Signed, but the disk has not confirmed it."


@contextmanager
def failing_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A disk that confirms nothing."""

    def fail(_fd: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", fail)
        broken.setattr(os, "fdatasync", fail)
        yield


def on_site(hand: Hand, job: str) -> Hand:
    hand.log_in().do(job, "Accept job", "Arrive on site")
    return hand.open_job(job)


class Disk:
    """What the journal's folder held at a moment."""

    def __init__(self, hand: Hand, folder: Path) -> None:
        self._hand, self._copy = hand, folder / "before"
        shutil.copytree(hand.home.journal, self._copy)

    def forget(self) -> None:
        """A power cut before the disk had any of what came later."""
        self._hand.capture.kill()
        shutil.rmtree(self._hand.home.journal)
        shutil.copytree(self._copy, self._hand.home.journal)
        self._hand.open()


def answered(hand: Hand) -> Hand:
    on_site(hand, INSPECTION).choose("Checklist").choose("Leak").press("2").press("1").press("80", "Enter")
    hand.save()
    return hand


def test_answers_of_a_checklist_are_kept_when_their_commit_fails(
    hand: Hand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered(hand)
    disk = Disk(hand, tmp_path)
    with failing_disk(monkeypatch):
        hand.press("F1")
        assert hand.message.startswith(DOUBT)
        assert hand.bells[-1] == 2
        assert hand.navigator.frame["answers"] == {"BELT": "yes", "DP": "80"}
        hand.desk.keep_place(hand.navigator.kept)
    disk.forget()
    assert hand.kinds(INSPECTION) == ["job.accepted", "job.arrived"]
    assert hand.navigator.frame["answers"] == {"LEAK": "no", "BELT": "yes", "DP": "80"}
    hand.press("F1")
    assert [each.body[1] for each in hand.events(INSPECTION)[2:]] == ["LEAK", "BELT", "DP"]


def test_the_answers_behind_one_in_doubt_are_signed_once_the_disk_works(
    hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered(hand)
    with failing_disk(monkeypatch):
        hand.press("F1")
        hand.press("F1")
        assert hand.message == "The disk failed. Nothing was signed. Try again."
        assert "Leak?" in hand.text()  # painted while it was in doubt
    hand.press("F1")
    assert hand.message == "The disk has confirmed what was in doubt. Look, then press again."
    hand.press("F1")
    assert hand.message == "Signed: 2 answers."
    assert [each.body[1] for each in hand.events(INSPECTION)[2:]] == ["LEAK", "BELT", "DP"]


def test_an_answer_in_doubt_that_the_disk_has_is_not_asked_for_again(
    hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered(hand)
    with failing_disk(monkeypatch):
        hand.press("F1")
        hand.desk.keep_place(hand.navigator.kept)
    hand.crash()  # the page cache outlives the process
    assert hand.kinds(INSPECTION)[2:] == ["checklist.answered"]
    assert hand.navigator.frame["answers"] == {"BELT": "yes", "DP": "80"}


@pytest.mark.parametrize("lost", [True, False])
def test_a_reading_in_doubt_is_a_draft_again_only_if_the_disk_never_had_it(
    hand: Hand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: bool
) -> None:
    on_site(hand, FILTERS).choose("Reading").press("TEMP", "Enter", "21.5")
    hand.save()
    disk = Disk(hand, tmp_path)
    with failing_disk(monkeypatch):
        hand.press("F1")
        assert hand.at == "job"
        hand.desk.keep_place(hand.navigator.kept)
    if lost:
        disk.forget()
        assert "> 21.5_" in hand.text()
        hand.press("F1")
    else:
        hand.crash()
        assert hand.at == "job"
    assert hand.kinds(FILTERS).count("reading.taken") == 1


def test_a_note_that_the_disk_does_not_take_stays_as_it_was_typed(hand: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    on_site(hand, FILTERS).choose("Note").press("Grille bent")
    with failing_disk(monkeypatch):
        hand.press("F1")
    assert hand.message == "The disk failed. Nothing was signed. Try again."
    hand.press("F1")
    assert hand.kinds(FILTERS).count("note.added") == 1


def test_new_work_and_safety_rules_in_doubt_are_not_signed_twice(hand: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    hand.log_in().scan("SITE-9")
    with failing_disk(monkeypatch):
        hand.press("F1")
        assert hand.message.startswith(DOUBT)
    assert hand.at == "job"
    assert hand.desk.settle()
    on_site(hand, "WO-1003").choose("Safety")
    with failing_disk(monkeypatch):
        hand.press("F1")
        assert hand.message.startswith(DOUBT)
    assert hand.at == "job"
    hand.choose("Safety").press("F1")
    assert hand.kinds("DEMO-1-1") == ["job.accepted"]
    rules = [each.body[1] for each in hand.events("WO-1003") if each.kind == "safety.acknowledged"]
    assert rules == ["LADDER", "POWER-OFF"]
