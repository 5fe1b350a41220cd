"""The pictures of ``docs/screen.md``: ``python -m tests.device.ui.pictures`` paints screens of the gallery as SVG."""

import sys
import tempfile
from pathlib import Path
from xml.sax.saxutils import escape

from rich.cells import cell_len
from rich.color import Color
from rich.style import Style

from jobseal_device.ui import theme
from jobseal_device.ui.layout import Row, Size
from tests.device.ui.gallery import PLACES, morning
from tests.device.ui.snapshots import rows_of

FOLDER = Path(__file__).parents[3] / "docs" / "screen"
CELL = (9, 18)
SHOWN = (
    ("today", Size(40, 13), theme.DARK),
    ("job, at work", Size(40, 13), theme.DARK),
    ("parts", Size(40, 13), theme.DARK),
    ("form, wrong", Size(40, 13), theme.DARK),
    ("complete", Size(40, 13), theme.LIGHT),
    ("sign-off, strokes", Size(40, 13), theme.LIGHT),
    ("event, corrected", Size(40, 13), theme.LIGHT),
    ("proof", Size(40, 13), theme.DARK),
    ("outbox", Size(53, 20), theme.DARK),
    ("job, at work", Size(80, 24), theme.DARK),
    ("today", Size(80, 24), theme.LIGHT),
)


def svg(rows: list[Row], size: Size, name: str) -> str:
    """The screen as a picture that needs no font but any monospaced one."""
    width, height = CELL
    styles, out = theme.styles(name), []
    for y, row in enumerate(rows):
        x = 0
        for text, tone in row.parts:
            out += _part(text, x, y, styles[tone])
            x += cell_len(text)
    box = f'viewBox="0 0 {size.columns * width} {size.rows * height}"'
    style = "font-family:monospace;font-size:15px;white-space:pre"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {box} width="{size.columns * width}" style="{style}">'
    paper = f'<rect width="100%" height="100%" fill="{theme.background(name)}"/>'
    return "\n".join([head, paper, *out, "</svg>", ""])


def _part(text: str, x: int, y: int, style: Style) -> list[str]:
    width, height = CELL
    ink, paper = (_hex(style.color), _hex(style.bgcolor))
    wide = cell_len(text)
    place = f'x="{x * width}" y="{y * height}" width="{wide * width}" height="{height}"'
    out = [f'<rect {place} fill="{paper}"/>']
    lines = [name for name, on in (("underline", style.underline), ("line-through", style.strike)) if on]
    marks = (' font-weight="bold"' if style.bold else "") + (f' text-decoration="{" ".join(lines)}"' if lines else "")
    for column, character in enumerate(text):
        if character in "█▀▄":
            top, tall = (0 if character != "▄" else height // 2), (height if character == "█" else height // 2)
            spot = f'x="{(x + column) * width}" y="{y * height + top}" width="{width}" height="{tall}"'
            out.append(f'<rect {spot} fill="{ink}"/>')
    plain = "".join(" " if character in "█▀▄" else character for character in text).rstrip()
    if plain:
        length = f'textLength="{cell_len(plain) * width}" lengthAdjust="spacingAndGlyphs"'
        at = f'x="{x * width}" y="{y * height + 14}"'
        out.append(f'<text {at} {length} xml:space="preserve" fill="{ink}"{marks}>{escape(plain)}</text>')
    return out


def _hex(color: object) -> str:
    assert isinstance(color, Color)
    assert color.triplet is not None
    return color.triplet.hex


def files() -> dict[str, str]:
    """Contents by file name."""
    made = {}
    for place, size, name in SHOWN:
        with tempfile.TemporaryDirectory() as folder:
            hand = morning(Path(folder), size)
            PLACES[place](hand)
            title = place.replace(", ", "-").replace(" ", "-")
            made[f"{title}-{size.columns}x{size.rows}.svg"] = svg(rows_of(hand), size, name)
            hand.close()
    return made


def main() -> int:
    FOLDER.mkdir(exist_ok=True)
    for name, text in files().items():
        (FOLDER / name).write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
