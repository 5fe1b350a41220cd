"""What every target has, and the words in which one says that something does not hold.

A target's ``run`` takes any bytes. It returns when everything held, refusal included; whatever it raises is a finding.
"""

import re
from pathlib import Path
from random import Random
from typing import Protocol

from jobseal.errors import JobsealError

ROOT = Path(__file__).parents[4]
# Codes stand first in the rows of the specification's tables of errors.
CODES = frozenset(re.findall(r"^\| `([a-z0-9_]+)` \|", (ROOT / "protocol/SPEC.md").read_text(), re.MULTILINE))


class Target(Protocol):
    """``most_bytes``: of an input; ``limit_s``: processor time that one execution may take."""

    most_bytes: int
    limit_s: float

    def seeds(self) -> list[bytes]:
        """What to begin with: small, valid and nearly valid."""

    def mutate(self, data: bytes, chance: Random) -> bytes:
        """Another input that differs from this one in a way that reaches deep; any bytes in, any bytes out."""

    def run(self, data: bytes) -> None:
        """Feed it, and check."""


class Broken(AssertionError):
    """Something that must hold did not; ``check`` is its short name."""

    def __init__(self, check: str, words: str) -> None:
        super().__init__(f"{check}: {words}")
        self.check = check


def hold(truth: bool, check: str, words: str = "") -> None:
    """Raise :class:`Broken` unless ``truth``."""
    if not truth:
        raise Broken(check, words)


def refused(error: JobsealError) -> None:
    """A refusal of a peer's bytes is one of those that the specification lists, blames the peer, and says why."""
    hold(error.code in CODES, "code_unknown", f"{error.code} is not in the specification")
    hold(error.fault == "peer", "fault", f"{error.code} blames {error.fault} for what a peer sent")
    hold(bool(error.sentence), "sentence", f"{error.code} says nothing")
