"""Work on its way down: a signed assignment names each document by its digest, and the documents follow unsigned."""

import hashlib

from jobseal import cose
from jobseal.errors import Malformed
from jobseal.limits import ASSIGNMENT_MAX, CATALOGUE_MAX, DOCUMENT_MAX_BYTES, PULL_MAX, STATEMENT_MAX_BYTES
from jobseal.message import Message
from jobseal.shape import CODE, DEVICE, HASH, KID, NONCE, TIME, UINT, Array, Bytes, Map, Row, may, must, optional

MYPY = False
if MYPY:
    from typing import Any

    from jobseal.cose import Signer, Verifier
    from jobseal.key import Key


class Assignment(Message):
    """The complete work of one device: ``device``, ``version`` (counts up), ``at``, ``orders`` ([order, revision,
    digest] each), and the digests of the ``catalogue`` and ``roster`` documents or None. A catalogue that does not fit
    one document goes on in ``pages``, by digest; None where it fits."""

    __slots__ = ("at", "catalogue", "device", "orders", "pages", "roster", "version")
    SHAPE = Map(
        must(1, "device", DEVICE),
        must(2, "version", UINT),
        must(3, "at", TIME),
        must(4, "orders", Array(Row(("order", CODE), ("revision", UINT), ("digest", HASH)), 0, ASSIGNMENT_MAX)),
        must(5, "catalogue", optional(HASH)),
        must(6, "roster", optional(HASH)),
        may(7, "pages", Array(HASH, 1, CATALOGUE_MAX - 1)),
    )
    device: str
    version: int
    at: int
    orders: "list[Any]"
    catalogue: "bytes | None"
    roster: "bytes | None"
    pages: "list[bytes] | None"

    def catalogue_digests(self) -> "list[bytes]":
        """The documents that the catalogue consists of, in order; none without one."""
        return [] if self.catalogue is None else [self.catalogue] + (self.pages or [])

    def digests(self) -> "list[bytes]":
        """Every document that the device needs for this work."""
        wanted = [row[2] for row in self.orders] + self.catalogue_digests()
        return wanted if self.roster is None else wanted + [self.roster]


class Pull(Message):
    """A device's request for documents by digest; other fields as in HELLO."""

    __slots__ = ("digests", "kid", "session", "size")
    SHAPE = Map(
        must(1, "session", NONCE),
        must(2, "kid", KID),
        must(3, "digests", Array(HASH, 1, PULL_MAX)),
        must(4, "size", UINT),
    )
    session: bytes
    kid: bytes
    digests: "list[bytes]"
    size: int


class Document(Message):
    """A document's bytes; who receives it checks that its digest is one that a verified assignment names."""

    __slots__ = ("data",)
    SHAPE = Map(must(1, "data", Bytes(1, DOCUMENT_MAX_BYTES)))
    data: bytes


def sign(assignment: Assignment, signer: "Signer") -> bytes:
    """The complete bytes of an assignment, signed by the office key."""
    return cose.sign(assignment.encode(), cose.ASSIGNMENT, signer)


def verify(data: bytes, device: str, office_key: "Key", verifier: "Verifier") -> Assignment:
    """The assignment in ``data``, which must be for ``device``. Raises as the others do, or ``foreign``."""
    payload = cose.open_signed(data, STATEMENT_MAX_BYTES, cose.ASSIGNMENT, office_key, verifier)
    assignment = Assignment.decode(payload, STATEMENT_MAX_BYTES)
    if assignment.device != device:
        raise Malformed("foreign", "the assignment is for another device")
    return assignment


def digest(document: bytes) -> bytes:
    """The SHA-256 by which an assignment names a document."""
    return hashlib.sha256(document).digest()
