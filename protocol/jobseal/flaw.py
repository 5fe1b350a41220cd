"""A flaw: the first thing about a bundle that is wrong, or that could not be checked, and where it is."""

from jobseal.errors import JobsealError, SignatureUnverifiable

MYPY = False
if MYPY:
    from collections.abc import Callable
    from typing import Any, TypeVar

    T = TypeVar("T")

OK, WRONG, UNCHECKABLE, UNTRUSTED = "ok", "wrong", "uncheckable", "untrusted"


class Flaw(Exception):
    """``status``: ``WRONG`` or ``UNCHECKABLE``; ``code``: stable; ``where``: the part, as "event 3 (index 118)"."""

    def __init__(self, code: str, where: str, sentence: str, status: str = WRONG) -> None:
        super().__init__(code + ": " + where + ": " + sentence)
        self.code = code
        self.where = where
        self.sentence = sentence
        self.status = status


def checked(where: str, function: "Callable[..., T]", *arguments: "Any") -> "T":
    """``function(*arguments)``, where what it raises is a flaw of the part ``where``."""
    try:
        return function(*arguments)
    except SignatureUnverifiable as problem:
        raise Flaw(problem.code, where, problem.sentence, UNCHECKABLE)
    except JobsealError as problem:
        raise Flaw(problem.code, where, problem.sentence)
