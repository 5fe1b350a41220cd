"""Which targets there are, and which of a million executions are whose.

Units are dealt in rounds of a million. In each round a target has one block, in the order of the list; so a number
means the same target, seed and place on every run. Shares follow from what one execution costs.
"""

from collections.abc import Iterator
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple, cast

if TYPE_CHECKING:
    from tests.torture.fuzz.targets.contract import Target

ROUND = 1_000_000


class Place(NamedTuple):
    """A target by its name: where its class is, and how many executions of each round it gets."""

    name: str
    module: str
    made_by: str
    share: int


PLACES = (
    Place("cbor", "codec", "Codec", 583_000),
    Place("jobs", "work_done", "Jobs", 4_000),
    Place("envelope", "envelope", "Envelopes", 30_000),
    Place("http", "http", "Requests", 1_000),
    Place("statement", "statements", "Statements", 50_000),
    Place("uplink", "handheld", "Receipts", 6_000),
    Place("body", "bodies", "Bodies", 150_000),
    Place("ingest", "gateway", "Gateway", 1_000),
    Place("frame", "statements", "Frames", 90_000),
    Place("bundle", "bundle", "Bundles", 6_000),
    Place("assignment", "handheld", "Work", 20_000),
    Place("prices", "paper", "Prices", 4_000),
    Place("enrolment", "trust", "Welcomes", 45_000),
    Place("orders", "paper", "Orders", 3_000),
    Place("mapping", "paper", "Mappings", 3_000),
    Place("settings", "paper", "SettingsFile", 2_000),
    Place("catalogue", "catalogue", "Catalogues", 2_000),
)
assert sum(place.share for place in PLACES) == ROUND


class Part(NamedTuple):
    """So many executions of one target: ``first`` is the number of the first within its block, of round ``round``."""

    place: Place
    round: int
    first: int
    count: int

    @property
    def unit(self) -> int:
        """The number of the first among all units."""
        before = sum(place.share for place in PLACES[: PLACES.index(self.place)])
        return self.round * ROUND + before + self.first


def parts(first: int, count: int) -> Iterator[Part]:
    """Units ``first`` to ``first + count - 1``, by target."""
    end = first + count
    for number in range(first // ROUND, (end - 1) // ROUND + 1):
        begin = number * ROUND
        for place in PLACES:
            low, high = max(first, begin), min(end, begin + place.share)
            if low < high:
                yield Part(place, number, low - begin, high - low)
            begin += place.share


def named(name: str) -> Place:
    """The place of this name. Raises ``LookupError``."""
    for place in PLACES:
        if place.name == name:
            return place
    raise LookupError(f"there is no target {name!r}; there are {', '.join(place.name for place in PLACES)}")


def target(place: Place) -> "Target":
    """A new target. Imports what it feeds, so whoever wants that instrumented sees to it before."""
    module = import_module(f"tests.torture.fuzz.targets.{place.module}")
    return cast("Target", getattr(module, place.made_by)())
