"""The moment at which a round of messages is handled: read once outside, so that everything in it agrees."""

from typing import NamedTuple

from jobseal.host.clock import Clock


class Moment(NamedTuple):
    """``wall_ms``: Unix ms UTC, None while the clock is not synchronised; ``up_ms``: of any monotonic clock."""

    wall_ms: int | None
    up_ms: int


def present(clock: Clock) -> Moment:
    """Now."""
    return Moment(clock.wall_ms(), clock.up_ms())
