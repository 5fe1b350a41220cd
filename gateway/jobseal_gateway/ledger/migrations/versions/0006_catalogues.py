"""Catalogues: which documents each version consists of."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "catalogues",
        sa.Column("version", NUMBER, autoincrement=False, nullable=False),
        sa.Column("digests", sa.LargeBinary(), nullable=False),
        sa.Column("import_id", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name="fk_catalogues_import_id"),
        sa.PrimaryKeyConstraint("version", name="pk_catalogues"),
        sqlite_strict=True,
    )
