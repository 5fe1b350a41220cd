"""Runs one target, or one input again: see the package."""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.torture.fuzz import addresses, plan
from tests.torture.fuzz.engine import Order, fuzz, why_unguided


def main() -> int:
    """0 if everything held."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture.fuzz")
    commands = parser.add_subparsers(required=True)
    running = commands.add_parser("run", help="feed a target; what came of it goes to FOLDER/result.json")
    running.add_argument("target")
    running.add_argument("--runs", type=int, default=10_000)
    running.add_argument("--seed", type=int, default=1)
    running.add_argument("--folder", type=Path)
    running.add_argument("--corpus", type=Path, action="append", default=[])
    running.set_defaults(act=_run)
    replaying = commands.add_parser("replay", help="feed one input, and show what it raises")
    replaying.add_argument("target")
    replaying.add_argument("--hex", type=bytes.fromhex)
    replaying.add_argument("--file", type=Path)
    replaying.set_defaults(act=_replay)
    given = parser.parse_args()
    return int(given.act(given))


def _run(given: argparse.Namespace) -> int:
    addresses.fix()
    folder = given.folder or Path(tempfile.mkdtemp(prefix="jobseal-fuzz-"))
    print(f"{given.target}: {given.runs} executions, {why_unguided() or 'guided by coverage'}; {folder}", flush=True)
    fresh = folder / "fresh"
    fresh.mkdir()
    fuzz(Order(plan.named(given.target), given.seed, given.runs, given.corpus, fresh, folder / "result.json"))
    return 0


def _replay(given: argparse.Namespace) -> int:
    data = given.file.read_bytes() if given.file else given.hex or b""
    plan.target(plan.named(given.target)).run(data)
    print(f"{given.target}: {len(data)} bytes, and everything held")
    return 0


if __name__ == "__main__":
    sys.exit(main())
