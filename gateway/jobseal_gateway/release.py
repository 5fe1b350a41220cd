"""Release: a ready job becomes a signed billing record. Released content never changes; what comes later is a delta.

A delta states the job in full, as it is now known, and takes back what was billed before in one ``adjustment`` line. So
the sum over all records of a work order is always what the newest one states: adding them up bills nothing twice.
"""

from decimal import Decimal
from functools import reduce
from typing import Any

from jobseal import cose, record
from jobseal.completeness import closings
from jobseal.job import close_over
from jobseal.limits import RECORD_MAX_BYTES
from jobseal.record import Record
from jobseal_gateway.ledger.records import Released
from jobseal_gateway.pricing.decimals import ZERO, add, decimal_text
from jobseal_gateway.pricing.render import digest as price_list_digest
from jobseal_gateway.projection import Projected

ADJUSTMENT = "adjustment"
PREVIOUSLY_BILLED = "previously-billed"
AUTOMATIC = "auto"  # who released it, where no person had to


def decode(released: Released) -> Record:
    """The payload of one of our own records."""
    return Record.decode(cose.parse(released.bytes, RECORD_MAX_BYTES).payload, RECORD_MAX_BYTES)


def is_news(projected: Projected) -> bool:
    """Whether a record made now would say something that the newest released one does not."""
    if not projected.dossier.released or projected.rating is None:
        return True
    newest = decode(projected.dossier.released[-1])
    billed = [line for line in newest.to_map()[13] if line[2] != ADJUSTMENT]
    return bool(billed != _lines(projected) or newest.closes != _closes(projected) or newest.state != projected.state)


def make(projected: Projected, checkpoint: bytes, log: bytes, now_ms: int, by: str) -> Record:
    """The record of a ready job. ``checkpoint``: the newest, complete, which covers all its events."""
    rating, prices, order = projected.rating, projected.prices, projected.dossier.order
    if rating is None or prices is None or order is None:
        raise ValueError("only a job that is ready can be released")
    earlier = projected.dossier.released
    lines = _lines(projected)
    total = rating.total
    if earlier:
        taken_back, line = _adjustment(earlier, len(lines) + 1)
        lines.append(line)
        total = add(total, taken_back)
    overrides = [[each.raised.code, each.overridden_by] for each in projected.exceptions if each.overridden_by]
    return Record(
        log=log,
        work_order=projected.dossier.id,
        revision=len(earlier) + 1,
        kind="delta" if earlier else "original",
        supersedes=earlier[-1].digest if earlier else None,
        order=order.digest,
        order_revision=order.revision,
        customer=order.content.customer_name or order.content.customer,
        po_number=order.content.po_number,
        currency=rating.currency,
        price_list=[prices.id, prices.version, price_list_digest(prices)],
        state=projected.state,
        lines=lines,
        total=decimal_text(total),
        closes=_closes(projected),
        released_at=now_ms,
        released_by=by,
        checkpoint=checkpoint,
        overrides=_once(overrides) or None,
    )


def _once(rows: list[list[Any]]) -> list[list[Any]]:
    return [row for number, row in enumerate(rows) if row not in rows[:number]]


def _lines(projected: Projected) -> list[dict[int, Any]]:
    if projected.rating is None:
        return []
    return [record.Line(**line.record()).to_map() for line in projected.rating.lines]


def _adjustment(earlier: tuple[Released, ...], number: int) -> tuple[Decimal, dict[int, Any]]:
    """(what is taken back, the line that says so)."""
    totals = [(each.revision, Decimal(decode(each).total)) for each in earlier]
    billed = reduce(add, (total for _, total in totals), ZERO)
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
        steps=[f"revision {revision}: {decimal_text(total)}" for revision, total in totals][-32:],
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
