"""The golden vectors as seeds."""

import json
from typing import Any

from tests.torture.fuzz.targets.contract import ROOT

SEED_MOST_BYTES = 6_000


def entries(noun: str) -> list[dict[str, Any]]:
    """The vectors of one file."""
    found: list[dict[str, Any]] = json.loads((ROOT / f"protocol/vectors/{noun}.json").read_text())["vectors"]
    return found


def inputs(*nouns: str) -> list[bytes]:
    """The bytes of all vectors of these files, valid and invalid, each once; the few large ones left out."""
    found = [bytes.fromhex(each["hex"]) for noun in nouns for each in entries(noun) if "hex" in each]
    return [data for data in dict.fromkeys(found) if len(data) <= SEED_MOST_BYTES]
