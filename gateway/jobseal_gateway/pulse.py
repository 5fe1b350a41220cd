"""The pulse: what the ingest process says of itself, at least once a second or so, and at once when it changes.

It travels as a note to whoever answers for the gateway's readiness. No file and no database is in between, so that a
full disk or a dead database can still be told. A process that is not heard for ``SILENT_AFTER_S`` counts as gone.
"""

import json
from dataclasses import asdict, dataclass

BEAT_EVERY_S = 0.25  # at most; while nothing happens, once a second
SILENT_AFTER_S = 5.0  # several beats and one slow transaction


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something does not work: a stable code, a sentence for a person, whose move it is (``jobseal.errors``)."""

    code: str
    sentence: str
    fault: str


@dataclass(frozen=True, slots=True)
class Pulse:
    """``worker`` names the process; ``reasons`` say why it takes nothing in, or folds nothing: none when it does."""

    worker: str
    reasons: tuple[Reason, ...]

    def encode(self) -> bytes:
        """The note."""
        return json.dumps({"worker": self.worker, "reasons": [asdict(each) for each in self.reasons]}).encode()


def decode(note: bytes) -> Pulse:
    """The pulse in a note of ours. Raises ValueError or KeyError for anything else."""
    value = json.loads(note)
    return Pulse(str(value["worker"]), tuple(Reason(**reason) for reason in value["reasons"]))
