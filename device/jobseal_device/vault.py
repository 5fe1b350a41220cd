"""The vault: the signing key's secret on the disk, which the PIN of anybody with a slot in it opens.

The secret lies under a random key (ChaCha20-Poly1305), and that key once for each person, sealed to the lock that
belongs to the person's PIN (``jobseal.host.pin``). Since sealing needs no PIN, whoever opens the vault can make slots
for colleagues who are not there: the roster has their locks. The file is always written anew, as a whole and under a
fresh key; a power cut leaves the old one or the new one.

What it cannot do: make a short PIN long. docs/decisions/0007-keys-at-rest.md says what one is worth.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag

from jobseal import key as keys
from jobseal.errors import OPERATOR, JobsealError
from jobseal.key import KEY_MAX_BYTES, Key
from jobseal.limits import ROSTER_MAX
from jobseal.message import Message
from jobseal.roster import PIN
from jobseal.shape import Array, Bytes, Map, OneOf, Row, Text, may, must
from jobseal_device import durable
from jobseal_device.durable import REAL, Files
from jobseal_device.home import Home

if TYPE_CHECKING:  # a screen without PINs reads this module early, and needs nothing of what opens a vault
    from jobseal.host.pin import PinKey, PinLock

SETUP = ""  # whose slot it is before anybody of the roster has logged in: whoever set the handheld up
ED25519 = "ed25519"  # the secret is the seed of the signing key
TPM = "tpm"  # the secret is what the TPM asks for before it signs

_FORM = "jobseal/1/vault"
_MOST_BYTES = 1048576
_KEY_BYTES = 32
_NONCE_BYTES = 12
_BOX_BYTES = 80  # HPKE with X25519: 32 of the sender's key, 32 of ours, 16 of the tag
_SLOT = Row(("who", Text(0, 64)), ("pin", PIN), ("box", Bytes(_BOX_BYTES, _BOX_BYTES)))


class VaultDamaged(JobsealError):
    """The file is not what was written, so that the signing key in it is lost."""

    def __init__(self, why: str) -> None:
        sentence = f"The key file cannot be read: {why}. Have the office enrol this handheld with a new key."
        super().__init__("vault_damaged", sentence, OPERATOR)


class VaultFile(Message):
    """``form``; ``kind``: what the secret is; ``key``: the public COSE_Key; ``sealed``: nonce and ciphertext of the
    secret; ``slots``: [who, [salt, cost, key], box] each; ``part``: what a TPM needs to load the key, else None."""

    __slots__ = ("form", "key", "kind", "part", "sealed", "slots")
    SHAPE = Map(
        must(1, "form", OneOf(_FORM)),
        must(2, "kind", OneOf(ED25519, TPM)),
        must(3, "key", Bytes(1, KEY_MAX_BYTES)),
        must(4, "sealed", Bytes(_NONCE_BYTES + 16, 256)),
        must(5, "slots", Array(_SLOT, 1, ROSTER_MAX + 1)),
        may(6, "part", Bytes(1, 1024)),
    )
    form: str
    kind: str
    key: bytes
    sealed: bytes
    slots: "list[list[object]]"
    part: "bytes | None"


class Vault:
    """``public``: the key that its secret belongs to; ``kind`` and ``part`` as in the file; ``locks``: whose PINs open
    it."""

    def __init__(self, file: VaultFile) -> None:
        from jobseal.host import pin

        self._sealed = file.sealed
        self.kind = file.kind
        self.part = file.part
        self.public: Key = keys.decode(file.key)
        self.locks: dict[str, PinLock] = {}
        self._boxes: dict[str, bytes] = {}
        for who, lock, box in file.slots:
            self.locks[who] = pin.lock_from_value(lock)  # type: ignore[index,arg-type]
            self._boxes[who] = box  # type: ignore[index,assignment]

    def secret(self, who: str, key: "PinKey") -> bytes | None:
        """The secret, if there is a slot of this person that this PIN opens."""
        from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

        if who not in self._boxes:
            return None
        wrapping = key.open(self._boxes[who], _info(self.public, who))
        if wrapping is None:
            return None
        nonce, sealed = self._sealed[:_NONCE_BYTES], self._sealed[_NONCE_BYTES:]
        try:
            return ChaCha20Poly1305(wrapping).decrypt(nonce, sealed, _bound_to(self.kind, self.public))
        except InvalidTag:
            raise VaultDamaged("the secret in it was changed") from None


def read(home: Home, files: Files = REAL) -> Vault | None:
    """The vault of this handheld, None where there is none. Raises :class:`VaultDamaged`, :class:`StorageFailed`."""
    try:
        data = durable.read(files, home.vault)
    except FileNotFoundError:
        return None
    try:
        return Vault(VaultFile.decode(data, _MOST_BYTES))
    except JobsealError as error:
        raise VaultDamaged(error.sentence) from error


def write(
    home: Home,
    kind: str,
    public: Key,
    secret: bytes,
    locks: "Mapping[str, PinLock]",
    random: Callable[[int], bytes],
    files: Files = REAL,
    part: bytes | None = None,
) -> None:
    """Make these locks, at least one, the ones that open ``secret``, and no others. Durable when it returns.

    ``random(n)``: n random bytes. Raises :class:`StorageError`.
    """
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    from jobseal.host import pin

    wrapping, nonce = random(_KEY_BYTES), random(_NONCE_BYTES)
    sealed = nonce + ChaCha20Poly1305(wrapping).encrypt(nonce, secret, _bound_to(kind, public))
    slots = [[who, lock.to_value(), pin.seal(wrapping, lock, _info(public, who))] for who, lock in locks.items()]
    file = VaultFile(form=_FORM, kind=kind, key=public.encode(), sealed=sealed, slots=slots, part=part)
    durable.replace(files, home.vault, file.encode())


def _bound_to(kind: str, public: Key) -> bytes:
    """So that a secret is never taken for that of another key."""
    return b"%s secret %s " % (_FORM.encode(), kind.encode()) + public.thumbprint


def _info(public: Key, who: str) -> bytes:
    """So that nobody's box is taken for another's."""
    return b"%s slot " % _FORM.encode() + public.thumbprint + who.encode()
