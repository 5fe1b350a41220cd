"""HELLO: what a device says on every connect. Unsigned and idempotent: a hint on where to go on, never evidence."""

from jobseal.checkpoint import LOG_ID
from jobseal.limits import EVENT_MAX_BYTES
from jobseal.message import Message
from jobseal.shape import HASH, KID, NONCE, UINT, Bytes, Map, Row, may, must, optional

MYPY = False
if MYPY:
    from typing import Any


class Hello(Message):
    """``session``: random per sync process, echoed in receipts; ``kid``: of the signing key; ``head``: complete bytes
    of the newest committed event, or None; ``acked``: [next, head] of the newest verified receipt, or None; ``size``:
    of the newest verified checkpoint, 0 for none (or of an older one, after a restart of the log); ``work``: version of
    the newest verified assignment, 0 for none; ``verdicts``: lowest seq whose verdicts are wanted; ``log``: id of the
    log that the checkpoint is of, if there is one."""

    __slots__ = ("acked", "head", "kid", "log", "session", "size", "verdicts", "work")
    SHAPE = Map(
        must(1, "session", NONCE),
        must(2, "kid", KID),
        must(3, "head", optional(Bytes(1, EVENT_MAX_BYTES))),
        must(4, "acked", optional(Row(("next", UINT), ("head", HASH)))),
        must(5, "size", UINT),
        must(6, "work", UINT),
        must(7, "verdicts", UINT),
        may(8, "log", LOG_ID),
    )
    session: bytes
    kid: bytes
    head: "bytes | None"
    acked: "list[Any] | None"
    size: int
    work: int
    verdicts: int
    log: "bytes | None"
