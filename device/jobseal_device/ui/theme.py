"""Themes: what each tone looks like. Black and white carry everything; colour only helps.

Every tone differs from the others by more than its colour (bold, underlined, reversed, struck, or a word of its own),
and the colours are those that a console of 16 colours has.
"""

from rich.style import Style

from jobseal_device.ui import page

DARK, LIGHT = "dark", "light"
THEMES = (DARK, LIGHT)

# tone: (foreground, background, attributes), by the names of the roles below
_LOOK: dict[str, tuple[str, str, str]] = {
    page.PLAIN: ("ink", "paper", ""),
    page.DIM: ("faint", "paper", ""),
    page.STRONG: ("ink", "paper", "bold"),
    page.GOOD: ("good", "paper", "bold"),
    page.BAD: ("bad", "paper", "bold underline"),
    page.STRUCK: ("faint", "paper", "strike"),
    page.HEAD: ("ink", "paper", "bold"),
    page.DRAFT: ("ink", "paper", "italic"),
    page.SIGNED: ("ink", "paper", "bold"),
    page.SENT: ("sent", "paper", "underline"),
    page.ACKED: ("good", "paper", ""),
    page.STATUS: ("paper", "ink", ""),
    page.TITLE: ("ink", "paper", "bold underline"),
    page.CHOSEN: ("paper", "ink", "bold"),
    page.MESSAGE: ("ink", "paper", "bold"),
    page.WARNING: ("paper", "bad", "bold"),
    page.KEYS: ("paper", "ink", ""),
    page.TYPED: ("ink", "paper", "bold underline"),
    page.BLOCKS: ("white", "black", ""),
}
_ROLES = {
    DARK: {
        "ink": "#ffffff",
        "paper": "#000000",
        "faint": "#aaaaaa",
        "good": "#55ff55",
        "bad": "#ff5555",
        "sent": "#55ffff",
    },
    LIGHT: {
        "ink": "#000000",
        "paper": "#ffffff",
        "faint": "#555555",
        "good": "#00aa00",
        "bad": "#aa0000",
        "sent": "#0000aa",
    },
}
_FIXED = {"white": "#ffffff", "black": "#000000"}  # what a camera reads stays as it is
_REVERSED = (page.STATUS, page.CHOSEN, page.WARNING, page.KEYS)


def styles(theme: str) -> dict[str, Style]:
    """A style for each tone."""
    roles = {**_ROLES.get(theme, _ROLES[DARK]), **_FIXED}
    return {
        tone: Style.parse(f"{attributes} {roles[ink]} on {roles[paper]}".strip())
        for tone, (ink, paper, attributes) in _LOOK.items()
    }


def colourless() -> dict[str, Style]:
    """The same without any colour of our own, for ``NO_COLOR``: the terminal's two, and reversed."""
    return {
        tone: Style.parse(f"{attributes} {'reverse' if tone in _REVERSED else ''}".strip() or "none")
        for tone, (_ink, _paper, attributes) in _LOOK.items()
    }


def background(theme: str) -> str:
    """The colour of what nothing is written on."""
    return _ROLES.get(theme, _ROLES[DARK])["paper"]
