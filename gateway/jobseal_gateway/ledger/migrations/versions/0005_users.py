"""Users of the API, their sessions, and how often somebody was wrong."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text()
OCTETS = sa.LargeBinary()


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("roles", TEXT, nullable=False),
        sa.Column("password", TEXT, nullable=True),
        sa.Column("subject", TEXT, nullable=True),
        sa.Column("standing", TEXT, nullable=False),
        sa.Column("at_ms", NUMBER, nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sqlite_strict=True,
    )
    op.create_index("ix_users_name_id", "users", ["name", "id"])
    op.create_table(
        "web_sessions",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("hash", OCTETS, nullable=False),
        sa.Column("user_id", NUMBER, nullable=False),
        sa.Column("begun_ms", NUMBER, nullable=False),
        sa.Column("seen_ms", NUMBER, nullable=False),
        sa.Column("until_ms", NUMBER, nullable=False),
        sa.Column("ended_ms", NUMBER, nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_web_sessions_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_web_sessions"),
        sa.UniqueConstraint("hash", name="uq_web_sessions_hash"),
        sqlite_strict=True,
    )
    op.create_table(
        "wrong_passwords",
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("subject", OCTETS, nullable=False),
        sa.Column("count", NUMBER, nullable=False),
        sa.Column("at_ms", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("kind", "subject", name="pk_wrong_passwords"),
        sqlite_strict=True,
    )
