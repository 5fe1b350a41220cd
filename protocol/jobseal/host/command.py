"""The ``jobseal`` command, for anybody who holds evidence: verify it and look inside. Offline; it needs no gateway.

Exit codes of ``verify``: 0 everything holds, 1 something is wrong, 2 it could not be checked, 3 consistent but
untrusted, 4 a fork proof that holds. ``inspect``: 0, or 2 if the file cannot be read or the folder not be written.
"""

import argparse
import json
import os
import sys
from pathlib import Path

from jobseal import fingerprint
from jobseal.bundle import Bundle
from jobseal.errors import OPERATOR, JobsealError
from jobseal.host import extract, inspect, reading, verify
from jobseal.host.readable import printable

EXIT_COULD_NOT = 2


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    options = _parser().parse_args(arguments)
    try:
        return _verify(options) if options.command == "verify" else _inspect(options)
    except JobsealError as problem:
        print(f"jobseal: {printable(problem.sentence)} ({problem.code})", file=sys.stderr)
        return EXIT_COULD_NOT


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="jobseal", description="Verify evidence of field work, and look inside it.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    one = commands.add_parser("verify", help="check everything in a bundle; name the first thing that is wrong")
    one.add_argument("bundle", metavar="BUNDLE", help="a bundle or fork proof; - for standard input")
    one.add_argument("--trust", metavar="FINGERPRINT", help="root key that you trust, 64 hex digits")
    one.add_argument("--rotations", metavar="FILE", help="how that root came from earlier ones, for older bundles")
    one.add_argument("--json", action="store_true", help="findings as JSON")
    one.epilog = (
        "Exit codes: 0 all holds, 1 wrong, 2 could not be checked, 3 consistent but untrusted, 4 a fork is proven."
    )
    two = commands.add_parser("inspect", help="show what a bundle or a signed statement says; nothing is verified")
    two.add_argument("file", metavar="FILE", help="a bundle or one signed statement; - for standard input")
    two.add_argument("--extract", metavar="DIR", type=Path, help="write a bundle's contents into this new folder")
    two.add_argument("--json", action="store_true", help="contents as JSON")
    return parser


def _verify(options: argparse.Namespace) -> int:
    trusted = None if options.trust is None else fingerprint.from_text(options.trust)
    rotations = None if options.rotations is None else verify.rotations_in(reading.read(options.rotations))
    found = verify.findings(reading.read(options.bundle), trusted, rotations)
    _print(verify.as_json(found) if options.json else verify.as_text(found))
    return verify.exit_code(found)


def _inspect(options: argparse.Namespace) -> int:
    found = reading.parse(reading.read(options.file))
    if options.extract is not None:
        if not isinstance(found, Bundle):
            raise JobsealError("no_bundle", "only a bundle can be extracted, and this is one statement", OPERATOR)
        written = extract.extract(found, options.extract)
        print(f"{len(written)} files written to {options.extract}", file=sys.stderr)
    _print(inspect.as_json(found) if options.json else inspect.as_text(found))
    return 0


def _print(content: object) -> None:
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False, indent=2)
    encoding = sys.stdout.encoding
    try:
        print(text.encode(encoding, "backslashreplace").decode(encoding), flush=True)
    except BrokenPipeError:  # whoever reads has seen enough; the exit code still says it all
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
