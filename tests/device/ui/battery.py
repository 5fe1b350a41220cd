"""A battery that falls out: after a key chosen by a seed, or while the application starts, the process is gone.

What a process said it signed, and what the next one shows, are judged by whoever puts the battery back in.
"""

import random
from pathlib import Path

from tests.device.ui.terminal import Terminal

LATER_MOST_S = 0.04  # drafts are written 20 ms behind a key, a commit takes a few
STARTING_S = (0.05, 0.45)
WHILE_STARTING = 0.15  # of all kills
TITLES_KEPT = 4


class Dead(Exception):
    """The battery fell out."""


class Weak(Terminal):
    """A terminal whose process is killed behind the key with which ``keys`` runs out; ``titles``: of the newest
    screens, oldest first."""

    def __init__(self, home: Path, titles: list[str]) -> None:
        super().__init__("--home", str(home))
        self.titles = titles
        self.keys: int | None = None
        self.later_s = 0.0

    def press(self, *keys: str) -> None:
        for key in keys:
            super().press(key)
            self._use()

    def type(self, text: str) -> None:
        for character in text:
            super().type(character)
            self._use()

    def scan(self, *codes: str) -> None:
        super().scan(*codes)
        self._use()

    def text(self) -> str:
        self._look()
        return super().text()

    def _look(self) -> None:
        """Take down which screen this is."""
        row = self.rows()[1]
        title = row[:20].strip()
        if title and title not in self.titles[-1:]:
            self.titles.append(title)
            del self.titles[:-TITLES_KEPT]

    def _use(self) -> None:
        if self.keys is None:
            return
        self.keys -= 1
        if self.keys <= 0:
            self.read(self.later_s)
            self._look()
            self.kill()
            raise Dead


class Battery:
    """Holds out until it does not. ``kills``: how often it has fallen out."""

    def __init__(self, home: Path, seed: int) -> None:
        self._home = home
        self._source = random.Random(seed)
        self._titles: list[str] = []
        self.kills = 0

    def start(self, starts: int = 0) -> Weak:
        """The application, killed while it starts up to ``starts`` times."""
        for _each in range(starts):
            if self._source.random() < WHILE_STARTING:
                early = Weak(self._home, self._titles)
                early.read(self._source.uniform(*STARTING_S))
                early.kill()
                self.kills += 1
        terminal = Weak(self._home, self._titles)
        shown = list(self._titles)
        terminal.wait(lambda: "F3 " in Terminal.text(terminal))
        assert not shown or terminal.rows()[1][:20].strip() in shown, f"{shown}\n{terminal.rows()}"
        return terminal

    def weaken(self, terminal: Weak, keys_most: int) -> None:
        """Let it fall out after one of the next keys."""
        terminal.keys = self._source.randint(1, keys_most)
        terminal.later_s = self._source.choice((0.0, self._source.uniform(0, LATER_MOST_S)))
