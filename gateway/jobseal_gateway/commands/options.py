"""The options that every command has, before or behind its name, and what they are when nobody says them."""

import argparse
import getpass
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from jobseal_gateway.commands.answer import Answer

HOME_VARIABLE = "JOBSEAL_GATEWAY_HOME"
HOME_DEFAULT = "jobseal-gateway"

Run = Callable[[argparse.Namespace], Answer]
Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def shared() -> argparse.ArgumentParser:
    """A parent of all parsers. It has no defaults: those of a command would hide what was said before its name."""
    parser = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    parser.add_argument("--home", type=Path, metavar="DIR", help=f"the gateway's folder (${HOME_VARIABLE})")
    parser.add_argument("--json", action="store_true", help="answer with one JSON object")
    return parser


def command(commands: Commands, name: str, help: str, run: Run, **more: Any) -> argparse.ArgumentParser:
    """Add a command that changes something, for the audit log, and give back its parser, for what it takes."""
    parser = commands.add_parser(name, help=help, description=help, parents=[shared()], **more)
    parser.set_defaults(run=run, audited=parser.prog.partition(" ")[2])
    return parser


def looking(commands: Commands, name: str, help: str, run: Run, **more: Any) -> argparse.ArgumentParser:
    """Add a command that only shows something, as ``command`` does."""
    parser = command(commands, name, help, run, **more)
    parser.set_defaults(audited="")
    return parser


def group(commands: Commands, name: str, help: str, run: Run | None = None) -> Commands:
    """Add a command that has commands of its own; ``run`` is what it does without one, None if it needs one."""
    parser = commands.add_parser(name, help=help, description=help, parents=[shared()])
    parser.set_defaults(run=run)
    return parser.add_subparsers(required=run is None, metavar="COMMAND")


def operator(parser: argparse.ArgumentParser) -> None:
    """``--operator``: who does this, for the log."""
    parser.add_argument("--operator", default=user(), metavar="NAME", help="who does this (default: your user name)")


def home_of(environment: Mapping[str, str]) -> Path:
    """The gateway's folder when the command line does not say it."""
    return Path(environment.get(HOME_VARIABLE) or HOME_DEFAULT)


def user() -> str:
    """The user name of whoever runs the command."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid-{os.getuid()}"
