"""The simulation's two campaigns: a unit is a seed, run twice, with real crypto on every hundredth."""

import logging

from tests.system.seeds import SIZES, grounds, is_real, replay, shrink, twice
from tests.torture.campaign import Finding, Tally

FIGURES = ("lost", "forged", "billed_twice")
_FIGURE_OF = {
    "committed_lost": "lost",
    "acknowledged_missing": "lost",
    "forged_accepted": "forged",
    "billed_twice": "billed_twice",
}


class Seeds:
    """Seeds of one size; a number is a seed."""

    alone = False

    def __init__(self, name: str, size: str, quick: int, release: int, slice: int) -> None:
        self.name = name
        self.quick = quick
        self.release: int | None = release
        self.slice = slice
        self._size = SIZES[size]

    def units(self) -> int | None:
        """There is no end to them."""
        return None

    def missing(self) -> str | None:
        """It runs wherever the tests run."""
        return None

    def run(self, first: int, count: int) -> Tally:
        """Seeds ``first`` to ``first + count - 1``."""
        logging.disable()  # what production logs of planted faults
        tally = Tally(0, [], {"events": 0, "records": 0, "faults": 0, **dict.fromkeys(FIGURES, 0)})
        with grounds(self._size) as made:
            for seed in range(first, first + count):
                ground = made.of(is_real(seed))
                result = twice(ground, seed, self._size)
                tally.ran += 1
                tally.figures["events"] += result.events
                tally.figures["records"] += result.records
                tally.figures["faults"] += sum(result.happened.values())
                for check, _ in result.violations:
                    if check in _FIGURE_OF:
                        tally.figures[_FIGURE_OF[check]] += 1
                if result.violations:
                    check, words = result.violations[0]
                    fewer = shrink(ground, result, self._size, frozenset())
                    line = replay(seed, self._size, fewer, is_real(seed))
                    tally.findings.append(Finding(f"seed {seed}", check, words, line))
        return tally


CAMPAIGNS = (
    Seeds("simulation seeds", "small", 1_000, 100_000, 50),
    Seeds("simulation seeds, large", "large", 50, 5_000, 5),
)
