"""Every screen looks as it did, at three sizes, in both themes, in 16 colours and none; small ones in each language."""

import pytest
from rich.cells import cell_len
from rich.color import ColorSystem

from jobseal_device.ui import page, theme
from jobseal_device.ui.layout import Size
from tests.device.ui import snapshots

AGAIN = "If that is meant: python -m tests.device.ui.snapshots"


@pytest.mark.parametrize("size", snapshots.SIZES)
def test_every_screen_looks_as_it_did(size: Size) -> None:
    name = f"{size.columns}x{size.rows}-en.txt"
    assert snapshots.screens(size, "en") == (snapshots.FOLDER / name).read_text(), AGAIN


@pytest.mark.parametrize("language", snapshots.LANGUAGES[1:])
def test_every_screen_looks_as_it_did_in_other_languages(language: str) -> None:
    assert (
        snapshots.screens(snapshots.SIZES[0], language) == (snapshots.FOLDER / f"40x13-{language}.txt").read_text()
    ), AGAIN


def test_the_themes_look_as_they_did() -> None:
    assert snapshots.themes() == (snapshots.FOLDER / "themes.txt").read_text(), AGAIN


@pytest.mark.parametrize("name", theme.THEMES)
def test_tones_that_matter_differ_by_more_than_their_colour(name: str) -> None:
    looks = {
        tone: snapshots._codes(style.without_color, ColorSystem.STANDARD) for tone, style in theme.styles(name).items()
    }
    states = [looks[tone] for tone in (page.DRAFT, page.SIGNED, page.SENT, page.ACKED)]
    assert len(set(states)) == 4
    assert looks[page.STRUCK] != looks[page.PLAIN] != looks[page.BAD]
    plain = {tone: snapshots._codes(style, ColorSystem.STANDARD) for tone, style in theme.colourless().items()}
    assert plain[page.CHOSEN] != plain[page.PLAIN]
    assert not any(
        code in codes.split(";") for codes in plain.values() for code in ("30", "37", "40", "47", "97", "107")
    )


@pytest.mark.parametrize("size", snapshots.SIZES)
def test_snapshots_are_as_wide_as_the_screen(size: Size) -> None:
    text = (snapshots.FOLDER / f"{size.columns}x{size.rows}-en.txt").read_text()
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len(rows) >= 40 * size.rows
    assert all(cell_len(row[1 : row.rindex("|")]) == size.columns for row in rows)
