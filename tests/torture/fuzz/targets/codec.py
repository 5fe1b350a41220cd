"""The CBOR decoder: one encoding for each value, and what we take another implementation reads the same."""

from random import Random
from typing import Any

import cbor2

from jobseal import cbor
from jobseal.errors import JobsealError
from tests.torture.fuzz import mutation
from tests.torture.fuzz.targets import vectors
from tests.torture.fuzz.targets.contract import hold, refused


class Codec:
    """Any bytes."""

    most_bytes = 2_048
    limit_s = 1.0

    def seeds(self) -> list[bytes]:
        return [data for data in vectors.inputs("cbor", "shape", "bodies", "key") if len(data) < 512]

    def mutate(self, data: bytes, chance: Random) -> bytes:
        return mutation.item(data, chance)

    def run(self, data: bytes) -> None:
        try:
            value = cbor.decode(data, 65_536)
        except JobsealError as error:
            refused(error)
            return
        hold(cbor.encode(value) == data, "cbor_two_encodings", "what was decoded encodes to other bytes")
        hold(exactly(cbor2.loads(data)) == exactly(value), "cbor_differs", "cbor2 reads another value")


def exactly(value: Any) -> str:
    """The value with its types: true is not 1 here."""
    if isinstance(value, dict):
        return "{" + ",".join(sorted(f"{exactly(key)}:{exactly(value[key])}" for key in value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(exactly, value)) + "]"
    return repr(value)
