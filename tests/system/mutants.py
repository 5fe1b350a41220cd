"""Mutants: known mistakes, planted one at a time in a copy of the source, to show that the checks can see.

A mutant counts as caught only by a check that is named for it, and only if nothing speaks without the mutant.
"""

import sys
import time

from tests.system import (
    mutants_callers,
    mutants_device,
    mutants_gateway,
    mutants_identity,
    mutants_keys,
    mutants_lines,
    mutants_protocol,
    mutants_terms,
    mutants_turns,
)
from tests.system.mutant import Mutant
from tests.system.mutant_run import Hunt

MUTANTS: tuple[Mutant, ...] = (
    *(*mutants_protocol.MUTANTS, *mutants_device.MUTANTS),
    *(*mutants_gateway.MUTANTS, *mutants_callers.MUTANTS, *mutants_terms.MUTANTS, *mutants_keys.MUTANTS),
    *(*mutants_identity.MUTANTS, *mutants_lines.MUTANTS, *mutants_turns.MUTANTS),
)


def main(names: list[str] | None = None) -> int:
    """Run all of them, or these, and print a line for each; 1 if any survived."""
    unknown = set(names or ()) - {mutant.name for mutant in MUTANTS}
    if unknown:
        print(f"no mutant is called {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    began, survived, hunted = time.monotonic(), [], 0
    with Hunt() as hunt:
        for mutant in MUTANTS:
            if names and mutant.name not in names:
                continue
            hunted += 1
            check, words, seed = hunt.hunt(mutant)
            where = mutant.shown_by if seed < 0 else f"{mutant.shown_by} seed {seed}"
            print(f"{mutant.name:32} {where:24} {check or 'SURVIVED'}: {words}", flush=True)
            if not check:
                survived.append(mutant.name)
    said = ": " + ", ".join(survived) if survived else ""
    print(f"{hunted} mutants, {len(survived)} survived{said}; {time.monotonic() - began:.0f} s")
    return 1 if survived else 0
