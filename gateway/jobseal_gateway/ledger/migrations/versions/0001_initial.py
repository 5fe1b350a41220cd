"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text()
OCTETS = sa.LargeBinary()


def upgrade() -> None:
    op.create_table(
        "checkpoints",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("size", NUMBER, nullable=False),
        sa.Column("at_ms", NUMBER, nullable=False),
        sa.Column("digest", OCTETS, nullable=False),
        sa.Column("bytes", OCTETS, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_checkpoints"),
        sa.UniqueConstraint("digest", name="uq_checkpoints_digest"),
        sqlite_strict=True,
    )
    op.create_index("ix_checkpoints_size", "checkpoints", ["size"])
    op.create_table(
        "documents",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("digest", OCTETS, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("bytes", OCTETS, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_documents"),
        sa.UniqueConstraint("digest", name="uq_documents_digest"),
        sqlite_strict=True,
    )
    op.create_table(
        "feed",
        sa.Column("position", NUMBER, autoincrement=False, nullable=False),
        sa.Column("type", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("data", TEXT, nullable=False),
        sa.Column("at_ms", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_feed"),
        sqlite_strict=True,
    )
    op.create_table(
        "feed_head",
        sa.Column("id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("position", NUMBER, nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_feed_head_one_row")),
        sa.PrimaryKeyConstraint("id", name="pk_feed_head"),
        sqlite_strict=True,
    )
    op.create_table(
        "imports",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("at_ms", NUMBER, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("digest", OCTETS, nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("summary", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_imports"),
        sqlite_strict=True,
    )
    op.create_table(
        "jobs",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("work_order", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
        sa.UniqueConstraint("work_order", name="uq_jobs_work_order"),
        sqlite_strict=True,
    )
    op.create_table(
        "keys",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("thumbprint", OCTETS, nullable=False),
        sa.Column("kid", OCTETS, nullable=False),
        sa.Column("cose_key", OCTETS, nullable=False),
        sa.Column("device", TEXT, nullable=False),
        sa.Column("enrolment_leaf", NUMBER, nullable=False),
        sa.Column("enrolment_hash", OCTETS, nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("status_leaf", NUMBER, nullable=False),
        sa.Column("trusted_seq", NUMBER, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_keys"),
        sa.UniqueConstraint("kid", name="uq_keys_kid"),
        sa.UniqueConstraint("thumbprint", name="uq_keys_thumbprint"),
        sqlite_strict=True,
    )
    op.create_index("ix_keys_device", "keys", ["device"])
    op.create_table(
        "leaves",
        sa.Column("idx", NUMBER, autoincrement=False, nullable=False),
        sa.Column("type", NUMBER, nullable=False),
        sa.Column("hash", OCTETS, nullable=False),
        sa.Column("logged_ms", NUMBER, nullable=False),
        sa.Column("key_id", NUMBER, nullable=True),
        sa.Column("branch_id", NUMBER, nullable=True),
        sa.Column("seq", NUMBER, nullable=True),
        sa.Column("job_id", NUMBER, nullable=True),
        sa.Column("bytes", OCTETS, nullable=True),
        sa.PrimaryKeyConstraint("idx", name="pk_leaves"),
        sa.UniqueConstraint("branch_id", "seq", name="uq_leaves_branch_id_seq"),
        sqlite_strict=True,
    )
    op.create_index("ix_leaves_job_id_idx", "leaves", ["job_id", "idx"])
    op.create_table(
        "log_head",
        sa.Column("id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("size", NUMBER, nullable=False),
        sa.Column("frontier", OCTETS, nullable=False),
        sa.Column("checkpoint", OCTETS, nullable=True),
        sa.Column("checkpoint_ms", NUMBER, nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_log_head_one_row")),
        sa.PrimaryKeyConstraint("id", name="pk_log_head"),
        sqlite_strict=True,
    )
    op.create_table(
        "log_tiles",
        sa.Column("level", NUMBER, nullable=False),
        sa.Column("idx", NUMBER, nullable=False),
        sa.Column("hash", OCTETS, nullable=False),
        sa.PrimaryKeyConstraint("level", "idx", name="pk_log_tiles"),
        sqlite_strict=True,
    )
    op.create_table(
        "objects",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("digest", OCTETS, nullable=False),
        sa.Column("size", NUMBER, nullable=False),
        sa.Column("media_type", TEXT, nullable=False),
        sa.Column("received", NUMBER, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_objects"),
        sa.UniqueConstraint("digest", name="uq_objects_digest"),
        sqlite_strict=True,
    )
    op.create_table(
        "office",
        sa.Column("leaf", NUMBER, autoincrement=False, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("leaf", name="pk_office"),
        sqlite_strict=True,
    )
    op.create_index("ix_office_kind_leaf", "office", ["kind", "leaf"])
    op.create_table(
        "price_lists",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("version", TEXT, nullable=False),
        sa.Column("digest", OCTETS, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("at_ms", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_price_lists"),
        sa.UniqueConstraint("name", "version", name="uq_price_lists_name_version"),
        sqlite_strict=True,
    )
    op.create_table(
        "quarantine",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("link", TEXT, nullable=False),
        sa.Column("received_ms", NUMBER, nullable=False),
        sa.Column("code", TEXT, nullable=False),
        sa.Column("bytes", OCTETS, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_quarantine"),
        sqlite_strict=True,
    )
    op.create_index("ix_quarantine_link_id", "quarantine", ["link", "id"])
    op.create_table(
        "quarantine_days",
        sa.Column("link", TEXT, nullable=False),
        sa.Column("day", NUMBER, nullable=False),
        sa.Column("kept_items", NUMBER, nullable=False),
        sa.Column("kept_bytes", NUMBER, nullable=False),
        sa.Column("dropped_items", NUMBER, nullable=False),
        sa.Column("dropped_bytes", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("link", "day", name="pk_quarantine_days"),
        sqlite_strict=True,
    )
    op.create_table(
        "released_records",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("work_order", TEXT, nullable=False),
        sa.Column("revision", NUMBER, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("digest", OCTETS, nullable=False),
        sa.Column("bytes", OCTETS, nullable=False),
        sa.Column("leaf", NUMBER, nullable=False),
        sa.Column("released_ms", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_released_records"),
        sa.UniqueConstraint("work_order", "revision", name="uq_released_records_work_order_revision"),
        sqlite_strict=True,
    )
    op.create_table(
        "snapshots",
        sa.Column("device", TEXT, nullable=False),
        sa.Column("version", NUMBER, nullable=False),
        sa.Column("bytes", OCTETS, nullable=False),
        sa.Column("at_ms", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("device", "version", name="pk_snapshots"),
        sqlite_strict=True,
    )
    op.create_table(
        "technicians",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("technician", TEXT, nullable=False),
        sa.Column("device", TEXT, nullable=True),
        sa.Column("at_ms", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_technicians"),
        sqlite_strict=True,
    )
    op.create_index("ix_technicians_device", "technicians", ["device"])
    op.create_index("ix_technicians_technician_id", "technicians", ["technician", "id"])
    op.create_table(
        "acknowledgements",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("record_id", NUMBER, nullable=False),
        sa.Column("digest", OCTETS, nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("external_number", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("at_ms", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["record_id"], ["released_records.id"], name="fk_acknowledgements_record_id"),
        sa.PrimaryKeyConstraint("id", name="pk_acknowledgements"),
        sa.UniqueConstraint("record_id", "status", "external_number", "reason", name="uq_acknowledgements_said"),
        sqlite_strict=True,
    )
    op.create_table(
        "assignments",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("order_id", TEXT, nullable=False),
        sa.Column("technician", TEXT, nullable=False),
        sa.Column("act", TEXT, nullable=False),
        sa.Column("import_id", NUMBER, nullable=True),
        sa.Column("at_ms", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name="fk_assignments_import_id"),
        sa.PrimaryKeyConstraint("id", name="pk_assignments"),
        sqlite_strict=True,
    )
    op.create_index("ix_assignments_order_id_id", "assignments", ["order_id", "id"])
    op.create_index("ix_assignments_technician_id", "assignments", ["technician", "id"])
    op.create_table(
        "branches",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("key_id", NUMBER, nullable=False),
        sa.Column("parent_id", NUMBER, nullable=True),
        sa.Column("fork_seq", NUMBER, nullable=False),
        sa.Column("next_seq", NUMBER, nullable=False),
        sa.Column("head_hash", OCTETS, nullable=False),
        sa.Column("standing", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["keys.id"], name="fk_branches_key_id"),
        sa.ForeignKeyConstraint(["parent_id"], ["branches.id"], name="fk_branches_parent_id"),
        sa.PrimaryKeyConstraint("id", name="pk_branches"),
        sqlite_strict=True,
    )
    op.create_index("ix_branches_key_id", "branches", ["key_id"])
    op.create_table(
        "cards",
        sa.Column("job_id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("document", OCTETS, nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_cards_job_id"),
        sa.PrimaryKeyConstraint("job_id", name="pk_cards"),
        sqlite_strict=True,
    )
    op.create_index("ix_cards_state_job_id", "cards", ["state", "job_id"])
    op.create_table(
        "dirty_jobs",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("job_id", NUMBER, nullable=False),
        sa.Column("since_ms", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_dirty_jobs_job_id"),
        sa.PrimaryKeyConstraint("id", name="pk_dirty_jobs"),
        sqlite_strict=True,
    )
    op.create_index("ix_dirty_jobs_job_id", "dirty_jobs", ["job_id"])
    op.create_table(
        "exceptions",
        sa.Column("job_id", NUMBER, nullable=False),
        sa.Column("position", NUMBER, nullable=False),
        sa.Column("code", TEXT, nullable=False),
        sa.Column("key_id", NUMBER, nullable=True),
        sa.Column("seq", NUMBER, nullable=True),
        sa.Column("severity", TEXT, nullable=False),
        sa.Column("owner", TEXT, nullable=False),
        sa.Column("blocking", NUMBER, nullable=False),
        sa.Column("text", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_exceptions_job_id"),
        sa.PrimaryKeyConstraint("job_id", "position", name="pk_exceptions"),
        sqlite_strict=True,
    )
    op.create_index("ix_exceptions_code", "exceptions", ["code"])
    op.create_table(
        "object_chunks",
        sa.Column("object_id", NUMBER, nullable=False),
        sa.Column("position", NUMBER, nullable=False),
        sa.Column("bytes", OCTETS, nullable=False),
        sa.ForeignKeyConstraint(["object_id"], ["objects.id"], name="fk_object_chunks_object_id"),
        sa.PrimaryKeyConstraint("object_id", "position", name="pk_object_chunks"),
        sqlite_strict=True,
    )
    op.create_table(
        "object_refs",
        sa.Column("object_id", NUMBER, nullable=False),
        sa.Column("leaf", NUMBER, nullable=False),
        sa.Column("key_id", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["keys.id"], name="fk_object_refs_key_id"),
        sa.ForeignKeyConstraint(["object_id"], ["objects.id"], name="fk_object_refs_object_id"),
        sa.PrimaryKeyConstraint("object_id", "leaf", name="pk_object_refs"),
        sqlite_strict=True,
    )
    op.create_index("ix_object_refs_leaf", "object_refs", ["leaf"])
    op.create_table(
        "overrides",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("job_id", NUMBER, nullable=False),
        sa.Column("code", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("leaf", NUMBER, nullable=False),
        sa.Column("at_ms", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_overrides_job_id"),
        sa.PrimaryKeyConstraint("id", name="pk_overrides"),
        sqlite_strict=True,
    )
    op.create_index("ix_overrides_job_id", "overrides", ["job_id"])
    op.create_table(
        "ratings",
        sa.Column("job_id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("document", OCTETS, nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_ratings_job_id"),
        sa.PrimaryKeyConstraint("job_id", name="pk_ratings"),
        sqlite_strict=True,
    )
    op.create_index("ix_ratings_state_job_id", "ratings", ["state", "job_id"])
    op.create_table(
        "record_statuses",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("record_id", NUMBER, nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("at_ms", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["record_id"], ["released_records.id"], name="fk_record_statuses_record_id"),
        sa.PrimaryKeyConstraint("id", name="pk_record_statuses"),
        sqlite_strict=True,
    )
    op.create_index("ix_record_statuses_record_id_id", "record_statuses", ["record_id", "id"])
    op.create_table(
        "work_orders",
        sa.Column("order_id", TEXT, nullable=False),
        sa.Column("revision", NUMBER, nullable=False),
        sa.Column("snapshot", OCTETS, nullable=False),
        sa.Column("digest", OCTETS, nullable=False),
        sa.Column("import_id", NUMBER, nullable=False),
        sa.Column("imported_ms", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name="fk_work_orders_import_id"),
        sa.PrimaryKeyConstraint("order_id", "revision", name="pk_work_orders"),
        sqlite_strict=True,
    )
    op.create_table(
        "holes",
        sa.Column("leaf", NUMBER, autoincrement=False, nullable=False),
        sa.Column("key_id", NUMBER, nullable=False),
        sa.Column("branch_id", NUMBER, nullable=False),
        sa.Column("first_seq", NUMBER, nullable=False),
        sa.Column("last_seq", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["branch_id"], ["branches.id"], name="fk_holes_branch_id"),
        sa.ForeignKeyConstraint(["key_id"], ["keys.id"], name="fk_holes_key_id"),
        sa.PrimaryKeyConstraint("leaf", name="pk_holes"),
        sqlite_strict=True,
    )
    op.create_index("ix_holes_branch_id_first_seq", "holes", ["branch_id", "first_seq"])
    op.create_table(
        "refused_slots",
        sa.Column("branch_id", NUMBER, nullable=False),
        sa.Column("seq", NUMBER, nullable=False),
        sa.Column("hash", OCTETS, nullable=False),
        sa.ForeignKeyConstraint(["branch_id"], ["branches.id"], name="fk_refused_slots_branch_id"),
        sa.PrimaryKeyConstraint("branch_id", "seq", name="pk_refused_slots"),
        sqlite_strict=True,
    )
    op.create_table(
        "verdicts",
        sa.Column("branch_id", NUMBER, nullable=False),
        sa.Column("seq", NUMBER, nullable=False),
        sa.Column("code", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["branch_id"], ["branches.id"], name="fk_verdicts_branch_id"),
        sa.PrimaryKeyConstraint("branch_id", "seq", "code", name="pk_verdicts"),
        sqlite_strict=True,
    )
    log_head = sa.table(
        "log_head", *(sa.column(name) for name in ("id", "size", "frontier", "checkpoint", "checkpoint_ms"))
    )
    op.execute(log_head.insert().values(id=1, size=0, frontier=b"", checkpoint=sa.null(), checkpoint_ms=0))
    feed_head = sa.table("feed_head", sa.column("id"), sa.column("position"))
    op.execute(feed_head.insert().values(id=1, position=0))
