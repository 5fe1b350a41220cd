"""``uplink.cbor``: what sync has proof of, and goes on from. Written by sync; capture reads it for its anchors.

It may be lost: the gateway's next receipt says all of it again. Until then this handheld cannot tell whether its
journal was set back, and the gateway has to.

The state lies in a CBOR array [2, SHA-256 of the state's bytes, the state's bytes]. Without the hash one flipped bit
could say that more is acknowledged than the journal holds, and that would cost an honest handheld its key.
"""

from hashlib import sha256
from pathlib import Path

from jobseal import cbor
from jobseal.errors import OURS, JobsealError
from jobseal.restart import Past
from jobseal.uplink_state import State, state_from_list
from jobseal_device import durable
from jobseal_device.durable import REAL, Files
from jobseal_device.home import Home

MOST_BYTES = 1048576
FORM = 2


class UplinkDamaged(JobsealError):
    """The file is there and not what was written."""

    def __init__(self, why: str) -> None:
        super().__init__("uplink_damaged", f"The file uplink.cbor cannot be read: {why}. Sync sets it aside.", OURS)


def read_uplink(home: Home, files: Files = REAL) -> State:
    """What sync saved last; an empty state before its first receipt. A key that follows another by rotation begins with
    that one's newest checkpoint and work, which are the handheld's.

    Raises :class:`UplinkDamaged`, :class:`StorageFailed`.
    """
    try:
        data = durable.read(files, home.uplink)
    except FileNotFoundError:
        return _inherited(home, files)
    try:
        value = cbor.decode(_checked(cbor.decode(data, MOST_BYTES)), MOST_BYTES)
    except JobsealError as error:
        raise UplinkDamaged(error.sentence) from error
    wrong = _problem(value)
    if wrong:
        raise UplinkDamaged(wrong)
    return state_from_list(value)


def _inherited(home: Home, files: Files) -> State:
    state = State()
    if home.turn and not is_there(home.welcome, files):
        try:
            earlier = read_uplink(home.earlier_turn(), files)
        except UplinkDamaged:
            return state
        state.checkpoint, state.assignment = earlier.checkpoint, earlier.assignment
        # What the log was before; but how far this key was settled there is nothing.
        rows = [[said, before, None, 0, None] for said, before, *_ in earlier.past.rows]
        state.past = Past(rows, list(earlier.past.witnesses))
    return state


def is_there(path: Path, files: Files) -> bool:
    """Whether there is such a file."""
    try:
        files.stamp(path)
    except OSError:
        return False
    return True


def write_uplink(home: Home, state: State, files: Files = REAL) -> None:
    """Durable when it returns. Raises :class:`DiskFull`, :class:`StorageFailed`."""
    packed = cbor.encode(state.to_list())
    durable.replace(files, home.uplink, cbor.encode([FORM, sha256(packed).digest(), packed]))


def _checked(value: object) -> bytes:
    """The state's bytes. Raises :class:`UplinkDamaged`."""
    if not isinstance(value, list) or len(value) != 3 or value[0] != FORM or not isinstance(value[2], bytes):
        raise UplinkDamaged("it has another form")
    if sha256(value[2]).digest() != value[1]:
        raise UplinkDamaged("its checksum does not fit")
    return value[2]


def _problem(value: object) -> str:
    fields = 7 if isinstance(value, list) and value[:1] == [1] else 9  # of the form before logs could be restarted
    if not isinstance(value, list) or len(value) != fields or value[0] not in (1, 2):
        return "it has another form"
    _, receipt, checkpoint, following, head, assignment, verdicts, *past = value
    optional = (receipt, checkpoint, head, assignment)
    if any(part is not None and not isinstance(part, bytes) for part in optional):
        return "it holds something else than statements"
    if any(type(number) is not int or number < 0 for number in (following, verdicts)):
        return "it counts from something else than 0"
    return "" if all(isinstance(rows, list) for rows in past) else "it holds something else than a past"
