"""The contract: the golden vectors of the protocol, valid and invalid, one sentinel for each noun."""

import json
from functools import partial
from pathlib import Path

from jobseal.host.crypto import Verifier
from tests.system.sentinels import Found
from tests.vectors import check

VECTORS = Path(__file__).parents[3] / "protocol" / "vectors"


def vectors(noun: str, _: Path) -> Found:
    """``vector``: one of them comes out otherwise than it says."""
    _, failures = check.run(json.loads((VECTORS / f"{noun}.json").read_text()), Verifier())
    yield from (("vector", failure) for failure in failures)


SENTINELS = {path.stem: partial(vectors, path.stem) for path in sorted(VECTORS.glob("*.json"))}
