"""The first row, always there: the clock and whether it is trusted, events not acknowledged, link, battery. Pure."""

from typing import NamedTuple

from rich.cells import cell_len

from jobseal_device.ui import words
from jobseal_device.ui.layout import Row, Size, fit
from jobseal_device.ui.page import STATUS
from jobseal_device.ui.words import _

TRUSTED, UNCONFIRMED, BEHIND, UNSET = "trusted", "unconfirmed", "behind", "unset"
CONNECTED, DOWN, NO_SYNC = "connected", "down", "no_sync"


class Standing(NamedTuple):
    """``clock``, ``link``: one of the words above; ``waiting``: events without a receipt; ``battery``: percent or None;
    ``alarms``: what the office has to look at."""

    now: int | None = None
    clock: str = UNCONFIRMED
    waiting: int = 0
    link: str = NO_SYNC
    battery: int | None = None
    alarms: int = 0


def clock_words(standing: Standing) -> str:
    """The clock, with a question mark where nobody vouches for it."""
    if standing.now is None or standing.clock == UNSET:
        return _("no clock")
    mark = {TRUSTED: "", UNCONFIRMED: "?", BEHIND: "??"}[standing.clock]
    return words.clock(standing.now) + mark


def link_words(standing: Standing) -> str:
    """The link in one or two words."""
    return {CONNECTED: _("online"), DOWN: _("offline"), NO_SYNC: _("no sync")}[standing.link]


def row(standing: Standing, size: Size) -> Row:
    """As much of it as fits; the clock and what waits come first."""
    waits = _("{count} to send").format(count=standing.waiting) if standing.waiting else _("all sent")
    parts = [clock_words(standing), waits, link_words(standing)]
    if standing.battery is not None:
        parts.append(_("bat {percent}%").format(percent=standing.battery))
    if standing.alarms:
        parts.insert(0, _("ALARM"))
    room = size.columns - 2 - sum(cell_len(part) for part in parts)
    gap = max(1, room // max(1, len(parts) - 1))
    left, right = (" " * min(gap, 4)).join(parts[:2]), (" " * min(gap, 4)).join(parts[2:])
    middle = " " * max(1, size.columns - 2 - cell_len(left) - cell_len(right))
    return Row([(fit(f" {left}{middle}{right} ", size.columns), STATUS)])
