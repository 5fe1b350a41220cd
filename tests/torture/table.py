"""The table at the end: what ran, what was found, how fast, what was not run and why.

The bound beside a sampled row is the rule of three: n clean seeds say that fewer than 3/n of all seeds fail, at 95 %,
under that fault model and no other. A row with findings, or of which not all ran, has no bound.
"""

from collections.abc import Sequence

from tests.torture.driver import Run
from tests.torture.plan import Place

TITLES = ("campaign", "ran", "of", "findings", "per s", "time", "bound", "figures")


def table(places: Sequence[Place], runs: Sequence[Run]) -> str:
    """One line a row, columns aligned; then the findings' count and what was not run."""
    by_name = {run.place.row.name: run for run in runs}
    lines = [TITLES]
    for place in places:
        run = by_name.get(place.row.name)
        lines.append(_line(run) if run else (place.row.name, "not run", "", "", "", "", "", place.why))
    widths = [max(len(line[n]) for line in lines) for n in range(len(TITLES))]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


def bound(clean: int) -> str:
    """What so many clean seeds support."""
    return f"< {3 / clean:.1e}"


def _line(run: Run) -> tuple[str, ...]:
    total, seconds = run.progress.total(), run.progress.seconds()
    clean = run.place.row.sampled and not total.findings and total.ran > 0
    figures = ", ".join(f"{name} {value:,}" for name, value in sorted(total.figures.items()))
    return (
        run.place.row.name,
        f"{total.ran:,}",
        f"{run.units:,}",
        str(len(total.findings)),
        f"{total.ran / seconds:,.1f}" if seconds else "",
        f"{seconds:,.0f} s",
        bound(total.ran) if clean else "",
        figures,
    )
