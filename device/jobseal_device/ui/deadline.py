"""Deadlines: until when a job wants what, by its service agreement, else by its appointment. Pure.

Only what is still to be done counts, as far as this handheld knows. A clock that nobody vouches for leaves a question
mark on every time; one that is behind is known to be later than it shows, and one that was never set leaves the moment
itself.
"""

from typing import NamedTuple

from jobseal.lifecycle import CREATED, DISPATCHED, DONE, EN_ROUTE
from jobseal_device.ui import words
from jobseal_device.ui.desk import Desk, JobView
from jobseal_device.ui.page import BAD, DIM, STRONG
from jobseal_device.ui.status import TRUSTED
from jobseal_device.ui.words import N_, _

RESPOND, BE_THERE, FINISH, APPOINTMENT = "respond_by", "on_site_by", "complete_by", "window_end"
SOON_MS = words.HOUR_MS
_MET_BY = {
    RESPOND: ("job.accepted", "travel.started", "job.arrived", "labour.started"),
    BE_THERE: ("job.arrived", "labour.started"),
}
_BY = {
    RESPOND: N_("accept by {time}"),
    BE_THERE: N_("be there by {time}"),
    FINISH: N_("finish by {time}"),
    APPOINTMENT: N_("be there by {time}"),
}
_LEFT = {
    RESPOND: N_("accept in {time}"),
    BE_THERE: N_("be there in {time}"),
    FINISH: N_("finish in {time}"),
    APPOINTMENT: N_("{time} left"),
}
_LATE = {
    RESPOND: N_("accept: {time} late"),
    BE_THERE: N_("be there: {time} late"),
    FINISH: N_("finish: {time} late"),
    APPOINTMENT: N_("{time} late"),
}


class Deadline(NamedTuple):
    """``target``: one of the words above; ``at``, ``now``: Unix ms, or None; ``left_ms``: what is left, negative when
    late, None where no clock says; ``is_sure``: somebody vouches for that."""

    target: str
    at: int
    now: int | None
    left_ms: int | None
    is_sure: bool

    @property
    def is_late(self) -> bool:
        return self.left_ms is not None and self.left_ms < 0

    @property
    def is_soon(self) -> bool:
        return self.left_ms is not None and 0 <= self.left_ms < SOON_MS

    @property
    def tone(self) -> str:
        return BAD if self.is_late else STRONG if self.is_soon else DIM

    def left(self) -> str:
        """The time that is left, in words that say what for."""
        return self.by() if self.left_ms is None else self._timed((_LATE if self.is_late else _LEFT)[self.target])

    def time(self) -> str:
        """The time that is left, for where it stands beside what it is for."""
        return "" if self.left_ms is None else self._timed((_LATE if self.is_late else _LEFT)[APPOINTMENT])

    def by(self) -> str:
        """The moment, in words that say what for."""
        return _(_BY[self.target]).format(time=words.moment(self.at, self.now))

    def short(self) -> str:
        """What fits beside a state: nothing while there is time."""
        if self.is_late:
            return _("late") + self._doubt
        return words.duration(self.left_ms or 0) + self._doubt if self.is_soon else ""

    def _timed(self, said: str) -> str:
        return _(said).format(time=words.long_duration(abs(self.left_ms or 0)) + self._doubt)

    @property
    def _doubt(self) -> str:
        return "" if self.is_sure else "?"


def deadlines(desk: Desk, view: JobView) -> list[Deadline]:
    """What is still to be done by a certain time, the nearest first."""
    order = view.order
    if order is None or view.state in DONE:
        return []
    targets = [target for target in (RESPOND, BE_THERE, FINISH) if order.time(target) and not _is_met(view, target)]
    if BE_THERE not in targets and view.state in (CREATED, DISPATCHED, EN_ROUTE):
        targets.append(APPOINTMENT)
    named = [(at, target) for target in targets if (at := order.time(target)) is not None]
    return [_deadline(desk, target, at) for at, target in sorted(named)]


def nearest(desk: Desk, view: JobView) -> Deadline | None:
    """The one that comes first."""
    return next(iter(deadlines(desk, view)), None)


def _is_met(view: JobView, target: str) -> bool:
    return view.lane is not None and target in _MET_BY and bool(view.card.of(*_MET_BY[target]))


def _deadline(desk: Desk, target: str, at: int) -> Deadline:
    standing = desk.standing()
    now, proven = standing.now, desk.proven_ms
    if now is None:
        is_over = proven is not None and proven > at
        return Deadline(target, at, None, at - (proven or 0) if is_over else None, True)
    if proven is not None and proven > now:
        return Deadline(target, at, now, at - proven, proven > at)
    return Deadline(target, at, now, at - now, standing.clock == TRUSTED)
