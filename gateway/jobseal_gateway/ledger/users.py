"""Users of the API: name, roles and what is kept of the password, as facts; the newest about a name holds."""

from typing import NamedTuple

from sqlalchemy import Connection, bindparam, func, select

from jobseal_gateway.ledger.rows import first, many
from jobseal_gateway.ledger.schema import users

HERE = "here"
DISABLED = "disabled"


class User(NamedTuple):
    """One fact about a user. ``roles``: words; ``password``: Argon2id in PHC form, None without; ``subject``: issuer
    and subject at an identity provider, None for a local user; ``standing``: here or disabled; ``person``: who said
    so."""

    id: int
    name: str
    roles: str
    password: str | None
    subject: str | None
    standing: str
    at_ms: int
    person: str


COLUMNS = [users.c[field] for field in User._fields]
NEWEST = select(func.max(users.c.id)).group_by(users.c.name)
_EVERYBODY = select(*COLUMNS).where(users.c.id.in_(NEWEST)).order_by(users.c.name)
_OF = select(*COLUMNS).where(users.c.name == bindparam("name")).order_by(users.c.id.desc()).limit(1)


def say(connection: Connection, user: User) -> User:
    """From now on this is what holds for that name; its ``id`` is given here."""
    fact = user._asdict()
    del fact["id"]
    number = connection.execute(users.insert().returning(users.c.id), fact).scalar_one()
    return user._replace(id=number)


def of(connection: Connection, name: str) -> User | None:
    """What holds for this name; None for one that was never added."""
    return first(User, connection.execute(_OF, {"name": name}))


def everybody(connection: Connection) -> list[User]:
    """What holds for everybody who was ever added, by name."""
    return many(User, connection.execute(_EVERYBODY))


def of_subject(connection: Connection, subject: str) -> User | None:
    """Who comes from an identity provider as this subject."""
    return next((user for user in everybody(connection) if user.subject == subject), None)
