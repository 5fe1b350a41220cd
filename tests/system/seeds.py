"""Seeds: each is run twice and must come out the same; a failing one is shrunk, and one line replays what is left.

Every second seed has some kinds of faults whatever it draws, so that rare ones meet as often as others do (swarm
testing, Groce et al., ISSTA 2012): three mistakes that 3,000 seeds without it had missed took 1,200 to find.

Stand-in crypto and a database in memory, but for every hundredth seed: that one runs with Ed25519 and on the production
engine over a real file.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager

from tests.system.faults import KINDS, LATER_KINDS
from tests.system.ground import Ground
from tests.system.simulation import LARGE, SMALL, Result, Size, run

REAL_EVERY = 100  # one seed in so many runs with real crypto
SIZES = {"small": SMALL, "large": LARGE}
WANTED_MOST = 4  # kinds of faults that a seed has whatever it draws


def is_real(seed: int) -> bool:
    """Whether this seed has real crypto by itself."""
    return seed % REAL_EVERY == REAL_EVERY - 1


def wanted(seed: int) -> frozenset[str]:
    """The kinds of faults that this seed has whatever it draws: none, or up to WANTED_MOST."""
    if seed % 2 == 0:
        return frozenset()
    chance = random.Random(f"wanted by {seed}")
    return frozenset(chance.sample([*KINDS, *LATER_KINDS], chance.randint(1, WANTED_MOST)))


@contextmanager
def grounds(size: Size) -> Iterator["Grounds"]:
    """The two grounds that seeds of this size need, each made when it is first asked for."""
    made = Grounds(size)
    try:
        yield made
    finally:
        made.close()


class Grounds:
    """``of(real)``: the ground with real crypto, or with the stand-in."""

    def __init__(self, size: Size) -> None:
        self._size = size
        self._made: dict[bool, Ground] = {}

    def of(self, real: bool) -> Ground:
        if real not in self._made:
            self._made[real] = Ground(self._size.handhelds, real)
        return self._made[real]

    def close(self) -> None:
        for ground in self._made.values():
            ground.close()


def twice(ground: Ground, seed: int, size: Size = SMALL, left_out: frozenset[str] = frozenset()) -> Result:
    """The run of a seed, which must come out the same again; it is a violation if it does not."""
    first, again = run(ground, seed, size, left_out, wanted(seed)), run(ground, seed, size, left_out, wanted(seed))
    if first.hash != again.hash:
        place = next((n for n, (a, b) in enumerate(zip(first.trace, again.trace, strict=False)) if a != b), -1)
        first.violations.append(("not_repeatable", f"the traces part at line {place}: {first.trace[place]}"))
    return first


def shrink(ground: Ground, failing: Result, size: Size, left_out: frozenset[str]) -> frozenset[str]:
    """As many kinds of faults left out as the same check still fails without."""
    name = failing.violations[0][0]
    for kind in (*KINDS, *LATER_KINDS):
        if kind in left_out or kind not in failing.happened:
            continue
        fewer = left_out | {kind}
        if name in {check for check, _ in run(ground, failing.seed, size, fewer, wanted(failing.seed)).violations}:
            left_out = fewer
    return left_out


def replay(seed: int, size: Size, left_out: frozenset[str], real: bool) -> str:
    """The one line that shows a seed again."""
    name = next(name for name, each in SIZES.items() if each == size)
    options = f" --without {','.join(sorted(left_out))}" if left_out else ""
    options += " --real" if real and not is_real(seed) else ""
    return f".venv/bin/python -m tests.system simulate --first {seed} --seeds 1 --size {name} --trace{options}"
