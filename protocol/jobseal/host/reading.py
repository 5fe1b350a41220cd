"""Reading evidence files, and telling what kind of thing they hold by their shape. Nothing is verified here."""

import sys
from pathlib import Path
from typing import NamedTuple

from jobseal import bundle, cbor, cose
from jobseal.authority import Certification
from jobseal.bundle import Bundle
from jobseal.checkpoint import Checkpoint
from jobseal.cose import Envelope
from jobseal.errors import OPERATOR, JobsealError, Malformed
from jobseal.event import Event
from jobseal.limits import BUNDLE_MAX_BYTES, RECORD_MAX_BYTES
from jobseal.message import Message
from jobseal.office import Act
from jobseal.receipt import Receipt
from jobseal.record import Record
from jobseal.work import Assignment

STANDARD_INPUT = "-"

# Every signed statement; no payload fits two of them.
_STATEMENTS: dict[str, type[Message]] = {
    "event": Event,
    "receipt": Receipt,
    "checkpoint": Checkpoint,
    "office statement": Act,
    "certification": Certification,
    "assignment": Assignment,
    "billing record": Record,
}
_SIGNED_FIRST_BYTE = b"\xd2"


class Statement(NamedTuple):
    """One signed statement: what it is called, its payload, its envelope."""

    name: str
    payload: Message
    envelope: Envelope


def read(path: str) -> bytes:
    """The bytes of a file, or of standard input for "-". Raises ``unreadable`` (fault ``operator``)."""
    try:
        if path == STANDARD_INPUT:
            data = sys.stdin.buffer.read(BUNDLE_MAX_BYTES + 1)
        else:
            with Path(path).open("rb") as file:
                data = file.read(BUNDLE_MAX_BYTES + 1)
    except OSError as problem:
        raise JobsealError("unreadable", f"{path} cannot be read: {problem.strerror}", OPERATOR) from problem
    if len(data) > BUNDLE_MAX_BYTES:
        raise JobsealError("unreadable", f"{path} is larger than any bundle ({BUNDLE_MAX_BYTES} bytes)", OPERATOR)
    return data


def parse(data: bytes) -> Bundle | Statement:
    """The bundle or signed statement in ``data``. Raises :class:`Malformed`."""
    if data[:1] == _SIGNED_FIRST_BYTE:
        return statement(data)
    return bundle.decode(data)


def statement(data: bytes) -> Statement:
    """The signed statement in ``data``. Raises :class:`Malformed`."""
    envelope = cose.parse(data, RECORD_MAX_BYTES)
    payload = cbor.decode(envelope.payload, RECORD_MAX_BYTES)
    for name, kind in _STATEMENTS.items():
        if not kind.SHAPE.problem(payload):
            return Statement(name, kind.from_map(payload), envelope)
    raise Malformed("malformed", "it is signed, but it is no statement that this version knows")
