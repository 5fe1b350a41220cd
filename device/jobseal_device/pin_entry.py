"""Asking for PINs on the command line: without echo on a terminal, else one line each from standard input.

A PIN is never an argument: those stand in process lists and shell histories.
"""

import getpass
import os
import sys
from typing import TYPE_CHECKING

from jobseal.errors import OPERATOR, JobsealError
from jobseal.host import pin as pins
from jobseal.host.clock import Clock
from jobseal.host.crypto import SEED_BYTES
from jobseal.roster import SALT_BYTES
from jobseal_device import identity, unlock, vault
from jobseal_device.fold import Fold
from jobseal_device.home import Home
from jobseal_device.identity import Enrolled
from jobseal_device.journal_reader import JournalReader
from jobseal_device.unlock import Gate

if TYPE_CHECKING:
    from jobseal.cose import Signer


def ask(whose: str) -> str:
    """The PIN that somebody types. Raises ``pin_missing`` at the end of the input."""
    try:
        if sys.stdin.isatty():
            return getpass.getpass(f"{whose}: ")
        line = sys.stdin.readline()
    except EOFError:
        line = ""
    if not line:
        sentence = f"{whose} is needed: type it at the prompt, or give it as a line of standard input."
        raise JobsealError("pin_missing", sentence, OPERATOR)
    return line.rstrip("\r\n")


def new_key(home: Home, keep: str) -> "Signer":
    """A signing key behind a PIN of setting up, which is asked for; the same key again if it was made before.

    ``keep``: ``hardware`` for one in the TPM. Raises :class:`TpmFailed`, ``tpm_missing``, ``pin_unfit``,
    ``pin_missing``, ``already_none``, and as :func:`unlock.setup_signer`.
    """
    if vault.read(home) is None:
        chosen = ask("New PIN, for setting this handheld up")
        pins.check(chosen)
        if sys.stdin.isatty() and ask("The same again") != chosen:
            raise JobsealError("pin_unfit", "These were two different PINs; nothing was made.", OPERATOR)
        lock = pins.lock(chosen, os.urandom(SALT_BYTES))
        if keep == identity.HARDWARE_ASSURANCE:
            identity.make_hardware_vault(home, lock, os.urandom)
        else:
            identity.make_vault(home, os.urandom(SEED_BYTES), lock, os.urandom)
        return unlock.setup_signer(home, chosen)
    return unlock.setup_signer(home, ask("PIN that this handheld was set up with"))


def signer_of(home: Home, enrolled: Enrolled, clock: Clock, by: str | None) -> "Signer":
    """The signing key for one command of ``by``, or else of whoever is logged in. Asks for a PIN where one is needed.

    Raises as :meth:`Gate.unlock` does, or ``nobody_logged_in``.
    """
    gate = Gate(home, enrolled, clock, os.urandom)
    if not gate.needs_pin:
        return identity.signer(home)
    who = by or Fold(home, JournalReader(home.journal), enrolled.identity.thumbprint).session
    if who is None:
        sentence = "Nobody is logged in: say --by, or 'jobseal-device login ID' first."
        raise JobsealError("nobody_logged_in", sentence, OPERATOR)
    return gate.unlock(who, ask(f"PIN of {who}")).signer
