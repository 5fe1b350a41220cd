"""The ``[screen]`` table of ``device.toml``: keys, scanner, camera, proof. All of it is optional.

[screen]
theme = "dark"                 # or "light"
language = "en"                # en, de, es; default: the machine's
lock_after_s = 300             # without anybody touching it; 0: never. Where the key lies behind PINs
scanner_gap_ms = 30            # characters that come closer than this are a scanner's
scanner_least = 4              # so many of them make a scan
scanner_prefix = ""            # what the scanner sends before each code
scanner_suffix = "any"         # any, enter, tab, none
currency = "EUR"               # of expenses without an order
camera = ["photograph", "{file}"]  # a command that writes a picture to {file}
camera_timeout_s = 60          # after which it is stopped
photo_folder = "/media/camera"     # or a folder in which a picture appears
proof_link = ""                # what the proof's QR code begins with, such as "https://jobs.example.com/p/"

[screen.keys]                  # terminal key = do, clear, back, next, page_up, page_down
f8 = "do"
"""

from dataclasses import dataclass, field
from typing import Any

ACTIONS = ("do", "clear", "back", "next", "page_up", "page_down")
DEFAULT_KEYS = {
    "f1": "do",
    "f2": "clear",
    "f3": "back",
    "f4": "next",
    "f6": "page_up",
    "f7": "page_down",
    "pageup": "page_up",
    "pagedown": "page_down",
    "escape": "back",
    "up": "up",
    "down": "down",
    "enter": "enter",
    "ctrl+j": "enter",
    "tab": "next",
    "backspace": "erase",
    "ctrl+h": "erase",
    "ctrl+q": "quit",
}
SUFFIXES = ("any", "enter", "tab", "none")
GAP_MOST_MS = 500
LOCK_MOST_S = 86_400
LEAST_MOST = 64
CAMERA_MOST_S = 600


@dataclass(frozen=True)
class ScreenSettings:
    """``keys``: action by the terminal's name of a key; ``camera``: empty for none."""

    theme: str = ""
    language: str = ""
    lock_after_s: int = 300
    scanner_gap_ms: int = 30
    scanner_least: int = 4
    scanner_prefix: str = ""
    scanner_suffix: str = "any"
    currency: str = "EUR"
    camera: tuple[str, ...] = ()
    camera_timeout_s: int = 60
    photo_folder: str = ""
    proof_link: str = ""
    keys: dict[str, str] = field(default_factory=lambda: dict(DEFAULT_KEYS))


_NUMBERS = {
    "lock_after_s": (0, LOCK_MOST_S),
    "scanner_gap_ms": (1, GAP_MOST_MS),
    "scanner_least": (2, LEAST_MOST),
    "camera_timeout_s": (1, CAMERA_MOST_S),
}
_TAKES = {
    "theme": '"dark" or "light"',
    "language": '"en", "de" or "es"',
    "lock_after_s": f"a number of seconds from 0 to {LOCK_MOST_S}",
    "scanner_gap_ms": f"a number of ms from 1 to {GAP_MOST_MS}",
    "scanner_least": f"a number from 2 to {LEAST_MOST}",
    "scanner_prefix": "a text of up to 16 characters",
    "scanner_suffix": f"one of {', '.join(SUFFIXES)}",
    "currency": "three capital letters",
    "camera": 'a list of words with "{file}" among them',
    "camera_timeout_s": f"a number of seconds from 1 to {CAMERA_MOST_S}",
    "photo_folder": "a folder's path",
    "proof_link": "a text of up to 128 characters",
    "keys": f"a table of keys and {', '.join(ACTIONS)}",
}


def problem(name: str, value: Any) -> str:
    """What is wrong with a setting of this table, or ""."""
    if name not in _TAKES:
        return f"there is no setting {name} in [screen]; there are {', '.join(_TAKES)}"
    return "" if _fits(name, value) else f"{name} is {_TAKES[name]}"


def _fits(name: str, value: Any) -> bool:
    if name in _NUMBERS:
        low, high = _NUMBERS[name]
        return type(value) is int and low <= value <= high
    if name == "camera":
        return isinstance(value, list) and all(isinstance(each, str) for each in value) and "{file}" in value
    if name == "keys":
        return isinstance(value, dict) and all(action in ACTIONS for action in value.values())
    if not isinstance(value, str):
        return False
    known = {"theme": ("dark", "light"), "language": ("en", "de", "es"), "scanner_suffix": SUFFIXES}
    if name in known:
        return value in known[name]
    if name == "currency":
        return len(value) == 3 and value.isascii() and value.isalpha() and value.isupper()
    return len(value) <= {"scanner_prefix": 16, "proof_link": 128}.get(name, 4096)


def from_table(table: dict[str, Any]) -> ScreenSettings:
    """The settings of a table in which nothing is wrong."""
    values = dict(table)
    if "camera" in values:
        values["camera"] = tuple(values["camera"])
    values["keys"] = {**DEFAULT_KEYS, **values.get("keys", {})}
    return ScreenSettings(**values)
