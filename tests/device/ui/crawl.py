"""A crawler: presses every key on every screen that it can get to, by a seed.

It sees pages as data, so a screen that is new tomorrow is crawled without a line of its own.
"""

import random
from collections.abc import Callable

from tests.device.ui.hand import Hand

KEYS = ("F1", "F2", "F3", "F4", "F6", "F7", "Enter", *"0123456789")
TEXTS = ("t-11", "FLT-10", "4.5", "\u202e\x1b[2J", "\U0001f600" * 30, "x" * 300, "-1", "@/etc/passwd", "0", "12:30")
SCANS = ("WO-1001", "S-102", "FLT-10", "UNKNOWN-9", "X" * 4096, "\x1d01\x1d", "\u05e9\u05dc\u05d5\u05dd-12")
BACK_MOST = 40


def crawl(hand: Hand, seed: int, presses: int, looked: Callable[[Hand], None]) -> set[str]:
    """The screens that were seen; ``looked`` judges each of them."""
    source, seen = random.Random(seed), set()
    for _each in range(presses):
        seen.add(hand.at)
        what = source.random()
        if what < 0.45:
            hand.press(source.choice(KEYS))
        elif what < 0.52:
            hand.scan(source.choice(SCANS))
        elif what < 0.60:
            hand.navigator.type(source.choice(TEXTS))
        elif what < 0.96 and hand.navigator.page.choices:
            hand.navigator.choose(source.randrange(len(hand.navigator.page.choices)))
        else:
            hand.clock.sleep(source.choice((1, 60, 3600)))
            hand.navigator.tick()
            hand.navigator.refresh()
        hand.navigator.is_over = False
        looked(hand)
    return seen


def way_out(hand: Hand) -> bool:
    """Whether F3, pressed often enough, leads to the first screen."""
    for _each in range(BACK_MOST):
        if len(hand.navigator.frames) == 1:
            return True
        hand.press("F3")
    return False
