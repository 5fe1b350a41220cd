"""No path through the application ends in a screen without a way back, a traceback, or a row that does not fit."""

from contextlib import suppress
from pathlib import Path

import pytest
from rich.cells import cell_len

from jobseal_device.ui import words
from jobseal_device.ui.layout import Size
from jobseal_device.ui.pages import SCREENS
from tests.device.ui.crawl import crawl, way_out
from tests.device.ui.gallery import PLACES, morning
from tests.device.ui.hand import Hand

SEEDS, PRESSES = 6, 90
SEEN: set[str] = set()
SIZES = (Size(40, 13), Size(53, 20), Size(80, 24))


def judge(hand: Hand) -> None:
    rows = hand.rows()
    assert hand.navigator.trouble is None, hand.navigator.trouble
    assert len(rows) == hand.size.rows - 1, hand.text()
    assert all(cell_len(row) <= hand.size.columns for row in rows), hand.text()
    assert all(row.isprintable() for row in rows), rows
    assert hand.navigator.message, hand.at


@pytest.mark.parametrize("seed", range(SEEDS))
def test_every_key_on_every_screen_leads_somewhere_and_f3_back(tmp_path: Path, seed: int) -> None:
    hand = morning(tmp_path, SIZES[seed % 3])
    try:
        for place in list(PLACES.values())[seed::SEEDS]:
            words.use("en")
            if hand.desk.technician is None:
                hand.log_in()
            with suppress(AssertionError):  # the crawler may have signed what leads elsewhere
                place(hand)
            SEEN.add(hand.at)
            words.use(list(words.LANGUAGES)[seed % 3])
            SEEN.update(crawl(hand, seed, PRESSES, judge))
            assert way_out(hand), hand.text()
        before = hand.kinds()
        hand.save()
        hand.crash()
        judge(hand)
        assert way_out(hand)
        assert hand.kinds() == before
    finally:
        hand.close()
        words.use("en")


def test_the_crawler_was_on_every_screen() -> None:
    assert set(SCREENS) == SEEN
