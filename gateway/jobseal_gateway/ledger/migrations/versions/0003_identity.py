"""Enrolment over the network, and link certificates."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text()
OCTETS = sa.LargeBinary()


def upgrade() -> None:
    op.create_table(
        "invitations",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("token_hash", OCTETS, nullable=False),
        sa.Column("device", TEXT, nullable=False),
        sa.Column("label", TEXT, nullable=False),
        sa.Column("technicians", TEXT, nullable=False),
        sa.Column("made_ms", NUMBER, nullable=False),
        sa.Column("made_by", TEXT, nullable=False),
        sa.Column("expires_ms", NUMBER, nullable=False),
        sa.Column("approved_by", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_invitations"),
        sa.UniqueConstraint("token_hash", name="uq_invitations_token_hash"),
        sqlite_strict=True,
    )
    op.create_table(
        "enrolment_requests",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("invitation_id", NUMBER, nullable=False),
        sa.Column("bytes", OCTETS, nullable=False),
        sa.Column("nonce", OCTETS, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("at_ms", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["invitation_id"], ["invitations.id"], name="fk_enrolment_requests_invitation_id"),
        sa.PrimaryKeyConstraint("id", name="pk_enrolment_requests"),
        sa.UniqueConstraint("invitation_id", name="uq_enrolment_requests_invitation_id"),
        sqlite_strict=True,
    )
    op.create_table(
        "enrolment_verdicts",
        sa.Column("request_id", NUMBER, nullable=False),
        sa.Column("verdict", TEXT, nullable=False),
        sa.Column("person", TEXT, nullable=False),
        sa.Column("at_ms", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["request_id"], ["enrolment_requests.id"], name="fk_enrolment_verdicts_request_id"),
        sa.UniqueConstraint("request_id", name="uq_enrolment_verdicts_request_id"),
        sqlite_strict=True,
    )
    op.create_table(
        "link_certificates",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("serial", TEXT, nullable=False),
        sa.Column("device", TEXT, nullable=False),
        sa.Column("key_id", NUMBER, nullable=False),
        sa.Column("asked", OCTETS, nullable=False),
        sa.Column("bytes", OCTETS, nullable=False),
        sa.Column("issued_ms", NUMBER, nullable=False),
        sa.Column("ends_ms", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["keys.id"], name="fk_link_certificates_key_id"),
        sa.PrimaryKeyConstraint("id", name="pk_link_certificates"),
        sa.UniqueConstraint("asked", name="uq_link_certificates_asked"),
        sa.UniqueConstraint("serial", name="uq_link_certificates_serial"),
        sqlite_strict=True,
    )
    op.create_index("ix_link_certificates_device", "link_certificates", ["device"])
    op.create_table(
        "link_revocations",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("certificate_id", NUMBER, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("at_ms", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(
            ["certificate_id"], ["link_certificates.id"], name="fk_link_revocations_certificate_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_link_revocations"),
        sa.UniqueConstraint("certificate_id", name="uq_link_revocations_certificate_id"),
        sqlite_strict=True,
    )
