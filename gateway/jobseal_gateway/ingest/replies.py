"""Replies: the receipts of a round, worked out inside its transaction and signed after its COMMIT.

A receipt says how far the sender's own branch is settled, which is not always how far the key is: two holders of one
key each hear of theirs.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from jobseal import frame, receipt
from jobseal.limits import STORED_MAX, VERDICTS_MAX
from jobseal.receipt import Receipt
from jobseal_gateway.ingest.key_chain import KeyChain, Position
from jobseal_gateway.ledger import verdicts
from jobseal_gateway.log import LogWriter, Sealed
from jobseal_gateway.registry import Enrolled

if TYPE_CHECKING:
    from jobseal.cose import Signer

_CODES_PER_SEQ = 8  # more than any slot ever gets; what does not fit one receipt comes with the next


class Answer:
    """What a receipt will say, but for the log: who gets it, where he stands, and what is stored of his.

    ``since`` is the checkpoint size that his frame named; ``resume`` is where he is to send on from, if that is beyond
    his position; ``verdicts`` are [seq, [codes]] with ``more`` behind them.
    """

    __slots__ = ("enrolled", "more", "position", "resume", "session", "since", "stored", "superseded", "verdicts")

    def __init__(self, enrolled: Enrolled, session: bytes, since: int, position: Position) -> None:
        self.enrolled = enrolled
        self.session = session
        self.since = since
        self.position = position
        self.superseded = False
        self.verdicts: list[list[object]] = []
        self.more = True  # nothing has been looked up yet
        self.stored: list[bytes] = []
        self.resume: int | None = None

    def look_up_verdicts(self, connection: Connection, keyed: KeyChain, first: int) -> None:
        """Fill in what the ledger has to say of the sender's settled events from seq ``first`` on."""
        if first > keyed.last_verdict:
            self.more = False
            return
        spans = {branch: (low, end) for branch, low, end in keyed.lineage(self.position)}
        most = VERDICTS_MAX * _CODES_PER_SEQ
        found = verdicts.of_branches(connection, spans, first, most)
        by_seq: dict[int, list[str]] = {}
        for each in found:
            low, end = spans[each.branch_id]
            if low <= each.seq < end:
                by_seq.setdefault(each.seq, []).append(each.code)
        shown = list(by_seq.items())[:VERDICTS_MAX]
        self.verdicts = [[seq, codes] for seq, codes in shown]
        self.more = len(by_seq) > len(shown) or (len(found) == most and len(shown) > 0)


def sign(answers: Sequence[Answer], log: LogWriter, sealed: Sealed, signer: "Signer") -> list[tuple[str, bytes]]:
    """(topic, frame) of each receipt, with the checkpoint that the round left. Only after its COMMIT."""
    proofs = {since: log.consistency(since, sealed.size) for since in {answer.since for answer in answers}}
    return [
        (frame.down_topic(answer.enrolled.device), _signed(answer, proofs[answer.since], sealed, signer))
        for answer in answers
    ]


def _signed(answer: Answer, proof: list[bytes], sealed: Sealed, signer: "Signer") -> bytes:
    said = Receipt(
        key=answer.enrolled.key.thumbprint,
        session=answer.session,
        next=answer.position.next,
        head=answer.position.head,
        superseded=answer.superseded,
        checkpoint=sealed.checkpoint,
        since=answer.since,
        proof=proof,
        verdicts=answer.verdicts,
        more=answer.more,
        stored=answer.stored[:STORED_MAX],
        resume=answer.resume,
    )
    return frame.encode_signed(frame.RECEIPT, receipt.sign(said, signer))
