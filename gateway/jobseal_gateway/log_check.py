"""Checking a stored log: every statement against its hash, every hash against the root that the log key signed.

What a backup and a restore stand on. It reads all leaves once (about a million in ten seconds) and keeps none.
"""

import hashlib
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import Connection

from jobseal import checkpoint, merkle
from jobseal.errors import OPERATOR, JobsealError
from jobseal_gateway.errors import GatewayError
from jobseal_gateway.ledger import leaves
from jobseal_gateway.ledger import log as rows
from jobseal_gateway.merkle_log import LogHead, append

if TYPE_CHECKING:
    from jobseal.cose import Verifier
    from jobseal.key import Key

LEAVES_AT_ONCE = 4_096


class LogUnsound(GatewayError):
    """The stored log is not what was signed; nothing may be built on it."""

    def __init__(self, what: str) -> None:
        sentence = f"The log in this database is not what was signed: {what}. Use another backup, and keep this one."
        super().__init__("log_unsound", sentence, OPERATOR)


class Standing(NamedTuple):
    """What a log is: its id, its size and root, and its newest checkpoint, complete bytes. ``marked`` is the root at
    the size that the caller asked for."""

    log: bytes
    size: int
    root: bytes
    checkpoint: bytes
    marked: bytes


def check(connection: Connection, log_key: "Key", verifier: "Verifier", mark: int | None = None) -> Standing:
    """The log in this database, all of it checked; ``mark``: a size whose root is wanted too (None: its own).

    Raises LogUnsound, also for a log that is smaller than ``mark``, and for one that was never begun.
    """
    stored = rows.head(connection)
    if stored.checkpoint is None:
        raise LogUnsound("it has no checkpoint")
    try:
        signed = checkpoint.verify(stored.checkpoint, log_key, verifier)
    except JobsealError as error:
        raise LogUnsound(f"its newest checkpoint does not verify ({error.sentence})") from error
    wanted = stored.size if mark is None else mark
    if wanted > stored.size:
        raise LogUnsound(f"it has {stored.size} leaves, and had {wanted}")
    before = _grown(connection, LogHead(), wanted)
    head = _grown(connection, before, stored.size)
    if (head.size, head.frontier) != (stored.size, stored.frontier):
        raise LogUnsound("its head does not belong to its leaves")
    if (signed.size, signed.root) != (head.size, head.root()):
        raise LogUnsound(f"its newest checkpoint is of {signed.size} leaves with another root")
    return Standing(signed.log, head.size, head.root(), stored.checkpoint, before.root())


def _grown(connection: Connection, head: LogHead, size: int) -> LogHead:
    """The head at ``size``, from the leaves behind ``head``."""
    while head.size < size:
        read = leaves.between(connection, head.size, min(head.size + LEAVES_AT_ONCE, size))
        if [leaf.idx for leaf in read] != list(range(head.size, head.size + len(read))) or not read:
            raise LogUnsound(f"leaf {head.size} or one close behind it is missing")
        head = append(head, [_hashed(leaf) for leaf in read]).after
    return head


def _hashed(leaf: leaves.Leaf) -> bytes:
    if leaf.bytes is not None and hashlib.sha256(leaf.bytes).digest() != leaf.hash:
        raise LogUnsound(f"the statement at {leaf.idx} is not the one that was logged")
    return merkle.leaf_hash(merkle.entry(bytes([leaf.type]), leaf.hash))
