"""What a job costs, worked out a second time: plainly, in fractions, from the events alone.

It shares nothing with the production fold, quantities and rating but the meaning of the words: it walks each key's
events in order with a few variables, where production folds lanes, builds cards and prices groups. It knows only the
kinds that the simulated technicians use, and the one price list of the simulated ground.
"""

from fractions import Fraction
from typing import Any

from jobseal.event import SignedEvent

LABOUR_EUR_HOUR = Fraction(90)
LABOUR_MINIMUM_MS = 2 * 60_000
LABOUR_INCREMENT_MS = 60_000
TRAVEL_EUR_MINUTE = Fraction(137, 100)
WAITING_EUR_HOUR = Fraction(31)
CALLOUT_EUR = Fraction(25)
PART_EUR = Fraction(1235, 100)
HOUR_MS, MINUTE_MS = 3_600_000, 60_000


def total(events: list[tuple[bytes, SignedEvent]]) -> Fraction:
    """The sum of a job's lines. ``events``: (key, event) in log order, those of one key in the order of its chain."""
    parts = Fraction(0)
    times = Fraction(0)
    for key in dict.fromkeys(key for key, _ in events):
        chain = [signed for owner, signed in events if owner == key]
        parts += _parts(chain)
        times += _times(chain)
    return times + _cents(parts * PART_EUR)


def _parts(chain: list[SignedEvent]) -> Fraction:
    """How many were used less how many went back, by the last word on each."""
    said: dict[bytes, dict[int, Any] | None] = {}
    sign: dict[bytes, int] = {}
    for signed in chain:
        event = signed.event
        if event.kind in ("part.used", "part.returned"):
            said[signed.hash] = event.body
            sign[signed.hash] = 1 if event.kind == "part.used" else -1
        elif event.kind == "event.corrected" and event.amends in said:
            said[event.amends] = event.body[2]
    return sum((sign[each] * Fraction(body[2]) for each, body in said.items() if body is not None), Fraction(0))


def _times(chain: list[SignedEvent]) -> Fraction:
    """Labour, travel, waits and visits of one key. Every start remembers itself until something ends it."""
    cost = Fraction(0)
    started: dict[str, SignedEvent] = {}
    is_on_site = False
    for signed in chain:
        kind = signed.event.kind
        if kind == "travel.started":
            started["travel"] = signed
            if "waiting" in started:  # a wait that ends with a drive was a wait
                cost += _waited(started.pop("waiting"), signed)
            is_on_site = False
        elif kind == "travel.stopped":
            cost += _travelled(started.pop("travel", None), signed)
        elif kind == "job.arrived":
            cost += _travelled(started.pop("travel", None), signed)
            started.pop("waiting", None)  # he had been away
            cost += 0 if is_on_site else CALLOUT_EUR
            is_on_site = True
        elif kind == "job.waiting":
            started["waiting"] = signed
            is_on_site = False
        elif kind == "job.resumed":
            cost += _waited(started.pop("waiting"), signed)
            is_on_site = True
        elif kind == "labour.started":
            started["labour"] = signed
        elif kind == "labour.stopped":
            cost += _laboured(started.pop("labour"), signed)
        elif kind == "job.cancelled":
            cost += _travelled(started.pop("travel", None), signed)
            if "waiting" in started:
                cost += _waited(started.pop("waiting"), signed)
            is_on_site = False
        elif kind == "job.completed":
            is_on_site = False
        elif kind == "job.reopened":
            is_on_site = True
    return cost


def _ms(start: SignedEvent, stop: SignedEvent) -> int:
    """Within a boot what the uptime says, else what was claimed; nothing where that is no time, and a person let it
    pass: nobody knows how long it took."""
    if start.event.boot == stop.event.boot:
        return stop.event.up - start.event.up
    if start.event.at is None or stop.event.at is None:
        return 0
    return max(0, stop.event.at - start.event.at)


def _travelled(start: SignedEvent | None, stop: SignedEvent) -> Fraction:
    return Fraction(0) if start is None else _cents(Fraction(_ms(start, stop), MINUTE_MS) * TRAVEL_EUR_MINUTE)


def _waited(start: SignedEvent, stop: SignedEvent) -> Fraction:
    return _cents(Fraction(_ms(start, stop), HOUR_MS) * WAITING_EUR_HOUR)


def _laboured(start: SignedEvent, stop: SignedEvent) -> Fraction:
    ms = _ms(start, stop)
    if ms > 0:
        ms = max(ms, LABOUR_MINIMUM_MS)
    ms = -(-ms // LABOUR_INCREMENT_MS) * LABOUR_INCREMENT_MS
    return _cents(Fraction(ms, HOUR_MS) * LABOUR_EUR_HOUR)


def _cents(amount: Fraction) -> Fraction:
    """Half a cent goes away from zero."""
    doubled = abs(amount) * 200
    cents = (doubled.numerator // doubled.denominator + 1) // 2
    return Fraction(cents if amount >= 0 else -cents, 100)
