"""The proof that a key has forked, assembled from the log as it stands: what ``jobseal verify`` takes from anybody.

Nothing in it is made for the purpose: the two events were logged when they came, and the newest checkpoint covers them.
"""

from sqlalchemy import Connection

from jobseal import cose
from jobseal.checkpoint import Checkpoint
from jobseal.errors import OPERATOR
from jobseal.fork import FORMAT, ForkProof
from jobseal.limits import STATEMENT_MAX_BYTES
from jobseal_gateway.authority import GatewayKeys
from jobseal_gateway.errors import GatewayError
from jobseal_gateway.ledger import branches, leaves, log
from jobseal_gateway.ledger import office as office_rows
from jobseal_gateway.ledger.branches import CANONICAL, Branch
from jobseal_gateway.ledger.keys import Key
from jobseal_gateway.ledger.leaves import Leaf
from jobseal_gateway.log import LogWriter

_DECISIONS = ("device.suspended", "device.reinstated", "device.revoked", "branch.adopted", "range.written_off")


class NoFork(GatewayError):
    """There is nothing to be proven."""

    def __init__(self, sentence: str) -> None:
        super().__init__("no_fork", sentence, OPERATOR)


def proof(connection: Connection, writer: LogWriter, gateway: GatewayKeys, key: Key, head: str = "") -> bytes:
    """The fork proof of this key, complete bytes: of its newest fork, or of that whose newest event's hash begins with
    ``head`` (hex). Raises NoFork."""
    fork = _fork(branches.of_key(connection, key.id), head, key)
    first, second = _events(connection, key, fork)
    checkpoint = log.head(connection).checkpoint or b""
    size = Checkpoint.decode(cose.parse(checkpoint, STATEMENT_MAX_BYTES).payload, STATEMENT_MAX_BYTES).size
    acts = [leaf for kind in _DECISIONS for leaf in office_rows.about(connection, kind, key.thumbprint.hex())]
    enrolled = leaves.at(connection, key.enrolment_leaf)
    acts += [] if enrolled is None else [enrolled]
    return ForkProof(
        format=FORMAT,
        root=gateway.authority.root.encode(),
        authority=gateway.certifications,
        checkpoint=checkpoint,
        acts=[_leaf(writer, row, size) for row in sorted(acts, key=lambda row: row.idx) if row.idx < size],
        events=[_leaf(writer, row, size) for row in (first, second)],
    ).encode()


def _fork(of_key: list[Branch], head: str, key: Key) -> Branch:
    forks = [each for each in of_key if each.standing != CANONICAL]
    found = [each for each in forks if each.head_hash.hex().startswith(head.lower())]
    if not found:
        shown = ", ".join(each.head_hash.hex()[:16] for each in forks) or "none"
        raise NoFork(f"The key of {key.device} has no such fork; the heads of its forks are: {shown}.")
    return found[-1]


def _events(connection: Connection, key: Key, fork: Branch) -> tuple[Leaf, Leaf]:
    """The first event of the fork, and the one whose number it takes, in log order."""
    at_seq = [leaf for leaf in leaves.events_at(connection, key.id, fork.fork_seq) if leaf.bytes is not None]
    own = [leaf for leaf in at_seq if leaf.branch_id == fork.id]
    others = [leaf for leaf in at_seq if leaf.branch_id != fork.id]
    if not own or not others:
        raise NoFork(f"One of the two events with number {fork.fork_seq} is not in the log any more.")
    first, second = sorted((own[0], others[0]), key=lambda leaf: leaf.idx)
    return first, second


def _leaf(writer: LogWriter, row: Leaf, size: int) -> list[object]:
    return [row.idx, row.bytes, writer.inclusion(row.idx, size)]
