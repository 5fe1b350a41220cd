"""Users: who may sign in to the API with a browser, as facts that are added and never changed; the newest about a
name holds. Beside them what is not a fact but a state: sessions, and how often somebody was wrong.

A session belongs to the fact under which it was opened, and is over with it. Neither a session's secret nor a name that
somebody typed is kept, only their SHA-256: people type passwords where names belong.
"""

from sqlalchemy import ForeignKey, Index, PrimaryKeyConstraint, UniqueConstraint

from jobseal_gateway.ledger.schema.columns import (
    DECISION,
    number,
    number_or_null,
    octets,
    row_number,
    table,
    text,
    text_or_null,
)

users = table(
    DECISION,
    "users",
    row_number(),
    text("name"),
    text("roles"),  # separated by spaces
    text_or_null("password"),  # Argon2id in PHC form; null: none, as for who comes from an identity provider
    text_or_null("subject"),  # issuer and subject at an identity provider; null: a local user
    text("standing"),  # here or disabled
    number("at_ms"),
    text("person"),
    Index(None, "name", "id"),
)

web_sessions = table(
    DECISION,
    "web_sessions",
    row_number(),
    octets("hash"),
    number("user_id", ForeignKey("users.id")),
    number("begun_ms"),
    number("seen_ms"),
    number("until_ms"),
    number_or_null("ended_ms"),
    UniqueConstraint("hash"),
)

wrong_passwords = table(
    DECISION,
    "wrong_passwords",
    text("kind"),  # name or address
    octets("subject"),
    number("count"),
    number("at_ms"),
    PrimaryKeyConstraint("kind", "subject"),
)
