"""The office: what its people do to keys, jobs, exceptions and objects, as signed statements of the log.

Rules:

- An act and its effect on the tables are one transaction: no suspension without its leaf, no leaf without effect.
- Each act names the operator, is indexed by what it is about, and marks the jobs whose fold it may change.
- An act that would change nothing, or that is about something unknown, is refused with a sentence, and not logged.
- What was released is never touched here; folding the marked jobs again says what follows for them.

A key is named by its device (then it is the one that this goes on with) or by the first digits of its thumbprint.
An ``Office`` belongs to one thread, as its ``LogWriter`` does.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Connection

from jobseal import exceptions as rules
from jobseal import office
from jobseal.errors import OPERATOR, JobsealError
from jobseal_gateway import dossier, standing, succession
from jobseal_gateway.errors import GatewayError
from jobseal_gateway.ledger import (
    assignments,
    branches,
    dirty,
    exceptions,
    holes,
    jobs,
    keys,
    leaves,
    links,
    objects,
    overrides,
)
from jobseal_gateway.ledger import office as acts
from jobseal_gateway.ledger.branches import Branch
from jobseal_gateway.ledger.keys import Key
from jobseal_gateway.ledger.overrides import Override
from jobseal_gateway.log import Appending, LogWriter
from jobseal_gateway.policy import APPROVAL, FIRM

if TYPE_CHECKING:
    from jobseal.cose import Signer
    from jobseal.host.clock import Clock
    from jobseal_gateway.home import Gateway

COMPROMISED = "compromised"
KEY_DIGITS_MIN = 8  # of a thumbprint, before it may stand for a key


class OfficeRefused(GatewayError):
    """The act is not possible as things stand; nothing was logged or changed."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(code, sentence, OPERATOR)


class Act(NamedTuple):
    """A logged act: its ``kind``, place in the log, SHA-256, time (Unix ms UTC) and complete bytes."""

    kind: str
    leaf: int
    hash: bytes
    at_ms: int
    bytes: bytes


def log_act(
    end: Appending,
    signer: "Signer",
    operator: str,
    kind: str,
    body: dict[str, Any],
    *,
    subject: str | None,
    job: str | None = None,
) -> Act:
    """Sign an office statement and append it in ``end``'s transaction, indexed by ``subject`` and, if any, its job.

    ``body`` has names for keys. Raises OfficeRefused (``act_invalid``) for what cannot be said.
    """
    try:
        statement = office.act(kind, end.at_ms, operator, body, job)
    except JobsealError as error:
        raise OfficeRefused("act_invalid", f"This cannot be logged: {error.sentence}.") from error
    data = office.sign(statement, signer)
    digest = office.hash_of(data)
    job_id = None if job is None else jobs.numbers(end.connection, [job])[job]
    leaf = end.add(leaves.OFFICE, digest, data, job_id=job_id)
    acts.add(end.connection, leaf, kind, subject)
    return Act(kind, leaf, digest, end.at_ms, data)


class Office:
    """The office of one gateway, with its key and the log. ``changed`` is called after each commit."""

    def __init__(self, log: LogWriter, signer: "Signer", clock: "Clock", changed: Callable[[], None]) -> None:
        self._log = log
        self._signer = signer
        self._clock = clock
        self._changed = changed

    @contextmanager
    def acting(self, operator: str) -> Iterator["Desk"]:
        """One transaction for one or several acts of ``operator``. Raises as ``LogWriter.appending`` does."""
        with self.desks() as at:
            yield at(operator)

    @contextmanager
    def desks(self) -> Iterator[Callable[[str], "Desk"]]:
        """The same for acts of several operators: gives each operator's desk."""
        with self._log.appending(self._clock.wall_ms()) as end:
            yield lambda operator: Desk(end, self._signer, operator)
        self._changed()

    def suspend(self, key: str, reason: str, operator: str) -> Act:
        """From here on nothing of this key is billed; its device goes on capturing and being acknowledged."""
        with self.acting(operator) as desk:
            found = desk.key(key)
            if found.status != keys.ACTIVE:
                raise OfficeRefused("key_not_active", f"The key of {found.device} is {found.status}, not active.")
            act = desk.log("device.suspended", {"key": found.thumbprint, "reason": reason}, _hex(found))
            keys.set_status(desk.connection, found.id, keys.SUSPENDED, act.leaf)
            desk.mark(desk.jobs_of(found))
        return act

    def reinstate(self, key: str, reason: str, operator: str) -> Act:
        """End the doubts about this key: what it signed meanwhile counts again. Forks that are in the log by now stay
        out of billing, as the first-logged branch stands for the handheld, unless they are adopted; a fork that goes
        on afterwards holds the key's work anew.

        A key that has named the next one stays ended. Of the keys that one key named on several branches one can count.
        """
        with self.acting(operator) as desk:
            found = desk.key(key)
            _check_may_count(desk.connection, found)
            act = desk.log("device.reinstated", {"key": found.thumbprint, "reason": reason}, _hex(found))
            is_over = succession.has_ended(desk.connection, found)
            keys.set_status(desk.connection, found.id, keys.ROTATED if is_over else keys.ACTIVE, act.leaf)
            desk.mark(desk.jobs_of(found))
        return act

    def revoke(self, key: str, reason: str, operator: str, last_trusted_seq: int | None = None) -> Act:
        """Trust nothing that this key signs and that is logged after this act, and let its handheld connect no more.

        ``reason``: lost, retired, replaced or compromised. A compromised key needs ``last_trusted_seq`` (-1: none),
        behind which nothing counts however early it was logged; no other reason has one. Where it named the key after
        it behind that seq, nobody knows who that was: the keys that followed are revoked with it.
        """
        if (reason == COMPROMISED) != (last_trusted_seq is not None):
            sentence = "Say the last seq that is trusted (-1: none) with the reason compromised, and with no other."
            raise OfficeRefused("last_trusted_seq", sentence)
        with self.acting(operator) as desk:
            found = desk.key(key)
            if found.status == keys.REVOKED and (reason != COMPROMISED or found.trusted_seq is not None):
                raise OfficeRefused("key_revoked", f"The key of {found.device} is revoked already.")
            act = self._revoke(desk, found, reason, last_trusted_seq)
            gone = [] if last_trusted_seq is None else succession.heirs(desk.connection, found, last_trusted_seq)
            for heir in gone:
                self._revoke(desk, heir, COMPROMISED, -1)
            for key_id in _disconnected(desk.connection, [found, *gone]):
                links.revoke_of_key(desk.connection, key_id, reason, desk.at_ms)
        return act

    def _revoke(self, desk: "Desk", key: Key, reason: str, last_trusted_seq: int | None) -> Act:
        body = {"key": key.thumbprint, "reason": reason, "last_trusted_seq": last_trusted_seq}
        act = desk.log("device.revoked", body, _hex(key))
        keys.set_status(desk.connection, key.id, keys.REVOKED, act.leaf, last_trusted_seq)
        desk.mark(desk.jobs_of(key))
        return act

    def adopt(self, key: str, head: str, reason: str, operator: str) -> Act:
        """Make a fork of this key billable: the branch whose newest event has the hash ``head`` (first hex digits)."""
        with self.acting(operator) as desk:
            found = desk.key(key)
            branch = _fork(branches.of_key(desk.connection, found.id), head, found.device)
            body = {"key": found.thumbprint, "head": branch.head_hash, "reason": reason}
            act = desk.log("branch.adopted", body, _hex(found))
            branches.adopt(desk.connection, branch.id)
            desk.mark(desk.jobs_of(found))
        return act

    def write_off(self, key: str, first: int, last: int, reason: str, operator: str) -> Act:
        """Stop waiting for the seqs ``first`` to ``last`` of this key, both in a range that its device lost."""
        with self.acting(operator) as desk:
            found = desk.key(key)
            lost = holes.of_key(desk.connection, found.id)
            if not any(hole.first_seq <= first <= last <= hole.last_seq for hole in lost):
                shown = ", ".join(f"{hole.first_seq} to {hole.last_seq}" for hole in lost) or "none"
                sentence = f"{first} to {last} is not within a range that {found.device} lost; those are: {shown}."
                raise OfficeRefused("range_not_lost", sentence)
            body = {"key": found.thumbprint, "from": first, "to": last, "reason": reason}
            act = desk.log("range.written_off", body, _hex(found))
            desk.mark(desk.jobs_of(found))
        return act

    def close(self, job: str, reason: str, operator: str, key: str | None = None) -> Act:
        """Take the job as complete as it stands: for every key that has not closed it, or for ``key`` alone."""
        with self.acting(operator) as desk:
            number = desk.job(job)
            closed = None if key is None else desk.key(key).thumbprint
            act = desk.log("job.closed_by_office", {"reason": reason, "key": closed}, job, job)
            desk.mark([number])
        return act

    def override(
        self, job: str, code: str, reason: str, operator: str, event: bytes | None = None, subject: str | None = None
    ) -> Act:
        """Set the job's open exceptions with this code aside: all, or those about one event's hash or one subject."""
        if code not in rules.RULES:
            sentence = f"There is no exception {code}; these are: {', '.join(sorted(rules.RULES))}."
            raise OfficeRefused("unknown_exception", sentence)
        if code in FIRM:
            raise OfficeRefused("not_overridable", f"{code} cannot be set aside: {rules.RULES[code].resolution}")
        with self.acting(operator) as desk:
            number = desk.job(job)
            open_codes = sorted({found.code for found in exceptions.of_job(desk.connection, number)})
            if code not in open_codes:
                sentence = f"{job} has no exception {code} now; it has: {', '.join(open_codes) or 'none'}."
                raise OfficeRefused("no_such_exception", sentence)
            if code == APPROVAL and operator in dossier.read(desk.connection, number).performers:
                sentence = f"{operator} worked on {job}, and nobody approves what they did themselves: ask another."
                raise OfficeRefused("own_work", sentence)
            body = {"code": code, "reason": reason, "event": event, "subject": subject}
            act = desk.log("exception.overridden", body, job, job)
            about = event.hex() if event is not None else subject or ""
            said = Override(number, code, about, operator, reason, act.leaf, act.at_ms)
            overrides.add(desk.connection, said)
            desk.mark([number])
        return act

    def erase(self, digests: Iterable[bytes], reason: str, operator: str) -> Act:
        """Forget the bytes of these objects for good. Their digests stay, and with them every proof."""
        with self.acting(operator) as desk:
            wanted = list(dict.fromkeys(digests))
            known = objects.by_digests(desk.connection, wanted)
            for digest in wanted:
                if digest not in known or known[digest].state == objects.ERASED:
                    what = "was erased already" if digest in known else "is not named by any event"
                    raise OfficeRefused("object_unknown", f"The object {digest.hex()} {what}; nothing was erased.")
            subject = wanted[0].hex() if len(wanted) == 1 else None
            act = desk.log("object.erased", {"digests": wanted, "reason": reason}, subject)
            for digest in wanted:
                objects.erase(desk.connection, known[digest].id)
                desk.mark(objects.jobs_naming(desk.connection, known[digest].id))
        return act


class Desk:
    """One transaction of the office: ``log`` signs and appends, the rest finds and marks what an act is about."""

    def __init__(self, end: Appending, signer: "Signer", operator: str) -> None:
        self._end = end
        self._signer = signer
        self._operator = operator

    @property
    def connection(self) -> Connection:
        """The transaction, for an act's effect."""
        return self._end.connection

    @property
    def at_ms(self) -> int:
        """The time that its leaves bear, Unix ms UTC."""
        return self._end.at_ms

    def log(self, kind: str, body: dict[str, Any], subject: str | None, job: str | None = None) -> Act:
        """Sign and append one act, as ``log_act`` does."""
        return log_act(self._end, self._signer, self._operator, kind, body, subject=subject, job=job)

    def flush(self) -> None:
        """Write what was logged so far, so that look-ups in this transaction find it."""
        self._end.flush()

    def mark(self, job_ids: Iterable[int]) -> None:
        """These jobs may have changed."""
        dirty.mark(self.connection, job_ids, self.at_ms)

    def key(self, name: str) -> Key:
        """The key that ``name`` stands for. Raises OfficeRefused (``unknown_key``)."""
        return find_key(self.connection, name)

    def job(self, work_order: str) -> int:
        """The number of a job that is known. Raises OfficeRefused (``unknown_job``)."""
        number = jobs.known(self.connection, [work_order]).get(work_order)
        if number is None:
            raise OfficeRefused("unknown_job", f"No order and no event names the job {work_order}.")
        return number

    def jobs_of(self, key: Key) -> list[int]:
        """Every job that the key has signed for, and every one that waits for its device."""
        return jobs_touched(self.connection, key)


def open_office(gateway: "Gateway") -> Office:
    """The office of an opened gateway."""
    return Office(gateway.log(), gateway.keys.office, gateway.clock, gateway.ring)


def find_key(connection: Connection, name: str) -> Key:
    """The present key of the device ``name``, or the one whose thumbprint begins with these hex digits.

    Raises OfficeRefused (``unknown_key``).
    """
    of_device = succession.present(connection, name)
    if of_device is not None:
        return of_device
    digits = name.lower().replace("-", "")
    found = [each for each in keys.every(connection) if each.thumbprint.hex().startswith(digits)]
    if len(digits) >= KEY_DIGITS_MIN and len(found) == 1:
        return found[0]
    sentence = f"{name} is neither an enrolled device nor the first {KEY_DIGITS_MIN} or more hex digits of one key."
    raise OfficeRefused("unknown_key", sentence)


def jobs_touched(connection: Connection, key: Key) -> list[int]:
    """Every job that the key has an event for, and every one assigned to who carries its device."""
    assigned = [
        each.order_id
        for technician in assignments.carriers(connection, key.device)
        for each in assignments.of_technician(connection, technician)
    ]
    return sorted({*leaves.jobs_of_key(connection, key.id), *jobs.known(connection, assigned).values()})


def _disconnected(connection: Connection, revoked: Sequence[Key]) -> set[int]:
    """The keys (row numbers) whose certificates end with these: a handheld connects with what was given out beside any
    key of its line, and one that goes on under another line keeps its own."""
    present = succession.present(connection, revoked[0].device)
    goes_on = present is not None and present.status != keys.REVOKED
    spared = succession.line(connection, present) if present is not None and goes_on else []
    return {each.id for key in revoked for each in succession.line(connection, key)} - {each.id for each in spared}


def _check_may_count(connection: Connection, key: Key) -> None:
    """Raise OfficeRefused for a key that is in no doubt, or that would go on for a handheld beside another one."""
    is_doubted = key.status == keys.ROTATED and standing.is_in_doubt(connection, key)
    if key.status != keys.SUSPENDED and not is_doubted:
        raise OfficeRefused("key_not_suspended", f"The key of {key.device} is {key.status}, not suspended.")
    if succession.is_aside(connection, key):
        sentence = (
            f"The key {_hex(key)[:16]} was named on a fork, which is not billed. Adopt that branch first, if it is the "
            f"handheld's; or enrol the handheld again."
        )
        raise OfficeRefused("key_of_fork", sentence)
    other = succession.rival(connection, key) or _active_beside(connection, key)
    if other is not None:
        sentence = (
            f"{key.device} goes on with the key {_hex(other)[:16]}, which counts, and one key can have one successor. "
            f"Revoke or suspend that one first, if it is the copy's."
        )
        raise OfficeRefused("key_has_rival", sentence)


def _active_beside(connection: Connection, key: Key) -> Key | None:
    """Another key of this handheld that is active, where this one would be as well."""
    if succession.has_ended(connection, key):
        return None
    others = [each for each in keys.of_device(connection, key.device) if each.id != key.id]
    return next((each for each in others if each.status == keys.ACTIVE), None)


def _fork(of_key: list[Branch], head: str, device: str) -> Branch:
    forks = [each for each in of_key if each.standing == branches.FORKED]
    found = [each for each in forks if head and each.head_hash.hex().startswith(head.lower())]
    if len(found) != 1:
        shown = ", ".join(each.head_hash.hex()[:16] for each in forks) or "none"
        raise OfficeRefused("unknown_branch", f"{head} names no fork of {device}; their heads are: {shown}.")
    return found[0]


def _hex(key: Key) -> str:
    return key.thumbprint.hex()
