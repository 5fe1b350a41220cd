"""Which campaigns there are, in the order of the table, and how a module that offers them is asked.

A row whose module is not there, or which says that it cannot run here, is listed as not run. A module that is there and
breaks on import is a fault of the source, and no excuse.
"""

from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import NamedTuple

from tests.torture.campaign import Campaign


class Row(NamedTuple):
    """``sampled``: its units are drawn by chance from more than can be tried, so a clean run supports a bound."""

    name: str
    module: str
    sampled: bool = False


PLAN = (
    Row("journal cut and flip states", "tests.torture.storage"),
    Row("process fault points", "tests.torture.storage"),
    Row("block power-cut states", "tests.torture.storage"),
    Row("simulation seeds", "tests.torture.simulation", sampled=True),
    Row("simulation seeds, large", "tests.torture.simulation", sampled=True),
    Row("fuzz executions", "tests.torture.fuzz"),
    Row("kill cycles", "tests.torture.network"),
    Row("mutants caught", "tests.torture.mutants"),
)


class Place(NamedTuple):
    """A row and what stands behind it: a campaign that can run, or why there is none; ``broken`` when the source is."""

    row: Row
    campaign: Campaign | None
    why: str = ""
    broken: bool = False


def places(plan: Sequence[Row]) -> Iterator[Place]:
    """Every row, then every campaign that the modules offer beyond the rows."""
    for row in plan:
        yield _place(row)
    known = {row.name for row in plan}
    for module in dict.fromkeys(row.module for row in plan):
        offered = _offered(module)
        if isinstance(offered, tuple):
            for campaign in offered:
                if campaign.name not in known:
                    yield _place(Row(campaign.name, module))


def find(module: str, name: str) -> Campaign:
    """That campaign of that module. Raises ``LookupError`` when it offers none of that name."""
    for campaign in import_module(module).CAMPAIGNS:
        if campaign.name == name:
            return campaign
    raise LookupError(f"{module} has no campaign {name!r}")


def _place(row: Row) -> Place:
    offered = _offered(row.module)
    if isinstance(offered, Exception):
        return Place(row, None, f"{row.module} cannot be loaded: {offered!r}", broken=True)
    if isinstance(offered, str):
        return Place(row, None, offered)
    for campaign in offered:
        if campaign.name == row.name:
            return _asked(row, campaign)
    return Place(row, None, f"{row.module} does not offer it")


def _asked(row: Row, campaign: Campaign) -> Place:
    """Whether it can run here, by its own word; one that cannot even say so is broken."""
    try:
        why = campaign.missing()
    except Exception as error:
        return Place(row, None, f"it cannot tell whether it can run: {error!r}", broken=True)
    return Place(row, None, why) if why else Place(row, campaign)


def _offered(module: str) -> tuple[Campaign, ...] | str | Exception:
    """Its campaigns, or that it is not there, or what went wrong on import."""
    try:
        return tuple(import_module(module).CAMPAIGNS)
    except ModuleNotFoundError as error:
        return f"{module} is not there" if error.name and f"{module}.".startswith(f"{error.name}.") else error
    except Exception as error:
        return error
