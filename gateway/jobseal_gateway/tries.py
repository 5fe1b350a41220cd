"""Tries: how long to wait after so many wrong passwords in a row, for a name and for an address. Pure.

The first few cost nothing; from then on each wait is twice the one before, up to a quarter of an hour; so many in a row
lock for a day. A lock ends by itself, since whoever can reach the API could otherwise keep a person out for good, and
an administrator ends it at once. Nobody learns from a wait whether there is such a name: any name waits alike.
"""

from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import NamedTuple

WAIT_FIRST_MS = 1_000
WAIT_MAX_MS = 900_000
LOCK_MS = 86_400_000
LAPSE_MS = 3_600_000  # of an address that is not locked: typos of a whole office are no attack
_IPV6_HOST_BITS = 64  # one host has so many addresses of its own choice


class Wrong(NamedTuple):
    """``times`` wrong in a row, the newest at ``at_ms``."""

    times: int
    at_ms: int


class Bounds(NamedTuple):
    """So many are ``free``; with ``lock`` of them it is locked."""

    free: int
    lock: int


NAME = Bounds(free=5, lock=20)
ADDRESS = Bounds(free=20, lock=100)  # an office behind one address has many fingers


def wait_ms(wrong: Wrong, bounds: Bounds, now_ms: int) -> int:
    """How long until the next try is looked at; 0: now."""
    passed = now_ms - wrong.at_ms
    if wrong.times < bounds.free or not 0 <= passed < LOCK_MS:  # a clock that was set back makes nobody wait
        return 0
    return max(0, _whole_ms(wrong.times, bounds) - passed)


def is_locked(wrong: Wrong, bounds: Bounds, now_ms: int) -> bool:
    """Whether it is a lock that makes them wait."""
    return wrong.times >= bounds.lock and wait_ms(wrong, bounds, now_ms) > 0


def place(address: str) -> str:
    """As what an address is counted: itself, or the network that an IPv6 host chooses its addresses from."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return address
    return str(IPv6Network((int(parsed) >> _IPV6_HOST_BITS << _IPV6_HOST_BITS, 128 - _IPV6_HOST_BITS)))


def _whole_ms(count: int, bounds: Bounds) -> int:
    if count >= bounds.lock:
        return LOCK_MS
    return int(min(WAIT_MAX_MS, WAIT_FIRST_MS << min(count - bounds.free, 20)))
