"""Mutants: each known mistake, planted in a copy of the source, must be caught by a check that is named for it."""

from tests.system.mutant_run import Hunt
from tests.system.mutants import MUTANTS
from tests.torture.campaign import Finding, Tally


class Mutants:
    """A unit is a mutant, by its place in the list."""

    name = "mutants caught"
    quick = len(MUTANTS)
    release: int | None = None
    slice = 15
    alone = False

    def units(self) -> int | None:
        return len(MUTANTS)

    def missing(self) -> str | None:
        return None

    def run(self, first: int, count: int) -> Tally:
        """Whichever survives is a finding: a check is missing, or the place of the mistake has changed."""
        tally = Tally(0, figures={"caught": 0, "survived": 0})
        with Hunt() as hunt:
            for mutant in MUTANTS[first : first + count]:
                tally.ran += 1
                check, words, _ = hunt.hunt(mutant)
                tally.figures["caught" if check else "survived"] += 1
                if not check:
                    replay = f"make mutants ONLY={mutant.name}"
                    tally.findings.append(Finding(mutant.name, "mutant_survived", words, replay))
        return tally


CAMPAIGNS = (Mutants(),)
