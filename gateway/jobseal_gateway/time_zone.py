"""Time zones by their IANA name, as the installed database knows them."""

import difflib
import zoneinfo
from functools import lru_cache


def known(name: str) -> bool:
    """Whether ``name`` is in the database."""
    return name in _names()


@lru_cache(maxsize=1_000)  # looking through all names takes milliseconds, and a file repeats its mistakes in every row
def unknown_sentence(name: str) -> str:
    """What to tell a person who wrote ``name``, with the nearest name that would be right."""
    near = difflib.get_close_matches(name, sorted(_names()), n=1)
    hint = f"; did you mean {near[0]}?" if near else "; write its IANA name, such as Europe/Vienna."
    return f'"{name}" is not a time zone{hint}'


@lru_cache(maxsize=1)
def _names() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())
