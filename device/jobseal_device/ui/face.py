"""The face: the one widget of the screen. It paints rows of (text, tone), and says where it was touched."""

from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from jobseal_device.ui.layout import Row
from jobseal_device.ui.page import PLAIN


class Face(Widget):
    """``show(rows)`` replaces everything; only rows that changed are painted again."""

    DEFAULT_CSS = "Face { width: 100%; height: 100%; }"

    class Touched(Message):
        """A press (``is_down``), a move or a release at a cell."""

        def __init__(self, x: int, y: int, what: str) -> None:
            super().__init__()
            self.x = x
            self.y = y
            self.what = what

    def __init__(self, styles: dict[str, Style]) -> None:
        super().__init__()
        self._look = styles
        self._rows: Sequence[Row] = []
        self._strips: list[Strip] = []

    def wear(self, styles: dict[str, Style]) -> None:
        """Another theme."""
        self._look = styles
        rows, self._rows, self._strips = self._rows, [], []
        self.show(rows)
        self.refresh()

    def show(self, rows: Sequence[Row]) -> None:
        """From the top."""
        for y in range(max(len(rows), len(self._rows))):
            if y >= len(rows) or y >= len(self._rows) or rows[y] != self._rows[y]:
                self.refresh(self._line(y))
        self._rows = rows
        self._strips = [Strip([Segment(text, self._look[tone]) for text, tone in row.parts if text]) for row in rows]

    def render_line(self, y: int) -> Strip:
        width, plain = self.size.width, self._look[PLAIN]
        strip = self._strips[y] if y < len(self._strips) else Strip([])
        return strip.adjust_cell_length(width, plain)

    def _line(self, y: int) -> Region:
        return Region(0, y, max(1, self.size.width), 1)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        self.capture_mouse()
        self.post_message(self.Touched(event.x, event.y, "down"))

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if event.button:
            self.post_message(self.Touched(event.x, event.y, "move"))

    def on_mouse_up(self, event: events.MouseUp) -> None:
        self.release_mouse()
        self.post_message(self.Touched(event.x, event.y, "up"))
