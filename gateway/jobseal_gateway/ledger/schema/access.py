"""Access: who may call the API, and what people with privileges did. Facts that are added and never changed.

A token is kept as the SHA-256 of its text and ends by a fact of its own; ``audit`` is what an owner reads when
somebody asks who did that.
"""

from sqlalchemy import ForeignKey, Index, PrimaryKeyConstraint, UniqueConstraint

from jobseal_gateway.ledger.schema.columns import DECISION, number, octets, row_number, table, text

api_tokens = table(
    DECISION,
    "api_tokens",
    row_number(),
    text("name"),
    text("role"),
    text("scopes"),  # separated by spaces
    octets("hash"),
    number("issued_ms"),
    text("issued_by"),
    number("expires_ms"),
    UniqueConstraint("hash"),
)

api_token_ends = table(
    DECISION,
    "api_token_ends",
    number("token_id", ForeignKey("api_tokens.id")),
    number("at_ms"),
    text("person"),
    PrimaryKeyConstraint("token_id"),
)

audit = table(
    DECISION,
    "audit",
    row_number(),
    number("at_ms"),
    text("who"),
    text("act"),
    text("subject"),
    text("outcome"),
    Index(None, "who", "id"),
)
