"""Acknowledgements: what the billing system said of a released record. Saying the same again says nothing new."""

from typing import NamedTuple

from sqlalchemy import Connection, bindparam, select, text

from jobseal_gateway.ledger.rows import many
from jobseal_gateway.ledger.schema import acknowledgements


class Acknowledgement(NamedTuple):
    """One thing said: the record's digest as the billing system has it, a status, its own number, a reason.

    Number and reason are empty text when there is none.
    """

    record_id: int
    digest: bytes
    status: str
    external_number: str
    reason: str
    at_ms: int


_ADD = text(
    """
    INSERT INTO acknowledgements (record_id, digest, status, external_number, reason, at_ms)
    VALUES (:record_id, :digest, :status, :external_number, :reason, :at_ms)
    ON CONFLICT (record_id, status, external_number, reason) DO NOTHING
    """
)
_OF_RECORD = (
    select(*(acknowledgements.c[field] for field in Acknowledgement._fields))
    .where(acknowledgements.c.record_id == bindparam("record"))
    .order_by(acknowledgements.c.id)
)


def add(connection: Connection, said: Acknowledgement) -> bool:
    """Keep what was said. False when the same was said before, at whatever time: that is a success, not news.

    Whether the revision is stale or the digest wrong is the caller's to check, in the same transaction.
    """
    return connection.execute(_ADD, said._asdict()).rowcount > 0


def of_record(connection: Connection, record_id: int) -> list[Acknowledgement]:
    """What was said of this record, oldest first."""
    return many(Acknowledgement, connection.execute(_OF_RECORD, {"record": record_id}))
