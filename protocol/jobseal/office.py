"""The office's own acts: leaves of the same log as the events, signed by the office key with the operator named.

One act is above the office: that the log itself was restarted. Only the root key can say so.
"""

import hashlib

from jobseal import cbor, cose
from jobseal.checkpoint import LOG_ID
from jobseal.errors import OURS, PEER, Malformed, SignatureInvalid
from jobseal.key import KEY_MAX_BYTES
from jobseal.limits import INT_MAX, STATEMENT_MAX_BYTES
from jobseal.message import Message
from jobseal.shape import (
    CODE,
    DEVICE,
    HASH,
    TIME,
    UINT,
    AnyMap,
    Array,
    Bytes,
    Integer,
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

ASSURANCE = OneOf("hardware", "pin", "none")
REASON = Text(1, 256)

SHAPES = {
    "device.enrolled": Map(
        must(1, "device", DEVICE),
        must(2, "key", Bytes(1, KEY_MAX_BYTES)),
        must(3, "assurance", ASSURANCE),
        must(4, "earlier", optional(HASH)),
        must(5, "log", LOG_ID),
        may(6, "label", Text(1, 64)),
        # the key.rotated by which the earlier key ended, with its seq: then it, and not this statement, is what event 0
        # of the key names.
        may(7, "follows", Row(("seq", UINT), ("event", HASH))),
    ),
    "device.suspended": Map(must(1, "key", HASH), must(2, "reason", REASON)),
    "device.reinstated": Map(must(1, "key", HASH), must(2, "reason", REASON)),
    "device.revoked": Map(
        must(1, "key", HASH),
        must(2, "reason", OneOf("lost", "retired", "compromised", "replaced")),
        may(3, "last_trusted_seq", Integer(-1, INT_MAX)),
    ),
    "branch.adopted": Map(must(1, "key", HASH), must(2, "head", HASH), must(3, "reason", REASON)),
    "range.written_off": Map(
        must(1, "key", HASH), must(2, "from", UINT), must(3, "to", UINT), must(4, "reason", REASON)
    ),
    "job.closed_by_office": Map(must(1, "reason", REASON), may(2, "key", HASH)),
    "exception.overridden": Map(
        must(1, "code", Text(1, 32)),
        must(2, "reason", REASON),
        may(3, "event", HASH),
        may(4, "subject", CODE),
    ),
    "record.released": Map(must(1, "revision", UINT), must(2, "digest", HASH)),
    "object.erased": Map(must(1, "digests", Array(HASH, 1, 64)), must(2, "reason", REASON)),
    "log.restarted": Map(
        must(1, "earlier_log", LOG_ID),
        must(2, "size", UINT),
        must(3, "root", HASH),
        must(4, "reason", REASON),
        may(5, "log", LOG_ID),
    ),
}

RESTART = "log.restarted"  # signed by the root key, and by no other
ABOUT_A_JOB = ("job.closed_by_office", "record.released")  # these name one


class Act(Message):
    """The payload of an office statement: ``kind``, ``at`` (Unix ms UTC), ``operator``, ``body``, ``job`` if any."""

    __slots__ = ("at", "body", "job", "kind", "operator")
    SHAPE = Map(
        must(1, "kind", OneOf(*sorted(SHAPES))),
        must(2, "at", TIME),
        must(3, "operator", Text(1, 64)),
        must(4, "body", AnyMap()),
        may(5, "job", CODE),
    )
    kind: str
    at: int
    operator: str
    body: "dict[Any, Any]"
    job: "str | None"

    def named(self) -> "dict[str, Any]":
        """The body with names for keys."""
        return SHAPES[self.kind].named(self.body)


def act(kind: str, at: int, operator: str, body: "dict[str, Any]", job: "str | None" = None) -> Act:
    """An office statement from a body with names for keys. Raises ``malformed`` (fault ``ours``)."""
    return _checked(Act(kind=kind, at=at, operator=operator, body=SHAPES[kind].keyed(body), job=job), OURS)


def _checked(statement: Act, fault: str) -> Act:
    wrong = SHAPES[statement.kind].problem(statement.body)
    if wrong:
        raise Malformed("malformed", statement.kind + ": " + wrong, fault)
    if statement.job is None and statement.kind in ABOUT_A_JOB:
        raise Malformed("malformed", statement.kind + ": names no job", fault)
    return statement


def sign(statement: Act, signer: "Signer") -> bytes:
    """The complete bytes of an office statement, signed by the office key (a restart: by the root key)."""
    return cose.sign(statement.encode(), cose.OFFICE, signer)


def verify(data: bytes, office_key: "Key", verifier: "Verifier") -> Act:
    """The office statement in ``data``.

    Raises as :func:`jobseal.checkpoint.verify` does, or ``authority`` for a restart, which the office cannot declare.
    """
    statement = _open(data, office_key, verifier)
    if statement.kind == RESTART:
        raise SignatureInvalid("only the root key can declare that the log was restarted", "authority")
    return statement


def verify_restart(data: bytes, root_key: "Key", verifier: "Verifier") -> Act:
    """The ``log.restarted`` statement in ``data``, signed by the root key. Raises as :func:`verify` does."""
    statement = _open(data, root_key, verifier)
    if statement.kind != RESTART:
        raise SignatureInvalid("the root key declares restarts of the log and no other act", "authority")
    return statement


def _open(data: bytes, key: "Key", verifier: "Verifier") -> Act:
    payload = cose.open_signed(data, STATEMENT_MAX_BYTES, cose.OFFICE, key, verifier)
    return _checked(Act.from_map(cbor.decode(payload, STATEMENT_MAX_BYTES)), PEER)


def read(data: bytes) -> Act:
    """What ``data`` says, whoever signed it: believe nothing of it that was not verified elsewhere. Raises
    :class:`Malformed`."""
    payload = cose.parse(data, STATEMENT_MAX_BYTES).payload
    return _checked(Act.from_map(cbor.decode(payload, STATEMENT_MAX_BYTES)), PEER)


def hash_of(data: bytes) -> bytes:
    """The SHA-256 of a statement's complete bytes: its identity, and its entry in the log."""
    return hashlib.sha256(data).digest()
