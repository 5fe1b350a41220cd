"""What every screen looks like, as text: rows, and beside each the tones of its parts.

``python -m tests.device.ui.snapshots`` writes ``tests/device/ui/snapshots/*.txt`` anew; a test compares. The themes
have a file of their own: what each tone becomes in both themes, in 16 colours and in none. A row is painted by its
tones and nothing else, so the two together are every screen in every theme.
"""

import sys
import tempfile
from pathlib import Path

from rich.color import ColorSystem
from rich.style import Style

from jobseal_device.ui import page, theme, words
from jobseal_device.ui.layout import Row, Size, keys, title
from jobseal_device.ui.status import CONNECTED, TRUSTED, Standing
from jobseal_device.ui.status import row as status_row
from tests.device.ui.gallery import PLACES, morning
from tests.device.ui.hand import Hand

FOLDER = Path(__file__).parent / "snapshots"
SIZES = (Size(40, 13), Size(53, 20), Size(80, 24))
LANGUAGES = ("en", "de", "es")
_LETTERS = dict(zip(page.TONES, "abcdefghijklmnopqrs", strict=True))
_DEPTHS = {"16 colours": ColorSystem.STANDARD, "all colours": ColorSystem.TRUECOLOR}


def rows_of(hand: Hand) -> list[Row]:
    """The whole screen as the application paints it."""
    standing = Standing(hand.clock.wall_ms(), TRUSTED, hand.desk.signed - hand.desk.acknowledged, CONNECTED, 83)
    made = hand.navigator.screenful()
    top = status_row(standing, hand.size)
    if made.is_full:
        return [top, *made.body]
    shown = hand.navigator.page
    return [top, title(shown, hand.size), *made.body, *hand.navigator.said(), keys(shown, hand.size)]


def picture(hand: Hand) -> str:
    """Rows, each with the letters of its tones at the right."""
    lines = []
    for row in rows_of(hand):
        text = "".join(part for part, _tone in row.parts)
        tones = "".join(f"{_LETTERS[tone]}{len(part)}" for part, tone in row.parts if part)
        lines.append(f"|{text.ljust(hand.size.columns)}|{tones}")
    return "\n".join(lines)


def screens(size: Size, language: str) -> str:
    """Every screen at one size."""
    out = []
    for name, lead in PLACES.items():
        with tempfile.TemporaryDirectory() as folder:
            hand = morning(Path(folder), size)
            lead(hand)
            words.use(language)
            hand.navigator.refresh()
            out.append(f"{name}\n{picture(hand)}\n")
            hand.close()
            words.use("en")
    return "\n".join(out)


def themes() -> str:
    """What each tone is written with."""
    lines = []
    for name in theme.THEMES:
        for depth, system in _DEPTHS.items():
            lines.append(f"{name}, {depth}")
            lines += [
                f"  {_LETTERS[tone]} {tone}: {_codes(style, system)}" for tone, style in theme.styles(name).items()
            ]
    lines.append("no colour")
    colourless = theme.colourless().items()
    lines += [f"  {_LETTERS[tone]} {tone}: {_codes(style, ColorSystem.STANDARD)}" for tone, style in colourless]
    return "\n".join(lines) + "\n"


def _codes(style: Style, system: ColorSystem) -> str:
    return style.render("x", color_system=system).partition("m")[0].removeprefix("\x1b[") if style else ""


def files() -> dict[str, str]:
    """Contents by file name."""
    made = {f"{size.columns}x{size.rows}-en.txt": screens(size, "en") for size in SIZES}
    made |= {f"40x13-{language}.txt": screens(SIZES[0], language) for language in LANGUAGES[1:]}
    return made | {"themes.txt": themes()}


def main() -> int:
    FOLDER.mkdir(exist_ok=True)
    for name, text in files().items():
        (FOLDER / name).write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
