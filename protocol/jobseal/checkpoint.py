"""The checkpoint: the gateway's signed word on how large its log is and what the log's root is.

Whoever holds one can later prove that the log was rewritten: two roots for one size, or no consistency proof.
"""

import hashlib

from jobseal import cose
from jobseal.limits import STATEMENT_MAX_BYTES
from jobseal.message import Message
from jobseal.shape import HASH, TIME, UINT, Bytes, Map, must

MYPY = False
if MYPY:
    from jobseal.cose import Signer, Verifier
    from jobseal.key import Key

LOG_ID = Bytes(16, 16)


class Checkpoint(Message):
    """``log``: id of the log (16 bytes); ``size``: leaves; ``root``: RFC 9162 root; ``at``: gateway's Unix ms UTC."""

    __slots__ = ("at", "log", "root", "size")
    SHAPE = Map(must(1, "log", LOG_ID), must(2, "size", UINT), must(3, "root", HASH), must(4, "at", TIME))
    log: bytes
    size: int
    root: bytes
    at: int


def sign(checkpoint: Checkpoint, signer: "Signer") -> bytes:
    """The complete bytes of a checkpoint, signed by the log key."""
    return cose.sign(checkpoint.encode(), cose.CHECKPOINT, signer)


def verify(data: bytes, log_key: "Key", verifier: "Verifier") -> Checkpoint:
    """The checkpoint in ``data``.

    Raises :class:`Malformed`, :class:`SignatureInvalid` or :class:`SignatureUnverifiable`.
    """
    payload = cose.open_signed(data, STATEMENT_MAX_BYTES, cose.CHECKPOINT, log_key, verifier)
    return Checkpoint.decode(payload, STATEMENT_MAX_BYTES)


def hash_of(data: bytes) -> bytes:
    """What an event's ``anchor`` says of a checkpoint: the SHA-256 of its complete bytes."""
    return hashlib.sha256(data).digest()
