"""Proofs as last folded: where the log has the event that a customer's code names."""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, delete, insert, select

from jobseal_gateway.ledger.rows import many
from jobseal_gateway.ledger.schema import proofs

DIGEST_BYTES = 32


class Proof(NamedTuple):
    """``digest``: SHA-256 of the event's complete bytes; ``leaf``: its place in the log."""

    digest: bytes
    job_id: int
    leaf: int


_OF_JOB = select(proofs).where(proofs.c.job_id == bindparam("job")).order_by(proofs.c.leaf)
_CLEAR = delete(proofs).where(proofs.c.job_id == bindparam("job"))
_INSERT = insert(proofs)
_BETWEEN = select(proofs).where(proofs.c.digest >= bindparam("low"), proofs.c.digest <= bindparam("high")).limit(2)


def replace(connection: Connection, job_id: int, found: Iterable[Proof]) -> None:
    """These are the job's proofs now, and no others."""
    connection.execute(_CLEAR, {"job": job_id})
    rows = [each._asdict() for each in found]
    if rows:
        connection.execute(_INSERT, rows)


def of_job(connection: Connection, job_id: int) -> list[Proof]:
    """The job's proofs, in log order."""
    return many(Proof, connection.execute(_OF_JOB, {"job": job_id}))


def of_digest(connection: Connection, prefix: int, bits: int) -> Proof | None:
    """The one whose digest begins with these ``bits`` bits, the number ``prefix``; None for none, and for two."""
    rest = DIGEST_BYTES * 8 - bits
    low, high = prefix << rest, (prefix + 1 << rest) - 1
    values = {"low": low.to_bytes(DIGEST_BYTES, "big"), "high": high.to_bytes(DIGEST_BYTES, "big")}
    found = many(Proof, connection.execute(_BETWEEN, values))
    return found[0] if len(found) == 1 else None
