"""Tokens of the API: issued once, ended once, and found by the hash of what a caller shows."""

from typing import NamedTuple

from sqlalchemy import Connection, select

from jobseal_gateway.ledger.rows import many
from jobseal_gateway.ledger.schema import api_token_ends, api_tokens


class Token(NamedTuple):
    """One token. ``hash``: SHA-256 of its text; ``scopes``: words; times in Unix ms UTC; ``ended_ms`` None: not yet."""

    id: int
    name: str
    role: str
    scopes: str
    hash: bytes
    issued_ms: int
    issued_by: str
    expires_ms: int
    ended_ms: int | None


_EVERY = (
    select(*(api_tokens.c[field] for field in Token._fields[:-1]), api_token_ends.c.at_ms.label("ended_ms"))
    .select_from(api_tokens.outerjoin(api_token_ends))
    .order_by(api_tokens.c.id)
)


def add(
    connection: Connection,
    *,
    name: str,
    role: str,
    scopes: str,
    hash: bytes,
    issued_ms: int,
    issued_by: str,
    expires_ms: int,
) -> None:
    """Keep a new one."""
    connection.execute(
        api_tokens.insert(),
        {
            "name": name,
            "role": role,
            "scopes": scopes,
            "hash": hash,
            "issued_ms": issued_ms,
            "issued_by": issued_by,
            "expires_ms": expires_ms,
        },
    )


def end(connection: Connection, token_id: int, at_ms: int, person: str) -> None:
    """From here on it opens nothing. Ending it twice is an IntegrityError: the caller looks first."""
    connection.execute(api_token_ends.insert(), {"token_id": token_id, "at_ms": at_ms, "person": person})


def every(connection: Connection) -> list[Token]:
    """All that were ever issued, oldest first."""
    return many(Token, connection.execute(_EVERY))
