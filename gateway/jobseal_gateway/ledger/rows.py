"""Result rows as the named tuples of the modules here: same fields, same order."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from sqlalchemy import Result

Named = TypeVar("Named")


def many(kind: Callable[..., Named], rows: Iterable[Iterable[Any]]) -> list[Named]:
    """Every row of a result as a ``kind``."""
    return [kind(*row) for row in rows]


def first(kind: Callable[..., Named], result: Result[*tuple[Any, ...]]) -> Named | None:
    """The first row of a result as a ``kind``, or None when there is none."""
    row = result.first()
    return None if row is None else kind(*row)
