"""Sessions of people who signed in: found by the hash of their secret, and over with the fact they were opened under.

``seen_ms`` moves on and ``ended_ms`` is set once; what was over for a while is forgotten.
"""

from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, delete, select, update

from jobseal_gateway.ledger.rows import first, many
from jobseal_gateway.ledger.schema import users, web_sessions
from jobseal_gateway.ledger.users import COLUMNS, NEWEST, User


class Session(NamedTuple):
    """One session of the user fact ``user_id``. Times in Unix ms UTC; ``until_ms``: over then, however it is used."""

    id: int
    hash: bytes
    user_id: int
    begun_ms: int
    seen_ms: int
    until_ms: int
    ended_ms: int | None


_COLUMNS = [web_sessions.c[field] for field in Session._fields]
# Of what was said of a user since, nothing must be newer than the fact that the session was opened under.
_STANDING = (
    select(*_COLUMNS, *COLUMNS)
    .select_from(web_sessions.join(users))
    .where(web_sessions.c.ended_ms.is_(None))
    .where(web_sessions.c.user_id.in_(NEWEST))
    .order_by(web_sessions.c.id)
)
_OF = _STANDING.where(web_sessions.c.hash == bindparam("of_hash"))


def begin(connection: Connection, hash: bytes, user_id: int, now_ms: int, until_ms: int) -> None:
    """Keep a new one."""
    connection.execute(
        web_sessions.insert(),
        {"hash": hash, "user_id": user_id, "begun_ms": now_ms, "seen_ms": now_ms, "until_ms": until_ms},
    )


def of(connection: Connection, hash: bytes) -> tuple[Session, User] | None:
    """The session of this hash and whose it is, unless it was ended or something was said of the user since."""
    return first(_both, connection.execute(_OF, {"of_hash": hash}))


def standing(connection: Connection) -> list[tuple[Session, User]]:
    """Every one that nothing has ended, oldest first; the times are for the caller to look at."""
    return many(_both, connection.execute(_STANDING))


def seen(connection: Connection, session_id: int, now_ms: int) -> None:
    """It was used."""
    connection.execute(update(web_sessions).where(web_sessions.c.id == session_id).values(seen_ms=now_ms))


def end(connection: Connection, session_id: int, now_ms: int) -> None:
    """From here on it opens nothing."""
    one = update(web_sessions).where(web_sessions.c.id == session_id, web_sessions.c.ended_ms.is_(None))
    connection.execute(one.values(ended_ms=now_ms))


def forget(connection: Connection, before_ms: int) -> None:
    """Drop what was to be over by then at the latest."""
    connection.execute(delete(web_sessions).where(web_sessions.c.until_ms < before_ms))


def _both(*row: Any) -> tuple[Session, User]:
    of_session = len(Session._fields)
    return Session._make(row[:of_session]), User._make(row[of_session:])
