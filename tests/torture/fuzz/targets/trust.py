"""Enrolment: the welcome that a new handheld is handed, and the public key that a gateway is asked to enrol.

A key is taken only if an independent implementation can use it, and a handheld believes only what the root certified.
"""

from random import Random

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicNumbers
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from jobseal import authority, enrolment, key
from jobseal.enrolment import Welcome
from jobseal.errors import JobsealError
from jobseal.limits import FRAME_MAX_BYTES
from tests.torture.fuzz.targets import vectors
from tests.torture.fuzz.targets.contract import hold, refused
from tests.torture.fuzz.targets.people import Memory, Signers
from tests.vectors.keys import NAMED


class Welcomes:
    """A welcome; or, where it is none, a statement of enrolment; or a public key."""

    most_bytes = 2_048
    limit_s = 1.0

    def __init__(self) -> None:
        self._memory = Memory()
        self._signed = Signers(*NAMED.values())

    def seeds(self) -> list[bytes]:
        return vectors.inputs("welcome", "enrolment", "key")

    def mutate(self, data: bytes, chance: Random) -> bytes:
        return self._signed.statement(data, chance)

    def run(self, data: bytes) -> None:
        try:
            welcome = Welcome.decode(data, FRAME_MAX_BYTES)
        except JobsealError as error:
            refused(error)
            self._statement(data)
            self._key(data)
            return
        hold(welcome.encode() == data, "welcome_two_encodings")
        try:
            root = key.decode(welcome.root)
            trusted = authority.verify(root, welcome.authority, self._memory)
            found = enrolment.verify(welcome.statement, trusted.office, self._memory)
        except JobsealError as error:
            refused(error)
            return
        hold(found.data == welcome.statement and bool(found.device), "enrolment_empty")
        self._key(found.key.encode())

    def _statement(self, data: bytes) -> None:
        try:
            found = enrolment.verify(data, NAMED["office"].key, self._memory)
        except JobsealError as error:
            refused(error)
            return
        self._key(found.key.encode())

    def _key(self, data: bytes) -> None:
        try:
            found = key.decode(data)
            enrolment.check_key(found)
        except JobsealError as error:
            refused(error)
            return
        hold(found.encode() == data, "key_two_encodings")
        if found.y is None:
            Ed25519PublicKey.from_public_bytes(found.x)
        else:
            x, y = int.from_bytes(found.x, "big"), int.from_bytes(found.y, "big")
            EllipticCurvePublicNumbers(x, y, SECP256R1()).public_key()
