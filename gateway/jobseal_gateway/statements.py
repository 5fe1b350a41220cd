"""Statements as decoded, kept for a while: a job that is folded again is made of the same bytes again.

Each function is pure: the same bytes give the same statement, so what is kept is never wrong and may be dropped at any
moment. Whoever gets one must not change it: others have the same. Nothing is verified here; what is decoded was
verified before it was logged, or made here.
"""

from functools import lru_cache

from jobseal import cbor, cose
from jobseal import event as events
from jobseal.event import SignedEvent
from jobseal.limits import DOCUMENT_MAX_BYTES, RECORD_MAX_BYTES, STATEMENT_MAX_BYTES
from jobseal.office import Act
from jobseal.record import Record
from jobseal_gateway.orders.work_order import WorkOrder, from_record

EVENTS_KEPT = 4_096  # some 3 KiB each
ACTS_KEPT = 1_024
RECORDS_KEPT = 256  # a long one has hundreds of lines
ORDERS_KEPT = 1_024


@lru_cache(EVENTS_KEPT)
def event(data: bytes) -> SignedEvent:
    """A logged event. Raises as ``jobseal.event.parse``."""
    return events.parse(data)


@lru_cache(ACTS_KEPT)
def act(data: bytes) -> Act:
    """A logged statement of the office. Raises Malformed."""
    return Act.decode(cose.parse(data, STATEMENT_MAX_BYTES).payload, STATEMENT_MAX_BYTES)


@lru_cache(RECORDS_KEPT)
def record(data: bytes) -> Record:
    """The payload of one of our own signed records. Raises Malformed."""
    return Record.decode(cose.parse(data, RECORD_MAX_BYTES).payload, RECORD_MAX_BYTES)


@lru_cache(ORDERS_KEPT)
def order(snapshot: bytes) -> WorkOrder:
    """An order as an import left it. Raises Malformed."""
    return from_record(cbor.decode(snapshot, DOCUMENT_MAX_BYTES))
