"""Turns that sync passes over: the gateway does not know their key, and never will.

A key that follows by rotation is known to the gateway by the last event of the one before. Where that cannot arrive any
more (the earlier key was set back, or what it brought was not taken), nothing that the next key signed is accepted
either. As long as that is this handheld's newest key, a person has to enrol it again; once that has happened, nothing
must wait behind it.

Nothing of it is lost: journal and objects stay in the turn's folder, ``status`` names them, and sync asks again from
time to time (``recall``), since what refuses is not signed and need not be the last word. A receipt for this key is:
with it the turn is waited for again. ``passed_over`` is an empty file in the turn's folder. The alarm is raised before
it is written, so that a crash in between brings both again, and lifted before it is removed: what a crash in between
leaves is said by ``status``, and settled by the next answer, whatever that is.
"""

from contextlib import suppress
from typing import Any

from jobseal_device import durable, identity, turns
from jobseal_device.durable import REAL, Files
from jobseal_device.home import Home
from jobseal_device.journal_reader import JournalReader
from jobseal_device.uplink_file import UplinkDamaged, is_there, read_uplink
from jobseal_device.work_file import WorkFile

UNKNOWN_KEY = "unknown_kid"
ALARM = "key_passed_over"


def note(home: Home, work: WorkFile, files: Files = REAL) -> None:
    """The gateway says that it does not know the key of this turn, which may be passed over: do that.

    Raises :class:`StorageError`, and as ``identity.load``.
    """
    kid = identity.load(home).key.kid.hex()
    if is_noted(home, files) and any(row["code"] == ALARM and kid in row["sentence"] for row in work.alarms()):
        return
    sentence = (
        f"The gateway does not know the key {kid}, and will not: this handheld went on with it, and was enrolled again "
        f"before the gateway could hear of that. {unsent(home, files)} events signed with it are not at the office. "
        f"They stay in {home.own}: tell the office, and keep that folder. What was signed since is sent."
    )
    work.raise_alarm(ALARM, sentence, [])
    durable.replace(files, home.passed_over, b"")


def lift(home: Home, kid: bytes, work: WorkFile, files: Files = REAL) -> None:
    """A receipt has come: the gateway knows this turn's key after all, and it is waited for again. A power cut may
    undo that, until the next receipt. Raises :class:`StorageError`, :class:`DocumentsDamaged`."""
    work.lift_alarm(ALARM, kid.hex())
    if is_noted(home, files):
        with suppress(OSError):
            files.unlink(home.passed_over)


def may_be(home: Home, files: Files = REAL) -> bool:
    """Whether nothing newer hangs on this turn: a later one was enrolled by itself."""
    return any(turn.turn > home.turn and not turns.is_rotated_to(turn, files) for turn in turns.every(home, files))


def is_noted(home: Home, files: Files = REAL) -> bool:
    """Whether this turn is passed over."""
    return is_there(home.passed_over, files)


def every(home: Home, files: Files = REAL) -> list[Home]:
    """The turns that are passed over, the oldest first."""
    return [turn for turn in turns.every(home, files) if is_noted(turn, files)]


def unsent(home: Home, files: Files = REAL) -> int:
    """How many committed events of this turn the gateway is not known to have."""
    head = JournalReader(home.journal, files).head()
    try:
        settled = read_uplink(home, files).next
    except UplinkDamaged:
        settled = 0
    return 0 if head is None else max(0, head.seq + 1 - settled)


def told(home: Home) -> list[dict[str, Any]]:
    """What ``status`` says of each: its folder, and how many events in it the gateway does not have."""
    return [{"folder": str(turn.own), "events": unsent(turn)} for turn in every(home)]
