"""Refused bytes that wait, across batches, for a valid event that names them."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
OCTETS = sa.LargeBinary()


def upgrade() -> None:
    op.create_table(
        "refused_runs",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("key_id", NUMBER, nullable=False),
        sa.Column("base", OCTETS, nullable=False),
        sa.Column("first_seq", NUMBER, nullable=False),
        sa.Column("next_seq", NUMBER, nullable=False),
        sa.Column("last_hash", OCTETS, nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["keys.id"], name="fk_refused_runs_key_id"),
        sa.PrimaryKeyConstraint("id", name="pk_refused_runs"),
        sqlite_strict=True,
    )
    op.create_index("ix_refused_runs_key_id", "refused_runs", ["key_id"])
