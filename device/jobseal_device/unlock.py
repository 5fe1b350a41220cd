"""Unlocking: a technician and a PIN in, the signing key out, or a refusal that says what to do next. No network.

Where the key lies without a PIN (assurance ``none``) any PIN will do, and the rest is the same. Otherwise:

- the roster says who exists, and its locks which PIN is right (``roster``);
- a try counts before it is made, and wrong ones make wait and lock (``attempts``, ``lockout``);
- the vault opens for who has a slot in it (``vault``). Who opens it makes the slots of all others in the roster, so
  new people and new PINs need nobody but any colleague's next login. Where nobody else comes, somebody who can open
  the vault vouches once: a supervisor, a colleague, the person with the PIN from before, or whoever set it up.

Trying a PIN takes up to a second on a small computer, and so much memory: not on the screen's own thread.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from jobseal.errors import OPERATOR, JobsealError
from jobseal.host import pin as pins
from jobseal.host.clock import Clock
from jobseal.host.crypto import Ed25519Signer
from jobseal.host.pin import PinKey, PinLock, lock_from_value
from jobseal.roster import SUPERVISOR, Person
from jobseal_device import identity, turns, vault
from jobseal_device.attempts import Attempts
from jobseal_device.durable import REAL, Files
from jobseal_device.errors import StorageError
from jobseal_device.home import Home
from jobseal_device.identity import Enrolled, NotEnrolled
from jobseal_device.lockout import Standing
from jobseal_device.roster import RosterFile
from jobseal_device.tpm import TpmSigner
from jobseal_device.turns import KeyEnded
from jobseal_device.vault import SETUP, Vault

if TYPE_CHECKING:
    from jobseal.cose import Signer


class LoginRefused(JobsealError):
    """Nobody is logged in. ``wait_s``: seconds before the next try makes sense, 0 if at once; ``left``: tries before
    it locks, None where PINs are not the trouble. By code:

    ``unknown_technician``  not in the roster of this handheld
    ``no_roster``           no roster has come yet
    ``no_pin``              in the roster, without a PIN
    ``wrong_pin``           counted; ``wait_s`` and ``left`` say what it led to
    ``pin_wait``            too early after wrong ones; not counted
    ``pin_locked``          too many wrong ones: a supervisor lifts it (:meth:`Gate.lift`), or a new PIN from the office
    ``not_admitted``        the PIN is right, but nobody has opened this handheld since the office set it: a voucher
    ``not_supervisor``      this person cannot lift a lock
    """

    def __init__(self, code: str, sentence: str, wait_s: int = 0, left: int | None = None) -> None:
        super().__init__(code, sentence, OPERATOR, final=False)
        self.wait_s = wait_s
        self.left = left


class Voucher(NamedTuple):
    """Somebody who can open the vault: ``who`` (:data:`SETUP` for whoever set it up; the technician himself with his
    PIN from before) and that ``pin``."""

    who: str
    pin: str


class Unlocked(NamedTuple):
    """``signer``: to open capture with, and to forget on locking; ``technician``: whose events these will be."""

    signer: "Signer"
    technician: str
    name: str


class Gate:
    """One handheld's login. For one thread at a time."""

    def __init__(
        self, home: Home, enrolled: Enrolled, clock: Clock, random: Callable[[int], bytes], files: Files = REAL
    ) -> None:
        """``random(n)``: n random bytes. Touches nothing yet."""
        self._home = home
        self._clock = clock
        self._random = random
        self._files = files
        self._roster = RosterFile(home, enrolled, files)
        self._attempts = Attempts(home, clock, files)

    @property
    def needs_pin(self) -> bool:
        """Whether the signing key lies behind PINs. Raises :class:`VaultDamaged`, :class:`StorageFailed`."""
        return self._vault() is not None

    def people(self) -> list[Person]:
        """Who may log in, by the newest roster here; empty before the first has come."""
        return self._roster.people()

    def identify(self, scanned: str) -> Person | None:
        """Whose badge or id this is; None for nobody's."""
        people = self.people()
        by_badge = [person for person in people if person.badge == scanned]
        by_id = [person for person in people if person.id == scanned]
        return next(iter(by_badge + by_id), None)

    def standing(self, technician: str) -> Standing:
        """Whether this person has to wait before the next try, and how many are left.

        Raises :class:`LoginRefused` as :meth:`unlock` does, :class:`StorageFailed`.
        """
        return self._attempts.standing((technician, self._lock(technician).key))

    def unlock(self, technician: str, pin: str = "", voucher: Voucher | None = None) -> Unlocked:
        """Log ``technician`` in. ``pin`` does not matter where none is needed.

        Raises :class:`LoginRefused`; :class:`NotEnrolled`; :class:`VaultDamaged`; :class:`KeyEnded`; ``login_running``;
        :class:`StorageError` when the try cannot be counted: it is not made then.
        """
        if turns.following(self._home, self._files) is not None:
            raise KeyEnded  # somebody has rotated it while this screen was locked
        closed = self._vault()
        if closed is None:
            return Unlocked(identity.signer(self._home), technician, self._name(technician))
        with self._attempts.alone():
            lock = self._lock(technician)
            key = self._tried(technician, pin, lock)
            secret = closed.secret(technician, key) if closed.locks.get(technician) == lock else None
            if secret is None:
                secret = self._vouched(closed, technician, voucher)
            signer = _signer(closed, secret)
            self._admit_everybody(closed, secret)
        return Unlocked(signer, technician, self._name(technician))

    def lift(self, technician: str, supervisor: str, pin: str) -> None:
        """A supervisor ends what wrong PINs have led to for ``technician``. Raises as :meth:`unlock` does."""
        lock, of_supervisor = self._lock(technician), self._lock(supervisor)
        if self._person(supervisor).role != SUPERVISOR:
            sentence = f"{self._name(supervisor)} is not a supervisor on this handheld; ask somebody who is."
            raise LoginRefused("not_supervisor", sentence)
        with self._attempts.alone():
            self._tried(supervisor, pin, of_supervisor)
            self._attempts.clear((technician, lock.key))

    # Who

    def _person(self, technician: str) -> Person:
        people = self.people()
        found = next((person for person in people if person.id == technician), None)
        if found is not None:
            return found
        if not people:
            why = "No roster has reached this handheld yet. Have the office add its technicians, and let it sync once."
            raise LoginRefused("no_roster", why)
        why = f"{technician} is not on this handheld's roster. Check the id, or have the office add you and sync."
        raise LoginRefused("unknown_technician", why)

    def _name(self, technician: str) -> str:
        return next((person.name for person in self.people() if person.id == technician), technician)

    def _lock(self, technician: str) -> PinLock:
        person = self._person(technician)
        if person.pin is None:
            why = f"{person.name} has no PIN yet. Have the office set one, and let this handheld sync."
            raise LoginRefused("no_pin", why)
        return lock_from_value(person.pin)

    # The PIN

    def _tried(self, who: str, pin: str, lock: PinLock) -> PinKey:
        """The key of a right PIN; everything about wrong ones."""
        subject = who, lock.key
        before = self._attempts.standing(subject)
        if before.is_locked:
            raise self._locked(who)
        if before.wait_s:
            why = f"Too many wrong PINs. Wait {_duration(before.wait_s)}, then try again; {_left(before.left)}."
            raise LoginRefused("pin_wait", why, before.wait_s, before.left)
        self._attempts.begin(subject)  # durable from here on, whatever happens to this process
        key = pins.try_pin(pin, lock)
        if key is None:
            raise self._wrong(who, self._attempts.standing(subject))
        with suppress(StorageError):  # it stays counted then, until the next right one
            self._attempts.clear(subject)
        return key

    def _wrong(self, who: str, now: Standing) -> LoginRefused:
        if now.is_locked:
            return self._locked(who)
        pause = f"Wait {_duration(now.wait_s)} and try again" if now.wait_s else "Try again"
        return LoginRefused("wrong_pin", f"This PIN is wrong. {pause}; {_left(now.left)}.", now.wait_s, now.left)

    def _locked(self, who: str) -> LoginRefused:
        whose = "The PIN from setting this handheld up" if who == SETUP else f"The PIN of {self._name(who)}"
        why = f"{whose} is locked on this handheld after too many wrong ones. Have a supervisor lift the lock here"
        return LoginRefused("pin_locked", f"{why}, or ask the office for a new PIN.", 0, 0)

    # The vault

    def _vault(self) -> Vault | None:
        return vault.read(self._home, self._files)

    def _vouched(self, closed: Vault, technician: str, voucher: Voucher | None) -> bytes:
        if voucher is None:
            raise LoginRefused("not_admitted", self._how_to_be_admitted(closed, technician))
        lock = closed.locks.get(voucher.who)
        stands = voucher.who in (SETUP, technician) or lock == self._lock(voucher.who)
        if lock is None or not stands:
            why = f"{self._name(voucher.who)} cannot open this handheld. {self._how_to_be_admitted(closed, technician)}"
            raise LoginRefused("not_admitted", why)
        secret = closed.secret(voucher.who, self._tried(voucher.who, voucher.pin, lock))
        if secret is None:
            raise vault.VaultDamaged("a slot in it was changed")
        return secret

    def _how_to_be_admitted(self, closed: Vault, technician: str) -> str:
        ways = ["the PIN that it was set up with"] if SETUP in closed.locks else []
        ways += ["your PIN from before"] if technician in closed.locks else []
        known = {person.id: person for person in self.people()}
        ways += [f"the PIN of {known[who].name}" for who in closed.locks if who in known and who != technician]
        if not ways:
            return "Nobody on the roster can open this handheld any more; have the office enrol it with a new key."
        return f"Nobody has opened this handheld since you or your PIN were added. Once, it also takes {_any_of(ways)}."

    def _admit_everybody(self, closed: Vault, secret: bytes) -> None:
        """Make the slots those of the roster. Where that fails, the next login does it."""
        wanted = {person.id: lock_from_value(person.pin) for person in self.people() if person.pin is not None}
        if wanted != closed.locks:
            with suppress(StorageError):
                vault.write(
                    self._home, closed.kind, closed.public, secret, wanted, self._random, self._files, closed.part
                )


def setup_signer(home: Home, pin: str, files: Files = REAL) -> "Signer":
    """The signing key for enrolling, by the PIN of setting up. It lasts until somebody of the roster has logged in;
    tries are not counted, since before that there is nothing to sign with it.

    Raises :class:`LoginRefused` (``wrong_pin``, ``not_admitted``), :class:`NotEnrolled`.
    """
    closed = vault.read(home, files)
    if closed is None:
        return identity.signer(home)
    lock = closed.locks.get(SETUP)
    if lock is None:
        why = "This handheld is in use; it is not enrolled again with the same key. Take a new folder for another one."
        raise LoginRefused("not_admitted", why)
    key = pins.try_pin(pin, lock)
    secret = None if key is None else closed.secret(SETUP, key)
    if secret is None:
        raise LoginRefused("wrong_pin", "This is not the PIN that the handheld was set up with. Try again.")
    return _signer(closed, secret)


def _signer(closed: Vault, secret: bytes) -> "Signer":
    signer: Signer = Ed25519Signer(secret) if closed.kind == vault.ED25519 else TpmSigner(secret, closed.part or b"")
    if signer.key.thumbprint != closed.public.thumbprint:
        raise NotEnrolled("The key file holds another key than it says; this handheld needs a new enrolment.")
    return signer


def _duration(seconds: int) -> str:
    return f"{seconds} seconds" if seconds <= 90 else f"{-(-seconds // 60)} minutes"


def _left(tries: int) -> str:
    return "one more wrong PIN locks it" if tries == 1 else f"{tries} more wrong ones lock it"


def _any_of(ways: list[str]) -> str:
    return ways[0] if len(ways) == 1 else f"{', '.join(ways[:-1])} or {ways[-1]}"
