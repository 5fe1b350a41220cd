"""A mutant: a known mistake as a few replacements of text, what shows it, and the checks that may catch it.

Each text must stand there exactly once, so a mutant whose place has changed fails loudly instead of testing nothing.
"""

from pathlib import Path
from typing import NamedTuple

Edit = tuple[str, str, str]  # file below the root, what stands there, what the mistake makes of it
SIMULATION = "simulation"


class Mutant(NamedTuple):
    """``shown_by``: a sentinel, or the simulation; ``caught_by``: the names of the checks that are about this mistake.

    For the simulation: ``wanted`` faults provoke it whatever a seed draws, ``seed`` is the one to begin with.
    """

    name: str
    edits: tuple[Edit, ...]
    shown_by: str
    caught_by: tuple[str, ...]
    wanted: tuple[str, ...] = ()
    seed: int = 0


def plant(mutant: Mutant, root: Path) -> None:
    """Apply its edits below this folder; the files may be links to others, which stay as they are.

    Raises ``LookupError`` if a text is not there exactly once.
    """
    for name, before, after in mutant.edits:
        path = root / name
        text = path.read_text()
        if text.count(before) != 1:
            raise LookupError(f"{mutant.name}: {name} has {text.count(before)} times: {before!r}")
        path.unlink()
        path.write_text(text.replace(before, after))
