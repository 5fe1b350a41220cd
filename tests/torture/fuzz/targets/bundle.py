"""``jobseal verify``: of an accepted bundle no byte can be changed without its being refused.

What a key of the gateway signs anew is another statement, and may be accepted; a bundle that holds only statements of
the honest one, and is accepted, is that bundle, but for receipts and objects that were left out.
"""

from random import Random
from typing import Any

from jobseal import cbor
from jobseal.bundle import Bundle
from jobseal.flaw import OK, UNCHECKABLE, UNTRUSTED, WRONG
from jobseal.host.verify import as_json, as_text
from jobseal.limits import BUNDLE_MAX_BYTES
from jobseal.proof import verify_bundle
from tests.torture.fuzz import mutation
from tests.torture.fuzz.targets import vectors
from tests.torture.fuzz.targets.contract import hold
from tests.torture.fuzz.targets.people import Memory, Signers
from tests.vectors.keys import NAMED

MAY_BE_LEFT_OUT = (8, 10)  # receipts, objects


class Bundles:
    """A bundle."""

    most_bytes = 16_384
    limit_s = 2.0

    def __init__(self) -> None:
        self._memory = Memory()
        self._signed = Signers(*NAMED.values())
        self._root = NAMED["root"].key.thumbprint
        every = [each for each in vectors.entries("bundle") if each.get("status") == OK]
        self._honest = [bytes.fromhex(each["hex"]) for each in every]
        self._parts = [self._statements(cbor.decode(data, BUNDLE_MAX_BYTES)) for data in self._honest]

    def seeds(self) -> list[bytes]:
        return self._honest + [bytes.fromhex(each["hex"]) for each in vectors.entries("bundle") if "flaw" in each][5:12]

    def mutate(self, data: bytes, chance: Random) -> bytes:
        act = chance.random()
        if act < 0.3:
            return mutation.spoil(data, chance)
        return mutation.item(data, chance, mutation.spoil if act < 0.7 else self._signed.statement)

    def run(self, data: bytes) -> None:
        found = verify_bundle(data, self._memory, self._root)
        hold(found.status in (OK, WRONG, UNCHECKABLE, UNTRUSTED), "status", found.status)
        hold(bool(found.code) and (found.status == OK or bool(found.sentence)), "finding_empty", found.status)
        as_json(found)
        as_text(found).encode()
        if found.status == OK and data not in self._honest:
            value = cbor.decode(data, BUNDLE_MAX_BYTES)
            hold(Bundle.from_map(value).encode() == data, "bundle_two_encodings")
            hold(not self._is_forged(value), "bundle_changed", "a changed bundle is accepted")

    def _is_forged(self, value: dict[int, Any]) -> bool:
        """Whether it is made of honest statements alone, and says something else than the honest bundle did."""
        own = self._statements(value)
        for data, parts in zip(self._honest, self._parts, strict=True):
            if own <= parts:
                honest = cbor.decode(data, BUNDLE_MAX_BYTES)
                return any(
                    value[field] != honest[field]
                    if field not in MAY_BE_LEFT_OUT
                    else [part for part in honest[field] if part in value[field]] != value[field]
                    for field in honest
                )
        return False

    @staticmethod
    def _statements(value: dict[int, Any]) -> set[bytes]:
        """Everything signed in it."""
        rows = [row[1] for field in (5, 6) for row in value[field]]
        return {value[4], *value[3], *rows, *(row[0] for row in value[7]), *value[8]}
