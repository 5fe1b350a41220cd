"""Sessions of people who signed in with a browser: begun with a secret that only the browser has, and over in time.

Rules:

- The secret is 256 random bits as text, new for each sign-in, never one that came from outside. The ledger has its
  SHA-256.
- It opens what its user's roles open now. It is over when unused for a while, after its longest life, when it is ended,
  and when anything at all is said of the user: password, roles, disabled.
- The token against cross-site requests follows from the secret, so nothing more is kept: who has the one has the other,
  and a page of another site has neither.
"""

import hashlib
import hmac
import secrets
from typing import NamedTuple

from sqlalchemy import Connection

from jobseal_gateway.ledger import web_sessions
from jobseal_gateway.ledger.users import HERE, User
from jobseal_gateway.ledger.web_sessions import Session

SECRET_BYTES = 32
SEEN_EVERY_MS = 60_000  # how fine ``seen_ms`` is kept: a second writer costs ingest time
FORGOTTEN_AFTER_MS = 86_400_000
_CSRF = b"jobseal/1/csrf"


class Life(NamedTuple):
    """How long a session lasts: ``idle_ms`` unused, ``whole_ms`` in any case."""

    idle_ms: int
    whole_ms: int


class SignedIn(NamedTuple):
    """A session that stands, and whose it is."""

    session: Session
    user: User


def begin(connection: Connection, user: User, now_ms: int, life: Life) -> str:
    """Open a session of this user; its secret, for the browser alone."""
    secret = secrets.token_urlsafe(SECRET_BYTES)
    web_sessions.forget(connection, now_ms - FORGOTTEN_AFTER_MS)
    web_sessions.begin(connection, hash_of(secret), user.id, now_ms, now_ms + life.whole_ms)
    return secret


def find(connection: Connection, secret: str, now_ms: int, life: Life) -> SignedIn | None:
    """Whose session this is, if it stands."""
    found = web_sessions.of(connection, hash_of(secret))
    if found is None or not stands(SignedIn(*found), now_ms, life):
        return None
    return SignedIn(*found)


def stands(signed_in: SignedIn, now_ms: int, life: Life) -> bool:
    """Whether a session that nothing has ended is still in time, and its user let in."""
    session, user = signed_in
    is_in_time = now_ms < min(session.until_ms, session.seen_ms + life.idle_ms)
    return is_in_time and user.standing == HERE


def should_be_seen(session: Session, now_ms: int) -> bool:
    """Whether it is time to keep that it was used."""
    return now_ms >= session.seen_ms + SEEN_EVERY_MS


def csrf_token(secret: str) -> str:
    """What a page of ours shows beside the cookie, and a page of another site cannot know."""
    return hmac.new(secret.encode(), _CSRF, hashlib.sha256).hexdigest()


def hash_of(secret: str) -> bytes:
    """What the ledger has of a secret."""
    return hashlib.sha256(secret.encode()).digest()
