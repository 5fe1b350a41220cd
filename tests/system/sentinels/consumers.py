"""The billing system at the gateway's door: a feed in which nothing is missing, and statements that are taken once, in
their order, about the record that they name.
"""

from collections.abc import Callable
from pathlib import Path

from jobseal.errors import JobsealError
from jobseal_gateway.acknowledge import Statement, acknowledge
from jobseal_gateway.ledger import acknowledgements, feed
from jobseal_gateway.ledger.database import reading, writing
from jobseal_gateway.ledger.records import Released
from tests.devices import digest
from tests.field import MINUTE_MS, Office, Phone
from tests.gateway.billed import kept
from tests.system.sentinels import Found
from tests.system.sentinels.billing import events_of, office_in, settled

NEWS = 5


def _say(office: Office, record: Released, status: str, **other: str | bytes) -> str:
    """Say this of a record; the code of the refusal, or nothing."""
    plain = {"revision": record.revision, "digest": record.digest, "external_number": "INV-1", "reason": "", **other}
    try:
        with writing(office.engine) as connection:
            acknowledge(connection, f"WO-1~{record.revision}", Statement(status=status, **plain), office.now_ms)  # type: ignore[arg-type]
    except JobsealError as error:
        return error.code
    return ""


def _kept(office: Office, record: Released) -> int:
    with reading(office.engine) as connection:
        return len(acknowledgements.of_record(connection, record.id))


def statements(folder: Path) -> Found:
    """``not_idempotent``: the same statement again is refused or kept twice; ``wrong_digest_taken``,
    ``out_of_order_taken``, ``reason_missing``: a statement is taken that must not be."""
    with office_in(folder, "t-1") as (office, [phone]):
        phone.work()
        settled(office, phone)
        (record,) = kept(office)
        refused: list[tuple[str, Callable[[], str]]] = [
            ("wrong_digest_taken", lambda: _say(office, record, "acknowledged", digest=digest(b"other bytes"))),
            ("out_of_order_taken", lambda: _say(office, record, "paid")),
            ("reason_missing", lambda: _say(office, record, "rejected", reason=" ")),
        ]
        for check, say in refused:
            if not say():
                yield check, "a statement about a record was taken that must be refused"
                return
        for status in ("acknowledged", "invoiced"):
            said = [_say(office, record, status) for _ in range(3)]
            if any(said):
                yield "not_idempotent", f"{status} was said three times: {said}"
        if _kept(office, record) != 2:
            yield "not_idempotent", f"2 things were said, three times each, and {_kept(office, record)} are kept"


def revisions(folder: Path) -> Found:
    """``stale_acknowledged``: a record is acknowledged that a newer one has superseded."""
    with office_in(folder, "t-1") as (office, [phone]):
        phone.work()
        settled(office, phone)
        _correct(office, phone)
        first, *newer = kept(office)
        if not newer:
            yield "unbilled", "a correction behind the release makes no record"
        if not _say(office, first, "acknowledged"):
            yield "stale_acknowledged", "revision 1 is acknowledged, although revision 2 was released"


def _correct(office: Office, phone: Phone) -> None:
    part = next(signed for _, signed in events_of(office) if signed.event.kind == "part.used")
    office.station.pass_ms(MINUTE_MS)
    changed = {1: 2, 2: {**part.event.body, 2: "5"}}
    phone.capture.sign("event.corrected", changed, "WO-1", phone.technician, part.hash)
    settled(office, phone)


def news(folder: Path) -> Found:
    """``news_lost``: a release is not in the feed; ``feed_disordered``: whoever reads it page by page misses something,
    or hears it twice."""
    with office_in(folder, "t-1") as (office, [phone]):
        phone.work()
        settled(office, phone)
        _correct(office, phone)
        with writing(office.engine) as connection:
            said = [feed.News("test", f"WO-{number}", "{}", office.now_ms) for number in range(NEWS)]
            feed.append(connection, said)
        heard, cursor = [], 0
        for page in (1, 2, 3, 4, 5, 6, 7):
            with reading(office.engine) as connection:
                entries = feed.after(connection, cursor, page)
            heard += entries
            cursor = entries[-1].position if entries else cursor
        with reading(office.engine) as connection:
            last = feed.last(connection)
        if [entry.position for entry in heard] != list(range(1, last + 1)):
            yield "feed_disordered", f"read page by page, the positions are {[entry.position for entry in heard]}"
        released = [entry for entry in heard if entry.type == "record.released"]
        if len(released) != len(kept(office)):
            yield "news_lost", f"{len(kept(office))} records were released, and the feed tells of {len(released)}"


SENTINELS = {each.__name__: each for each in (statements, revisions, news)}
