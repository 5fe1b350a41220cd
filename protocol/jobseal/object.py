"""Objects: photos, strokes, names, notes, positions.

The event holds digest, size and media type; the bytes travel beside it. A 32-byte random salt comes first, so that a
digest in the log says nothing about a short text behind it, and erasing salt and bytes leaves nothing to guess from.
"""

import hashlib

from jobseal.errors import Malformed
from jobseal.limits import OBJECT_CHUNK_MAX_BYTES, OBJECT_MAX_BYTES
from jobseal.message import Message
from jobseal.shape import HASH, KID, NONCE, UINT, Bytes, Integer, Map, must

MYPY = False
if MYPY:
    from typing import Any

SALT_BYTES = 32


def salted(content: bytes, salt: bytes) -> bytes:
    """What is stored and sent of an object.

    Raises ``object`` for a salt of another length or content beyond the cap.
    """
    if len(salt) != SALT_BYTES or len(content) > OBJECT_MAX_BYTES:
        raise Malformed("object", "an object takes a salt of 32 bytes and at most %d bytes" % OBJECT_MAX_BYTES)
    return salt + content


def reference(data: bytes, media: str) -> "list[Any]":
    """[digest, size, media type] of salted ``data``, as an event's body names it."""
    return [hashlib.sha256(data).digest(), len(data) - SALT_BYTES, media]


def content(data: bytes, named: "list[Any]") -> bytes:
    """The bytes behind the salt. Raises ``attachment_mismatch`` when ``data`` is not the object that was named."""
    if len(data) != named[1] + SALT_BYTES or hashlib.sha256(data).digest() != named[0]:
        raise Malformed("attachment_mismatch", "the object is not the one that the event names")
    return data[SALT_BYTES:]


class Chunk(Message):
    """A piece of an object's salted bytes on its way up: ``offset`` of ``total`` bytes; other fields as in HELLO."""

    __slots__ = ("data", "digest", "kid", "offset", "session", "size", "total")
    SHAPE = Map(
        must(1, "session", NONCE),
        must(2, "kid", KID),
        must(3, "digest", HASH),
        must(4, "offset", UINT),
        must(5, "total", Integer(SALT_BYTES, SALT_BYTES + OBJECT_MAX_BYTES)),
        must(6, "data", Bytes(0, OBJECT_CHUNK_MAX_BYTES)),
        must(7, "size", UINT),
    )
    session: bytes
    kid: bytes
    digest: bytes
    offset: int
    total: int
    data: bytes
    size: int


class Want(Message):
    """The gateway's answer to a chunk that leaves the object incomplete: send from ``offset`` on. Unsigned, a hint."""

    __slots__ = ("digest", "offset", "session")
    SHAPE = Map(must(1, "session", NONCE), must(2, "digest", HASH), must(3, "offset", UINT))
    session: bytes
    digest: bytes
    offset: int
