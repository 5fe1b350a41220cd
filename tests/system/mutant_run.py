"""The process in which one mutant lives: seeds until one of the expected checks speaks, or none does."""

import json
import logging
import sys

import jobseal
import jobseal_device
import jobseal_gateway
from tests.system.ground import Ground
from tests.system.mutants import SEEDS
from tests.system.simulation import SMALL, run


def main(asked: str, folder: str) -> int:
    """Prints the check, the seed and the sentence; 0 if it was caught, 1 if it survived."""
    for package in (jobseal, jobseal_device, jobseal_gateway):
        assert str(package.__file__).startswith(folder), "the mutant is not what was imported"
    logging.disable()
    caught_by, wanted = json.loads(asked)
    ground = Ground(SMALL.handhelds)
    try:
        for seed in range(SEEDS):
            try:
                found = run(ground, seed, SMALL, frozenset(), frozenset(wanted)).violations
            except Exception as crash:  # a mutant may break anything; a crash names no check, so it is no catch
                print(f"seed {seed} crashed: {crash!r}", file=sys.stderr)
                continue
            for check, sentence in found:
                if check in caught_by:
                    print(f"{check} (seed {seed}): {sentence}")
                    return 0
    finally:
        ground.close()
    return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
