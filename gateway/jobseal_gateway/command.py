"""``jobseal-gateway``: the operator's command.

Exit codes: 0 done; 1 refused, with a sentence on standard error (with ``--json`` also an object on standard output);
2 a wrong command line.
"""

import argparse
import json
import os
import sys

from jobseal.errors import JobsealError
from jobseal_gateway.commands import (
    enrolling,
    evidence,
    office,
    orders,
    prices,
    quarantine,
    running,
    status,
    technicians,
)
from jobseal_gateway.commands.answer import Answer
from jobseal_gateway.commands.options import home_of, shared
from jobseal_gateway.errors import InputRefused

REFUSED = 1
ROOMS = (running, enrolling, technicians, orders, prices, status, evidence, quarantine, office)


def main(arguments: list[str] | None = None) -> int:
    """The command line's entry point; returns the exit code."""
    given = _parser().parse_args(arguments)
    given.home = getattr(given, "home", None) or home_of(os.environ)
    given.json = getattr(given, "json", False)
    try:
        answer: Answer = given.run(given)
    except JobsealError as error:
        return _refused(error, given)
    _print(json.dumps(answer.data, ensure_ascii=False) if given.json else answer.text)
    return answer.status


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
