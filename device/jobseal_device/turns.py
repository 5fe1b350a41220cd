"""Turns: the signing keys of one handheld, one after the other, each with what belongs to it in a folder of its own.

The first key's files lie where they always did; the next ones' in ``turns/1``, ``turns/2`` and so on: key, journal,
fold, objects, what sync has proof of. Orders, roster, counts of wrong PINs and the link are the handheld's and stay.

A turn begins for good when one small file is there that is written last:

- ``rotated.cbor``, the event by which the key before it ended and named it. It is a copy: what counts is that event in
  the earlier journal, behind which nothing is ever signed. Capture writes the copy whenever it finds it missing.
- ``welcome.cbor``, an enrolment of its own: the handheld was enrolled again, whatever became of the key before.

So there is one key that may sign, at any moment: that of the newest turn that has begun.
"""

from contextlib import suppress
from typing import NamedTuple

from jobseal import bodies, cose, rotating
from jobseal import event as events
from jobseal.bodies import SUCCESSION_MAX_BYTES
from jobseal.checkpoint import Checkpoint
from jobseal.errors import OPERATOR, JobsealError
from jobseal.event import SignedEvent
from jobseal.limits import STATEMENT_MAX_BYTES
from jobseal.rotating import Succession
from jobseal_device import durable
from jobseal_device.durable import REAL, Files
from jobseal_device.home import Home
from jobseal_device.journal_reader import JournalReader
from jobseal_device.objects import ObjectStore
from jobseal_device.uplink_file import UplinkDamaged, is_there, read_uplink


class KeyEnded(JobsealError):
    """The key of this turn has signed its last; the handheld goes on with the next one."""

    def __init__(self) -> None:
        sentence = "This handheld goes on with its next key. Start again."
        super().__init__("key_ended", sentence, OPERATOR, False)


def current(home: Home, files: Files = REAL) -> Home:
    """The newest turn that has begun, from that of ``home`` on."""
    while (later := following(home, files)) is not None:
        home = later
    return home


def following(home: Home, files: Files = REAL) -> Home | None:
    """The turn after this one, if that has begun."""
    later = home.next_turn()
    return later if is_there(later.rotated, files) or is_there(later.welcome, files) else None


def every(home: Home, files: Files = REAL) -> list[Home]:
    """All turns that have begun, the oldest first."""
    turns = [home.first_turn()]
    while (later := following(turns[-1], files)) is not None:
        turns.append(later)
    return turns


def is_rotated_to(home: Home, files: Files = REAL) -> bool:
    """Whether this turn's key follows the one before by rotation, and is not enrolled by itself."""
    return home.turn > 0 and not is_there(home.welcome, files)


def ending(home: Home, files: Files = REAL) -> SignedEvent:
    """The event by which the key before this turn's ended. Raises :class:`StorageFailed`, ``malformed`` ..."""
    return events.parse(durable.read(files, home.rotated))


def earlier_key(ended_by: SignedEvent) -> bytes:
    """The thumbprint of the key that ended so. Raises ``malformed`` for an event that does not say."""
    named = bodies.named(rotating.KIND, ended_by.event.body)
    payload = cose.parse(named["succession"], SUCCESSION_MAX_BYTES).payload
    return Succession.decode(payload, SUCCESSION_MAX_BYTES).earlier


def note_end(home: Home, ended_by: SignedEvent, files: Files = REAL) -> None:
    """The key of this turn has ended by this committed event: begin the next turn. Raises :class:`StorageError`."""
    later = home.next_turn()
    if not is_there(later.rotated, files):
        later.make(files)
        durable.replace(files, later.rotated, ended_by.data)


def forget(home: Home, files: Files = REAL) -> None:
    """Remove what kept the key of a turn that is over. Where that cannot be done, the next opening does it."""
    for path in (home.seed, home.vault):
        with suppress(OSError):
            files.unlink(path)


def to_send(home: Home, files: Files = REAL) -> Home:
    """The turn whose events come next for sync: the oldest with something that the gateway is not known to have, or
    else the newest. What a handheld that was set back had signed before is for nobody to wait for, nor is what it
    signed with a key that the gateway will never know (``passed_over``)."""
    turns = every(home, files)
    for turn in turns[:-1]:
        is_left = is_there(turn.rolled_back, files) or is_there(turn.passed_over, files)
        if not is_left and not is_sent(turn, files):
            return turn
    return turns[-1]


class KnownLog(NamedTuple):
    """A log as its newest checkpoint shows it: ``key`` names the log key, which a gateway keeps for life; ``log`` is
    the id, which every restart changes; ``at`` is the gateway's Unix ms UTC."""

    key: bytes
    log: bytes
    at: int

    def was_restarted_as(self, other: "KnownLog") -> bool:
        """Whether the other is what the same gateway's log has become since."""
        return other.key == self.key and other.log != self.log and other.at > self.at


def is_behind(home: Home, files: Files = REAL) -> bool:
    """Whether the log that has acknowledged this turn was restarted since, as sync heard for another turn: what was
    proven here may be lost there, objects as well as events, and has to be asked for again. What another gateway says,
    at which a later turn was enrolled, has no bearing on it."""
    known = known_log(home, files)
    if known is None:
        return False
    others = [known_log(turn, files) for turn in every(home, files) if turn.turn != home.turn]
    return any(other is not None and known.was_restarted_as(other) for other in others)


def known_log(home: Home, files: Files = REAL) -> KnownLog | None:
    """What sync has verified for this turn; None where that is nothing, or cannot be read any more."""
    try:
        data = read_uplink(home, files).checkpoint
        if data is None:
            return None
        signed = cose.parse(data, STATEMENT_MAX_BYTES)
        newest = Checkpoint.decode(signed.payload, STATEMENT_MAX_BYTES)
    except JobsealError:
        return None
    return KnownLog(signed.kid, newest.log, newest.at)


def is_sent(home: Home, files: Files = REAL) -> bool:
    """Whether the gateway is known to have everything of this turn, but for objects that it refuses."""
    return are_events_sent(home, files) and not ObjectStore(home, files).pending()


def are_events_sent(home: Home, files: Files = REAL) -> bool:
    """Whether the gateway is known to have every event of this turn."""
    head = JournalReader(home.journal, files).head()
    try:
        settled = read_uplink(home, files).next
    except UplinkDamaged:
        return False  # sync sets the file aside, and the gateway says it all again
    return head is None or settled > head.seq
