"""Users: who may sign in to the API with a browser, and as what.

Rules:

- What is said of a user is a fact with the name of who said it. Each ends all sessions of that user: a session belongs
  to the fact it was opened under.
- A name is small letters, so that none looks like another. Users and tokens share their names: whoever the audit log
  and the office's acts name is one or the other.
- Nobody's password is kept (``passwords``). Who comes from an identity provider has none here, and the roles that it
  gives; it never gives ``admin``.
- There is no user until somebody adds one.
"""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from jobseal.errors import OPERATOR
from jobseal.host.pin import COST, Cost
from jobseal_gateway import access, passwords, tries
from jobseal_gateway.access import ROLES, Caller
from jobseal_gateway.errors import GatewayError
from jobseal_gateway.ledger import log, tokens, wrong_passwords
from jobseal_gateway.ledger import users as stored
from jobseal_gateway.ledger.database import writing
from jobseal_gateway.ledger.users import DISABLED, HERE, User

if TYPE_CHECKING:
    from jobseal_gateway.home import Gateway

NAME_MAX_CHARACTERS = access.NAME_MAX_CHARACTERS
_NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]*")


class UserRefused(GatewayError):
    """What was asked about a user cannot be done as things stand; nothing was stored."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(code, sentence, OPERATOR)


def named(text: str) -> str:
    """A user's name as it is kept, of what somebody typed."""
    return text.strip().lower()


def may_be_named(name: str) -> bool:
    """Whether a user can have this name."""
    return bool(_NAME.fullmatch(name)) and len(name) <= NAME_MAX_CHARACTERS


def caller(user: User) -> Caller:
    """Whom a session of this user acts as, and what that opens now. A role that is no more opens nothing."""
    roles = user.roles.split()
    return Caller(user.name, frozenset(scope for role in roles for scope in ROLES.get(role, ())))


def add(gateway: "Gateway", name: str, roles: Sequence[str], password: str, operator: str, cost: Cost = COST) -> User:
    """A new local user. Raises UserRefused (``user_known``, ``name_taken``, ``name_unusable``, ``role_unknown``),
    ``password_unfit``, ClockUnsynchronised."""
    name = named(name)
    passwords.check(password, name)
    kept = passwords.keep(password, cost)
    now_ms = gateway.now_ms()
    with writing(gateway.engine) as connection:
        log.lock_head(connection)
        if stored.of(connection, name) is not None:
            sentence = f"There is a user {name}; 'users password', 'users role' and 'users enable' change that."
            raise UserRefused("user_known", sentence)
        return say_new(connection, User(0, name, _words(roles), kept, None, HERE, now_ms, operator))


def say_new(connection: Connection, user: User) -> User:
    """Keep what is the first to be said of this name. Raises UserRefused (``name_taken``, ``name_unusable``)."""
    if not may_be_named(user.name):
        sentence = f"A user's name is 1 to {NAME_MAX_CHARACTERS} of a-z, 0-9 and . _ @ + -, a letter or digit first."
        raise UserRefused("name_unusable", sentence)
    for token in access.standing(tokens.every(connection), user.at_ms):
        if token.name.casefold() == user.name:
            sentence = f"A token is named {token.name}; give another name, or the token one with 'tokens new'."
            raise UserRefused("name_taken", sentence)
    return stored.say(connection, user)


def set_roles(gateway: "Gateway", name: str, roles: Sequence[str], operator: str) -> User:
    """Give a local user these roles in place of those before. Raises UserRefused (``user_unknown``,
    ``role_unknown``, ``not_local``), ClockUnsynchronised."""
    return _change(gateway, name, operator, {"roles": _words(roles)})


def set_password(gateway: "Gateway", name: str, password: str, operator: str, cost: Cost = COST) -> User:
    """Give a local user another password; what wrong ones had led to is over. Raises UserRefused
    (``user_unknown``, ``not_local``), ``password_unfit``, ClockUnsynchronised."""
    passwords.check(password, named(name))
    return _change(gateway, name, operator, {"password": passwords.keep(password, cost)}, unlocks=(named(name),))


def disable(gateway: "Gateway", name: str, operator: str) -> User:
    """Let nobody in as this user. Raises UserRefused (``user_unknown``), ClockUnsynchronised."""
    return _change(gateway, name, operator, {"standing": DISABLED})


def enable(gateway: "Gateway", name: str, operator: str) -> User:
    """Let a disabled user in again. Raises UserRefused (``user_unknown``), ClockUnsynchronised."""
    return _change(gateway, name, operator, {"standing": HERE})


def unlock(gateway: "Gateway", kind: str, subject: str) -> bool:
    """End what wrong passwords led to, for a name or an address; whether there was anything."""
    subject = named(subject) if kind == wrong_passwords.NAME else tries.place(subject)
    with writing(gateway.engine) as connection:
        return wrong_passwords.clear(connection, kind, subject)


def _change(gateway: "Gateway", name: str, operator: str, changes: dict[str, Any], unlocks: Sequence[str] = ()) -> User:
    now_ms = gateway.now_ms()
    with writing(gateway.engine) as connection:
        log.lock_head(connection)
        before = stored.of(connection, named(name))
        if before is None:
            raise UserRefused("user_unknown", f"There is no user {named(name)}; 'users list' shows who there is.")
        if before.subject is not None and "standing" not in changes:
            sentence = f"{before.name} comes from the identity provider, which has the roles and the password."
            raise UserRefused("not_local", sentence)
        for each in unlocks:
            wrong_passwords.clear(connection, wrong_passwords.NAME, each)
        return stored.say(connection, before._replace(**changes, at_ms=now_ms, person=operator))


def _words(roles: Sequence[str]) -> str:
    unknown = [role for role in roles if role not in ROLES]
    if unknown or not roles:
        given = ", ".join(unknown) or "nothing"
        raise UserRefused("role_unknown", f"There is no role {given}; these are: {', '.join(ROLES)}.")
    return " ".join(role for role in ROLES if role in roles)
