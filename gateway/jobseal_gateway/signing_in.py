"""Signing in: with a name and a password, counted first and checked then, or as who an identity provider says.

Rules:

- A try counts in the ledger before the password is looked at, for the name and for the address; only a right one is
  taken back. So neither a restart nor many tries side by side win one.
- A name that there is not, one that is disabled, one without a password and a wrong password take the same time and
  get the same answer.
- Who comes in is in the audit log, and so is a user of ours who was refused: ``tries`` looks at so many passwords of
  one name a day. Everybody else who was refused is in the security log alone, by the answer that he got. Its size is
  bounded, and what was typed for a name that there is not is no part of it, because it may be a password.
"""

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import Connection

from jobseal.errors import PEER
from jobseal_gateway import passwords, sessions, tries, users
from jobseal_gateway.errors import GatewayError
from jobseal_gateway.identity import Identity, IdentityRefused
from jobseal_gateway.ledger import audit, log, wrong_passwords
from jobseal_gateway.ledger import users as stored
from jobseal_gateway.ledger.database import reading, writing
from jobseal_gateway.ledger.users import HERE, User
from jobseal_gateway.sessions import Life
from jobseal_gateway.tries import Bounds, Wrong
from jobseal_gateway.users import UserRefused

if TYPE_CHECKING:
    from jobseal_gateway.home import Gateway

ACT = "session:begin"
IDENTITY_PROVIDER = "identity provider"  # who says what holds of a user that comes from there


class SignInRefused(GatewayError):
    """Nobody was let in."""

    def __init__(self, code: str, sentence: str, retry_after_s: int | None = None) -> None:
        super().__init__(code, sentence, PEER)
        if retry_after_s is not None:
            self.retry_after_s = retry_after_s


class Counted(NamedTuple):
    """A try that was counted at ``at_ms``: for the ``user`` of that name, from ``place``, where the newest wrong one
    before it was at ``before_ms``."""

    user: User | None
    place: str
    at_ms: int
    before_ms: int


class Begun(NamedTuple):
    """A new session: its ``secret``, and whose it is."""

    secret: str
    user: User


def life(gateway: "Gateway") -> Life:
    """How long sessions of this gateway last."""
    intervals = gateway.settings.intervals
    return Life(intervals.session_idle_s * 1000, intervals.session_life_s * 1000)


def with_password(gateway: "Gateway", typed: str, password: str, address: str) -> Begun:
    """Begin a session of the local user whose name and password these are. Takes as long as Argon2id does.

    Raises SignInRefused (``wrong_credentials``, ``too_many_attempts``), ClockUnsynchronised, LedgerUnavailable.
    """
    name = users.named(typed)
    counted = _counted(gateway, name, address)
    user = counted.user
    nobodys = _nobodys()  # in any case, so that the first time takes longer for everybody alike
    is_right = passwords.fits(password, nobodys if user is None or user.password is None else user.password)
    if user is None or not is_right or user.password is None or user.standing != HERE:
        raise _wrong(gateway, user, address)
    now_ms = gateway.now_ms()
    with writing(gateway.engine) as connection:
        if stored.of(connection, name) != user:  # changed while the password was looked at
            raise _refused()
        # In the order in which tries are counted, so that two side by side never wait for each other.
        at_ms, before_ms = counted.at_ms, counted.before_ms
        wrong_passwords.take_back(connection, wrong_passwords.ADDRESS, counted.place, at_ms, before_ms)
        wrong_passwords.clear(connection, wrong_passwords.NAME, name)
        secret = sessions.begin(connection, user, now_ms, life(gateway))
        audit.add(connection, now_ms, user.name, ACT, address, "done")
    return Begun(secret, user)


def with_identity(gateway: "Gateway", identity: Identity, address: str) -> Begun:
    """Begin a session of whom an identity provider vouches for, with the roles that it gives now; who is new is kept.

    Raises IdentityRefused, ClockUnsynchronised, LedgerUnavailable.
    """
    now_ms = gateway.now_ms()
    try:
        with writing(gateway.engine) as connection:
            log.lock_head(connection)
            user = _of_identity(connection, identity, now_ms)
            secret = sessions.begin(connection, user, now_ms, life(gateway))
            audit.add(connection, now_ms, user.name, ACT, address, "done")
    except IdentityRefused as refused:
        _note_refused(gateway, _of_subject(gateway, identity), address, refused.code)
        raise
    return Begun(secret, user)


def _note_refused(gateway: "Gateway", user: User | None, address: str, code: str) -> None:
    """Into the audit log, if it was a user of ours who was not let in."""
    if user is None:
        return
    now_ms = gateway.now_ms()
    with writing(gateway.engine) as connection:
        audit.add(connection, now_ms, user.name, ACT, address, f"refused: {code}")


def _of_subject(gateway: "Gateway", identity: Identity) -> User | None:
    with reading(gateway.engine) as connection:
        return stored.of_subject(connection, identity.subject)


def _of_identity(connection: Connection, identity: Identity, now_ms: int) -> User:
    known = stored.of_subject(connection, identity.subject)
    roles = " ".join(identity.roles)
    if known is None:
        if stored.of(connection, identity.name) is not None:
            sentence = f"There is another user {identity.name} here; ask who looks after this gateway."
            raise IdentityRefused(sentence)
        fresh = User(0, identity.name, roles, None, identity.subject, HERE, now_ms, IDENTITY_PROVIDER)
        try:
            return users.say_new(connection, fresh)
        except UserRefused as refused:
            raise IdentityRefused(refused.sentence) from refused
    if known.standing != HERE:
        raise IdentityRefused(f"The user {known.name} is disabled here.")
    if known.roles == roles:
        return known
    return stored.say(connection, known._replace(roles=roles, at_ms=now_ms, person=IDENTITY_PROVIDER))


def _counted(gateway: "Gateway", name: str, address: str) -> Counted:
    """Who has this name, after the try was counted. Raises SignInRefused (``too_many_attempts``), counting nothing."""
    now_ms, place = gateway.now_ms(), tries.place(address)
    both = ((wrong_passwords.ADDRESS, place, tries.ADDRESS), (wrong_passwords.NAME, name, tries.NAME))
    with reading(gateway.engine) as connection:  # first, so that whoever floods us keeps no writer waiting
        for kind, subject, bounds in both:
            _check_wait(wrong_passwords.seen(connection, kind, subject), bounds, now_ms)
    with writing(gateway.engine) as connection:
        wrong_passwords.forget(connection, now_ms)
        known = [wrong_passwords.of(connection, kind, subject, now_ms) for kind, subject, _ in both]
        for wrong, (_, _, bounds) in zip(known, both, strict=True):
            _check_wait(wrong, bounds, now_ms)
        for kind, subject, _ in both:
            wrong_passwords.count(connection, kind, subject, now_ms)
        user = stored.of(connection, name) if users.may_be_named(name) else None
    return Counted(user, place, now_ms, known[0].at_ms)


def _check_wait(wrong: Wrong | None, bounds: Bounds, now_ms: int) -> None:
    wait_ms = 0 if wrong is None else tries.wait_ms(wrong, bounds, now_ms)
    if wait_ms > 0:
        raise _too_many(-(-wait_ms // 1000))


def _wrong(gateway: "Gateway", user: User | None, address: str) -> SignInRefused:
    refused = _refused()
    _note_refused(gateway, user, address, refused.code)
    return refused


def _refused() -> SignInRefused:
    return SignInRefused("wrong_credentials", "This name and password do not belong together, or let nobody in.")


def _too_many(wait_s: int) -> SignInRefused:
    sentence = (
        f"Too many wrong passwords in a row; the next one is looked at in {wait_s} s. "
        "An administrator can end that with 'users unlock'."
    )
    return SignInRefused("too_many_attempts", sentence, wait_s)


@cache
def _nobodys() -> str:
    """What is kept of a password that nobody has, so that a name that there is not takes as long as one that is."""
    return passwords.keep(passwords.made())
