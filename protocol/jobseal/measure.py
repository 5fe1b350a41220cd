"""How long something took: within one boot by the handheld's uptime, which no clock change can touch.

Flags say what else a duration rests on: ``claimed`` (the difference of claimed times, since the handheld was
restarted in between), ``corrected`` (a correction set one of the times), ``derived`` (the claimed start follows from
the stop).
"""

MYPY = False
if MYPY:
    from jobseal.card import Item

CLAIMED, CORRECTED, DERIVED = "claimed", "corrected", "derived"


def span(start: "Item", stop: "Item") -> "tuple[int | None, int | None, list[str], str]":
    """(claimed start or None, duration in ms or None, flags, code of the exception or "") of a time entry."""
    moved = start.moved or stop.moved
    same_boot = start.fact.boot == stop.fact.boot
    elapsed = stop.fact.up - start.fact.up
    if same_boot and elapsed >= 0 and not moved:
        if start.at is None and stop.at is not None:
            return stop.at - elapsed, elapsed, [DERIVED], ""
        return start.at, elapsed, [], ""
    flags = [CORRECTED] if moved else [CLAIMED]
    if start.at is None or stop.at is None:
        return start.at, None, flags, "clock_unset"
    if stop.at < start.at:
        return start.at, None, flags, "clock_outside_interval"
    return start.at, stop.at - start.at, flags, ""
