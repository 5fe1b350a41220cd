"""``tokens`` and ``audit``: who may call the API, and who did what."""

import argparse

from jobseal_gateway import access, home
from jobseal_gateway.commands import options
from jobseal_gateway.commands.answer import Answer, moment, table
from jobseal_gateway.commands.options import Commands, command, group, looking
from jobseal_gateway.ledger import audit, tokens
from jobseal_gateway.ledger.database import reading, writing
from jobseal_gateway.ledger.tokens import Token

AUDIT_ENTRIES = 50


def add(commands: Commands) -> None:
    """The commands of this room."""
    room = group(commands, "tokens", "who may call the API")
    new = command(room, "new", "issue a token, in place of the one of this name; it is shown once", _new)
    new.add_argument("name", metavar="NAME", help="whose it is: a system or a person")
    new.add_argument("--role", required=True, choices=list(access.ROLES))
    new.add_argument("--days", type=int, default=access.LIFE_DAYS, metavar="N", help="until it expires")
    new.add_argument(
        "--scope", action="append", default=[], choices=access.SCOPES, help="only this of the role's; may be repeated"
    )
    options.operator(new)
    ended = command(room, "revoke", "let a token open nothing from now on", _revoke)
    ended.add_argument("name", metavar="NAME")
    options.operator(ended)
    looking(room, "list", "every token that is in use, and what it opens", _list)
    look = looking(commands, "audit", "who did what, newest last", _audit)
    look.add_argument("--last", type=int, default=AUDIT_ENTRIES, metavar="N", help="so many entries")


def _new(given: argparse.Namespace) -> Answer:
    text = access.new_text()
    with home.open(given.home) as gateway, writing(gateway.engine) as connection:
        issued = access.issue(
            connection,
            given.name,
            given.role,
            text=text,
            by=given.operator,
            now_ms=gateway.now_ms(),
            days=given.days,
            scopes=given.scope,
        )
    words = f"The token of {issued.name} ({issued.role}), until {moment(issued.expires_ms)}; nobody can show it again:"
    return Answer({**_row(issued), "token": text}, f"{words}\n{text}")


def _revoke(given: argparse.Namespace) -> Answer:
    with home.open(given.home) as gateway, writing(gateway.engine) as connection:
        ended = access.end(connection, given.name, given.operator, gateway.now_ms())
    return Answer({"name": ended.name}, f"The token of {ended.name} opens nothing from now on.")


def _list(given: argparse.Namespace) -> Answer:
    with home.open(given.home) as gateway, reading(gateway.engine) as connection:
        standing = [each for each in tokens.every(connection) if each.ended_ms is None]
    shown = [[each.name, each.role, each.scopes, moment(each.expires_ms)] for each in standing]
    text = table(["name", "role", "opens", "until"], shown) if shown else "There is no token."
    return Answer({"tokens": [_row(each) for each in standing]}, text)


def _audit(given: argparse.Namespace) -> Answer:
    with home.open(given.home) as gateway, reading(gateway.engine) as connection:
        entries = audit.newest(connection, max(1, given.last))
    shown = [[moment(each.at_ms), each.who, each.act, each.subject, each.outcome] for each in entries]
    text = table(["at", "who", "did", "to", "outcome"], shown) if entries else "Nothing has been done yet."
    return Answer({"entries": [each._asdict() for each in entries]}, text)


def _row(token: Token) -> dict[str, object]:
    return {
        "name": token.name,
        "role": token.role,
        "scopes": token.scopes,
        "issued_ms": token.issued_ms,
        "issued_by": token.issued_by,
        "expires_ms": token.expires_ms,
    }
