"""Photos from a real command and from a folder, into a signed event and its object; and every way a camera can fail."""

import time
from pathlib import Path

import pytest

from jobseal import event
from jobseal.object import content
from jobseal_device.home import Home
from jobseal_device.journal_reader import JournalReader
from jobseal_device.objects import ObjectStore
from jobseal_device.ui import camera, demo
from tests.device.ui.day import Step as DayStep
from tests.device.ui.day import choose, play
from tests.device.ui.hand import Hand
from tests.device.ui.terminal import Terminal

JOB = "WO-1002"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(range(256)) * 400 + b"\xff\xd9"  # 100 KiB: four chunks
TAKEN = "There it is. F1 signs it."
PNG = b"\x89PNG\r\n\x1a\n" + bytes(500)
WAYS = {
    "works": 'sleep 0.2; cp "{picture}" "$1"',
    "fails": "exit 3",
    "hangs": "sleep 300 & wait",
    "writes nothing": "exit 0",
    "writes words": 'echo "no camera found" > "$1"',
    "writes too much": 'head -c 9000000 "{picture}" > "$1"; head -c 9000000 /dev/zero >> "$1"',
    "never stops writing": 'cat /dev/zero > "$1"',
}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return demo.furnish(tmp_path / "handheld", time.time_ns() // 1_000_000)


def set_up(home: Home, way: str = "works", picture: bytes = JPEG, more: str = "") -> Path:
    """A camera of this way, in the configuration."""
    taken = home.folder / "taken"
    taken.write_bytes(picture)
    script = home.folder / "photograph"
    script.write_text("#!/bin/sh\n" + WAYS[way].replace("{picture}", str(taken)) + "\n")
    script.chmod(0o700)
    before = home.config.read_text() if home.config.exists() else ""
    home.config.write_text(f'{before}\n[screen]\ncamera = ["{script}", "{{file}}"]\n{more}\n')
    return script


def at_the_camera(terminal: Terminal) -> None:
    terminal.wait("Who are you?")
    terminal.scan("t-11")
    terminal.wait("Hello t-11.")
    for label, kind in (("Accept job", "job.accepted"), ("Arrive on site", "job.arrived")):
        play(terminal, DayStep(JOB, (kind,), (f"row:{label}", "F1")))
    choose(terminal, "Photo")


def photos(home: Home) -> list[bytes]:
    """The contents of each photo that was signed."""
    found = [event.parse(data).event for _seq, data in JournalReader(home.journal).readable()]
    named = [each.body[1] for each in found if each.kind == "photo.attached"]
    store = ObjectStore(home)
    return [content(store.read(digest, 0, size + 32), [digest, size, media]) for digest, size, media in named]


def test_a_photo_goes_from_the_cameras_command_into_an_event_and_its_object(home: Home) -> None:
    set_up(home)
    with Terminal("--home", str(home.folder)) as terminal:
        at_the_camera(terminal)
        terminal.press("1")
        terminal.wait("The camera works")
        terminal.wait("There it is.")
        terminal.press("2", "F1")
        terminal.wait("Signed: photo.")
    assert photos(home) == [JPEG]
    assert list(home.camera.iterdir()) == []


def test_a_camera_that_hangs_is_stopped_by_the_person_or_by_the_clock(home: Home) -> None:
    set_up(home, "hangs", more="camera_timeout_s = 3")
    with Terminal("--home", str(home.folder)) as terminal:
        at_the_camera(terminal)
        terminal.press("1")
        terminal.wait("The camera works: 1 s. F3 stops it.")
        terminal.press("F3")
        terminal.wait("The camera is stopped.")
        terminal.press("1")
        terminal.wait("The camera works: 1 s.")
        terminal.wait("did not answer in time")
        terminal.press("F3")
        terminal.wait("Start work, or complete")
    assert photos(home) == []


@pytest.mark.parametrize(
    ("way", "said"),
    [
        ("fails", "The camera failed. Nothing was taken. Try again."),
        ("writes nothing", "The camera wrote no picture. Try again."),
        ("writes words", "What the camera wrote is no picture. Try again."),
        ("writes too much", "The picture is too large (8 MiB at most). Take a smaller one."),
        ("never stops writing", "The camera wrote far too much and was stopped. Tell the office."),
    ],
)
def test_however_a_camera_fails_it_is_said_and_the_next_one_works(
    hand: Hand, monkeypatch: pytest.MonkeyPatch, way: str, said: str
) -> None:
    monkeypatch.setattr(camera, "RUNAWAY_BYTES", 20_000_000)
    script = set_up(hand.home, way)
    object.__setattr__(hand.settings, "camera", (str(script), "{file}"))
    hand.log_in().do(JOB, "Accept job", "Arrive on site").open_job(JOB).choose("Photo").choose("Take a photo")
    wait_for(hand, said)
    assert hand.navigator.bell == 2
    assert hand.at == "photo"
    assert [path for path in hand.home.camera.iterdir() if way != "writes too much"] == []
    set_up(hand.home)
    hand.choose("Take a photo")
    wait_for(hand, TAKEN)
    hand.press("F1")
    assert hand.message == "Signed: photo."
    assert photos(hand.home) == [JPEG]


def wait_for(hand: Hand, said: str) -> None:
    give_up = time.monotonic() + 10
    while hand.message != said:
        assert time.monotonic() < give_up, f"{hand.message}\n{hand.text()}\n{hand.navigator.trouble}"
        time.sleep(0.01)
        hand.navigator.tick()


def test_a_picture_that_appears_in_a_folder_is_taken_also_under_a_name_that_was_there(
    hand: Hand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(camera, "SETTLED_S", 0.0)
    folder = tmp_path / "card"
    folder.mkdir()
    (folder / "DSC1.JPG").write_bytes(JPEG)
    object.__setattr__(hand.settings, "photo_folder", str(folder))
    hand.log_in().do(JOB, "Accept job", "Arrive on site").open_job(JOB).choose("Photo")
    assert not hand.navigator.tick()
    for name, picture in (("DSC2.png", PNG), ("DSC1.JPG", JPEG + b"again")):
        hand.text()
        time.sleep(0.02)  # clocks of file systems tick slowly
        (folder / name).write_bytes(picture)
        wait_for(hand, TAKEN)
        hand.press("F1").choose("Photo")
    assert photos(hand.home) == [PNG, JPEG + b"again"]
    assert (folder / "DSC1.JPG").exists()  # what somebody else wrote is somebody else's


def test_what_a_png_camera_writes_is_named_a_png(hand: Hand) -> None:
    script = set_up(hand.home, picture=PNG)
    object.__setattr__(hand.settings, "camera", (str(script), "{file}"))
    hand.log_in().do(JOB, "Accept job", "Arrive on site").open_job(JOB).choose("Photo").choose("Take a photo")
    wait_for(hand, TAKEN)
    hand.press("F1")
    assert hand.body("photo.attached")[1][2] == "image/png"


def test_a_photo_taken_before_a_kill_is_offered_again(hand: Hand) -> None:
    script = set_up(hand.home)
    object.__setattr__(hand.settings, "camera", (str(script), "{file}"))
    hand.log_in().do(JOB, "Accept job", "Arrive on site").open_job(JOB).choose("Photo").choose("Take a photo")
    wait_for(hand, TAKEN)
    hand.crash()  # before the draft reached the disk
    hand.open_job(JOB).choose("Photo")
    time.sleep(camera.SETTLED_S)
    hand.navigator.refresh()
    hand.choose("The newest").press("F1")
    assert photos(hand.home) == [JPEG]
