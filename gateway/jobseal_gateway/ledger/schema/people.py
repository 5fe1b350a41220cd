"""People: who works with handhelds, as facts that are added and never changed; the newest about a person holds."""

from sqlalchemy import Index

from jobseal_gateway.ledger.schema.columns import (
    DECISION,
    number,
    octets_or_null,
    row_number,
    table,
    text,
    text_or_null,
)

people = table(
    DECISION,
    "people",
    row_number(),
    text("technician"),
    text("name"),
    text("role"),  # technician or supervisor
    text_or_null("badge"),
    octets_or_null("pin"),  # CBOR of what the roster has of the PIN; null: none yet
    text("standing"),  # here or gone
    number("at_ms"),
    text("person"),
    Index(None, "technician", "id"),
    Index(None, "role"),
)
