"""Release: a ready job becomes a signed billing record. Released content never changes; what comes later is a delta.

- A delta states the job in full, as it is now known, and takes back what was billed before in one ``adjustment``
  line. So the sum over all records of a work order is always what the newest one states: adding them up bills
  nothing twice. What billing rejected was not billed, so it is neither added up nor taken back.
- One record bills one customer, in one currency, under one purchase order. Where those have changed, a ``void`` takes
  everything back from whom it was billed to, and an ``original`` bills it anew.
- An order that says something else makes no record by itself: only new content does, or the billing system by
  rejecting what it has.
"""

from decimal import Decimal
from functools import reduce
from typing import Any

from jobseal import record
from jobseal.completeness import closings
from jobseal.job import close_over
from jobseal.record import Record
from jobseal_gateway import statements
from jobseal_gateway.ledger.records import Released
from jobseal_gateway.pricing.decimals import ZERO, add, decimal_text
from jobseal_gateway.pricing.render import digest as price_list_digest
from jobseal_gateway.projection import Projected

ADJUSTMENT = "adjustment"
VOID = "void"
PREVIOUSLY_BILLED = "previously-billed"
AUTOMATIC = "auto"  # who released it, where no person had to


def decode(released: Released) -> Record:
    """The payload of one of our own records."""
    return statements.record(released.bytes)


def job_total(made: Record) -> str:
    """What the job costs in all, as this record knows it: without what the record takes back (decimal text).

    Whoever books the difference to what he has booked of the job before books nothing twice, whatever he has seen.
    """
    taken_back = [Decimal(line.amount) for line in made.line_items() if line.kind == ADJUSTMENT]
    return decimal_text(reduce(add, (-amount for amount in taken_back), Decimal(made.total)))


def is_news(projected: Projected) -> bool:
    """Whether a record made now would say something that the newest released one does not."""
    released, rating = projected.dossier.released, projected.rating
    if not released or rating is None:
        return True
    newest = decode(released[-1])
    if newest.revision in projected.dossier.rejected and _terms(newest) != _terms_now(projected, rating.currency):
        return True
    billed = [line for line in newest.to_map()[13] if line[2] != ADJUSTMENT]
    same = billed == _lines(projected) and newest.closes == _closes(projected) and newest.state == projected.state
    if newest.kind == VOID or not same or newest.currency != rating.currency:
        return True
    # A rejection and a newer record can cross: then the newest one took back what was never billed.
    return newest.revision not in projected.dossier.rejected and _billed(_standing(projected)) != rating.total


def is_refused(projected: Projected) -> bool:
    """Whether billing rejected the newest record, and nothing has been changed since."""
    released = projected.dossier.released
    return bool(released) and released[-1].revision in projected.dossier.rejected and not is_news(projected)


def make(projected: Projected, checkpoint: bytes, log: bytes, now_ms: int, by: str) -> Record:
    """The next record of a ready job that has news. ``checkpoint``: the newest, complete, which covers all its events.

    After a ``void`` there is still news: make the next one from the job with that released.
    """
    rating, prices, order = projected.rating, projected.prices, projected.dossier.order
    if rating is None or prices is None or order is None:
        raise ValueError("only a job that is ready can be released")
    released, stands = projected.dossier.released, _standing(projected)
    customer, po_number = order.content.customer, order.content.po_number
    overrides = [[each.raised.code, each.overridden_by] for each in projected.exceptions if each.overridden_by]
    made = Record(
        log=log,
        work_order=projected.dossier.id,
        revision=len(released) + 1,
        kind="delta" if stands else "original",
        supersedes=released[-1].digest if released else None,
        order=order.digest,
        order_revision=order.revision,
        customer=customer,
        po_number=po_number,
        currency=rating.currency,
        price_list=[prices.id, prices.version, price_list_digest(prices)],
        state=projected.state,
        lines=_lines(projected),
        total=decimal_text(rating.total),
        closes=_closes(projected),
        released_at=now_ms,
        released_by=by,
        checkpoint=checkpoint,
        overrides=_once(overrides) or None,
    )
    if stands:
        _take_back(made, rating.total, stands)
    return made


def _take_back(made: Record, total: Decimal, stands: list[Record]) -> None:
    """Make it a delta to what stands, or the void of that if it was billed to somebody else."""
    before = stands[-1]
    if _party(before) != _party(made):
        made.kind, made.lines, total = VOID, [], ZERO
        for field in ("order", "order_revision", "customer", "po_number", "currency", "price_list"):
            setattr(made, field, getattr(before, field))
    taken_back, line = _adjustment(stands, len(made.lines) + 1)
    made.lines = [*made.lines, line]
    made.total = decimal_text(add(total, taken_back))


def _standing(projected: Projected) -> list[Record]:
    """The records that billing has taken and that no void has taken back."""
    stands: list[Record] = []
    for released in projected.dossier.released:
        if released.revision not in projected.dossier.rejected:
            record = decode(released)
            stands = [] if record.kind == VOID else [*stands, record]
    return stands


def _billed(stands: list[Record]) -> Decimal:
    return reduce(add, (Decimal(each.total) for each in stands), ZERO)


def _party(record: Record) -> tuple[Any, ...]:
    """Who pays, in what, under which order number: what records are put together on an invoice by."""
    return (record.customer, record.currency, record.po_number)


def _terms(record: Record) -> tuple[Any, ...]:
    return (*_party(record), record.order, record.order_revision)


def _terms_now(projected: Projected, currency: str) -> tuple[Any, ...]:
    order = projected.dossier.order
    if order is None:
        return ()
    return (order.content.customer, currency, order.content.po_number, order.digest, order.revision)


def _once(rows: list[list[Any]]) -> list[list[Any]]:
    return [row for number, row in enumerate(rows) if row not in rows[:number]]


def _lines(projected: Projected) -> list[dict[int, Any]]:
    if projected.rating is None:
        return []
    return [record.Line.SHAPE.keyed(line.record()) for line in projected.rating.lines]  # the record checks them


def _adjustment(stands: list[Record], number: int) -> tuple[Decimal, dict[int, Any]]:
    """(what is taken back, the line that says so)."""
    billed = _billed(stands)
    taken_back = decimal_text(-billed if billed else ZERO)
    line = record.Line(
        number=number,
        kind=ADJUSTMENT,
        code=PREVIOUSLY_BILLED,
        description="billed by earlier revisions",
        raw="1",
        raw_unit="record",
        billed="1",
        unit="record",
        rate=taken_back,
        amount=taken_back,
        rule=PREVIOUSLY_BILLED,
        steps=[f"revision {each.revision}: {each.total}" for each in stands][-32:],
        events=[],
    )
    return Decimal(taken_back), line.to_map()


def _closes(projected: Projected) -> list[list[Any]]:
    """For each key of the job what closes its part: its own newest event, or the office's act."""
    rows: list[list[Any]] = []
    job = projected.job
    for closing in closings(job):
        if closing.matches and closing.hash is not None:
            rows.append([closing.key, closing.count, closing.digest, closing.hash])
        elif closing.key in projected.closed:
            chain = job.chain([lane.key for lane in job.lanes].index(closing.key))
            stated = close_over([job.facts[place].hash for place in chain])
            rows.append([closing.key, *stated, projected.closed[closing.key]])
    return rows
