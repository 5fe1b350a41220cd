"""``security``: whom broker, enrolment and API turned away, when, and from what."""

import argparse

from jobseal_gateway import home, security_log
from jobseal_gateway.commands.answer import Answer, moment, table
from jobseal_gateway.commands.options import Commands, looking
from jobseal_gateway.security_log import Entry

ENTRIES = 50


def add(commands: Commands) -> None:
    """The command of this room."""
    look = looking(commands, "security", "who was turned away by broker, enrolment and API, newest last", _list)
    look.add_argument("--last", type=int, default=ENTRIES, metavar="N", help="so many entries")


def _list(given: argparse.Namespace) -> Answer:
    with home.open(given.home) as gateway:
        entries = security_log.read(gateway.home.security)[-max(1, given.last) :]
    heading = ["last at", "by", "who", "why", "times", "what"]
    rows = [[moment(line.at_ms), part, line.who, line.code, line.times, line.what] for part, line in entries]
    text = table(heading, rows) if rows else "Nobody has been turned away yet."
    return Answer({"entries": [_entry(each) for each in entries]}, text)


def _entry(entry: Entry) -> dict[str, object]:
    return {"part": entry.part, **entry.line._asdict()}
