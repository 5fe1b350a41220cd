"""Every screen, reached by keys on a handheld with a morning's work in it: for pictures, snapshots and the crawler."""

import shutil
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from jobseal_device.ui.layout import Size
from jobseal_device.work_file import WorkFile
from tests.device.ui.hand import SMALL, Hand

INSPECTION, FILTERS, REPAIR = "WO-1001", "WO-1002", "WO-1003"
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(2000)


@cache
def _worked() -> tuple[tempfile.TemporaryDirectory[str], int]:
    """The folder of a handheld after such a morning, and what time it is by then."""
    folder = tempfile.TemporaryDirectory(prefix="gallery-")
    hand = Hand(Path(folder.name))
    _work(hand.log_in())
    hand.close()
    return folder, hand.clock.now_ms


def morning(folder: Path, size: Size = SMALL) -> Hand:
    """One job signed off, one under way with a correction and a verdict, one accepted; half of it acknowledged."""
    worked, now_ms = _worked()
    shutil.copytree(Path(worked.name) / "handheld", folder / "handheld")
    hand = Hand(folder, size)
    hand.clock.now_ms = now_ms
    hand.desk.acknowledged, hand.desk.sent = 9, 14
    return hand


def _work(hand: Hand) -> None:
    for minutes, step in ((1, "Accept job"), (2, "Start travel"), (25, "Arrive on site")):
        hand.clock.sleep(60 * minutes)
        hand.do(FILTERS, step)
    hand.open_job(FILTERS).choose("Parts used").scan("FLT-10", "FLT-10", "X-77").press("F1")
    hand.choose("Note").press("Grille bent, bring a new one", "F1")
    hand.clock.sleep(60 * 30)
    hand.choose("Complete job").press("F1")
    hand.choose("Customer signs").press("F1", "R. Rosner", "Enter", "1", "2", "F1")
    for minutes, step in ((1, "Accept job"), (2, "Start travel"), (15, "Arrive on site")):
        hand.clock.sleep(60 * minutes)
        hand.do(INSPECTION, step)
    hand.open_job(INSPECTION).choose("Start work").press("F1").choose("Start work").press("F1")
    hand.clock.sleep(60 * 12)
    hand.choose("Parts used").scan("VLV-2", "VLV-2").press("F1")
    hand.choose("Correct").press("1").choose("Correct it").choose("Quantity").press("1", "Enter", "1", "F1")
    hand.open_job(REPAIR).press("1", "F1")
    WorkFile(hand.home).judge([[5, ["unknown_code"]]])


def _job(hand: Hand, job: str, *rows: str) -> Hand:
    hand.open_job(job)
    for row in rows:
        hand.choose(row)
    return hand


def _menu(hand: Hand, *rows: str) -> Hand:
    while len(hand.navigator.frames) > 1:
        hand.navigator.frames.pop()
    hand.navigator.refresh()
    hand.press("F4")
    for row in rows:
        hand.choose(row)
    return hand


def _login(hand: Hand) -> Hand:
    return _menu(hand, "Log out").press("F1")


def _photo(hand: Hand) -> Hand:
    path = hand.home.folder / "front.png"
    path.write_bytes(PICTURE)
    _job(hand, INSPECTION, "Photo", "Type a file")
    hand.navigator.frame.update(file=str(path), is_typing=False)
    hand.navigator.refresh()
    return hand


def _summary(hand: Hand) -> Hand:
    return _job(hand, REPAIR, "Arrive").press("F1").choose("Complete").press("F1").choose("Customer signs")


def _strokes(hand: Hand) -> Hand:
    _summary(hand).press("F1", "M. Park", "Enter", "1", "1")
    hand.navigator.frame["strokes"] = [[[4, 5], [5, 4], [6, 3], [7, 4], [8, 5]], [[10, 5], [11, 4], [12, 4], [13, 5]]]
    hand.navigator.refresh()
    return hand


# Name of the screen: how to get there.
PLACES: dict[str, Callable[[Hand], Hand]] = {
    "today": lambda hand: _menu(hand).press("F3"),
    "menu": lambda hand: _menu(hand),
    "job, new": lambda hand: _job(hand, "WO-1004"),
    "job, at work": lambda hand: _job(hand, INSPECTION),
    "job, done": lambda hand: _job(hand, FILTERS),
    "details": lambda hand: _job(hand, INSPECTION, "Details"),
    "form, travel": lambda hand: _job(hand, REPAIR, "Start travel"),
    "form, reading": lambda hand: _job(hand, INSPECTION, "Reading").press("TEMP", "Enter"),
    "form, review": lambda hand: _job(hand, INSPECTION, "Expense").press("PARKING", "Enter", "4.5", "F4", "F4", "1"),
    "form, wrong": lambda hand: _job(hand, INSPECTION, "Reading").press("TEMP", "Enter", "warm", "Enter"),
    "note": lambda hand: _job(hand, INSPECTION, "Note").press("The belt squeaks when"),
    "parts": lambda hand: _job(hand, INSPECTION, "Parts used").scan("FLT-10", "FLT-10", "NEW-1"),
    "parts, list": lambda hand: _job(hand, INSPECTION, "Parts used").scan("FLT-10", "PMP-7").press("F4"),
    "parts, one": lambda hand: _job(hand, INSPECTION, "Parts used").scan("CBL-3").press("F4", "1"),
    "checklist": lambda hand: _job(hand, INSPECTION, "Checklist").press("1", "2", "F3"),
    "checklist, limits": lambda hand: _job(hand, INSPECTION, "Checklist").press("3"),
    "safety": lambda hand: _job(hand, REPAIR, "Safety"),
    "photo": lambda hand: _job(hand, INSPECTION, "Photo"),
    "photo, purpose": _photo,
    "waiting": lambda hand: _job(hand, INSPECTION, "Stop work").press("F1").choose("Wait for"),
    "complete": lambda hand: _job(hand, INSPECTION, "Stop work").press("F1").choose("Complete"),
    "complete, reason": lambda hand: _job(hand, INSPECTION, "Stop work").press("F1").choose("Complete").choose("photo"),
    "sign-off, summary": _summary,
    "sign-off, strokes": _strokes,
    "history": lambda hand: _job(hand, INSPECTION, "History"),
    "event, corrected": lambda hand: _job(hand, INSPECTION, "History").press("2"),
    "event, verdict": lambda hand: _job(hand, FILTERS, "History").press("4"),
    "correct": lambda hand: _job(hand, INSPECTION, "History").press("2").choose("Correct it"),
    "correct, why": lambda hand: _job(hand, INSPECTION, "History").press("2").choose("Correct it").choose("Take it"),
    "proof": lambda hand: _job(hand, FILTERS, "Proof"),
    "proof, summary": lambda hand: _job(hand, FILTERS, "Proof").press("F4"),
    "new_job": lambda hand: _menu(hand, "New job").scan("SITE-9"),
    "outbox": lambda hand: _menu(hand, "Outbox"),
    "history of all": lambda hand: _menu(hand, "History"),
    "device": lambda hand: _menu(hand, "Device"),
    "facts": lambda hand: _menu(hand, "Device", "All facts"),
    "language": lambda hand: _menu(hand, "Device", "Language"),
    "scanner_test": lambda hand: _menu(hand, "Scanner test").scan("4006381333931", "0104012345\x1d2112"),
    "help": lambda hand: _menu(hand, "Help"),
    "logout": lambda hand: _menu(hand, "Log out"),
    "login": _login,
}  # fmt: skip
