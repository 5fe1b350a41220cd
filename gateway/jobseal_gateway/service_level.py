"""Service levels: whether the targets of an order's service agreement were met. Pure.

A target is a moment that the order names (response, arrival, fix). It is missed when the step that meets it was made
later, or when something later happened while that step is still missing. Later means: by what the event claims, or by
what the log proves whatever it claims. No clock is read, so a target that has passed in silence is missed as soon as
anything more is heard of the job. A time that a person corrected is judged by the correction alone: whether that fits
what the log proves is another exception's business.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from jobseal.card import Card, Item
from jobseal.interval import Interval
from jobseal.lifecycle import CANCELLED, COMPLETED
from jobseal_gateway.orders.columns import TARGETS
from jobseal_gateway.orders.work_order import WorkOrder

RESPOND_BY, ON_SITE_BY, COMPLETE_BY = TARGETS
CLAIMED, PROVEN = "claimed", "proven"
MINUTE_MS = 60_000

_RESPONSES = ("job.accepted", "travel.started", "job.arrived", "labour.started")
_ARRIVALS = ("job.arrived",)
_WORK = ("labour.started",)  # somebody who works is there, whether or not the arrival was signed


class Late(NamedTuple):
    """``item``: the event that shows a target was missed; ``late_ms``: by how much; ``basis``: claimed or proven."""

    item: Item
    late_ms: int
    basis: str


@dataclass(frozen=True, slots=True)
class ServiceLevel:
    """``target``: its column; ``limit``: Unix ms; ``step``: what met it, None while nothing has; ``late``: how it was
    missed, None while nothing shows that it was."""

    target: str
    limit: int
    step: Item | None
    late: Late | None

    def sentence(self) -> str:
        """How it was missed; empty where it was not."""
        if self.late is None:
            return ""
        minutes = -(-self.late.late_ms // MINUTE_MS)
        what = "missed by" if self.step is not None else "not met, and passed by"
        return f"{self.target} {what} {minutes} min ({self.late.basis})"


def service_levels(
    order: WorkOrder, card: Card, state: str, proven: Mapping[bytes, Interval], tolerance_ms: int
) -> list[ServiceLevel]:
    """The targets that ``order`` names, judged. ``proven``: the interval of each event, by its hash;
    ``tolerance_ms``: by how much the log must contradict a claim that is in time."""
    found = []
    for target, limit in _named(order):
        step = _step(target, card, state)
        if step is not None:
            witnesses = [step]
        else:
            witnesses = [] if state == CANCELLED else [item for item in card.items if not item.struck]
        late = [each for item in witnesses if (each := _late(item, limit, proven, tolerance_ms)) is not None]
        found.append(ServiceLevel(target, limit, step, late[0] if late else None))
    return found


def _named(order: WorkOrder) -> list[tuple[str, int]]:
    limits = ((RESPOND_BY, order.respond_by), (ON_SITE_BY, order.on_site_by), (COMPLETE_BY, order.complete_by))
    return [(target, limit) for target, limit in limits if limit is not None]


def _step(target: str, card: Card, state: str) -> Item | None:
    """The event that met the target, or None: of responses and arrivals the first, of completions the one that
    stands."""
    if target == RESPOND_BY:
        return _first(card.of(*_RESPONSES))
    if target == ON_SITE_BY:
        return _first(card.of(*_ARRIVALS) or card.of(*_WORK))
    completed = card.of("job.completed") if state in COMPLETED else []
    return max(completed, key=_claimed, default=None)


def _first(items: list[Item]) -> Item | None:
    return min(items, key=_claimed, default=None)


def _claimed(item: Item) -> tuple[int, int]:
    """Where it stands by its claim; what claims no time by where it was logged, before all that do."""
    return (-1 if item.at is None else item.at, item.fact.index or 0)


def _late(item: Item, limit: int, proven: Mapping[bytes, Interval], tolerance_ms: int) -> Late | None:
    """By how much this event is after the limit, None where nothing shows that it is."""
    at = limit if item.at is None else item.at
    not_before = _not_before(item, proven)
    if not_before is not None and not_before > limit + (0 if at > limit else tolerance_ms):
        return Late(item, max(not_before, at) - limit, PROVEN)
    return Late(item, at - limit, CLAIMED) if at > limit else None


def _not_before(item: Item, proven: Mapping[bytes, Interval]) -> int | None:
    between = None if item.moved else proven.get(item.fact.hash)
    return None if between is None else between.not_before
