"""People who work with handhelds: name, badge, role, PIN."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text()
OCTETS = sa.LargeBinary()


def upgrade() -> None:
    op.create_table(
        "people",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("technician", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("role", TEXT, nullable=False),
        sa.Column("badge", TEXT, nullable=True),
        sa.Column("pin", OCTETS, nullable=True),
        sa.Column("standing", TEXT, nullable=False),
        sa.Column("at_ms", NUMBER, nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_people"),
        sqlite_strict=True,
    )
    op.create_index("ix_people_technician_id", "people", ["technician", "id"])
    op.create_index("ix_people_role", "people", ["role"])
