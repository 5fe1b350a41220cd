"""The receipt: signed after the gateway's commit, it says how far the events of a key are settled.

It is cumulative, so a lost receipt heals with the next. Only a verified receipt makes an event *acknowledged*.
"""

from jobseal import cose
from jobseal.limits import STATEMENT_MAX_BYTES, STORED_MAX, VERDICTS_MAX
from jobseal.message import Message
from jobseal.shape import BOOL, HASH, NONCE, UINT, Array, Bytes, Map, Row, Text, may, must

MYPY = False
if MYPY:
    from typing import Any

    from jobseal.cose import Signer, Verifier
    from jobseal.key import Key


class Receipt(Message):
    """The payload of a receipt.

    ``key``: thumbprint of the device's signing key; ``session``: of the frame that this answers; ``next``: the
    expected seq, everything before it is settled; ``head``: hash of event ``next - 1``, or of the enrolment statement
    for 0; ``superseded``: the log already holds later events of this key beyond the head that the device named;
    ``checkpoint``: the newest, complete bytes; ``since``: the size that the device named, with ``proof`` the
    consistency proof from it; ``verdicts``: [seq, [codes]] in order of seq, ``more`` if not all fitted;
    ``stored``: digests of the named objects that are complete here; ``resume``: the seq to send from, where that is
    beyond ``next``: what lies between was refused, and waits for a valid event behind it.
    """

    __slots__ = (
        "checkpoint", "head", "key", "more", "next", "proof", "resume", "session", "since", "stored", "superseded",
        "verdicts",
    )  # fmt: skip
    SHAPE = Map(
        must(1, "key", HASH),
        must(2, "session", NONCE),
        must(3, "next", UINT),
        must(4, "head", HASH),
        must(5, "superseded", BOOL),
        must(6, "checkpoint", Bytes(1, 512)),
        must(7, "since", UINT),
        must(8, "proof", Array(HASH, 0, 128)),
        must(9, "verdicts", Array(Row(("seq", UINT), ("codes", Array(Text(1, 32), 1, 16))), 0, VERDICTS_MAX)),
        must(10, "more", BOOL),
        must(11, "stored", Array(HASH, 0, STORED_MAX)),
        may(12, "resume", UINT),
    )
    key: bytes
    session: bytes
    next: int
    head: bytes
    superseded: bool
    checkpoint: bytes
    since: int
    proof: "list[bytes]"
    verdicts: "list[Any]"
    more: bool
    stored: "list[bytes]"
    resume: "int | None"


def sign(receipt: Receipt, signer: "Signer") -> bytes:
    """The complete bytes of a receipt, signed by the log key."""
    return cose.sign(receipt.encode(), cose.RECEIPT, signer)


def verify(data: bytes, log_key: "Key", verifier: "Verifier") -> Receipt:
    """The receipt in ``data``, its checkpoint not yet looked at.

    Raises :class:`Malformed`, :class:`SignatureInvalid` or :class:`SignatureUnverifiable`.
    """
    payload = cose.open_signed(data, STATEMENT_MAX_BYTES, cose.RECEIPT, log_key, verifier)
    return Receipt.decode(payload, STATEMENT_MAX_BYTES)
