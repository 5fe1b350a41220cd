"""Folding: a dossier's events to the job, and jobs as they were last folded, so that one that only grew takes its new
events alone.

What is kept is never trusted further than it can be seen: unless a job's events begin with exactly those that were
folded before, it is folded from scratch. So a late verdict, an adopted line, an erased event or a restored log cost
time and nothing else, and whoever drops what is kept loses nothing.
"""

from collections.abc import Iterable

from jobseal.job import Job
from jobseal_gateway.dossier import Dossier, Logged

JOBS_KEPT = 256  # of some 50 events, 1 KiB each


def fold(dossier: Dossier) -> Job:
    """The job, from scratch."""
    return _grown(Job(dossier.id), dossier.events)


class Folds:
    """The jobs that were folded last. For one thread."""

    def __init__(self, most: int = JOBS_KEPT) -> None:
        self._most = most
        self._kept: dict[str, tuple[tuple[Logged, ...], Job]] = {}  # the least recently folded first

    def fold(self, dossier: Dossier) -> Job:
        """The same job as :func:`fold` gives. It goes on growing with the next call for it: keep nothing of it."""
        known, job = self._kept.pop(dossier.id, ((), None))
        if job is None or dossier.events[: len(known)] != known:
            known, job = (), Job(dossier.id)
        self._kept[dossier.id] = dossier.events, _grown(job, dossier.events[len(known) :])
        while len(self._kept) > self._most:
            del self._kept[next(iter(self._kept))]
        return job


def _grown(job: Job, events: Iterable[Logged]) -> Job:
    for logged in events:
        if logged.signed is None:
            job.add_erased(logged.hash, logged.seq, logged.key, logged.index)
        else:
            job.add(logged.signed, logged.key, logged.index)
    return job
