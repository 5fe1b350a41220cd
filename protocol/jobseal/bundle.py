"""The bundle: everything that a stranger needs to check one billing record, as one deterministic CBOR item.

Each part is either signed, or hashed by something signed, or a proof that must come out right, so there is no byte
that could be changed without :mod:`jobseal.proof` noticing.
"""

from jobseal.limits import (
    BUNDLE_MAX_BYTES,
    FRAME_MAX_BYTES,
    OBJECT_MAX_BYTES,
    RECORD_MAX_BYTES,
    STATEMENT_MAX_BYTES,
)
from jobseal.message import Message
from jobseal.object import SALT_BYTES
from jobseal.root_line import ROTATIONS
from jobseal.shape import HASH, UINT, Array, Bytes, Map, OneOf, Row, may, must

MYPY = False
if MYPY:
    from typing import Any

_PROOF = Array(HASH, 0, 128)
# data: complete bytes, or only the 32-byte hash where an operator has erased the bytes.
_LEAF = Row(("index", UINT), ("data", Bytes(32, STATEMENT_MAX_BYTES)), ("proof", _PROOF))


class Bundle(Message):
    """``format``: "jobseal/1/bundle"; ``root``: the root key's COSE_Key; ``authority``: the root's certifications;
    ``record``: complete bytes of the billing record; ``events``: [log index, complete bytes or hash, inclusion proof]
    of every logged event of the job, in log order; ``acts``: the same for the office's statements that bear on it, the
    enrolments among them; ``checkpoints``: [complete bytes, consistency proof to the record's checkpoint], by size;
    ``receipts``: complete bytes; ``order``: the work order document, empty if there is none; ``objects``: salted bytes;
    ``rotations``: how the root came from earlier ones, oldest first, if it did.
    """

    __slots__ = (
        "acts",
        "authority",
        "checkpoints",
        "events",
        "format",
        "objects",
        "order",
        "receipts",
        "record",
        "root",
        "rotations",
    )
    SHAPE = Map(
        must(1, "format", OneOf("jobseal/1/bundle")),
        must(2, "root", Bytes(1, 96)),
        must(3, "authority", Array(Bytes(1, 512), 2, 3)),
        must(4, "record", Bytes(1, RECORD_MAX_BYTES)),
        must(5, "events", Array(_LEAF, 0, 65536)),
        must(6, "acts", Array(_LEAF, 0, 4096)),
        must(7, "checkpoints", Array(Row(("data", Bytes(1, 512)), ("proof", _PROOF)), 0, 4096)),
        must(8, "receipts", Array(Bytes(1, STATEMENT_MAX_BYTES), 0, 256)),
        must(9, "order", Bytes(0, FRAME_MAX_BYTES)),
        must(10, "objects", Array(Bytes(SALT_BYTES, SALT_BYTES + OBJECT_MAX_BYTES), 0, 4096)),
        may(11, "rotations", ROTATIONS),
    )
    format: str
    root: bytes
    authority: "list[bytes]"
    record: bytes
    events: "list[Any]"
    acts: "list[Any]"
    checkpoints: "list[Any]"
    receipts: "list[bytes]"
    order: bytes
    objects: "list[bytes]"
    rotations: "list[Any] | None"


def decode(data: bytes) -> Bundle:
    """The bundle in ``data``. Raises :class:`Malformed`."""
    return Bundle.decode(data, BUNDLE_MAX_BYTES)
