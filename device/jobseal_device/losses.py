"""Losses: which committed events this handheld can no longer read, and has not said so yet.

Looking through a whole journal is slow, so it is done only for a reason: opening found damage, sync has come upon an
event that it cannot read and left its mark (``damaged``), or the key is about to end, after which nothing can be said.
"""

from jobseal_device.durable import Files
from jobseal_device.home import Home
from jobseal_device.journal import Journal
from jobseal_device.journal_frames import LostRange
from jobseal_device.journal_reader import JournalReader

_NEVER = (-1, -1, -1)  # the mark of no file


class Losses:
    """What capture has to sign ``range.lost`` for."""

    def __init__(self, home: Home, reader: JournalReader, files: Files) -> None:
        self._home = home
        self._reader = reader
        self._files = files
        self._looked_for: tuple[int, int, int] | None = None
        self._found: list[LostRange] | None = None

    def unreported(self, journal: Journal, holes: list[tuple[int, int]]) -> list[LostRange]:
        """Lost ranges that no signed ``range.lost`` covers. ``holes``: those that have one."""
        mark = self._mark()
        if journal.head is not None and (mark != self._looked_for or (self._found is None and journal.damage)):
            self._found = self._reader.lost(0, journal.head.seq)
        self._found = [lost for lost in self._found or [] if not _is_covered(lost, holes)]
        self._looked_for = mark
        return self._found

    def look_again(self) -> None:
        """Have the next :meth:`unreported` look through the whole journal, whether or not there is a reason."""
        self._looked_for = _NEVER

    def _mark(self) -> tuple[int, int, int] | None:
        try:
            return self._files.stamp(self._home.damaged)
        except OSError:
            return None


def _is_covered(lost: LostRange, holes: list[tuple[int, int]]) -> bool:
    return any(first <= lost.first and lost.last <= last for first, last in holes)
