"""What a scenario says while it runs, and what a judge says afterwards.

A scenario reports each thing that the production code has told somebody is durable, right after it was told, as
``(kind, value, ...)``. The judges of :mod:`handheld_work` and :mod:`gateway_work` open what is left on the disk and
hold it to that.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

Promise = tuple[Any, ...]
Say = Callable[[Promise], None]


class Wrong(NamedTuple):
    """``check``: what did not hold, in one word; ``words``: how."""

    check: str
    words: str
