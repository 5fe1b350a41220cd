"""A hand before the screen: the real desk, pages and capture on a data folder, driven by keys, without a terminal.

The clock only moves when told to; everything else is what ``jobseal-device`` runs.
"""

import hashlib
import itertools
from pathlib import Path
from typing import Any

from jobseal import event
from jobseal.event import Event
from jobseal_device import identity
from jobseal_device.capture import Capture
from jobseal_device.home import Home
from jobseal_device.journal_reader import JournalReader
from jobseal_device.screen_settings import ScreenSettings
from jobseal_device.ui import demo, pages, words
from jobseal_device.ui.desk import Desk
from jobseal_device.ui.door import OpenDoor
from jobseal_device.ui.drafts import Drafts
from jobseal_device.ui.layout import Size, keys, title
from jobseal_device.ui.navigator import Navigator
from jobseal_device.ui.page import Frame
from jobseal_device.ui.resume import without_signed
from tests.device.workbench import MONDAY_MS, HandClock

KEYS = {"F1": "do", "F2": "clear", "F3": "back", "F4": "next", "F6": "page_up", "F7": "page_down", "Enter": "enter"}
SMALL = Size(40, 13)


class Hand:
    """One person, one handheld. ``navigator``: what they see and press."""

    def __init__(self, folder: Path, size: Size = SMALL, settings: ScreenSettings | None = None) -> None:
        self._salts = itertools.count()
        place = folder / "handheld"
        self.home = Home(place) if place.exists() else demo.furnish(place, MONDAY_MS, random=self._random)
        self.settings = settings or ScreenSettings()
        self.clock = HandClock()
        self.size = size
        self.bells: list[int] = []
        self.open()

    def _random(self, count: int) -> bytes:
        return hashlib.shake_128(b"random %d" % next(self._salts)).digest(count)

    def open(self) -> None:
        """The application starts, as it does after whatever happened before."""
        words.use("en")
        words.use_zone(words.zone_named("UTC"))
        enrolled = identity.load(self.home)
        self.capture = Capture(self.home, enrolled.identity, identity.signer(self.home), self.clock, self._random)
        drafts, device = Drafts(self.home), enrolled.identity.device
        self.desk = Desk(self.home, self.clock, self.settings, drafts, device, "KEY", OpenDoor(self.capture))
        self.desk.look()
        self.desk.is_synchronised = True
        frames = self.desk.drafts.frames
        if self.desk.drafts.since < self.desk.signed:
            behind = [signed.event for _seq, signed in self.desk.behind(self.desk.drafts.since)]
            frames = without_signed(frames, behind)
        self.navigator = Navigator(pages.screens(self.desk), frames, self._root, self.size)

    def _root(self) -> Frame:
        who = self.desk.technician
        return {"at": "login"} if who is None else {"at": "today", "by": who}

    def save(self) -> None:
        """The drafts reach the disk."""
        self.desk.keep_place(self.navigator.kept)
        assert self.desk.drafts.flush()

    def crash(self) -> None:
        """Killed, and started again."""
        self.capture.kill()
        self.open()

    def close(self) -> None:
        self.capture.close()

    def press(self, *keys: str) -> "Hand":
        """Keys by name; anything else is typed, character by character."""
        for key in keys:
            if key in KEYS:
                self.navigator.press(KEYS[key])
            else:
                for character in key:
                    self.navigator.type(character)
            self.bells.append(self.navigator.bell)
        return self

    def scan(self, *codes: str) -> "Hand":
        for code in codes:
            self.navigator.scan(code)
            self.bells.append(self.navigator.bell)
        return self

    def choose(self, label: str) -> "Hand":
        """The row whose label begins so."""
        for place, choice in enumerate(self.navigator.page.choices):
            if choice.label.startswith(label):
                self.navigator.choose(place)
                self.bells.append(self.navigator.bell)
                return self
        raise AssertionError(f"no row begins with {label!r}:\n{self.text()}")

    def log_in(self, who: str = "t-11") -> "Hand":
        return self.scan(who)

    def do(self, job: str, *steps: str) -> "Hand":
        """Steps of a job that take one key each."""
        for step in steps:
            self.open_job(job).choose(step).press("F1")
            assert self.message.startswith("Signed"), self.text()
        return self

    def open_job(self, job: str) -> "Hand":
        while len(self.navigator.frames) > 1:
            self.navigator.frames.pop()
        self.navigator.refresh()
        return self.scan(job)

    @property
    def message(self) -> str:
        return self.navigator.message

    @property
    def at(self) -> str:
        return str(self.navigator.frame["at"])

    def rows(self) -> list[str]:
        """The screen without its first row, as text."""
        made = self.navigator.screenful()
        rows = [title(self.navigator.page, self.size), *made.body, *self.navigator.said()]
        rows.append(keys(self.navigator.page, self.size))
        return ["".join(text for text, _tone in row.parts) for row in (made.body if made.is_full else rows)]

    def text(self) -> str:
        return "\n".join(row.rstrip() for row in self.rows())

    def events(self, job: str | None = None) -> list[Event]:
        """What is signed."""
        found = [event.parse(data).event for _seq, data in JournalReader(self.home.journal).readable()]
        return [each for each in found if job is None or each.job == job]

    def kinds(self, job: str | None = None) -> list[str]:
        return [each.kind for each in self.events(job)]

    def body(self, kind: str) -> dict[Any, Any]:
        """Of the newest event of this kind."""
        return next(each.body for each in reversed(self.events()) if each.kind == kind)
