"""The billing record: what billing consumes, signed at release, each line pointing at the events behind it.

It proves inputs (who, what, when, how much); the arithmetic of rates is shown step by step beside them. A released
record never changes: what comes later makes a ``delta``, and a ``void`` supersedes.
"""

import hashlib

from jobseal import cose
from jobseal.limits import RECORD_MAX_BYTES
from jobseal.message import Message
from jobseal.shape import (
    CODE,
    DECIMAL,
    HASH,
    NAME,
    TIME,
    UINT,
    Array,
    Bytes,
    Map,
    OneOf,
    Row,
    Text,
    may,
    must,
    optional,
)

MYPY = False
if MYPY:
    from typing import Any

    from jobseal.cose import Signer, Verifier
    from jobseal.key import Key

_STEP = Text(1, 160)


class Line(Message):
    """One charge. ``raw`` (decimal text, in ``raw_unit``) follows from ``events``; ``billed`` (in ``unit``) follows
    from ``raw`` by ``steps``; ``amount`` is ``billed`` times ``rate``, rounded once. ``rule`` names the price list's
    rule."""

    __slots__ = (
        "amount", "billed", "code", "description", "events", "kind", "number", "rate", "raw", "raw_unit", "rule",
        "steps", "unit",
    )  # fmt: skip
    SHAPE = Map(
        must(1, "number", UINT),
        must(2, "kind", OneOf("labour", "travel", "waiting", "part", "expense", "visit", "adjustment")),
        must(3, "code", CODE),
        must(4, "description", Text(0, 160)),
        must(5, "raw", DECIMAL),
        must(6, "raw_unit", Text(1, 16)),
        must(7, "billed", DECIMAL),
        must(8, "unit", Text(1, 16)),
        must(9, "rate", DECIMAL),
        must(10, "amount", DECIMAL),
        must(11, "rule", CODE),
        must(12, "steps", Array(_STEP, 0, 32)),
        must(13, "events", Array(HASH, 0, 1024)),
    )
    number: int
    kind: str
    code: str
    description: str
    raw: str
    raw_unit: str
    billed: str
    unit: str
    rate: str
    amount: str
    rule: str
    steps: "list[str]"
    events: "list[bytes]"


class Record(Message):
    """The payload of a billing record. ``lines`` are the maps of :class:`Line`; ``closes`` names for each key that
    worked on the job the event or office act that closes it: [thumbprint, count, digest, hash]; ``price_list`` is
    [id, version, digest]; ``checkpoint`` is the complete bytes of the one that the evidence is proven against."""

    __slots__ = (
        "checkpoint", "closes", "currency", "customer", "kind", "lines", "log", "order", "order_revision",
        "overrides", "po_number", "price_list", "released_at", "released_by", "revision", "state", "supersedes",
        "total", "work_order",
    )  # fmt: skip
    SHAPE = Map(
        must(1, "log", Bytes(16, 16)),
        must(2, "work_order", CODE),
        must(3, "revision", UINT),
        must(4, "kind", OneOf("original", "delta", "void")),
        must(5, "supersedes", optional(HASH)),
        must(6, "order", optional(HASH)),
        must(7, "order_revision", optional(UINT)),
        must(8, "customer", NAME),
        must(9, "po_number", optional(CODE)),
        must(10, "currency", Text(3, 3)),
        must(11, "price_list", Row(("id", CODE), ("version", CODE), ("digest", HASH))),
        must(12, "state", Text(1, 16)),
        must(13, "lines", Array(Line.SHAPE, 0, 1024)),
        must(14, "total", DECIMAL),
        must(15, "closes", Array(Row(("key", HASH), ("count", UINT), ("digest", HASH), ("hash", HASH)), 0, 64)),
        must(16, "released_at", TIME),
        must(17, "released_by", Text(1, 64)),
        must(18, "checkpoint", Bytes(1, 512)),
        may(19, "overrides", Array(Row(("code", Text(1, 32)), ("act", HASH)), 1, 64)),
    )
    log: bytes
    work_order: str
    revision: int
    kind: str
    supersedes: "bytes | None"
    order: "bytes | None"
    order_revision: "int | None"
    customer: str
    po_number: "str | None"
    currency: str
    price_list: "list[Any]"
    state: str
    lines: "list[Any]"
    total: str
    closes: "list[Any]"
    released_at: int
    released_by: str
    checkpoint: bytes
    overrides: "list[Any] | None"

    def line_items(self) -> "list[Line]":
        """The lines as objects."""
        return [Line.from_map(line) for line in self.lines]


def sign(record: Record, signer: "Signer") -> bytes:
    """The complete bytes of a record, signed by the office key."""
    return cose.sign(record.encode(), cose.RECORD, signer)


def verify(data: bytes, office_key: "Key", verifier: "Verifier") -> Record:
    """The record in ``data``. Raises as :func:`jobseal.checkpoint.verify` does."""
    payload = cose.open_signed(data, RECORD_MAX_BYTES, cose.RECORD, office_key, verifier)
    return Record.decode(payload, RECORD_MAX_BYTES)


def digest(data: bytes) -> bytes:
    """The SHA-256 of a record's complete bytes: what acknowledgements and ``supersedes`` name."""
    return hashlib.sha256(data).digest()
