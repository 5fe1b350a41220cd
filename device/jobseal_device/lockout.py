"""What wrong PINs lead to: waits that grow, then a lock that only people lift. Pure; the times are arguments.

A PIN counts as tried from before it is checked, so that cutting the power never wins a try. A wait is told in time
since boot: setting the clock does not shorten it, and a restart makes it begin anew.
"""

from typing import NamedTuple

LOCKED_AFTER = 10
# Seconds to wait after so many wrong PINs in a row; two mistakes are free. In all, nine cost half an hour.
WAITS_S = (0, 0, 0, 5, 15, 30, 60, 120, 300, 900)


class Tries(NamedTuple):
    """``wrong``: in a row; ``boot`` and ``up_ms``: when the last one was."""

    wrong: int
    boot: bytes
    up_ms: int


class Standing(NamedTuple):
    """``wait_s``: before the next try, rounded up, 0 if it may be now; ``left``: tries until it locks, 0 for locked."""

    wait_s: int
    left: int

    @property
    def is_locked(self) -> bool:
        return self.left == 0


def standing(tries: Tries, up_ms: int) -> Standing:
    """What holds at ``up_ms`` of the boot that ``tries`` names."""
    if tries.wrong >= LOCKED_AFTER:
        return Standing(0, 0)
    still_ms = WAITS_S[tries.wrong] * 1000 - (up_ms - tries.up_ms)
    return Standing(max(0, -(-still_ms // 1000)), LOCKED_AFTER - tries.wrong)
