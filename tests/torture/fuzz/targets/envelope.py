"""COSE_Sign1: nothing is accepted that was not signed, by that key, in that domain, and in that form.

The same statement is verified with the stand-in crypto of the simulation and with the real one; what ours accepts, cwt
must verify.
"""

from random import Random
from typing import TYPE_CHECKING

from cwt import COSE, COSEKey

from jobseal import cbor, cose, key
from jobseal.errors import JobsealError
from jobseal.key import Key
from tests.system import stand_in
from tests.torture.fuzz.targets import vectors
from tests.torture.fuzz.targets.contract import hold, refused
from tests.torture.fuzz.targets.people import DOMAINS, Memory, Signers
from tests.vectors.keys import NAMED

if TYPE_CHECKING:
    from jobseal.cose import Verifier

SIGNED = ("cose", "event", "receipt", "checkpoint", "office", "enrolment", "assignment", "record")
MOST_BYTES = 4_096


class Envelopes:
    """One envelope. Every key of the vectors is tried, under every domain."""

    most_bytes = 2_048
    limit_s = 1.0

    def __init__(self) -> None:
        self._memory = Memory()
        self._stand_ins = {each.key.kid: each for each in (stand_in.StandInSigner(name) for name in "abc")}
        self._keys: dict[bytes, Key] = {signer.key.kid: signer.key for signer in NAMED.values()}
        self._signed = Signers(*NAMED.values(), *self._stand_ins.values())
        for noun in SIGNED:
            for each in vectors.entries(noun):
                if each["valid"]:
                    public = key.decode(bytes.fromhex(each["key"]))
                    self._keys[public.kid] = public

    def seeds(self) -> list[bytes]:
        found = [data for data in vectors.inputs(*SIGNED) if len(data) <= 1_024]
        payload = cose.parse(next(data for data in found if data[:2] == b"\xd2\x84"), MOST_BYTES).payload
        return found + [cose.sign(payload, cose.EVENT, each) for each in self._stand_ins.values()]

    def mutate(self, data: bytes, chance: Random) -> bytes:
        return self._signed.statement(data, chance)

    def run(self, data: bytes) -> None:
        try:
            envelope = cose.parse(data, MOST_BYTES)
        except JobsealError as error:
            refused(error)
            return
        again = b"\xd2\x84\x4d" + envelope.protected + b"\xa0" + cbor.head(2, len(envelope.payload))
        again += envelope.payload + b"\x58\x40" + envelope.signature
        hold(again == data, "envelope_two_layouts", "the parts do not make up the bytes")
        if envelope.kid in self._stand_ins:
            self._verify(envelope, self._stand_ins[envelope.kid].key, stand_in.verify)
        elif envelope.kid in self._keys:
            domain = self._verify(envelope, self._keys[envelope.kid], self._memory)
            if domain:
                self._agree(data, envelope, domain)

    def _verify(self, envelope: cose.Envelope, by: Key, verifier: "Verifier") -> str:
        """The one domain in which it verifies, or ""."""
        found = ""
        for domain in DOMAINS.values():
            try:
                cose.verify(envelope, domain, by, verifier)
            except JobsealError as error:
                refused(error)
                continue
            hold(not found, "envelope_two_domains", f"it is signed for {found} and {domain}")
            hold(envelope.alg == by.alg, "algorithm", "the message chose its algorithm")
            found = domain
        return found

    def _agree(self, data: bytes, envelope: cose.Envelope, domain: str) -> None:
        signer = next((each for each in NAMED.values() if each.key.kid == envelope.kid), None)
        if signer is not None:  # both kinds of key sign deterministically, so there is one signature and no other
            honest = cose.sign(envelope.payload, domain, signer)
            hold(honest == data, "signature_malleable", "another signature over the same verifies too")
        public = self._keys[envelope.kid]
        of_cwt = {1: 1, 3: -19, -1: 6, -2: public.x} if public.y is None else {1: 2, 3: -9, -1: 1, -2: public.x}
        if public.y is not None:
            of_cwt[-3] = public.y
        payload = COSE.new().decode(data, COSEKey.new({**of_cwt, 2: public.kid}), external_aad=domain.encode())
        hold(payload == envelope.payload, "cwt_differs", "cwt reads another payload")
