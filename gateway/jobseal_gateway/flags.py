"""Flags: released records that rest on events which are not trusted any more. Pure.

A key that turns out to be compromised, or to have two holders, casts doubt on what was billed by its word. What was
released never changes, so billing is told: the record is flagged while the exception stands, and cleared when somebody
with a name has set it aside, settled the fork, or the record was taken back.
"""

from dataclasses import dataclass

from jobseal.exceptions import RULES
from jobseal_gateway import statements
from jobseal_gateway.ledger.records import Released
from jobseal_gateway.projection import Projected

CODES = ("key_revoked", "chain_fork")
_VOID = "void"


@dataclass(frozen=True, slots=True)
class Flag:
    """The record ``revision`` rests on ``events`` (hashes, in log order) that have the open exception ``code``."""

    revision: int
    code: str
    events: tuple[bytes, ...]

    @property
    def sentence(self) -> str:
        """For a person."""
        return f"The record rests on events with an open exception. {RULES[self.code].sentence}"


def of(projected: Projected) -> tuple[Flag, ...]:
    """The flags of a job's records that stand: neither rejected nor taken back."""
    doubted = {
        code: {each.raised.event for each in projected.exceptions if each.blocks and each.raised.code == code}
        for code in CODES
    }
    if not any(doubted.values()):
        return ()
    found: list[Flag] = []
    for released in _standing(projected):
        before = [logged.hash for logged in projected.dossier.events if logged.index < released.leaf]
        for code in CODES:
            rests_on = tuple(hash for hash in before if hash in doubted[code])
            if rests_on:
                found.append(Flag(released.revision, code, rests_on))
    return tuple(found)


def _standing(projected: Projected) -> list[Released]:
    standing: list[Released] = []
    for released in projected.dossier.released:
        if released.revision not in projected.dossier.rejected:
            is_void = statements.record(released.bytes).kind == _VOID
            standing = [] if is_void else [*standing, released]
    return standing
