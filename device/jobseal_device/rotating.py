"""Rotating the signing key: the next one is made here, the present one names it as its last word, and it goes on.

No network is needed, at any step; sync tells the gateway later, which enrols the next key by what both have signed. The
steps, and what a crash after each leaves:

1. the next key is made and kept, as well as the present one is: behind the PINs of everybody on the roster, or in the
   TPM. Nothing has changed; the next try makes another;
2. the present key leaves its word for a renewal of the link certificate (``renewing``): should that end before sync
   comes to the gateway, nobody could sign one that the gateway takes. The present key goes on; the word is good for
   nothing else;
3. the present key hands its unfinished jobs over. It still is the one that signs; whoever works on with it takes them
   back by that;
4. the present key signs ``key.rotated``. From here on it never signs again, whatever happens: the journal says so;
5. ``rotated.cbor``: the next key's turn has begun (capture writes it where this step was missed);
6. the next key signs its first event;
7. what kept the earlier key is removed from the disk.

There is one key that signs at each point, and never two.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from jobseal import rotating
from jobseal.host.clock import Clock
from jobseal.host.crypto import SEED_BYTES, Ed25519Signer
from jobseal.host.pin import PinLock, lock_from_value
from jobseal_device import durable, identity, renewing, tpm, turns, vault
from jobseal_device.capture import Capture
from jobseal_device.durable import REAL, Files
from jobseal_device.home import Home
from jobseal_device.identity import Enrolled
from jobseal_device.roster import RosterFile
from jobseal_device.tpm import TpmSigner

if TYPE_CHECKING:
    from jobseal.cose import Signer


def rotate(
    home: Home,
    enrolled: Enrolled,
    signer: "Signer",
    clock: Clock,
    random: Callable[[int], bytes],
    by: str | None = None,
    files: Files = REAL,
    made_of: "Callable[[bytes], Signer]" = Ed25519Signer,
) -> Home:
    """End the key of this turn, for good, and begin the next turn; returns that. ``signer``: the present key.

    ``by``: the technician who asks for it; ``made_of``: the signer with a seed that lies here without a PIN. Raises as
    opening :class:`Capture` and :meth:`Capture.end` do, and :class:`TpmFailed`, :class:`StorageError`; running it again
    goes on, or begins anew where nothing had changed yet.
    """
    later = home.next_turn()
    ending = Capture(home, enrolled.identity, signer, clock, random, files)  # whoever holds the journal is alone here
    try:
        who = by or ending.technician
        following = _next_key(home, later, enrolled, random, files, made_of)
        renewing.leave_word(home, signer, files)
        said = rotating.succession(enrolled.identity.thumbprint, identity.assurance(later, files), following)
        later_enrolled = enrolled.ended_by(ending.end(following.key, said, who))
    finally:
        ending.close()
    beginning = Capture(later, later_enrolled.identity, following, clock, random, files)
    try:
        beginning.begin(who)
    finally:
        beginning.close()
    turns.forget(home, files)
    return later


def _next_key(
    home: Home,
    later: Home,
    enrolled: Enrolled,
    random: Callable[[int], bytes],
    files: Files,
    made_of: "Callable[[bytes], Signer]",
) -> "Signer":
    """A fresh key in place of whatever a try that was cut short left there: that has never signed an event."""
    later.make(files)
    for left in (later.vault, later.seed):
        with suppress(FileNotFoundError):
            files.unlink(left)
    closed = vault.read(home, files)
    if closed is None:
        seed = random(SEED_BYTES)
        durable.replace(files, later.seed, seed)
        return made_of(seed)
    locks = _locks(home, enrolled, files) or closed.locks
    secret = random(SEED_BYTES)
    if closed.kind == vault.TPM:
        made = tpm.make(secret)
        vault.write(later, vault.TPM, made.key, secret, locks, random, files, made.part)
        return TpmSigner(secret, made.part)
    signer = Ed25519Signer(secret)
    vault.write(later, vault.ED25519, signer.key, secret, locks, random, files)
    return signer


def _locks(home: Home, enrolled: Enrolled, files: Files) -> dict[str, PinLock]:
    """Those of everybody who may log in: a slot is made for a lock, without anybody's PIN."""
    people = RosterFile(home, enrolled, files).people()
    return {person.id: lock_from_value(person.pin) for person in people if person.pin is not None}
