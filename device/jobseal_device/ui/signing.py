"""Signing from a page: what it says afterwards, and what becomes of its frame."""

from collections.abc import Callable

from jobseal_device.errors import EventInDoubt
from jobseal_device.ui import kinds
from jobseal_device.ui.desk import Desk
from jobseal_device.ui.page import BACK, GOOD_BELL, WRONG_BELL, Frame, Move
from jobseal_device.ui.verdicts import error_sentence
from jobseal_device.ui.words import _


def shelf_name(frame: Frame) -> str:
    """Under which name an unfinished screen is kept for later."""
    return "|".join(str(frame.get(part, "")) for part in ("at", "kind", "job", "seq"))


def sign_and_leave(desk: Desk, frame: Frame, act: Callable[[], str]) -> Move:
    """Do what signs, then go back and say so. An event in doubt is signed: whoever entered it again would sign it
    twice. Raises what ``act`` raises."""
    try:
        said = act()
    except EventInDoubt as doubt:
        desk.drafts.shelf.pop(shelf_name(frame), None)
        return Move(BACK, None, error_sentence(doubt), WRONG_BELL)
    desk.drafts.shelf.pop(shelf_name(frame), None)
    return Move(BACK, None, said, GOOD_BELL)


def leave(desk: Desk, frame: Frame, is_touched: bool) -> Move:
    """Go back; what was entered is kept for the next time."""
    if not is_touched:
        desk.drafts.shelf.pop(shelf_name(frame), None)
        return Move(BACK)
    desk.drafts.keep(shelf_name(frame), frame)
    return Move(BACK, None, _("Kept as a draft. Nothing was signed."))


def take_up(desk: Desk, frame: Frame) -> None:
    """The first look at a screen: what was kept of it before comes back."""
    if not frame.get("begun"):
        kept = desk.drafts.shelf.get(shelf_name(frame))
        if kept is not None:
            frame.update(kept)
        frame["begun"] = True


def signed_words(kind: str) -> str:
    """What the message row says after a commit."""
    return _("Signed: {what}.").format(what=kinds.done(kind))
