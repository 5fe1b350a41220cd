"""What people see of a projected job, as JSON: the card (what happened) and the rating (what it would bill, and why not
yet). Amounts are text, times Unix ms UTC, hashes hex. The same projection gives the same bytes.
"""

import json
from functools import lru_cache
from typing import Any

from jobseal import bodies, exceptions
from jobseal.card import Item, Span
from jobseal.job import Fact
from jobseal_gateway import flags
from jobseal_gateway.flags import Flag
from jobseal_gateway.orders.work_order import WorkOrder
from jobseal_gateway.pricing.decimals import decimal_text
from jobseal_gateway.pricing.line import Line
from jobseal_gateway.projection import Open, Projected
from jobseal_gateway.release import is_refused
from jobseal_gateway.service_level import ServiceLevel

RECORD_REJECTED = "record_rejected"

# What a billing system needs of an order to find the job in its own books.
_OF_THE_ORDER = ("contract", "po_number", "ap_contact", "parent", "external_references")
EVENTS_WRITTEN_KEPT = 8_192  # some 500 bytes each

Document = dict[str, Any]


_JSON = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def to_bytes(document: Document) -> bytes:
    """JSON with one form for one value: sorted keys, no spaces, UTF-8."""
    return _JSON.encode(document).encode()


def card_bytes(projected: Projected) -> bytes:
    """As ``to_bytes(card(projected))``. Most of a card are its events, and most of those were written before."""
    document = _card(projected, [])
    first = _JSON.encode({name: value for name, value in document.items() if name < "events"})
    last = _JSON.encode({name: value for name, value in document.items() if name > "events"})
    kinds = _corrected_kinds(projected)
    events = ",".join([_written(item, kinds) for item in projected.card.items])
    return f'{first[:-1]},"events":[{events}],{last[1:]}'.encode()


def card(projected: Projected) -> Document:
    """The job card."""
    kinds = _corrected_kinds(projected)
    return _card(projected, [_event(item, kinds) for item in projected.card.items])


def _card(projected: Projected, events: list[Document]) -> Document:
    order = projected.dossier.order
    signoff = projected.card.signoff()
    return {
        "job": projected.dossier.id,
        "state": projected.state,
        "customer": None if order is None else order.content.customer,
        "customer_name": None if order is None else order.content.customer_name,
        "order_revision": None if order is None else order.revision,
        **(dict.fromkeys(_OF_THE_ORDER) if order is None else _order(order.content)),
        "handhelds": [_lane(lane.key, lane.state, lane.count) for lane in projected.job.lanes],
        "waiting_for": _absent(projected),
        "closed_by_office": sorted(key[:8].hex() for key in projected.closed),
        "time_entries": [_entry(span) for span in projected.card.spans],
        "events": events,
        "attachments": [_attachment(named, projected) for named in projected.job.objects()],
        "signed_off_by": None if signoff is None else signoff.fact.hash.hex(),
        "service_levels": [_service_level(each) for each in projected.service_levels],
        "exceptions": [_exception(each) for each in projected.exceptions],
    }


def rating(projected: Projected, status: str) -> Document:
    """What the job would bill now; ``status``: collecting, held, ready or released."""
    rated, prices = projected.rating, projected.prices
    return {
        "job": projected.dossier.id,
        "status": status,
        "blocking": _blocking(projected),
        "price_list": None if prices is None else [prices.id, prices.version],
        "currency": None if rated is None else rated.currency,
        "total": None if rated is None else decimal_text(rated.total),
        "lines": [] if rated is None else [_line(line) for line in rated.lines],
        "released_revisions": [released.revision for released in projected.dossier.released],
        "flags": [flag(each) for each in flags.of(projected)],
    }


def unfolded(job: str, status: str, code: str, released_revisions: list[int], flagged: list[Document]) -> Document:
    """The rating of a job that could not be folded: as :func:`rating`, with nothing to bill and the flags of before."""
    return {
        "job": job,
        "status": status,
        "blocking": [code],
        "price_list": None,
        "currency": None,
        "total": None,
        "lines": [],
        "released_revisions": released_revisions,
        "flags": flagged,
    }


def flag(raised: Flag) -> Document:
    """Why a released record is in doubt."""
    return {
        "revision": raised.revision,
        "code": raised.code,
        "sentence": raised.sentence,
        "events": [hash.hex() for hash in raised.events],
    }


def news(projected: Projected, status: str) -> Document:
    """The data of a ``jobcard.changed``: what a list of jobs shows."""
    rated, order = projected.rating, projected.dossier.order
    return {
        "job": projected.dossier.id,
        "state": projected.state,
        "status": status,
        "blocking": _blocking(projected),
        "customer": None if order is None else order.content.customer,
        "events": len(projected.dossier.events),
        "total": None if rated is None else decimal_text(rated.total),
        "currency": None if rated is None else rated.currency,
    }


def _blocking(projected: Projected) -> list[str]:
    """What holds it: the codes of exceptions, and that billing has refused the record as it is."""
    return projected.blocking + ([RECORD_REJECTED] if is_refused(projected) else [])


def _absent(projected: Projected) -> list[str]:
    here = {lane.key for lane in projected.job.lanes}
    absent = [key[:8].hex() for key in projected.dossier.assigned if key not in here and key not in projected.closed]
    return absent + list(projected.dossier.unequipped)


def _order(content: WorkOrder) -> Document:
    record = content.record()
    return {name: record[name] for name in _OF_THE_ORDER}


def _lane(key: bytes, state: str, count: int) -> Document:
    return {"key": key[:8].hex(), "state": state, "events": count}


def _entry(span: Span) -> Document:
    return {
        "kind": span.kind,
        "code": span.code,
        "by": span.by,
        "at": span.at,
        "duration_ms": span.duration_ms,
        "running": span.running,
        "flags": span.flags,
        "events": [hash.hex() for hash in span.hashes()],
    }


def _named(item: Item, kinds: dict[bytes, str | None]) -> Document:
    """The body with names for keys, and so the body that a correction puts in another's place."""
    inner, kind = item.body.get("body"), kinds.get(item.fact.hash)
    if item.fact.kind != "event.corrected" or not isinstance(inner, dict):
        return item.body
    fits = kind is not None and not bodies.problem(kind, inner)
    return {**item.body, "body": bodies.named(kind, inner) if kind is not None and fits else None}


def _corrected_kinds(projected: Projected) -> dict[bytes, str | None]:
    """Of each correction, the kind of the event that it bears on."""
    return {each.hash: item.fact.kind for item in projected.card.items for each in item.corrections}


def _written(item: Item, kinds: dict[bytes, str | None]) -> str:
    """An event as JSON. What was not corrected follows from its fact alone; what corrects, from what it corrects."""
    if item.corrections or item.fact.kind == "event.corrected":
        return _JSON.encode(_event(item, kinds))
    return _written_as_signed(item.fact)


@lru_cache(EVENTS_WRITTEN_KEPT)
def _written_as_signed(fact: Fact) -> str:
    return _JSON.encode(_event(Item(fact), {}))


def _event(item: Item, kinds: dict[bytes, str | None]) -> Document:
    return {
        "hash": item.fact.hash.hex(),
        "index": item.fact.index,
        "seq": item.fact.seq,
        "kind": item.fact.kind,
        "by": item.fact.by,
        "at": item.at,
        "claimed": item.fact.at,
        "body": _plain(_named(item, kinds)),
        "struck": item.struck,
        "corrected_by": [correction.hash.hex() for correction in item.corrections],
    }


def _line(line: Line) -> Document:
    return {**line.record(), "events": [hash.hex() for hash in line.events]}


def _attachment(named: list[Any], projected: Projected) -> Document:
    digest, size, media = named
    stored = digest in projected.dossier.stored
    return {"digest": digest.hex(), "size": size, "media": media, "stored": stored}


def _service_level(level: ServiceLevel) -> Document:
    return {
        "target": level.target,
        "limit": level.limit,
        "met": None if level.step is None else level.step.at,
        "event": None if level.step is None else level.step.fact.hash.hex(),
        "missed": level.late is not None,
        "basis": None if level.late is None else level.late.basis,
    }


def _exception(found: Open) -> Document:
    rule = exceptions.RULES[found.raised.code]
    return {
        "code": rule.code,
        "owner": rule.owner,
        "severity": rule.severity,
        "blocks": found.blocks,
        "event": None if found.raised.event is None else found.raised.event.hex(),
        "detail": found.raised.detail,
        "overridden_by": None if found.overridden_by is None else found.overridden_by.hex(),
        "sentence": rule.sentence,
        "resolution": rule.resolution,
    }


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return value
