"""Proofs: which event the digest on a customer's code is of."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "proofs",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("job_id", NUMBER, nullable=False),
        sa.Column("leaf", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_proofs_job_id"),
        sa.PrimaryKeyConstraint("digest", name="pk_proofs"),
        sqlite_strict=True,
    )
    op.create_index("ix_proofs_job_id", "proofs", ["job_id"])
