"""Readiness: whether the gateway takes in, keeps, folds and hands over, and every reason why not.

Alive is something else: a process that answers is alive, and killing it would not free a disk. Looked at anew each
time it is asked, because that is what it is asked for; the checks take milliseconds while all is well.
"""

from collections.abc import Iterable, Iterator

from sqlalchemy import text

from jobseal.errors import OPERATOR, OURS, JobsealError
from jobseal_gateway.home import Gateway
from jobseal_gateway.ledger import feed
from jobseal_gateway.ledger.database import writing
from jobseal_gateway.ledger.errors import LedgerUnavailable
from jobseal_gateway.ledger.space import is_low
from jobseal_gateway.log import ClockUnsynchronised
from jobseal_gateway.pulse import Pulse, Reason


def reasons(gateway: Gateway, pulses: Iterable[Pulse]) -> list[Reason]:
    """Why the gateway is not ready, each reason once; none when it is. ``pulses``: of ingest, as heard lately."""
    found = [*_database(gateway), *_ingest(pulses), *_space(gateway), *_clock(gateway)]
    return list({reason.code: reason for reason in reversed(found)}.values())[::-1]


def _database(gateway: Gateway) -> Iterator[Reason]:
    """A transaction that may write, as ingest and acknowledgements need it; it writes nothing."""
    try:
        with writing(gateway.engine) as connection:
            feed.last(connection)
            if gateway.engine.dialect.name == "postgresql":
                standby = connection.execute(text("SHOW transaction_read_only")).scalar_one() == "on"
                if standby:
                    sentence = "The database only reads: it is a standby. Point the gateway to the primary."
                    yield Reason("database_read_only", sentence, OPERATOR)
    except LedgerUnavailable as problem:
        yield _reason(problem)


def _ingest(pulses: Iterable[Pulse]) -> Iterator[Reason]:
    heard = list(pulses)
    if not heard:
        sentence = "The ingest process says nothing; it is starting, or dead and about to be started again."
        yield Reason("ingest_silent", sentence, OURS)
    for pulse in heard:
        yield from pulse.reasons


def _space(gateway: Gateway) -> Iterator[Reason]:
    folder, mark = gateway.home.data, gateway.settings.limits.free_space_low_water_bytes
    try:
        low = is_low(folder, mark)
    except OSError as error:
        yield Reason("space_unknown", f"The data folder {folder} cannot be looked at: {error.strerror}.", OPERATOR)
        return
    if low:
        sentence = f"Less than {mark} bytes are free under {folder}; nothing is taken in until there is more."
        yield Reason("space_low", sentence, OPERATOR)


def _clock(gateway: Gateway) -> Iterator[Reason]:
    if gateway.clock.wall_ms() is None:
        yield _reason(ClockUnsynchronised())


def _reason(problem: JobsealError) -> Reason:
    return Reason(problem.code, problem.sentence, problem.fault)
