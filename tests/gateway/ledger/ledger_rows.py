"""Rows that the ledger's tests put in: a key with its branch, jobs, and leaves that follow one another."""

import hashlib
from typing import NamedTuple

from sqlalchemy import Connection

from jobseal_gateway.ledger import branches, jobs, keys, leaves
from jobseal_gateway.ledger.branches import Branch
from jobseal_gateway.ledger.keys import Key
from jobseal_gateway.ledger.leaves import Leaf

NOW_MS = 1_790_000_000_000


class Chain(NamedTuple):
    """A key and its canonical branch."""

    key: Key
    branch: Branch


def digest(*parts: object) -> bytes:
    """32 bytes that differ for different parts."""
    return hashlib.sha256(repr(parts).encode()).digest()


def enrolled(connection: Connection, device: str = "van-7", leaf: int = 0) -> Chain:
    """A key of this device, whose thumbprint follows from device and leaf, and its branch."""
    key = keys.enrol(
        connection,
        thumbprint=digest("thumbprint", device, leaf),
        cose_key=b"\xa1" + device.encode(),
        device=device,
        enrolment_leaf=leaf,
        enrolment_hash=digest("enrolment", device, leaf),
    )
    return Chain(key, branches.begin(connection, key.id, key.enrolment_hash))


def event(idx: int, branch: Branch, seq: int, job_id: int | None = None, data: bytes = b"event") -> Leaf:
    """The leaf of an event."""
    complete = data + b"%d/%d/%d" % (branch.id, seq, idx)
    return Leaf(idx, leaves.EVENT, digest(complete), NOW_MS + idx, branch.key_id, branch.id, seq, job_id, complete)


def act(idx: int, job_id: int | None = None) -> Leaf:
    """The leaf of an office statement."""
    complete = b"act%d" % idx
    return Leaf(idx, leaves.OFFICE, digest(complete), NOW_MS + idx, None, None, None, job_id, complete)


def job(connection: Connection, work_order: str = "WO-1") -> int:
    """The number of this work order."""
    return jobs.numbers(connection, [work_order])[work_order]
