"""Dates and times of day, as a shop writes them, to Unix ms UTC.

ISO 8601 is always understood; the mapping adds other formats (``datetime.strptime``). A time without an offset is a
wall-clock time in the order's own zone, and one that this zone skips or repeats is a mistake: we never guess.
"""

import datetime
import zoneinfo
from collections.abc import Sequence

from jobseal_gateway.orders.cell import Flaw

_EARLIEST_YEAR = 2000
_LATEST_YEAR = 2100
_MS = datetime.timedelta(milliseconds=1)
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


def read_time(text: str, zone: str, formats: Sequence[str], flaws: list[Flaw]) -> int | None:
    """Unix ms of ``text`` in ``zone`` (a known IANA name), or None and a flaw."""
    written = _parse(text, formats)
    if written is None:
        allowed = ", ".join(["2026-03-05T08:00", *formats])
        sentence = f'"{text}" is not a date and time in an expected form ({allowed}).'
        flaws.append(Flaw("bad_time", sentence))
        return None
    if not _EARLIEST_YEAR <= written.year <= _LATEST_YEAR:
        sentence = f"The year {written.year} cannot be meant; {_EARLIEST_YEAR} to {_LATEST_YEAR} are accepted."
        flaws.append(Flaw("bad_time", sentence))
        return None
    if written.tzinfo is None:
        return _local(written, zoneinfo.ZoneInfo(zone), flaws)
    return _unix_ms(written)


def _parse(text: str, formats: Sequence[str]) -> datetime.datetime | None:
    for each in formats:
        try:
            return datetime.datetime.strptime(text, each)
        except ValueError:
            continue
    # fromisoformat also takes a bare date, which says no time of day, and week dates, which nobody meant.
    if len(text) < len("2026-03-05T08:00") or text[4:5] != "-":
        return None
    try:
        return datetime.datetime.fromisoformat(text)
    except ValueError:
        return None


def _local(written: datetime.datetime, zone: zoneinfo.ZoneInfo, flaws: list[Flaw]) -> int | None:
    first = written.replace(tzinfo=zone, fold=0)
    second = written.replace(tzinfo=zone, fold=1)
    if first.utcoffset() == second.utcoffset():
        return _unix_ms(first)
    # Python gives a skipped time the larger offset with fold=1, a repeated one the smaller (PEP 495).
    skipped = (second.utcoffset() or datetime.timedelta()) > (first.utcoffset() or datetime.timedelta())
    if skipped:
        sentence = f"The clocks in {zone.key} skip {written}; that time never comes. Choose another."
        flaws.append(Flaw("no_such_time", sentence))
    else:
        sentence = f"The clocks in {zone.key} show {written} twice. Add the offset, such as {first.isoformat()}."
        flaws.append(Flaw("ambiguous_time", sentence))
    return None


def _unix_ms(moment: datetime.datetime) -> int:
    return (moment - _EPOCH) // _MS
