"""Access: what each role may do on the API, and the tokens that carry it. People who sign in are ``users``.

Rules:

- A token is 256 random bits as text. The ledger has its SHA-256 and nobody has it twice: it is shown once.
- A token is somebody's or something's, by name. One of that name stands at a time: a new one ends the one before.
  No user has the name of a token (``users``): who the audit log names is one or the other.
- It opens what its role has and its own scopes have, until it expires or is ended; the longest life is two years.
- What is not listed here opens nothing.
"""

import hashlib
import secrets
from collections.abc import Collection, Iterable
from typing import NamedTuple

from sqlalchemy import Connection

from jobseal.errors import OPERATOR
from jobseal_gateway.errors import GatewayError
from jobseal_gateway.ledger import tokens, users
from jobseal_gateway.ledger.tokens import Token

FEED_READ, JOBS_READ, RECORDS_READ = "feed:read", "jobs:read", "records:read"
EVIDENCE_READ, RECORDS_ACKNOWLEDGE = "evidence:read", "records:acknowledge"

_LOOK = (FEED_READ, JOBS_READ, RECORDS_READ)
VIEWER, DISPATCHER, APPROVER, BILLING, ADMIN = "viewer", "dispatcher", "approver", "billing", "admin"
ROLES: dict[str, tuple[str, ...]] = {
    VIEWER: _LOOK,
    DISPATCHER: _LOOK,
    APPROVER: (*_LOOK, EVIDENCE_READ),
    BILLING: (*_LOOK, EVIDENCE_READ, RECORDS_ACKNOWLEDGE),
    ADMIN: (*_LOOK, EVIDENCE_READ, RECORDS_ACKNOWLEDGE),
}
SCOPES = tuple(dict.fromkeys(scope for scopes in ROLES.values() for scope in scopes))

PREFIX = "jobseal_"  # so that a token in the wrong place is found by those who look for such
SECRET_BYTES = 32
DAY_MS = 86_400_000
LIFE_DAYS = 365
LIFE_MAX_DAYS = 730
NAME_MAX_CHARACTERS = 64


class AccessRefused(GatewayError):
    """What was asked of the tokens is not possible; nothing was changed."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(code, sentence, OPERATOR)


class Caller(NamedTuple):
    """Who calls: the ``name`` of the token or of the user who signed in, and what that opens now."""

    name: str
    scopes: frozenset[str]


def new_text() -> str:
    """The text of a new token."""
    return PREFIX + secrets.token_urlsafe(SECRET_BYTES)


def hash_of(text: str) -> bytes:
    """What the ledger has of a token. One round will do: nobody can try all the texts that there are."""
    return hashlib.sha256(text.encode()).digest()


def issue(
    connection: Connection,
    name: str,
    role: str,
    *,
    text: str,
    by: str,
    now_ms: int,
    days: int = LIFE_DAYS,
    scopes: Collection[str] = (),
) -> Token:
    """Keep a token of this ``text``, in place of the one of this name; ``scopes``: only these of the role's.

    Raises AccessRefused.
    """
    _check(name, role, days, scopes)
    if users.of(connection, name.casefold()) is not None:
        raise AccessRefused("name_taken", f"{name} is a user; give the token a name of its own.")
    for earlier in standing(tokens.every(connection), now_ms):
        if earlier.name == name:
            tokens.end(connection, earlier.id, now_ms, by)
    kept = [scope for scope in ROLES[role] if not scopes or scope in scopes]
    tokens.add(
        connection,
        name=name,
        role=role,
        scopes=" ".join(kept),
        hash=hash_of(text),
        issued_ms=now_ms,
        issued_by=by,
        expires_ms=now_ms + days * DAY_MS,
    )
    return tokens.every(connection)[-1]


def end(connection: Connection, name: str, by: str, now_ms: int) -> Token:
    """End the token of this name. Raises AccessRefused (``token_unknown``)."""
    for each in standing(tokens.every(connection), now_ms):
        if each.name == name:
            tokens.end(connection, each.id, now_ms, by)
            return each
    raise AccessRefused("token_unknown", f"No token named {name} is in use; 'tokens list' shows those that are.")


def callers(every: Iterable[Token], now_ms: int) -> dict[bytes, Caller]:
    """Who may call now, by the hash of what they show. A role that is no more, or has less now, opens no more."""
    return {
        each.hash: Caller(each.name, frozenset(each.scopes.split()) & frozenset(ROLES.get(each.role, ())))
        for each in standing(every, now_ms)
    }


def standing(every: Iterable[Token], now_ms: int) -> list[Token]:
    """Those that open something now."""
    return [each for each in every if each.ended_ms is None and now_ms < each.expires_ms]


def _check(name: str, role: str, days: int, scopes: Collection[str]) -> None:
    if not name.isprintable() or not name.strip() or len(name) > NAME_MAX_CHARACTERS:
        raise AccessRefused("name_unusable", f"A name is 1 to {NAME_MAX_CHARACTERS} characters that can be seen.")
    if role not in ROLES:
        raise AccessRefused("role_unknown", f"There is no role {role}; these are: {', '.join(ROLES)}.")
    beyond = sorted(set(scopes) - set(ROLES[role]))
    if beyond:
        sentence = f"The role {role} does not have {', '.join(beyond)}; it has {', '.join(ROLES[role])}."
        raise AccessRefused("scope_beyond_role", sentence)
    if not 1 <= days <= LIFE_MAX_DAYS:
        raise AccessRefused("life_unusable", f"A token lives 1 to {LIFE_MAX_DAYS} days, not {days}.")
