"""What nobody should send to a screen, at the real terminal: a clear sentence, nothing lost, no traceback."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobseal.object import content
from jobseal_device.home import Home
from jobseal_device.objects import ObjectStore
from jobseal_device.ui import demo
from tests.device.ui.day import choose
from tests.device.ui.terminal import Terminal
from tests.device.ui.test_terminal import at_the_parts, bodies_of, events

LONG = "X" * 4096


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return demo.furnish(tmp_path / "handheld", time.time_ns() // 1_000_000)


@pytest.fixture
def parts(home: Home) -> Iterator[Terminal]:
    """The screen with the parts of a job open, one of them scanned."""
    with Terminal("--home", str(home.folder)) as terminal:
        at_the_parts(terminal)
        yield terminal
        assert b"Traceback" not in terminal.raw


def signed(home: Home, terminal: Terminal) -> list[object]:
    """The parts, after F1; the first is the one that was there."""
    terminal.press("F1")
    terminal.wait("Signed:")
    return [body[1] for body in bodies_of(home, "part.used")][1:]


NUMBER = "4006381333931"
SCANS = (  # what is sent, what of it is shown, what is kept (None: whatever can be printed)
    ("A\x01B\x02C\x1b[31mD-7\r", "D-7", None),
    (f"{NUMBER}0\n", f"{NUMBER}0", f"{NUMBER}0"),
    (f"{NUMBER}1\r\n", f"{NUMBER}1", f"{NUMBER}1"),
    (f"{NUMBER}2\t", f"{NUMBER}2", f"{NUMBER}2"),
    (f"{NUMBER}3\x1d", f"{NUMBER}3", f"{NUMBER}3"),
    ("0104012345\x1d2112\r", "0104012345|2112", "0104012345|2112"),
    ("\U0001f527\U0001f529-77\U0001f600\r", "-77", "\U0001f527\U0001f529-77\U0001f600"),
    ("\u05e9\u05dc\u05d5\u05dd-12\r", "-12", "\u05e9\u05dc\u05d5\u05dd-12"),
    ("EVIL\u202eCOD.exe\r", "EVILCOD.exe", "EVILCOD.exe"),
)


def test_whatever_is_in_a_scan_only_what_can_be_seen_is_signed(home: Home, parts: Terminal) -> None:
    for sent, shown, _kept in SCANS:
        parts.write(sent)
        parts.wait(lambda shown=shown: f"{shown}" in parts.text() and "> _" in parts.text())  # type: ignore[misc]
        parts.read(0.3)  # as long as it takes to hold up the next one
    codes = signed(home, parts)
    assert len(codes) == len(SCANS)
    for code, (_sent, shown, kept) in zip(codes, SCANS, strict=True):
        assert isinstance(code, str)
        assert code.isprintable()
        assert shown in code
        assert kept in (None, code)


def test_a_scan_of_4096_characters_is_said_to_be_too_long_wherever_it_lands(home: Home, parts: Terminal) -> None:
    parts.scan(LONG)
    parts.wait("4096 characters are too many: 64 at")
    parts.scan("VLV-2")
    parts.wait("1 pc VLV-2")
    assert signed(home, parts) == ["VLV-2"]
    before = len(events(home))
    parts.scan(LONG)
    parts.wait("4096 characters are too many: 64 at")
    parts.press("F3", "F3")
    parts.wait("Today")
    parts.scan(LONG)
    parts.wait("Too long for a code")
    parts.press("F4")
    parts.wait("Choose by digit.")
    parts.scan(LONG)
    parts.wait("no scan is")
    assert len(events(home)) == before


def test_a_note_takes_every_script_and_comes_back_as_it_was_typed(home: Home, parts: Terminal) -> None:
    said = "\u05e9\u05dc\u05d5\u05dd \U0001f600 Gr\u00fc\u00dfe"
    parts.press("F3")
    parts.wait("Kept as a draft")
    choose(parts, "Note")
    parts.type(said)
    parts.wait("\u00dfe_")
    parts.press("F1")
    parts.wait("Signed: note.")
    digest, size, media = bodies_of(home, "note.added")[0][1]  # type: ignore[misc]
    assert content(ObjectStore(home).read(digest, 0, size + 32), [digest, size, media]).decode() == said
