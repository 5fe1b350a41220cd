"""What can go wrong between the ledger and its caller.

Only what a caller can act on has an error here; a broken rule of the schema (a second leaf at one place) is a
defect of ours and stays SQLAlchemy's own IntegrityError.
"""

from jobseal.errors import OPERATOR, OURS, PEER
from jobseal_gateway.errors import GatewayError


class LedgerUnavailable(GatewayError):
    """The database did not answer, or could not write: full disk, lost connection, lock not had in time.

    Retryable. When it comes out of a commit the outcome is unknown: the rows may be there. The next attempt
    reads what is there before it decides, as a resend does.
    """

    def __init__(self, sentence: str) -> None:
        super().__init__("ledger_unavailable", sentence, OURS, False)


class LedgerUnfit(GatewayError):
    """The database cannot keep what it is given, as it is set up now; an operator must change something."""

    def __init__(self, sentence: str, code: str = "ledger_unfit") -> None:
        super().__init__(code, sentence, OPERATOR, False)


class KeyTaken(GatewayError):
    """Another enrolled key has this thumbprint or the same first 8 bytes of it."""

    def __init__(self, kid: bytes) -> None:
        super().__init__("kid_taken", f"A key with the identifier {kid.hex()} is enrolled already.", PEER)
