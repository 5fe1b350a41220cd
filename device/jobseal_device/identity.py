"""Who this handheld is: its enrolment, the gateway's verified keys, and its signing key.

The signing key lies in ``keys`` either as its plain seed (assurance ``none``: nobody is asked for anything) or in the
vault, which PINs open (assurance ``pin``, see :mod:`jobseal_device.unlock`). It stays as it was made.

The gateway's root is compared with what a person read out once, at enrolment, and kept; everything that hangs on it
is verified again on each start.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from jobseal import authority, cose, enrolment, fingerprint, key, rotating
from jobseal.enrolment import Enrolment, Welcome
from jobseal.errors import OPERATOR, JobsealError
from jobseal.event import SignedEvent
from jobseal.host.crypto import SEED_BYTES, Ed25519Signer, Verifier
from jobseal.key import Key
from jobseal.limits import FRAME_MAX_BYTES
from jobseal.uplink_state import Identity
from jobseal_device import durable, tpm, trusting, turns, vault
from jobseal_device.durable import REAL, Files
from jobseal_device.home import Home
from jobseal_device.journal_reader import JournalReader

if TYPE_CHECKING:
    from jobseal.host.pin import PinLock  # only with a vault

NO_ASSURANCE = "none"
PIN_ASSURANCE = "pin"
HARDWARE_ASSURANCE = "hardware"
_STRENGTH = (NO_ASSURANCE, PIN_ASSURANCE, HARDWARE_ASSURANCE)


class NotEnrolled(JobsealError):
    """This handheld has no enrolment yet, or one that is not for its key."""

    def __init__(self, sentence: str) -> None:
        super().__init__("not_enrolled", sentence, OPERATOR)


class _AlreadyNone(JobsealError):
    """A key without a PIN stays one: whoever had the files before has it."""

    def __init__(self, home: Home) -> None:
        sentence = (
            f"This handheld's key was made without a PIN. Remove {home.folder} and begin again for one with a PIN."
        )
        super().__init__("already_none", sentence, OPERATOR)


class Enrolled:
    """A verified enrolment with everything that follows from it: ``identity`` for the uplink, ``enrolment``,
    ``brokers`` as (host, port); ``key``: the signing key of this turn, which is that of the enrolment or follows it.
    ``verifier`` is what it holds the keys that follow to."""

    def __init__(
        self,
        statement: Enrolment,
        trusted: authority.Authority,
        brokers: list[tuple[str, int]],
        verifier: "cose.Verifier | None" = None,
    ) -> None:
        self.enrolment = statement
        self.brokers = brokers
        self._verifier = verifier or Verifier()
        self.key = statement.key
        self.identity = Identity(statement.device, statement.key.thumbprint, statement.genesis, trusted, statement.log)

    def ended_by(self, ended: SignedEvent) -> "Enrolled":
        """Who the handheld is after this key has ended by that event: the same, under the key that it brings.

        Raises :class:`NotEnrolled`, ``signature_invalid``, ``malformed_body``.
        """
        cose.verify(ended.envelope, cose.EVENT, self.key, self._verifier)
        found = rotating.successor(ended.event, self.key.thumbprint, self._verifier)
        if ended.event.kind != rotating.KIND or found is None:
            raise NotEnrolled("The event that should have ended the earlier key did not; have this handheld enrolled.")
        later = Enrolled(self.enrolment, self.identity.authority, self.brokers, self._verifier)
        later.key = found[0]
        later.identity = Identity(
            self.identity.device, later.key.thumbprint, ended.hash, self.identity.authority, self.identity.log
        )
        return later


def make_key(home: Home, seed: bytes, files: Files = REAL) -> bytes:
    """Keep a new signing key unless there is one; returns the public key as COSE_Key bytes, for the gateway.

    ``seed``: 32 random bytes, used only for a new key. Raises :class:`StorageError`, :class:`NotEnrolled`.
    """
    home.make(files)
    if vault.read(home, files) is not None:
        return public_key(home, files).encode()
    if not home.seed.exists():
        durable.replace(files, home.seed, seed)  # readable by its owner only, like every file made there
    return signer(home).key.encode()


def make_vault(home: Home, seed: bytes, setup: "PinLock", random: Callable[[int], bytes], files: Files = REAL) -> bytes:
    """The same for a key behind PINs: it is never on the disk without one. ``setup``: the lock of the PIN that opens
    it until somebody of the roster has logged in. A key that is there already stays, behind its own PINs.

    Raises as :func:`make_key`, and ``already_none`` where this handheld's key was made without a PIN.
    """
    home.make(files)
    if home.seed.exists():
        raise _AlreadyNone(home)
    if vault.read(home, files) is None:
        made = Ed25519Signer(seed)
        vault.write(home, vault.ED25519, made.key, seed, {vault.SETUP: setup}, random, files)
    return public_key(home, files).encode()


def make_hardware_vault(
    home: Home, setup: "PinLock", random: Callable[[int], bytes], tcti: str | None = None, files: Files = REAL
) -> bytes:
    """As :func:`make_vault`, for a key that a TPM makes and keeps; PINs open what lets it sign.

    ``tcti``: which TPM, see :mod:`jobseal_device.tpm`. Raises as :func:`make_vault`, and :class:`TpmFailed`.
    """
    home.make(files)
    if home.seed.exists():
        raise _AlreadyNone(home)
    if vault.read(home, files) is None:
        secret = random(SEED_BYTES)
        made = tpm.make(secret, tcti)
        vault.write(home, vault.TPM, made.key, secret, {vault.SETUP: setup}, random, files, made.part)
    return public_key(home, files).encode()


def assurance(home: Home, files: Files = REAL) -> str:
    """How the key is kept, in the words of the enrolment: ``hardware``, ``pin`` or ``none``."""
    closed = vault.read(home, files)
    if closed is None:
        return NO_ASSURANCE
    return HARDWARE_ASSURANCE if closed.kind == vault.TPM else PIN_ASSURANCE


def public_key(home: Home, files: Files = REAL) -> Key:
    """The public half of the signing key; nobody needs to be logged in. Raises :class:`NotEnrolled`."""
    closed = vault.read(home, files)
    return signer(home).key if closed is None else closed.public


def signer(home: Home) -> Ed25519Signer:
    """The signing key where it lies without a PIN. Raises :class:`NotEnrolled` where there is none, or one behind
    PINs."""
    if home.vault.exists():
        sentence = "This handheld's key lies behind a PIN: log in first."
        raise NotEnrolled(sentence)
    seed = _read(home.seed, "This handheld has no signing key yet: run 'jobseal-device enrol request FILE'.")
    if len(seed) != SEED_BYTES:
        raise NotEnrolled(f"The key file {home.seed} is not whole; this handheld needs a new key and enrolment.")
    return Ed25519Signer(seed)


def accept(home: Home, data: bytes, trust: str, files: Files = REAL) -> Enrolled:
    """Check a welcome against the fingerprint that a person gave and this handheld's key, then keep it.

    Raises :class:`NotEnrolled` when it is for another key or from another gateway, or would break the chain that this
    key has begun; ``fingerprint``; or what its parts raise.
    """
    enrolled = _verified(data)
    root = enrolled.identity.authority.root
    if root.thumbprint != fingerprint.from_text(trust):
        raise NotEnrolled(f"The gateway's fingerprint is {fingerprint.to_text(root.thumbprint)}, not the one given.")
    if enrolled.identity.thumbprint != public_key(home, files).thumbprint:
        raise NotEnrolled("This enrolment is for another handheld's key; enrol this one with its own request.")
    kept = assurance(home, files)
    if _STRENGTH.index(enrolled.enrolment.assurance) > _STRENGTH.index(kept):
        words = f"this key is kept with assurance {kept}, and the enrolment says {enrolled.enrolment.assurance}"
        sentence = f"The enrolment promises too much: {words}. Have the office enrol it as what it is."
        raise NotEnrolled(sentence)
    if JournalReader(home.journal, files).head() is not None and not _continues(home, enrolled):
        sentence = "This handheld has signed events under another enrolment: a new one needs a new key and folder."
        raise NotEnrolled(sentence)
    durable.replace(files, home.welcome, data)
    return enrolled


def load(home: Home) -> Enrolled:
    """The enrolment of this handheld, and the key that it has come to since. Raises :class:`NotEnrolled`, or what a
    damaged part raises."""
    if turns.is_rotated_to(home):
        return load(home.earlier_turn()).ended_by(turns.ending(home))
    missing = "This handheld is not enrolled yet: run 'jobseal-device enrol request FILE'."
    found = _verified(_read(home.welcome, missing))
    return Enrolled(found.enrolment, trusting.now(home, found.identity.authority), found.brokers)


def load_pinned(home: Home) -> Enrolled:
    """The enrolment as a person made it, whatever the gateway has become since. Raises as :func:`load`."""
    if turns.is_rotated_to(home):
        return load_pinned(home.earlier_turn())
    return _verified(_read(home.welcome, "This handheld is not enrolled yet: run 'jobseal-device enrol request FILE'."))


def _continues(home: Home, enrolled: Enrolled) -> bool:
    """Whether it is the enrolment that the chain in the journal began with (its brokers may have changed)."""
    try:
        return load(home).identity.genesis == enrolled.identity.genesis
    except JobsealError:
        return True  # nothing left to compare with: the gateway will tell


def _read(path: Path, missing: str) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise NotEnrolled(missing) from error
    except OSError as error:
        raise NotEnrolled(f"{path} cannot be read: {error.strerror}.") from error


def _verified(data: bytes) -> Enrolled:
    verifier = Verifier()
    welcome = Welcome.decode(data, FRAME_MAX_BYTES)
    trusted = authority.verify(key.decode(welcome.root), welcome.authority, verifier)
    statement = enrolment.verify(welcome.statement, trusted.office, verifier)
    return Enrolled(statement, trusted, [(host, port) for host, port in welcome.brokers])
