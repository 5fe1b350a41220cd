"""A disk that is really full: a file system of two megabytes under the real command, filled up and emptied again."""

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobseal import event
from jobseal_device.home import Home
from jobseal_device.journal_reader import JournalReader
from jobseal_device.ui import demo
from tests.device.ui.day import Step, choose, play
from tests.device.ui.terminal import COMMAND, Terminal

JOB = "WO-1002"
SIZE = "2m"
UNSHARE = ("unshare", "--mount") if os.geteuid() == 0 else ("unshare", "--user", "--map-root-user", "--mount")


class Small:
    """The screen on a file system of its own. ``home``: its folder, as seen from here."""

    def __init__(self, folder: Path) -> None:
        place = folder / "small"
        place.mkdir()
        demo.furnish(folder / "furnished", time.time_ns() // 1_000_000)
        script = (
            f"mount -t tmpfs -o size={SIZE} tmpfs {place} && cp -r {folder}/furnished/. {place}/"
            f" && exec {COMMAND} --home {place}"
        )
        self.terminal = Terminal(*UNSHARE[1:], "sh", "-c", script, command="/usr/bin/unshare")
        self.terminal.wait("Who are you?")
        self.home = Home(Path(f"/proc/{self.terminal.pid}/root{place}"))
        self.filler = self.home.folder / "filler"

    def fill(self) -> None:
        """To the last block."""
        with contextlib.suppress(OSError), self.filler.open("ab", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        with contextlib.suppress(OSError), self.filler.open("ab", buffering=0) as file:
            while True:
                file.write(b"\0")

    def empty(self) -> None:
        self.filler.unlink()

    def kinds(self) -> list[str]:
        return [event.parse(data).event.kind for _seq, data in JournalReader(self.home.journal).readable()]


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Small]:
    if subprocess.run([*UNSHARE, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody mount a file system of their own")
    made = Small(tmp_path)
    with made.terminal:
        yield made


def test_a_full_disk_is_said_and_everything_goes_on_once_there_is_room(small: Small) -> None:
    terminal = small.terminal
    terminal.scan("t-11")
    terminal.wait("Hello t-11.")
    for label, kind in (("Accept job", "job.accepted"), ("Arrive on site", "job.arrived")):
        play(terminal, Step(JOB, (kind,), (f"row:{label}", "F1")))
    before = small.kinds()
    small.fill()
    choose(terminal, "Note")
    terminal.type("Grille bent")
    terminal.wait("What you type cannot be kept")
    bells = terminal.bells
    terminal.press("F1")
    terminal.wait("The disk is full. Nothing was signed.")
    terminal.wait(lambda: terminal.bells >= bells + 2)
    assert "> Grille bent_" in terminal.text()
    assert small.kinds() == before
    small.empty()
    terminal.press("F1")
    terminal.wait("Signed: note.")
    terminal.wait("What you type is kept again.")
    assert small.kinds() == [*before, "note.added"]
    assert b"Traceback" not in terminal.raw
