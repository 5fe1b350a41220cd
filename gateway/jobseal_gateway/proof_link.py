"""The proof's link: what anybody may know of a job who holds the code that its handheld showed.

The code is the beginning of the digest of an event by which the handheld completed its part, or of a later one: 130
bits that nobody finds by trying. Whoever has it learns that the log has that event, since when, whether a record of the
job was released with it, and whether more was signed since; never who, where, what or how much. An event that no job
follows (of a copied handheld, say) is not known here.
"""

from typing import NamedTuple

from sqlalchemy import Connection

from jobseal_gateway import statements
from jobseal_gateway.ledger import jobs, leaves, log, proofs, records
from jobseal_gateway.ledger.proofs import DIGEST_BYTES, Proof
from jobseal_gateway.release import VOID

CHARACTERS_MIN = 26  # of base32: what the handheld's longest link has
_BITS = 5
_CHARACTERS_MAX = -(-DIGEST_BYTES * 8 // _BITS)
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"  # RFC 4648 section 6


class Standing(NamedTuple):
    """``kind``: what the handheld said, None once its bytes are erased; ``logged_ms``: since when the log has it;
    ``released_ms``: when a record that covers it was released first, None for not yet; ``superseded``: the handheld
    signed more about the job since, or another record took that one's place; ``log_size``: of the log now. Times are
    Unix ms UTC by the gateway's clock."""

    kind: str | None
    logged_ms: int
    released_ms: int | None
    superseded: bool
    log_size: int


def standing(connection: Connection, code: str) -> Standing | None:
    """What there is to say about the event with this code, None where it is not known here, or is no code."""
    named = _bits(code)
    proof = None if named is None else proofs.of_digest(connection, *named)
    leaf = None if proof is None else leaves.at(connection, proof.leaf)
    if proof is None or leaf is None:
        return None
    kept = records.of_work_order(connection, jobs.work_order(connection, proof.job_id))
    covering = [each for each in kept if each.leaf > proof.leaf]
    released = [each.released_ms for each in covering if each.kind != VOID]
    return Standing(
        kind=None if leaf.bytes is None else statements.event(leaf.bytes).event.kind,
        logged_ms=leaf.logged_ms,
        released_ms=released[0] if released else None,
        superseded=len(covering) > 1 or _goes_on(connection, proof, leaf),
        log_size=log.head(connection).size,
    )


def _goes_on(connection: Connection, proof: Proof, leaf: leaves.Leaf) -> bool:
    """Whether the same key signed more about the job."""
    later = [each for each in proofs.of_job(connection, proof.job_id) if each.leaf > proof.leaf]
    found = [leaves.at(connection, each.leaf) for each in later]
    return any(each is not None and each.key_id == leaf.key_id for each in found)


def _bits(code: str) -> tuple[int, int] | None:
    """The number that the code begins a digest with, and of how many bits; None for what is no code."""
    if not code.isascii() or not CHARACTERS_MIN <= len(code) <= _CHARACTERS_MAX:  # other letters grow when raised
        return None
    number = 0
    for character in code.upper():
        place = _ALPHABET.find(character)
        if place < 0:
            return None
        number = number << _BITS | place
    count = len(code) * _BITS
    beyond = max(0, count - DIGEST_BYTES * 8)  # the last character of a whole digest is not full
    return number >> beyond, count - beyond
