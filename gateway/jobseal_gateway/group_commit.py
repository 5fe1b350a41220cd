"""Group commit: what several threads want to have written at one moment goes into one transaction.

Rules:

- Nobody is answered before the COMMIT that has his share.
- Whatever fails in a group undoes it, and then each is done alone: a failing one never takes its neighbours down, and
  costs them one try more. An error that is not final (no database, no clock) is everybody's, and nobody is tried again.
- First come, first served. Nobody waits for others to come: a group is whoever came while the one before was written.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from jobseal.errors import JobsealError

Wanted = TypeVar("Wanted")
Done = TypeVar("Done")


class _Share(Generic[Wanted, Done]):
    """What one caller wants, and what came of it: ``done`` has the result in it, or ``error`` says why not."""

    __slots__ = ("done", "error", "wanted")

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self.done: list[Done] = []
        self.error: BaseException | None = None

    @property
    def is_settled(self) -> bool:
        return bool(self.done) or self.error is not None


class GroupCommit(Generic[Wanted, Done]):
    """``write`` does all that it is given in one transaction and gives their results in order, committed; or it raises
    with nothing done. It is called for at most ``most`` at once, by one thread at a time."""

    def __init__(self, write: Callable[[Sequence[Wanted]], list[Done]], most: int) -> None:
        self._write = write
        self._most = most
        self._waiting: list[_Share[Wanted, Done]] = []
        self._list = threading.Lock()
        self._turn = threading.Lock()

    def do(self, wanted: Wanted) -> Done:
        """The result of this one, once it is committed. Raises what ``write`` raises for it."""
        own = _Share[Wanted, Done](wanted)
        with self._list:
            self._waiting.append(own)
        while not own.is_settled:
            with self._turn:
                if not own.is_settled:
                    self._settle(self._next())
        if own.error is not None:
            raise own.error
        return own.done[0]

    def _next(self) -> list[_Share[Wanted, Done]]:
        with self._list:
            taken, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
        return taken

    def _settle(self, taken: Sequence[_Share[Wanted, Done]]) -> None:
        try:
            results = self._write([share.wanted for share in taken])
        except BaseException as error:
            if len(taken) > 1 and not _is_everybodys(error):
                for share in taken:
                    self._settle([share])
                return
            for share in taken:
                share.error = error
            return
        if len(results) != len(taken):  # they are committed, and nobody can say which is whose
            for share in taken:
                share.error = RuntimeError(
                    f"{len(taken)} were to be written together, and {len(results)} were answered"
                )
            return
        for share, result in zip(taken, results, strict=True):
            share.done.append(result)


def _is_everybodys(error: BaseException) -> bool:
    """Whether the others would meet the same."""
    return not isinstance(error, Exception) or (isinstance(error, JobsealError) and not error.final)
