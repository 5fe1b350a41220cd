"""The frame: one MQTT payload. A two-item array, what it is and the message.

Signed statements travel in it as byte strings: their bytes are never taken apart on the way.
"""

from jobseal import cbor
from jobseal.batch import Batch
from jobseal.errors import Malformed
from jobseal.hello import Hello
from jobseal.limits import FRAME_MAX_BYTES
from jobseal.object import Chunk, Want
from jobseal.refusal import Refusal
from jobseal.restart import Restarted
from jobseal.work import Document, Pull

MYPY = False
if MYPY:
    from typing import Any

RECEIPT = "receipt"
ASSIGNMENT = "assignment"

UP = {"hello": Hello, "batch": Batch, "chunk": Chunk, "pull": Pull}
RESTARTED = "restarted"
DOWN = {"refusal": Refusal, "want": Want, "document": Document, RESTARTED: Restarted}
_SIGNED = (RECEIPT, ASSIGNMENT)
_NAME_OF = {message: name for table in (UP, DOWN) for name, message in table.items()}


def encode(message: "Any") -> bytes:
    """The frame of a message. Raises ``too_large`` beyond the hard cap."""
    return _capped(cbor.encode([_NAME_OF[type(message)], message.to_map()]))


def encode_signed(name: str, data: bytes) -> bytes:
    """The frame of a signed statement on its way down; ``name`` is RECEIPT or ASSIGNMENT."""
    return _capped(cbor.encode([name, data]))


def _capped(data: bytes) -> bytes:
    if len(data) > FRAME_MAX_BYTES:
        raise Malformed("too_large", "the frame has %d bytes, and at most %d may travel" % (len(data), FRAME_MAX_BYTES))
    return data


def _open(data: bytes) -> "list[Any]":
    value = cbor.decode(data, FRAME_MAX_BYTES)
    if type(value) is not list or len(value) != 2 or type(value[0]) is not str:
        raise Malformed("frame", "this is not a Jobseal frame")
    return value


def decode_up(data: bytes) -> "Any":
    """The message in a frame from a device. Raises :class:`Malformed`."""
    name, value = _open(data)
    if name not in UP:
        raise Malformed("frame", "no device sends a frame of this name")
    return UP[name].from_map(value)


def decode_down(data: bytes) -> "tuple[str, Any]":
    """(name, message) of a frame from the gateway; the message of a signed one is its complete bytes."""
    name, value = _open(data)
    if name in _SIGNED and type(value) is bytes:
        return name, value
    if name not in DOWN:
        raise Malformed("frame", "no gateway sends a frame of this name")
    return name, DOWN[name].from_map(value)


def up_topic(device: str) -> str:
    """Where a device publishes its frames."""
    return "jobseal/1/" + device + "/up"


def down_topic(device: str) -> str:
    """Where a device hears its frames."""
    return "jobseal/1/" + device + "/down"


def state_topic(device: str) -> str:
    """Where a device's retained presence stands, with its last will."""
    return "jobseal/1/" + device + "/state"


GATEWAY_STATE_TOPIC = "jobseal/1/gateway/state"
GATEWAY_CHECKPOINT_TOPIC = "jobseal/1/gateway/checkpoint"
