"""The event: what a technician's handheld signs at the moment something happens; the unit of evidence.

Events of one key form a chain: ``seq`` counts from 0 without gaps, ``prev`` is the SHA-256 of the complete bytes of
the event before (for 0, of the key's enrolment statement). An event's identity is the SHA-256 of its own bytes.
"""

import hashlib

from jobseal import cbor, cose
from jobseal.errors import Malformed
from jobseal.limits import EVENT_MAX_BYTES
from jobseal.message import Message
from jobseal.shape import CODE, HASH, NONCE, TIME, UINT, AnyMap, Map, Row, Text, may, must, optional

MYPY = False
if MYPY:
    from typing import Any

    from jobseal.cose import Envelope, Signer


class Event(Message):
    """The payload of an event.

    ``at``: claimed wall time (Unix ms UTC), None when the clock was never set; ``up``: ms since boot, counting sleep;
    ``boot``: random per boot; ``anchor``: hash of the newest verified checkpoint, where it is restated;
    ``close``: [count, digest] over this key's earlier events of the job, from its completion on;
    ``amends``: hash of the event that this one corrects.
    """

    __slots__ = ("amends", "anchor", "at", "body", "boot", "by", "close", "job", "kind", "prev", "seq", "up")
    SHAPE = Map(
        must(1, "seq", UINT),
        must(2, "prev", HASH),
        must(3, "at", optional(TIME)),
        must(4, "up", UINT),
        must(5, "boot", NONCE),
        must(6, "kind", Text(1, 32)),
        must(7, "body", AnyMap()),
        may(8, "job", CODE),
        may(9, "by", Text(1, 32)),
        may(10, "anchor", HASH),
        may(11, "close", Row(("count", UINT), ("digest", HASH))),
        may(12, "amends", HASH),
    )
    seq: int
    prev: bytes
    at: "int | None"
    up: int
    boot: bytes
    kind: str
    body: "dict[Any, Any]"
    job: "str | None"
    by: "str | None"
    anchor: "bytes | None"
    close: "list[Any] | None"
    amends: "bytes | None"


class SignedEvent:
    """An event with its complete bytes and their hash; the bytes are kept, never made again."""

    __slots__ = ("data", "envelope", "event", "hash")

    def __init__(self, data: bytes, envelope: "Envelope", event: Event) -> None:
        self.data = data
        self.envelope = envelope
        self.event = event
        self.hash = hashlib.sha256(data).digest()


def sign(event: Event, signer: "Signer") -> bytes:
    """The complete bytes of ``event``. Raises ``too_large`` (fault ``peer``: whoever typed it) beyond the cap."""
    data = cose.sign(event.encode(), cose.EVENT, signer)
    if len(data) > EVENT_MAX_BYTES:
        raise Malformed("too_large", "the event has %d bytes, and at most %d fit" % (len(data), EVENT_MAX_BYTES))
    return data


def signed(event: Event, signer: "Signer") -> SignedEvent:
    """``event`` signed; its body belongs to the result, so nobody may change it any more. Raises as :func:`sign`."""
    data = sign(event, signer)
    return SignedEvent(data, cose.parse(data, EVENT_MAX_BYTES), event)


def parse(data: bytes) -> SignedEvent:
    """The event in ``data``, its signature not yet verified. Raises :class:`Malformed`."""
    envelope = cose.parse(data, EVENT_MAX_BYTES)
    return SignedEvent(data, envelope, Event.from_map(cbor.decode(envelope.payload, EVENT_MAX_BYTES)))


def kid_of(data: bytes) -> bytes:
    """The ``kid`` that an event's header names. Raises :class:`Malformed`."""
    return cose.parse(data, EVENT_MAX_BYTES).kid
