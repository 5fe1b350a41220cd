"""Who this handheld is: its enrolment, the gateway's verified keys, and its signing key.

Everything is verified again on each start, from the pinned root on: a file that somebody swapped is found at once.
"""

import os
from pathlib import Path

from jobseal import authority, enrolment, key
from jobseal.enrolment import Enrolment, Welcome
from jobseal.errors import OPERATOR, JobsealError
from jobseal.host.crypto import SEED_BYTES, Ed25519Signer, Verifier
from jobseal.limits import FRAME_MAX_BYTES
from jobseal.uplink import Identity
from jobseal_device import durable
from jobseal_device.durable import REAL, Files
from jobseal_device.home import Home

_PRIVATE = 0o600


class NotEnrolled(JobsealError):
    """This handheld has no enrolment yet, or one that is not for its key."""

    def __init__(self, sentence: str) -> None:
        super().__init__("not_enrolled", sentence, OPERATOR)


class Enrolled:
    """A verified enrolment with everything that follows from it: ``identity`` for the uplink, ``enrolment``,
    ``brokers`` as (host, port)."""

    def __init__(self, statement: Enrolment, trusted: authority.Authority, brokers: list[tuple[str, int]]) -> None:
        self.enrolment = statement
        self.brokers = brokers
        self.identity = Identity(statement.device, statement.key.thumbprint, statement.hash, trusted)


def make_key(home: Home, seed: bytes, files: Files = REAL) -> bytes:
    """Keep a new signing key unless there is one; returns the public key as COSE_Key bytes, for the gateway.

    ``seed``: 32 random bytes, used only for a new key. Raises :class:`StorageError`.
    """
    home.make(files)
    if not home.seed.exists():
        # The mask before the write: the seed is never on the disk with other permissions, not even for a moment.
        before = os.umask(0o777 & ~_PRIVATE)
        try:
            durable.replace(files, home.seed, seed)
        finally:
            os.umask(before)
    return signer(home).key.encode()


def signer(home: Home) -> Ed25519Signer:
    """The signing key. Raises :class:`NotEnrolled` where there is none."""
    try:
        seed = home.seed.read_bytes()
    except FileNotFoundError as missing:
        raise NotEnrolled("This handheld has no signing key yet: run 'jobseal-device enrol request'.") from missing
    if len(seed) != SEED_BYTES:
        raise NotEnrolled(f"The key file {home.seed} is not whole; this handheld needs a new enrolment.")
    return Ed25519Signer(seed)


def accept(home: Home, data: bytes, fingerprint: str, files: Files = REAL) -> Enrolled:
    """Check a welcome against the fingerprint that a person gave and this handheld's key, then keep it.

    Raises :class:`NotEnrolled` when it is for another key or from another gateway, or what its parts raise.
    """
    enrolled = _verified(data)
    root = enrolled.identity.authority.root
    if root.thumbprint.hex() != fingerprint.replace("-", "").replace(":", "").strip().lower():
        raise NotEnrolled(f"The gateway's fingerprint is {root.thumbprint.hex()}, not the one that was given.")
    if enrolled.identity.thumbprint != signer(home).key.thumbprint:
        raise NotEnrolled("This enrolment is for another handheld's key; enrol this one with its own request.")
    durable.replace(files, home.welcome, data)
    return enrolled


def load(home: Home) -> Enrolled:
    """The enrolment of this handheld. Raises :class:`NotEnrolled`, or what a damaged part raises."""
    try:
        return _verified(home.welcome.read_bytes())
    except FileNotFoundError as missing:
        raise NotEnrolled("This handheld is not enrolled yet: run 'jobseal-device enrol request'.") from missing


def _verified(data: bytes) -> Enrolled:
    verifier = Verifier()
    welcome = Welcome.decode(data, FRAME_MAX_BYTES)
    trusted = authority.verify(key.decode(welcome.root), welcome.authority, verifier)
    statement = enrolment.verify(welcome.statement, trusted.office, verifier)
    return Enrolled(statement, trusted, [(host, port) for host, port in welcome.brokers])


def read_file(path: Path) -> bytes:
    """A file that somebody named on the command line. Raises ``file_unreadable`` (fault ``operator``)."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise JobsealError("file_unreadable", f"{path} cannot be read: {error.strerror}", OPERATOR) from error
