"""``drafts.json``: where the person is in the application, what they have typed and not signed, what they prefer.

Written by one thread of this process, the newest state only: typing never waits for the disk, and after a power cut at
most the last moment's keys are gone. Nothing signed is in here; a file that is damaged is set aside and begun anew.
"""

import copy
import threading
from contextlib import suppress
from typing import Any

from jobseal.errors import JobsealError
from jobseal_device.documents import Documents, set_aside
from jobseal_device.errors import DocumentsDamaged
from jobseal_device.home import Home
from jobseal_device.ui.page import Frame

SHELF_MOST = 50
PREFERRED = ("theme", "language")


class Drafts:
    """``frames``: the stack; ``shelf``: screens left unfinished, by name; ``since``: the journal's next number as of
    the last save; ``preferences``: theme and language, if chosen; ``trouble``: what kept the last save from
    working, or "".
    """

    def __init__(self, home: Home) -> None:
        """Reads what is there; never raises."""
        self._home = home
        self._wake = threading.Condition()
        self._state: dict[str, Any] | None = None
        self._is_busy = self._is_over = False
        self._thread: threading.Thread | None = None
        self.frames: list[Frame] = []
        self.shelf: dict[str, Frame] = {}
        self.since = 0
        self.preferences: dict[str, str] = {}
        self.trouble = ""
        self._read()

    def _read(self) -> None:
        try:
            documents = Documents(self._home.drafts)
            place = next(iter(documents.table("place").all()), None)
            chosen = next(iter(documents.table("preferences").all()), None)
            shelf = documents.table("shelf").all()
        except DocumentsDamaged as damaged:
            self.trouble = damaged.sentence
            with suppress(JobsealError):
                set_aside(self._home.drafts)
            return
        except JobsealError as error:
            self.trouble = error.sentence
            return
        if place is not None and isinstance(place.get("frames"), list) and isinstance(place.get("since"), int):
            self.frames = [dict(frame) for frame in place["frames"] if isinstance(frame, dict) and "at" in frame]
            self.since = place["since"]
        self.shelf = {row["name"]: dict(row["frame"]) for row in shelf if isinstance(row.get("frame"), dict)}
        if chosen is not None:
            self.preferences = {name: str(chosen[name]) for name in PREFERRED if name in chosen}

    def keep(self, name: str, frame: Frame) -> None:
        """Put an unfinished screen on the shelf; of too many, the oldest goes."""
        self.shelf.pop(name, None)
        self.shelf[name] = copy.deepcopy(frame)
        while len(self.shelf) > SHELF_MOST:
            self.shelf.pop(next(iter(self.shelf)))

    def save(self, frames: list[Frame], since: int) -> None:
        """Keep this state, soon."""
        with self._wake:
            self._state = {
                "place": [{"frames": copy.deepcopy(frames), "since": since}],
                "shelf": [{"name": name, "frame": copy.deepcopy(frame)} for name, frame in self.shelf.items()],
                "preferences": [dict(self.preferences)],
            }
            if self._thread is None:
                self._thread = threading.Thread(target=self._write_for_ever, name="drafts", daemon=True)
                self._thread.start()
            self._wake.notify_all()

    def flush(self, within_s: float = 5.0) -> bool:
        """Wait until the newest state is on the disk; whether it is."""
        with self._wake:
            return self._wake.wait_for(lambda: self._state is None and not self._is_busy, within_s)

    def close(self) -> None:
        """Write what is left and end the thread."""
        self.flush()
        with self._wake:
            self._is_over = True
            self._wake.notify_all()

    def _write_for_ever(self) -> None:
        documents = Documents(self._home.drafts)
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._state is not None or self._is_over)
                if self._state is None:
                    return
                state, self._state = self._state, None
                self._is_busy = True
            try:
                documents.replace(state)
                self.trouble = ""
            except JobsealError as error:
                self.trouble = error.sentence
            finally:
                with self._wake:
                    self._is_busy = False
                    self._wake.notify_all()
