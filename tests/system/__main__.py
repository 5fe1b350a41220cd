"""The command: ``python -m tests.system simulate`` runs seeds, each twice; ``mutants`` shows that the checks can see.

A failing seed is shrunk by leaving out kinds of faults, and the line that replays it is printed.
"""

import argparse
import logging
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import NamedTuple

from tests.system.faults import KINDS, LATER_KINDS
from tests.system.seeds import SIZES, grounds, is_real, replay, shrink, twice

AT_ONCE = 25  # seeds that one worker is given at a time


class Done(NamedTuple):
    """What some seeds came to. ``failed``: what is to be said of each that failed."""

    seeds: int
    events: int
    records: int
    happened: Counter[str]
    failed: list[str]


class Asked(NamedTuple):
    """Seeds to run, and how."""

    first: int
    count: int
    size: str
    left_out: frozenset[str]
    real: bool
    trace: bool


def main(arguments: list[str] | None = None) -> int:
    """0 if everything held."""
    parser = argparse.ArgumentParser(prog="python -m tests.system", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    simulate = commands.add_parser("simulate", help="run seeds")
    simulate.add_argument("--seeds", type=int, default=100, help="how many")
    simulate.add_argument("--first", type=int, default=0, help="the first of them")
    simulate.add_argument("--size", choices=SIZES, default="small")
    simulate.add_argument("--without", default="", help="kinds of faults to leave out, with commas")
    simulate.add_argument("--real", action="store_true", help="real crypto on every seed")
    simulate.add_argument("--trace", action="store_true", help="print what happened")
    simulate.add_argument("--workers", type=int, default=1, help="processes, one for each core that may be used")
    planted = commands.add_parser("mutants", help="plant every known defect and say which check caught it")
    planted.add_argument("names", nargs="*", help="only these")
    said = parser.parse_args(arguments)
    if said.command == "mutants":
        from tests.system import mutants

        return mutants.main(said.names)
    return _simulate(said)


def _simulate(said: argparse.Namespace) -> int:
    left_out = frozenset(kind for kind in said.without.split(",") if kind)
    end = said.first + said.seeds
    parts = [
        Asked(first, min(AT_ONCE, end - first), said.size, left_out, said.real, said.trace)
        for first in range(said.first, end, AT_ONCE)
    ]
    began = time.monotonic()
    total = Done(0, 0, 0, Counter(), [])
    for part in _each(parts, said.workers):
        total = Done(
            total.seeds + part.seeds, total.events + part.events, total.records + part.records,
            total.happened + part.happened, total.failed + part.failed,
        )  # fmt: skip
        for line in part.failed:
            print(line, flush=True)
    took_s = time.monotonic() - began
    print("faults: " + ", ".join(f"{kind} {total.happened[kind]}" for kind in (*KINDS, *LATER_KINDS)))
    print(
        f"{total.seeds} seeds ({said.size}), each twice, {len(total.failed)} failed; {total.events} events,"
        f" {total.records} records; {took_s:.0f} s, {total.seeds / took_s:.2f} seeds a second on {said.workers}"
    )
    return 1 if total.failed else 0


def _each(parts: list[Asked], workers: int) -> Iterator[Done]:
    if workers < 2:
        yield from map(_run, parts)
        return
    with ProcessPoolExecutor(workers) as pool:
        yield from pool.map(_run, parts)


def _run(asked: Asked) -> Done:
    logging.disable()  # what ingest and projector log of planted faults
    size = SIZES[asked.size]
    done = Done(asked.count, 0, 0, Counter(), [])
    with grounds(size) as made:
        for seed in range(asked.first, asked.first + asked.count):
            real = asked.real or is_real(seed)
            try:
                result = twice(made.of(real), seed, size, asked.left_out)
            except Exception as crash:
                line = replay(seed, size, asked.left_out, real)
                done.failed.append(f"seed {seed}: crashed: {crash!r}\n  {line}")
                continue
            if asked.trace:
                print("\n".join(result.trace))
            done.happened.update(result.happened)
            done = done._replace(events=done.events + result.events, records=done.records + result.records)
            if result.violations:
                fewer = shrink(made.of(real), result, size, asked.left_out)
                said = [f"seed {seed}: {check}: {sentence}" for check, sentence in result.violations[:5]]
                done.failed.append("\n".join([*said, "  " + replay(seed, size, fewer, real)]))
    return done


if __name__ == "__main__":
    sys.exit(main())
