"""A handheld for tests: it signs real events in a real chain, on a clock that only moves when told to."""

import hashlib
from typing import Any

from jobseal import bodies, event
from jobseal.event import Event, SignedEvent
from jobseal.host.crypto import Ed25519Signer
from jobseal.job import Job
from jobseal.lifecycle import needs_close

MINUTE_MS = 60_000
MONDAY_MS = 1_767_600_000_000  # 2026-01-05 08:00 UTC


class Handheld:
    """Signs the next event of its chain; ``skip_ms`` passes time, ``restart`` boots anew, ``wall`` is its clock's
    error.
    """

    def __init__(self, name: str, enrolment: bytes = bytes(32)) -> None:
        self.name = name
        self.signer = Ed25519Signer(hashlib.sha256(name.encode()).digest())
        self.thumbprint = self.signer.key.thumbprint
        self.chain: list[SignedEvent] = []
        self.jobs: dict[str, Job] = {}
        self.anchor: bytes | None = None
        self.now = MONDAY_MS
        self.booted = MONDAY_MS - 10 * MINUTE_MS
        self.wall: int | None = 0
        self._prev = enrolment
        self._boots = 0

    def restart(self) -> None:
        self._boots += 1
        self.booted = self.now

    def skip(self, minutes: int) -> None:
        self.now += minutes * MINUTE_MS

    def sign(
        self,
        kind: str,
        job: str | None = "J-1",
        by: str | None = "ada",
        amends: SignedEvent | None = None,
        raw: dict[Any, Any] | None = None,
        **body: Any,
    ) -> SignedEvent:
        """The next event, a minute after the last; the body by names, or as it goes on the wire in ``raw``."""
        self.skip(1)
        fold = self.jobs.setdefault(job, Job(job)) if job is not None else None
        lane = fold.lane(self.thumbprint) if fold is not None else None
        content = Event(
            seq=len(self.chain),
            prev=self._prev,
            at=None if self.wall is None else self.now + self.wall,
            up=self.now - self.booted,
            boot=hashlib.sha256(f"{self.name} {self._boots}".encode()).digest()[:8],
            kind=kind,
            body=bodies.SHAPES[kind].keyed(body) if raw is None else raw,
            job=job,
            by=by,
            anchor=self.anchor,
            close=fold.close(self.thumbprint) if fold is not None and needs_close(lane, kind) else None,
            amends=None if amends is None else amends.hash,
        )
        self.anchor = None
        return self._append(content, fold)

    def _append(self, content: Event, fold: Job | None) -> SignedEvent:
        signed = event.parse(event.sign(content, self.signer))
        self.chain.append(signed)
        self._prev = signed.hash
        if fold is not None:
            fold.add(signed, self.thumbprint)
        return signed

    def correct(self, wrong: SignedEvent, body: dict[str, Any] | None, at: int | None = None) -> SignedEvent:
        """A correction of ``wrong``: its new body by names, or None to strike it out."""
        raw: dict[int, Any] = {1: 9, 2: None if body is None else bodies.SHAPES[wrong.event.kind].keyed(body)}
        if at is not None:
            raw[3] = at
        return self.sign("event.corrected", wrong.event.job, amends=wrong, raw=raw)

    def work(self, job: str = "J-1", task: str = "repair", minutes: int = 30) -> list[SignedEvent]:
        """A plain visit from acceptance to sign-off."""
        start = len(self.chain)
        self.sign("job.accepted", job, order=None, revision=None)
        self.sign("job.arrived", job)
        self.sign("labour.started", job, task=task)
        self.skip(minutes - 1)
        self.sign("labour.stopped", job, task=task)
        self.sign("part.used", job, code="filter", quantity="2", unit="pc", source="van")
        self.sign("job.completed", job, totals=[])
        self.sign("job.signed_off", job, method="typed", name=NAME)
        return self.chain[start:]


NAME = [hashlib.sha256(bytes(32) + b"R. Customer").digest(), len(b"R. Customer"), "text/plain"]


def fold_of(events: list[tuple[SignedEvent, Handheld]], job: str = "J-1") -> Job:
    """The job as a gateway folds it, in the order given."""
    fold = Job(job)
    for index, (signed, handheld) in enumerate(events):
        fold.add(signed, handheld.thumbprint, index)
    return fold
