"""Prices: price list versions, taken in and kept for ever.

A version, once taken, never says anything else; a correction is another version. Taking one in has every job folded
again that nothing was released for: what was released keeps the price that it was released at.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from jobseal_gateway.errors import InputRefused
from jobseal_gateway.ledger import dirty, log, price_lists
from jobseal_gateway.ledger.database import reading, writing
from jobseal_gateway.pricing import PriceList, canonical, digest
from jobseal_gateway.problem import Problem

if TYPE_CHECKING:
    from jobseal_gateway.home import Gateway


@dataclass(frozen=True, slots=True)
class Taken:
    """The versions of a file that are new, and those that were there with the same content."""

    new: tuple[PriceList, ...]
    known: tuple[PriceList, ...]


def preview(gateway: "Gateway", versions: Sequence[PriceList], file: str) -> Taken:
    """What ``store`` would do, and nothing stored. Raises InputRefused as it does."""
    with reading(gateway.engine) as connection:
        return _compared(connection, versions, file)


def store(gateway: "Gateway", versions: Sequence[PriceList], file: str) -> Taken:
    """Keep these versions, all or none; ``file`` is the name that problems show.

    Raises InputRefused (``version_conflict``) for a version that is there with another content, ClockUnsynchronised,
    LedgerUnavailable.
    """
    now_ms = gateway.now_ms()
    with writing(gateway.engine) as connection:
        log.lock_head(connection)
        taken = _compared(connection, versions, file)
        for each in taken.new:
            row = price_lists.PriceList(each.id, each.version, digest(each), canonical(each).decode(), now_ms)
            price_lists.add(connection, row)
        if taken.new:
            dirty.mark_unreleased(connection, now_ms)
    gateway.ring()
    return taken


def _compared(connection: Connection, versions: Sequence[PriceList], file: str) -> Taken:
    problems: list[Problem] = []
    new: list[PriceList] = []
    known: list[PriceList] = []
    for each in versions:
        present = price_lists.version(connection, each.id, each.version)
        if present is None:
            new.append(each)
        elif present.digest == digest(each):
            known.append(each)
        else:
            sentence = "This version is stored with another content, which never changes; give this one a new name."
            problems.append(Problem(file, None, None, "version_conflict", sentence, f"{each.id} {each.version}"))
    if problems:
        raise InputRefused(problems)
    return Taken(tuple(new), tuple(known))
