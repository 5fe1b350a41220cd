"""The screens: one function a screen, from the desk and a frame to a page."""

from collections.abc import Callable
from functools import partial
from importlib import import_module

from jobseal_device.ui.desk import Desk
from jobseal_device.ui.page import Frame, Page

# Screen: the module that has it, under the same name. A module is loaded when its screen is opened for the first time.
_MODULES = {
    "login": "login",
    "today": "today",
    "menu": "today",
    "job": "job",
    "details": "job",
    "form": "form",
    "parts": "parts",
    "checklist": "checklist",
    "safety": "checklist",
    "photo": "photo",
    "complete": "complete",
    "signoff": "signoff",
    "history": "history",
    "event": "history",
    "outbox": "history",
    "correct": "correct",
    "proof": "proof",
    "new_job": "new_job",
    "device": "device",
    "language": "device",
    "scanner_test": "device",
    "logout": "login",
    "help": "help",
}
SCREENS = tuple(_MODULES)


def screens(desk: Desk) -> dict[str, Callable[[Frame], Page]]:
    """Every screen of this desk."""
    return {name: partial(_page, desk, name) for name in _MODULES}


def _page(desk: Desk, name: str, frame: Frame) -> Page:
    if desk.is_in_doubt:
        desk.settle()  # what happened is to be seen before anybody enters it again
    made: Page = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)(desk, frame)
    return made
