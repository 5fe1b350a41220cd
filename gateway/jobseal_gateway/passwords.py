"""Passwords: which may be chosen, what is kept of one, and whether one that was typed fits. Pure but for the salt.

Argon2id (RFC 9106) as ``cryptography`` does it, kept in PHC form, which states its own cost, so that the cost can rise
with the next password. A password is compared as its NFC form, as RFC 8265 (OpaqueString) has it: what two keyboards
send for the same letters is the same.
"""

import secrets
import unicodedata

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from jobseal.errors import OPERATOR
from jobseal.host.pin import COST, Cost
from jobseal_gateway.errors import GatewayError

MIN_CHARACTERS = 12
MAX_CHARACTERS = 256
NAME_MIN_CHARACTERS = 4  # a shorter name is in many a good password
SALT_BYTES = 16
KEPT_BYTES = 32

_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that looks like something else
_GROUPS, _GROUP_CHARACTERS = 5, 5  # 123 bits


class PasswordUnfit(GatewayError):
    """Nobody should choose this as a password; nothing was changed."""

    def __init__(self, why: str) -> None:
        super().__init__("password_unfit", why, OPERATOR)


def made(name: str = "") -> str:
    """A password that nobody chose, for the user ``name``."""
    while True:
        groups = ("".join(secrets.choice(_ALPHABET) for _ in range(_GROUP_CHARACTERS)) for _ in range(_GROUPS))
        password = "-".join(groups)
        try:
            check(password, name)
        except PasswordUnfit:
            continue
        return password


def check(password: str, name: str) -> None:
    """Raise :class:`PasswordUnfit` for what the user ``name`` should not choose, with the reason."""
    text = _form(password)
    if not MIN_CHARACTERS <= len(text) <= MAX_CHARACTERS:
        raise PasswordUnfit(f"A password has {MIN_CHARACTERS} to {MAX_CHARACTERS} characters; several words do well.")
    holds_name = len(name) >= NAME_MIN_CHARACTERS and name.casefold() in text.casefold()
    if len(set(text.casefold())) < MIN_CHARACTERS // 3 or holds_name:
        raise PasswordUnfit("A password does not hold its user's name, nor the same few characters over and over.")


def keep(password: str, cost: Cost = COST) -> str:
    """What to keep of a password; another text each time. Takes as long as the cost says."""
    kdf = Argon2id(
        salt=secrets.token_bytes(SALT_BYTES),
        length=KEPT_BYTES,
        iterations=cost.passes,
        lanes=cost.lanes,
        memory_cost=cost.memory_kib,
    )
    return kdf.derive_phc_encoded(_octets(password))


def fits(password: str, kept: str) -> bool:
    """Whether this password is the one of which ``kept`` was kept. Takes as long as its cost says."""
    try:
        Argon2id.verify_phc_encoded(_octets(password), kept)
    except InvalidKey:
        return False
    return True


def _form(password: str) -> str:
    return unicodedata.normalize("NFC", password)


def _octets(password: str) -> bytes:
    return _form(password).encode("utf-8", "surrogatepass")
