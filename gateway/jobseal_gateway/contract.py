"""The contract's prices for one job: which version of which price list it is rated by. Pure.

What was released stays with the version that it was released under, whatever is imported later, and so do its
deltas: a new version never touches them. Only an order that names another list, or another currency, chooses anew.
"""

import datetime
from collections.abc import Iterable
from zoneinfo import ZoneInfo

from jobseal.card import Card
from jobseal_gateway import statements
from jobseal_gateway.dossier import Dossier, Order
from jobseal_gateway.pricing.price_list import PriceList, choose

UTC = "UTC"
# What is done on the day of the work. Accepting a job, noting something or closing it may be on another.
_WORK = (
    "travel.started", "job.arrived", "labour.started", "part.used", "part.returned", "expense.added", "job.waiting",
)  # fmt: skip
_EPOCH = datetime.date(1970, 1, 1)


def prices(dossier: Dossier, card: Card, every: Iterable[PriceList], default: str) -> PriceList | None:
    """The version that rates this job, None where there is none. ``default``: the list of orders that name none."""
    order = dossier.order
    if order is None:
        return None
    lists = tuple(every)
    return _kept(dossier, order, lists) or choose(
        lists, order.content.terms or default, order.content.currency, _day(order, card)
    )


def _kept(dossier: Dossier, order: Order, every: tuple[PriceList, ...]) -> PriceList | None:
    """The version of the newest record that stands."""
    stands = [each for each in dossier.released if each.revision not in dossier.rejected]
    if not stands:
        return None
    newest = statements.record(stands[-1].bytes)
    id, version, _ = newest.price_list
    if newest.currency != order.content.currency or order.content.terms not in (None, id):
        return None
    return next((each for each in every if (each.id, each.version) == (id, version)), None)


def _day(order: Order, card: Card) -> datetime.date:
    """The day of the work where it was done: of the first thing done, as corrected; else of the first word about the
    job; else the planned one, or when the order came."""
    times = [item.at for item in card.of(*_WORK) if item.at is not None]
    times = times or [item.at for item in card.items if item.at is not None and not item.struck]
    at = min(times) if times else order.content.window_start or order.imported_ms
    try:
        zone = ZoneInfo(order.content.time_zone or UTC)
    except (KeyError, ValueError, OSError):  # a zone that this machine does not know
        zone = ZoneInfo(UTC)
    try:
        return datetime.datetime.fromtimestamp(at // 1000, zone).date()
    except (OverflowError, ValueError, OSError):
        return _EPOCH
