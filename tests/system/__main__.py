"""The command: ``python -m tests.system simulate`` runs seeds, each twice; ``mutants`` shows that the checks can see.

A failing seed is shrunk by leaving out kinds of faults, and the line that replays it is printed.
"""

import argparse
import sys
import time

from tests.system.faults import KINDS
from tests.system.ground import Ground
from tests.system.simulation import LARGE, SMALL, Result, Size, run

REAL_EVERY = 100  # one seed in so many runs with real crypto

SIZES = {"small": SMALL, "large": LARGE}


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
    planted = commands.add_parser("mutants", help="plant every known defect and say which check caught it")
    planted.add_argument("names", nargs="*", help="only these")
    said = parser.parse_args(arguments)
    if said.command == "mutants":
        from tests.system import mutants

        return mutants.main(said.names)
    return _simulate(said)


def _simulate(said: argparse.Namespace) -> int:
    left_out = frozenset(kind for kind in said.without.split(",") if kind)
    size = SIZES[said.size]
    grounds = {is_real: Ground(size.handhelds, is_real) for is_real in (False, True)}
    began = time.monotonic()
    failed = events = records = 0
    happened: dict[str, int] = {}
    try:
        for seed in range(said.first, said.first + said.seeds):
            is_real = said.real or seed % REAL_EVERY == REAL_EVERY - 1
            result = twice(grounds[is_real], seed, size, left_out)
            events, records = events + result.events, records + result.records
            for kind, count in result.happened.items():
                happened[kind] = happened.get(kind, 0) + count
            if said.trace:
                print("\n".join(result.trace))
            if result.violations:
                failed += 1
                tell(result, shrink(grounds[is_real], result, size, left_out), said.size, is_real)
    finally:
        for ground in grounds.values():
            ground.close()
    took_s = time.monotonic() - began
    print("faults: " + ", ".join(f"{kind} {happened.get(kind, 0)}" for kind in KINDS))
    print(f"{said.seeds} seeds ({said.size}), {failed} failed; {events} events, {records} records; {took_s:.0f} s")
    return 1 if failed else 0


def twice(ground: Ground, seed: int, size: Size = SMALL, left_out: frozenset[str] = frozenset()) -> Result:
    """The run of a seed, which must come out the same again; it is a violation if it does not."""
    first, again = run(ground, seed, size, left_out), run(ground, seed, size, left_out)
    if first.hash != again.hash:
        place = next((n for n, (a, b) in enumerate(zip(first.trace, again.trace, strict=False)) if a != b), -1)
        first.violations.append(("not_repeatable", f"the traces part at line {place}: {first.trace[place]}"))
    return first


def shrink(ground: Ground, failing: Result, size: Size, left_out: frozenset[str]) -> frozenset[str]:
    """As many kinds of faults left out as the same check still fails without."""
    name = failing.violations[0][0]
    for kind in KINDS:
        if kind in left_out or kind not in failing.happened:
            continue
        fewer = left_out | {kind}
        if name in {check for check, _ in run(ground, failing.seed, size, fewer).violations}:
            left_out = fewer
    return left_out


def tell(failing: Result, left_out: frozenset[str], size: str, is_real: bool) -> None:
    """What failed, and the one line that shows it again."""
    for check, sentence in failing.violations[:5]:
        print(f"seed {failing.seed}: {check}: {sentence}")
    options = f" --without {','.join(sorted(left_out))}" if left_out else ""
    options += " --real" if is_real else ""
    print(
        f"  .venv/bin/python -m tests.system simulate --first {failing.seed} --seeds 1 --size {size} --trace{options}"
    )


if __name__ == "__main__":
    sys.exit(main())
