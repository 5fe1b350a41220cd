"""``users`` and ``sessions``: who may sign in with a browser, and who has."""

import argparse
import getpass
import sys
from pathlib import Path

from jobseal.errors import OPERATOR
from jobseal_gateway import access, home, passwords, session_key, sessions, signing_in, users
from jobseal_gateway.commands import files, options
from jobseal_gateway.commands.answer import Answer, moment, table
from jobseal_gateway.commands.options import Commands, command, group, looking
from jobseal_gateway.errors import GatewayError
from jobseal_gateway.home import Gateway
from jobseal_gateway.ledger import users as stored
from jobseal_gateway.ledger import web_sessions, wrong_passwords
from jobseal_gateway.ledger.database import reading, writing
from jobseal_gateway.ledger.users import User
from jobseal_gateway.sessions import SignedIn

STDIN = Path("-")


def add(commands: Commands) -> None:
    """The commands of this room."""
    room = group(commands, "users", "who may sign in with a browser, and as what")
    # Without abbreviations: --password SECRET would be taken for --password-file, and stand in the list of processes.
    new = command(room, "add", "a user of this gateway's own; the password is asked for", _add, allow_abbrev=False)
    _name(new)
    _roles(new)
    _password_options(new)
    options.operator(new)

    role = command(room, "role", "give a user these roles in place of those before; ends their sessions", _role)
    _name(role)
    _roles(role)
    options.operator(role)

    help = "give a user another password; ends their sessions and a lock"
    password = command(room, "password", help, _password, allow_abbrev=False)
    _name(password)
    _password_options(password)
    options.operator(password)

    for verb, help, run in (
        ("disable", "let nobody in as this user; ends their sessions", _disable),
        ("enable", "let a disabled user in again", _enable),
    ):
        switched = command(room, verb, help, run)
        _name(switched)
        options.operator(switched)

    unlock = command(room, "unlock", "end what wrong passwords led to", _unlock)
    whom = unlock.add_mutually_exclusive_group(required=True)
    whom.add_argument("name", metavar="NAME", nargs="?")
    whom.add_argument("--address", metavar="ADDRESS", help="for everybody behind this network address")
    options.operator(unlock)
    looking(room, "list", "every user, their roles, and who has signed in", _list)

    open_now = group(commands, "sessions", "who has signed in with a browser")
    looking(open_now, "list", "every session that stands", _sessions)
    rotated = command(open_now, "new-key", "end every session, and sign cookies with a new key", _new_key)
    options.operator(rotated)


def _name(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="small letters, digits and . _ @ + -")


def _roles(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--role", action="append", required=True, choices=list(access.ROLES), help="may be repeated: opens all of them"
    )


def _password_options(parser: argparse.ArgumentParser) -> None:
    way = parser.add_mutually_exclusive_group()
    way.add_argument(
        "--password-file", type=Path, metavar="FILE", help="its first line; -: standard input. Default: it is asked for"
    )
    way.add_argument("--generate", action="store_true", help="make one up, and show it once")


def _add(given: argparse.Namespace) -> Answer:
    password, shown = _password_of(given)
    with home.open(given.home) as gateway:
        user = users.add(gateway, given.name, given.role, password, given.operator)
    return _answer(user, f"{user.name} may sign in from now on, as {_roles_text(user)}.", shown)


def _role(given: argparse.Namespace) -> Answer:
    with home.open(given.home) as gateway:
        user = users.set_roles(gateway, given.name, given.role, given.operator)
    return _answer(user, f"{user.name} is {_roles_text(user)} from now on, and signs in again for it.")


def _password(given: argparse.Namespace) -> Answer:
    password, shown = _password_of(given)
    with home.open(given.home) as gateway:
        user = users.set_password(gateway, given.name, password, given.operator)
    return _answer(user, f"{user.name} has another password from now on, and no session.", shown)


def _disable(given: argparse.Namespace) -> Answer:
    with home.open(given.home) as gateway:
        user = users.disable(gateway, given.name, given.operator)
    return _answer(user, f"Nobody gets in as {user.name} from now on. A token of theirs is another matter: 'tokens'.")


def _enable(given: argparse.Namespace) -> Answer:
    with home.open(given.home) as gateway:
        user = users.enable(gateway, given.name, given.operator)
    return _answer(user, f"{user.name} may sign in again.")


def _unlock(given: argparse.Namespace) -> Answer:
    kind, subject = (
        (wrong_passwords.NAME, given.name) if given.address is None else (wrong_passwords.ADDRESS, given.address)
    )
    with home.open(given.home) as gateway:
        was_counted = users.unlock(gateway, kind, subject)
    text = f"{subject} may try at once." if was_counted else f"There was no wrong password of {subject}."
    return Answer({"kind": kind, "subject": subject, "unlocked": was_counted}, text)


def _list(given: argparse.Namespace) -> Answer:
    with home.open(given.home) as gateway:
        open_now = [signed_in.user.name for signed_in in _standing(gateway)]
        with reading(gateway.engine) as connection:
            everybody = stored.everybody(connection)
    rows = [{**_row(user), "sessions": open_now.count(user.name)} for user in everybody]
    heading = ["name", "roles", "from", "standing", "sessions", "since", "by"]
    cells = [
        [user.name, user.roles, _from(user), user.standing, row["sessions"], moment(user.at_ms), user.person]
        for user, row in zip(everybody, rows, strict=True)
    ]
    return Answer({"users": rows}, table(heading, cells) if rows else "There is no user yet: 'users add'.")


def _sessions(given: argparse.Namespace) -> Answer:
    with home.open(given.home) as gateway:
        found = _standing(gateway)
    times = ("begun_ms", "seen_ms", "until_ms")
    rows = [{"name": user.name, **{each: getattr(session, each) for each in times}} for session, user in found]
    cells = [[row["name"], *(moment(row[each]) for each in times)] for row in rows]
    text = table(["name", "signed in", "last seen", "until"], cells) if rows else "Nobody has signed in."
    return Answer({"sessions": rows}, text)


def _new_key(given: argparse.Namespace) -> Answer:
    with home.open(given.home) as gateway:
        found = _standing(gateway)
        session_key.rotate(gateway.home.session_key)  # first: a crash here leaves nobody signed in
        now_ms = gateway.now_ms()
        with writing(gateway.engine) as connection:
            for session, _user in found:
                web_sessions.end(connection, session.id, now_ms)
    return Answer({"ended": len(found)}, f"Cookies are signed with a new key; {len(found)} sessions were ended.")


def _standing(gateway: Gateway) -> list[SignedIn]:
    now_ms, life = gateway.now_ms(), signing_in.life(gateway)
    with reading(gateway.engine) as connection:
        every = [SignedIn(*each) for each in web_sessions.standing(connection)]
    return [each for each in every if sessions.stands(each, now_ms, life)]


def _password_of(given: argparse.Namespace) -> tuple[str, str]:
    """The password, and the password again if it has to be shown because it was made here."""
    if given.generate:
        made = passwords.made(given.name)
        return made, made
    if given.password_file is None and sys.stdin.isatty():
        password = getpass.getpass("Password: ")
        if getpass.getpass("Again: ") != password:
            raise GatewayError("password_unfit", "These are two different passwords; nothing was changed.", OPERATOR)
        return password, ""
    if given.password_file in (None, STDIN):
        return sys.stdin.readline().rstrip("\r\n"), ""
    return _first_line(given.password_file), ""


def _first_line(file: Path) -> str:
    try:
        return files.read(file).decode().partition("\n")[0].rstrip("\r")
    except UnicodeDecodeError:
        raise GatewayError("password_unfit", f"{file} is no text in UTF-8.", OPERATOR) from None


def _answer(user: User, text: str, shown: str = "") -> Answer:
    data = _row(user)
    if shown:
        data["password"] = shown
        text += f"\nThe password is {shown}\nIt is not shown again; hand it over in person."
    return Answer(data, text)


def _row(user: User) -> dict[str, object]:
    return {
        "name": user.name,
        "roles": user.roles.split(),
        "from": _from(user),
        "standing": user.standing,
        "at_ms": user.at_ms,
        "by": user.person,
    }


def _roles_text(user: User) -> str:
    return " and ".join(user.roles.split())


def _from(user: User) -> str:
    return "here" if user.subject is None else user.subject.partition(" ")[0]
