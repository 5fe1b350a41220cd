"""How often a password was wrong in a row, by the name that was typed and by the address it came from.

Counted here so that a restart forgives nothing. Of both only the SHA-256 is kept.
"""

import hashlib

from sqlalchemy import Connection, and_, bindparam, case, delete, or_, select, text, update

from jobseal_gateway import tries
from jobseal_gateway.ledger.rows import first
from jobseal_gateway.ledger.schema import wrong_passwords
from jobseal_gateway.tries import LAPSE_MS, LOCK_MS, Wrong

NAME = "name"
ADDRESS = "address"

# Making or touching the row also locks it on PostgreSQL, so that tries side by side are counted one behind the other.
_OF = text(
    """
    INSERT INTO wrong_passwords (kind, subject, count, at_ms) VALUES (:of_kind, :of_subject, 0, :at_ms)
    ON CONFLICT (kind, subject) DO UPDATE SET count = wrong_passwords.count
    RETURNING count, at_ms
    """
)
_THIS = (wrong_passwords.c.kind == bindparam("of_kind"), wrong_passwords.c.subject == bindparam("of_subject"))
_SEEN = select(wrong_passwords.c.count, wrong_passwords.c.at_ms).where(*_THIS)
_COUNT = update(wrong_passwords).where(*_THIS).values(count=wrong_passwords.c.count + 1, at_ms=bindparam("now_ms"))
_TAKE_BACK = (
    update(wrong_passwords)
    .where(*_THIS, wrong_passwords.c.count > 0)
    .values(
        count=wrong_passwords.c.count - 1,
        at_ms=case(
            (wrong_passwords.c.at_ms == bindparam("now_ms"), bindparam("before_ms")), else_=wrong_passwords.c.at_ms
        ),
    )
)
_LAPSED = delete(wrong_passwords).where(
    or_(
        wrong_passwords.c.at_ms <= bindparam("unlocked_ms"),
        and_(
            wrong_passwords.c.kind == ADDRESS,
            wrong_passwords.c.count < tries.ADDRESS.lock,
            wrong_passwords.c.at_ms <= bindparam("lapsed_ms"),
        ),
    )
)
_CLEAR = delete(wrong_passwords).where(*_THIS)


def seen(connection: Connection, kind: str, subject: str) -> Wrong | None:
    """What is counted of it as of now; None: nothing. Others may go on counting."""
    return first(Wrong, connection.execute(_SEEN, _named(kind, subject)))


def of(connection: Connection, kind: str, subject: str, now_ms: int) -> Wrong:
    """What is counted of it; nobody else counts it until this transaction ends."""
    times, at_ms = connection.execute(_OF, {**_named(kind, subject), "at_ms": now_ms}).one()
    return Wrong(times, at_ms)


def count(connection: Connection, kind: str, subject: str, now_ms: int) -> None:
    """One more, of what ``of`` has looked at."""
    connection.execute(_COUNT, {**_named(kind, subject), "now_ms": now_ms})


def take_back(connection: Connection, kind: str, subject: str, now_ms: int, before_ms: int) -> None:
    """The one counted at ``now_ms`` was not wrong after all; those before it, the newest at ``before_ms``, were."""
    connection.execute(_TAKE_BACK, {**_named(kind, subject), "now_ms": now_ms, "before_ms": before_ms})


def clear(connection: Connection, kind: str, subject: str) -> bool:
    """Count from nothing again; whether there was something."""
    return connection.execute(_CLEAR, _named(kind, subject)).rowcount > 0


def forget(connection: Connection, now_ms: int) -> None:
    """Drop what is so long ago that it counts no more."""
    connection.execute(_LAPSED, {"unlocked_ms": now_ms - LOCK_MS, "lapsed_ms": now_ms - LAPSE_MS})


def _named(kind: str, subject: str) -> dict[str, object]:
    return {"of_kind": kind, "of_subject": hashlib.sha256(subject.encode("utf-8", "surrogatepass")).digest()}
