"""The batch: consecutive events of one key on their way up, with what must travel beside them."""

from jobseal.limits import (
    BATCH_MAX_EVENTS,
    BATCH_MAX_HOLES,
    EVENT_MAX_BYTES,
    FRAME_MAX_BYTES,
    OBJECT_INLINE_MAX_BYTES,
)
from jobseal.message import Message
from jobseal.shape import HASH, KID, NONCE, UINT, Array, Bytes, Map, Row, may, must, optional

MYPY = False
if MYPY:
    from typing import Any


class Batch(Message):
    """``events``: complete bytes, in order of seq; ``holes``: complete bytes of ``range.lost`` events announced ahead
    of their turn; ``objects``: salted bytes of objects that these events name; ``session``, ``kid``, ``acked``,
    ``size`` and ``verdicts`` as in HELLO; ``first``: seq of the first of ``events`` where it is not ``acked``'s."""

    __slots__ = ("acked", "events", "first", "holes", "kid", "objects", "session", "size", "verdicts")
    # An event may be anything up to the frame's own cap here: one too large is refused alone, not with its batch.
    SHAPE = Map(
        must(1, "session", NONCE),
        must(2, "kid", KID),
        must(3, "events", Array(Bytes(0, FRAME_MAX_BYTES), 0, BATCH_MAX_EVENTS)),
        must(4, "acked", optional(Row(("next", UINT), ("head", HASH)))),
        must(5, "size", UINT),
        must(6, "verdicts", UINT),
        may(7, "holes", Array(Bytes(1, EVENT_MAX_BYTES), 1, BATCH_MAX_HOLES)),
        may(8, "objects", Array(Bytes(32, 32 + OBJECT_INLINE_MAX_BYTES), 1, BATCH_MAX_EVENTS)),
        may(9, "first", UINT),
    )
    session: bytes
    kid: bytes
    events: "list[bytes]"
    acked: "list[Any] | None"
    size: int
    verdicts: int
    holes: "list[bytes] | None"
    objects: "list[bytes] | None"
    first: "int | None"
