"""What happens in a child: run what shows a mutant, and say which check spoke first.

Checks that are not named for the mutant are passed over; a crash names no check, so it is no catch.
"""

import logging
from pathlib import Path

from tests.system import sentinels
from tests.system.mutant import SIMULATION, Mutant

SEEDS = 25  # tried for each before it counts as survived

Look = tuple[str, str, int]  # check, words, seed


def look(mutant: Mutant, folder: Path, is_control: bool) -> Look:
    """The first check that speaks, its words and the seed; no check if none does. As a control: any check."""
    logging.disable()
    if mutant.shown_by == SIMULATION:
        return _simulated(mutant, is_control)
    folder.mkdir()
    for check, words in sentinels.find(mutant.shown_by)(folder):
        if is_control or check in mutant.caught_by:
            return check, words, -1
    return "", "no check spoke", -1


def _simulated(mutant: Mutant, is_control: bool) -> Look:
    from tests.system.ground import Ground  # no sentinel needs them
    from tests.system.simulation import SMALL, run

    ground = Ground(SMALL.handhelds)
    crash = ""
    try:
        for seed in [mutant.seed] if is_control else range(mutant.seed, mutant.seed + SEEDS):
            try:
                found = run(ground, seed, SMALL, frozenset(), frozenset(mutant.wanted)).violations
            except Exception as error:  # a mutant may break anything
                crash = f"; seed {seed} crashed: {error!r}"
                continue
            for check, words in found:
                if is_control or check in mutant.caught_by:
                    return check, words, seed
    finally:
        ground.close()
    return "", "no check spoke" + crash, -1
