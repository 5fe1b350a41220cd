"""The fork proof: one key has signed two different events with one number, shown to anybody who trusts the root key.

A clone or a restored backup does that, and nothing else can. Like the bundle it is one deterministic CBOR item of which
every byte is covered; :mod:`jobseal.proof_fork` checks it. It says that somebody holds a copy, never who is the honest
one: that is for a person, whose decisions about the key are part of it.
"""

from jobseal.limits import BUNDLE_MAX_BYTES, STATEMENT_MAX_BYTES
from jobseal.message import Message
from jobseal.shape import HASH, UINT, Array, Bytes, Map, OneOf, Row, must

MYPY = False
if MYPY:
    from typing import Any

FORMAT = "jobseal/1/fork"
_LEAF = Row(("index", UINT), ("data", Bytes(1, STATEMENT_MAX_BYTES)), ("proof", Array(HASH, 0, 128)))


class ForkProof(Message):
    """``format``: "jobseal/1/fork"; ``root``: the root key's COSE_Key; ``authority``: the root's certifications;
    ``checkpoint``: complete bytes; ``acts``: [log index, complete bytes, inclusion proof] of the key's enrolment and of
    what the office said of it since, in log order; ``events``: the same of the two events, in log order.
    """

    __slots__ = ("acts", "authority", "checkpoint", "events", "format", "root")
    SHAPE = Map(
        must(1, "format", OneOf(FORMAT)),
        must(2, "root", Bytes(1, 96)),
        must(3, "authority", Array(Bytes(1, 512), 2, 3)),
        must(4, "checkpoint", Bytes(1, 512)),
        must(5, "acts", Array(_LEAF, 1, 256)),
        must(6, "events", Array(_LEAF, 2, 2)),
    )
    format: str
    root: bytes
    authority: "list[bytes]"
    checkpoint: bytes
    acts: "list[Any]"
    events: "list[Any]"


def decode(data: bytes) -> ForkProof:
    """The fork proof in ``data``. Raises :class:`Malformed`."""
    return ForkProof.decode(data, BUNDLE_MAX_BYTES)
