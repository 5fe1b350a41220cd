"""Decisions: what people, imports and policies said, as facts that are added and never changed.

Where something current is wanted (an assignment, a device's technician, a record's status) it is the newest
fact; the ones before stay. ``feed_head`` is the one counter here: it gives feed positions in commit order.
"""

from sqlalchemy import CheckConstraint, ForeignKey, Index, PrimaryKeyConstraint, UniqueConstraint

from jobseal_gateway.ledger.schema.columns import (
    DECISION,
    number,
    number_key,
    number_or_null,
    octets,
    row_number,
    table,
    text,
    text_or_null,
)

imports = table(
    DECISION,
    "imports",
    row_number(),
    number("at_ms"),
    text("source"),
    octets("digest"),
    text("person"),
    text("summary"),
)

# What handhelds pull by digest: work orders as they see them, catalogues, rosters.
documents = table(
    DECISION,
    "documents",
    row_number(),
    octets("digest"),
    text("kind"),
    octets("bytes"),
    UniqueConstraint("digest"),
)

# digests are those of the version's documents, one after the other; the newest version is the one that handhelds have.
catalogues = table(
    DECISION,
    "catalogues",
    number_key("version"),
    octets("digests"),
    number("import_id", ForeignKey("imports.id")),
)

# snapshot is all that the office knows of the order; digest names the document that handhelds get of it.
work_orders = table(
    DECISION,
    "work_orders",
    text("order_id"),
    number("revision"),
    octets("snapshot"),
    octets("digest"),
    number("import_id", ForeignKey("imports.id")),
    number("imported_ms"),
    PrimaryKeyConstraint("order_id", "revision"),
)

assignments = table(
    DECISION,
    "assignments",
    row_number(),
    text("order_id"),
    text("technician"),
    text("act"),  # assigned or withdrawn
    number_or_null("import_id", ForeignKey("imports.id")),
    number("at_ms"),
    Index(None, "order_id", "id"),
    Index(None, "technician", "id"),
)

technicians = table(
    DECISION,
    "technicians",
    row_number(),
    text("technician"),
    text_or_null("device"),  # null: carries no handheld from here on
    number("at_ms"),
    Index(None, "technician", "id"),
    Index(None, "device"),
)

snapshots = table(
    DECISION,
    "snapshots",
    text("device"),
    number("version"),
    octets("bytes"),
    number("at_ms"),
    PrimaryKeyConstraint("device", "version"),
)

price_lists = table(
    DECISION,
    "price_lists",
    row_number(),
    text("name"),
    text("version"),
    octets("digest"),
    text("source"),
    number("at_ms"),
    UniqueConstraint("name", "version"),
)

released_records = table(
    DECISION,
    "released_records",
    row_number(),
    text("work_order"),
    number("revision"),
    text("kind"),  # original, delta or void
    octets("digest"),
    octets("bytes"),
    number("leaf"),
    number("released_ms"),
    UniqueConstraint("work_order", "revision"),
)

record_statuses = table(
    DECISION,
    "record_statuses",
    row_number(),
    number("record_id", ForeignKey("released_records.id")),
    text("status"),
    text("reason"),
    number("at_ms"),
    Index(None, "record_id", "id"),
)

# Absent values are empty text, so that "the same acknowledgement again" is what the unique constraint says.
acknowledgements = table(
    DECISION,
    "acknowledgements",
    row_number(),
    number("record_id", ForeignKey("released_records.id")),
    octets("digest"),
    text("status"),
    text("external_number"),
    text("reason"),
    number("at_ms"),
    UniqueConstraint("record_id", "status", "external_number", "reason", name="uq_acknowledgements_said"),
)

feed = table(
    DECISION,
    "feed",
    number_key("position"),
    text("type"),
    text("subject"),
    text("data"),
    number("at_ms"),
)

feed_head = table(
    DECISION,
    "feed_head",
    number_key("id"),
    number("position"),
    CheckConstraint("id = 1", name="one_row"),
)

overrides = table(
    DECISION,
    "overrides",
    row_number(),
    number("job_id", ForeignKey("jobs.id")),
    text("code"),
    text("subject"),
    text("person"),
    text("reason"),
    number("leaf"),
    number("at_ms"),
    Index(None, "job_id"),
)
