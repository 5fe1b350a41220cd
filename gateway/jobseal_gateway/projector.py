"""The projector: folds changed jobs again, tells the feed, and releases what is ready. One transaction a round.

A job is marked as changed in the transaction that changed it, and its mark goes in the one that folds it: a crash
between leaves the mark, and the fold is done again with the same result. A record, its leaf in the log, its row and its
news are committed together or not at all.
"""

import json
import logging
from collections.abc import Callable, Iterator
from typing import NamedTuple

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from jobseal import office, record
from jobseal.exceptions import RULES
from jobseal.host.clock import Clock
from jobseal_gateway import documents, dossier, flags, release
from jobseal_gateway.authority import GatewayKeys
from jobseal_gateway.folding import Folds, fold
from jobseal_gateway.ledger import dirty, exceptions, feed, jobs, leaves, price_lists, projections, proofs, records
from jobseal_gateway.ledger import office as office_rows
from jobseal_gateway.ledger.database import writing
from jobseal_gateway.ledger.errors import LedgerUnavailable
from jobseal_gateway.ledger.exceptions import Found
from jobseal_gateway.ledger.feed import News
from jobseal_gateway.ledger.folded import CARDS, RATINGS, Folded
from jobseal_gateway.ledger.proofs import Proof
from jobseal_gateway.log import Appending, LogWriter
from jobseal_gateway.policy import HELD, READY
from jobseal_gateway.pricing import PriceList, parse_price_lists
from jobseal_gateway.projection import Projected, Rules, project

JOBS_AT_ONCE = 8  # about 5 ms each, with the log held: ingest waits no longer than for one of its own rounds
RELEASED = "released"
CARD_CHANGED = "jobcard.changed"
RECORD_RELEASED = "record.released"
RECORD_FLAGGED = "record.flagged"
RECORD_CLEARED = "record.cleared"
DEFECT = "gateway_defect"

_log = logging.getLogger(__name__)


class _Defect(Exception):
    """A job that cannot be folded; the round that found it is undone."""

    def __init__(self, job_id: int) -> None:
        super().__init__(job_id)
        self.job_id = job_id


class Projector:
    """``terms``: the price list of orders that name none; ``wide_after_ms``: see :class:`Rules`; ``changed`` is called
    after a commit that put news into the feed."""

    def __init__(
        self,
        engine: Engine,
        writer: LogWriter,
        keys: GatewayKeys,
        clock: Clock,
        terms: str,
        wide_after_ms: int,
        changed: Callable[[], None],
    ) -> None:
        self._engine = engine
        self._writer = writer
        self._keys = keys
        self._clock = clock
        self._terms = terms
        self._wide_after_ms = wide_after_ms
        self._changed = changed
        self._prices = PriceLists()
        self._folds = Folds()

    def run(self, most_jobs: int = JOBS_AT_ONCE) -> int:
        """Fold at most so many changed jobs; returns how many there were.

        Raises LedgerUnavailable and ClockUnsynchronised, having done nothing; the marks are still there.
        """
        broken: set[int] = set()
        while True:
            try:
                return self._round(most_jobs, broken)
            except _Defect as defect:  # it holds this job, and no other
                broken.add(defect.job_id)

    def _round(self, most_jobs: int, broken: set[int]) -> int:
        """One transaction; the ``broken`` jobs are held."""
        with self._writer.appending(self._clock.wall_ms()) as end:
            taken = dirty.take(end.connection, most_jobs)
            rules = self._rules(end.connection)
            news: list[News] = []
            for job_id in taken:
                if job_id in broken:
                    _hold(end.connection, job_id, _flags(end.connection, job_id))
                    continue
                try:
                    news += self._fold(end, job_id, rules)
                except (SQLAlchemyError, LedgerUnavailable):
                    raise  # the round is undone, and every mark is still there
                except Exception as error:  # undone as well: of a job that breaks behind a release, nobody would hear
                    _log.exception("Job %s cannot be folded.", jobs.work_order(end.connection, job_id))
                    raise _Defect(job_id) from error
            end.flush()
            feed.append(end.connection, news)
        if news:
            self._changed()
        return len(taken)

    def rebuild(self) -> int:
        """Drop every projection and fold all jobs again; nothing is released and nothing is told. How many jobs.

        A job that waits to be folded keeps what it had and goes on waiting: what follows from its change is told, and
        released, by the next round and not lost here.
        """
        with writing(self._engine) as connection:
            waiting = _waiting(connection)
            last = {job_id: _last(connection, job_id) for job_id in waiting}
            every = [job_id for job_id, _ in jobs.every(connection)]
            flagged = {job_id: found for job_id in every if (found := _flags(connection, job_id))}
            projections.drop(connection, self._clock.wall_ms() or 0)
            _waiting(connection)
            rules = self._rules(connection)
            due = [
                job_id
                for job_id in every
                if _restore(connection, job_id, rules, last.get(job_id), flagged.get(job_id, []))
            ]
            dirty.mark(connection, [*waiting, *(each for each in due if each not in last)], self._clock.wall_ms() or 0)
        return len(every)

    def _rules(self, connection: Connection) -> Rules:
        return Rules(self._prices.every(connection), self._terms, self._wide_after_ms)

    def _fold(self, end: Appending, job_id: int, rules: Rules) -> list[News]:
        projected = self._projected(end.connection, job_id, rules)
        news: list[News] = []
        while is_due(projected):  # twice at most: a void is followed by what replaces it
            news.append(self._release(end, job_id, projected))
            projected = self._projected(end.connection, job_id, rules)
        flagged = _flags(end.connection, job_id) if projected.dossier.released else []
        word = status(projected)
        if _keep(end.connection, job_id, projected, word):
            data = documents.to_bytes(documents.news(projected, word)).decode()
            news.insert(0, News(CARD_CHANGED, projected.dossier.id, data, end.at_ms))
            news += _flag_news(projected, flagged, end.at_ms)
        return news

    def _projected(self, connection: Connection, job_id: int, rules: Rules) -> Projected:
        found = dossier.read(connection, job_id)
        return project(found, self._folds.fold(found), rules)

    def _release(self, end: Appending, job_id: int, projected: Projected) -> News:
        """Sign the record and log its release; both stand in this transaction only until it commits."""
        checkpoint = end.found.checkpoint
        if checkpoint is None:
            raise ValueError("a job with logged events has a checkpoint over them")
        made = release.make(projected, checkpoint, self._keys.log_id, end.at_ms, release.AUTOMATIC)
        data = record.sign(made, self._keys.office)
        digest = record.digest(data)
        body = {"revision": made.revision, "digest": digest}
        act = office.act("record.released", end.at_ms, release.AUTOMATIC, body, made.work_order)
        signed = office.sign(act, self._keys.office)
        leaf = end.add(leaves.OFFICE, office.hash_of(signed), signed, job_id=job_id)
        end.flush()
        office_rows.add(end.connection, leaf, "record.released", f"{made.work_order}~{made.revision}")
        kept = records.add(
            end.connection,
            work_order=made.work_order,
            revision=made.revision,
            kind=made.kind,
            digest=digest,
            data=data,
            leaf=leaf,
            released_ms=end.at_ms,
        )
        records.add_status(end.connection, kept.id, records.Status(RELEASED, "", end.at_ms))
        told = {
            "record": f"{made.work_order}~{made.revision}",
            "work_order": made.work_order,
            "revision": made.revision,
            "kind": made.kind,
            "digest": digest.hex(),
            "supersedes": None if made.supersedes is None else made.supersedes.hex(),
            "total": made.total,
            "job_total": release.job_total(made),
            "currency": made.currency,
            "checkpoint": checkpoint.hex(),
        }
        return News(RECORD_RELEASED, made.work_order, documents.to_bytes(told).decode(), end.at_ms)


def _flags(connection: Connection, job_id: int) -> list[documents.Document]:
    """The flags of the job's last fold."""
    rating = RATINGS.of_job(connection, job_id)
    found: list[documents.Document] = [] if rating is None else json.loads(rating.document).get("flags", [])
    return found


def _flag_news(projected: Projected, before: list[documents.Document], at_ms: int) -> Iterator[News]:
    """What billing must hear of: flags that are new or rest on other events, and flags that are gone."""
    now = [documents.flag(each) for each in flags.of(projected)]
    digests = {each.revision: each.digest.hex() for each in projected.dossier.released}
    gone = [each for each in before if _about(each) not in map(_about, now)]
    for kind, told in ((RECORD_FLAGGED, [each for each in now if each not in before]), (RECORD_CLEARED, gone)):
        for each in told:
            about = {"record": f"{projected.dossier.id}~{each['revision']}", "digest": digests[each["revision"]]}
            data = documents.to_bytes(about | {"work_order": projected.dossier.id} | each).decode()
            yield News(kind, projected.dossier.id, data, at_ms)


def _about(flag: documents.Document) -> tuple[int, str]:
    return flag["revision"], flag["code"]


def is_due(projected: Projected) -> bool:
    """Whether a record is to be made of it now."""
    return projected.standing == READY and projected.rating is not None and release.is_news(projected)


def status(projected: Projected) -> str:
    """Where billing stands: released while the newest record says all that there is, else the policy's word. Held while
    billing has rejected it and nobody has changed anything."""
    if release.is_refused(projected):
        return HELD
    if projected.dossier.released and not release.is_news(projected):
        return RELEASED
    return projected.standing


def _waiting(connection: Connection) -> list[int]:
    """Every job that is marked, and no more marked."""
    found: list[int] = []
    while taken := dirty.take(connection, JOBS_AT_ONCE):
        found += taken
    return found


class Last(NamedTuple):
    """What a job's last fold left, None and empty before the first."""

    card: Folded | None
    rating: Folded | None
    exceptions: list[Found]
    proofs: list[Proof]


def _last(connection: Connection, job_id: int) -> Last:
    found = exceptions.of_job(connection, job_id)
    card, rating = CARDS.of_job(connection, job_id), RATINGS.of_job(connection, job_id)
    return Last(card, rating, found, proofs.of_job(connection, job_id))


def _restore(
    connection: Connection, job_id: int, rules: Rules, last: Last | None, flagged: list[documents.Document]
) -> bool:
    """Fold a job for a rebuild, or put back what it had as it waits anyway; whether a record of it is due.

    ``flagged``: its flags before, which stand where it cannot be folded.
    """
    if last is not None and last.card is not None and last.rating is not None:
        CARDS.put(connection, last.card)
        RATINGS.put(connection, last.rating)
        exceptions.replace(connection, job_id, last.exceptions)
        proofs.replace(connection, job_id, last.proofs)
        return False
    try:
        found = dossier.read(connection, job_id)
        projected = project(found, fold(found), rules)
        _keep(connection, job_id, projected, status(projected))
    except (SQLAlchemyError, LedgerUnavailable):
        raise
    except Exception:
        _log.exception("Job %s cannot be folded.", jobs.work_order(connection, job_id))
        _hold(connection, job_id, flagged)
        return False
    return is_due(projected)


def _keep(connection: Connection, job_id: int, projected: Projected, word: str) -> bool:
    """Store what was folded, billing standing at ``word``; whether a person would see a difference."""
    rating = documents.rating(projected, word)
    changed = CARDS.put(connection, Folded(job_id, projected.state, documents.card_bytes(projected)))
    changed |= RATINGS.put(connection, Folded(job_id, word, documents.to_bytes(rating)))
    if changed:
        exceptions.replace(connection, job_id, _rows(projected))
        proofs.replace(connection, job_id, list(_proofs(job_id, projected)))
    return changed


def _proofs(job_id: int, projected: Projected) -> Iterator[Proof]:
    """The events that commit to all that their handheld signed of the job before: what it shows to customers."""
    for logged in projected.dossier.events:
        if logged.signed is not None and logged.signed.event.close is not None:
            yield Proof(logged.hash, job_id, logged.index)


def _hold(connection: Connection, job_id: int, flagged: list[documents.Document]) -> None:
    """Nothing is billed of a job that cannot be folded; its evidence and its last card stay, and so does what billing
    was told of its records (``flagged``): a defect of ours clears nobody."""
    work_order = jobs.work_order(connection, job_id)
    released = [each.revision for each in records.of_work_order(connection, work_order)]
    document = documents.unfolded(work_order, HELD, DEFECT, released, flagged)
    RATINGS.put(connection, Folded(job_id, HELD, documents.to_bytes(document)))


def _rows(projected: Projected) -> list[Found]:
    places = {logged.hash: logged for logged in projected.dossier.events}
    found = []
    for each in projected.exceptions:
        rule = RULES[each.raised.code]
        logged = None if each.raised.event is None else places.get(each.raised.event)
        seq = None if logged is None else logged.seq
        text = each.raised.detail or rule.sentence
        key_id = None if logged is None else logged.key_id
        found.append(Found(rule.code, key_id, seq, rule.severity, rule.owner, each.blocks, text))
    return found


class PriceLists:
    """The parsed price lists; a version never changes, so what was parsed stays parsed."""

    def __init__(self) -> None:
        self._parsed: dict[bytes, PriceList] = {}

    def every(self, connection: Connection) -> tuple[PriceList, ...]:
        """All versions, in the order in which they were added."""
        found = []
        for row in price_lists.every(connection):
            if row.digest not in self._parsed:
                parsed, _ = parse_price_lists(row.source.encode(), row.name)
                self._parsed[row.digest] = next(
                    each for each in parsed if (each.id, each.version) == (row.name, row.version)
                )
            found.append(self._parsed[row.digest])
        return tuple(found)
