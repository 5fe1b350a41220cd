"""``jobseal-gateway``: the operator's command.

Exit codes: 0 done; 1 refused, with a sentence on standard error (with ``--json`` also an object on standard output);
2 a wrong command line.
"""

import argparse
import json
import os
import sys
from contextlib import suppress

from sqlalchemy.exc import OperationalError

from jobseal.errors import JobsealError
from jobseal_gateway import home
from jobseal_gateway.commands import (
    backing_up,
    catalogue,
    enrolling,
    evidence,
    keys,
    office,
    options,
    orders,
    prices,
    quarantine,
    running,
    security,
    status,
    technicians,
    tokens,
    users,
)
from jobseal_gateway.commands.answer import Answer
from jobseal_gateway.commands.options import home_of, shared
from jobseal_gateway.errors import InputRefused
from jobseal_gateway.ledger import audit
from jobseal_gateway.ledger.database import writing

REFUSED = 1
# What an act is about, by its option.
_SUBJECTS = ("job", "key", "device", "again", "label", "technician", "name", "address", "item")
ROOMS = (
    *(running, enrolling, technicians, orders, catalogue, prices, status, evidence, quarantine, office, tokens),
    *(security, users, backing_up, keys),
)


def main(arguments: list[str] | None = None) -> int:
    """The command line's entry point; returns the exit code."""
    given = _parser().parse_args(arguments)
    given.home = getattr(given, "home", None) or home_of(os.environ)
    given.json = getattr(given, "json", False)
    _note(given, "begun")
    try:
        answer: Answer = given.run(given)
    except JobsealError as error:
        _note(given, f"refused: {error.code}")
        return _refused(error, given)
    _print(json.dumps(answer.data, ensure_ascii=False) if given.json else answer.text)
    return answer.status


def _note(given: argparse.Namespace, outcome: str) -> None:
    """Into the audit log, if it is a command that changes something: before it does, so that nothing is done unseen.

    Where there is no gateway yet, or none that opens, the command itself says so, and there is nothing to guard.
    """
    if not getattr(given, "audited", ""):
        return
    subject = next((str(getattr(given, name)) for name in _SUBJECTS if getattr(given, name, None) is not None), "")
    who = getattr(given, "operator", None) or options.user()
    with suppress(JobsealError, OperationalError), home.open(given.home) as gateway, writing(gateway.engine) as end:
        audit.add(end, gateway.now_ms(), who, given.audited, subject, outcome)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="jobseal-gateway", description="Run a Jobseal gateway, and look after it.", parents=[shared()]
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for room in ROOMS:
        room.add(commands)
    return parser


def _refused(error: JobsealError, given: argparse.Namespace) -> int:
    if given.json:
        said: dict[str, object] = {"error": error.code, "sentence": error.sentence, "fault": error.fault}
        if isinstance(error, InputRefused):
            said["problems"] = [
                {name: getattr(problem, name) for name in ("file", "line", "column", "name", "code", "sentence")}
                for problem in error.problems
            ]
        _print(json.dumps(said, ensure_ascii=False))
    if isinstance(error, InputRefused):
        print(error.sentence, file=sys.stderr)
    else:
        print(f"jobseal-gateway: {error.sentence} [{error.code}]", file=sys.stderr)
    return REFUSED


def _print(text: str) -> None:
    encoding = sys.stdout.encoding or "utf-8"
    try:
        if text:
            print(text.encode(encoding, "backslashreplace").decode(encoding), flush=True)
    except BrokenPipeError:  # whoever reads has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
